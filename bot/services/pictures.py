"""Pictures that were posted: removed by moderators, reported by members."""

from bot.services.ports import Clock
from bot.storage.database import Database


class Pictures:
    """What becomes of pictures after their delivery."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
