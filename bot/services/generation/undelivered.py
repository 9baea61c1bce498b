"""Clears the shelf of undelivered pictures once their time is over."""

import asyncio
import logging

from bot.services.ports import Clock
from bot.storage.undelivered_files import UndeliveredFiles

_log = logging.getLogger(__name__)

_EVERY_S = 3600.0
_DAY_S = 24 * 3600


class ShelfKeeping:
    """Looks every hour.

    Args:
        days: So long pictures are kept, `UNDELIVERED_DAYS`.
    """

    def __init__(self, shelf: UndeliveredFiles, clock: Clock, *, days: int) -> None:
        self._shelf = shelf
        self._clock = clock
        self._days = days

    async def run(self) -> None:
        """Clear until cancelled."""
        while True:
            await self.clear()
            await asyncio.sleep(_EVERY_S)

    async def clear(self) -> None:
        """Clear once, and say in the log what lies there."""
        try:
            cleared = await self._shelf.clear(self._clock.now_ms() / 1000 - self._days * _DAY_S)
            stock = await self._shelf.stock()
        except OSError as error:
            _log.warning("the shelf cannot be cleared", extra={"detail": error.strerror})
            return
        if cleared or stock.jobs:
            about = {"expired_jobs": cleared, "kept_jobs": stock.jobs, "kept_bytes": stock.bytes}
            _log.info("undelivered pictures", extra=about)
