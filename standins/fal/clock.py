"""The stand-in's time of day and its one way to wait for something to change."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime


class FalClock:
    """The system's time, moved forward by the caller."""

    def __init__(self) -> None:
        self._ahead_ms = 0

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000 + self._ahead_ms

    def advance(self, seconds: float) -> None:
        """Move the time of day; timers of running jobs do not follow."""
        self._ahead_ms += round(seconds * 1000)


def iso(time_ms: int | None) -> str | None:
    """Write a time as the platform API does, in UTC with a Z."""
    if time_ms is None:
        return None
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Changes:
    """Wakes everyone who waits for something in the stand-in to change."""

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self.closed = False

    def notify(self) -> None:
        """Wake all who wait now."""
        self._next.set()
        self._next = asyncio.Event()

    def close(self) -> None:
        """End all waiting, because the stand-in stops."""
        self.closed = True
        self.notify()

    async def wait(self, timeout_s: float) -> bool:
        """Wait for the next change; false where the time ran out first."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._next.wait()
        except TimeoutError:
            return False
        return True

    async def until(self, holds: Callable[[], bool], timeout_s: float) -> None:
        """Wait until something holds, looking again after each change.

        Raises:
            TimeoutError: It did not hold in time.
        """
        async with asyncio.timeout(timeout_s):
            while not holds():
                await self._next.wait()

    async def holds(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something holds; false where the time ran out first."""
        try:
            await self.until(condition, timeout_s)
        except TimeoutError:
            return False
        return True
