"""The words and patterns that prompts may not hold, per server."""

from bot.services.ports import Clock
from bot.storage.database import Database


class Words:
    """The word list of each server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def check(self, server_id: int, prompt: str) -> None:
        """Refuse a prompt that a server's words forbid.

        Raises:
            ForbiddenPrompt: With a sentence for the member and the entry for the audit.
        """
