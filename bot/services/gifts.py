"""What moderators give beyond the limits, until an end."""

from bot.services.ports import Clock
from bot.storage.database import Database


class Gifts:
    """Gifts to members."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
