"""Speed of the bot beside a newcomer's bot and beside what the machine can do at all."""
