"""The preferences of a server: read, changed, paused."""

from bot.services.ports import Clock
from bot.storage.database import Database


class ServerPreferences:
    """The preferences of each server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
