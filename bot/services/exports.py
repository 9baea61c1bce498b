"""Jobs, ledger and audit of one server as CSV."""

from bot.services.ports import Clock
from bot.storage.database import Database


class Exports:
    """Writes tables for one server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
