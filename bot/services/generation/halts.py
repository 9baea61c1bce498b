"""Tells servers' log channels when the line to fal is paused for long, and when it goes on."""

import asyncio
from collections.abc import Callable

from bot.core.errors import Halt
from bot.services.generation.brakes import Brakes
from bot.services.ports import Clock
from bot.services.retry import retry
from bot.storage import notices
from bot.storage.database import Database

_SOFT_S = 300.0
"""A busy fal is told of only after so long: most outages are over by then."""


class Halts:
    """Follows the brakes. What it cannot note now is noted once the database is back."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        brakes: Brakes,
        *,
        owns: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._database = database
        self._clock = clock
        self._brakes = brakes
        self._owns = owns
        self._changed = asyncio.Event()
        self._told: Halt | None = None
        brakes.listen(lambda _: self._changed.set())

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            halt = self._brakes.halt
            if halt is not None and not halt.is_hard and not await self._lasts():
                continue
            await self._tell(self._brakes.halt)

    async def _lasts(self) -> bool:
        """Whether a soft halt goes on; any change of it is looked at anew."""
        try:
            async with asyncio.timeout(_SOFT_S):
                await self._changed.wait()
        except TimeoutError:
            return self._brakes.halt is not None
        return False

    async def _tell(self, halt: Halt | None) -> None:
        if halt is self._told:
            return
        what = "the line goes on" if halt is None else f"the line is paused: {halt}"
        for server_id in await retry(self._servers, "none", what):
            await retry(lambda one=server_id: self._note(one, halt), "none", what)
        self._told = halt

    async def _servers(self) -> list[int]:
        async with self._database.read() as connection:
            found = await notices.servers(connection)
        return [server_id for server_id in found if self._owns(server_id)]

    async def _note(self, server_id: int, halt: Halt | None) -> None:
        body = {"halt": None if halt is None else halt.value}
        async with self._database.write(server_id) as connection:
            await notices.add(connection, server_id, "line", body, self._clock.now_ms())
