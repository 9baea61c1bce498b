"""The slash commands; each is built with the services that it needs."""
