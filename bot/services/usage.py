"""Who spent what: figures for the report of a server."""

from bot.services.ports import Clock
from bot.storage.database import Database


class UsageReports:
    """The figures of each server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
