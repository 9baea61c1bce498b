"""Between the work and those who count it: nothing that a meter does can harm a job."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, contextmanager

from bot.core.jobs import Picture, PictureLink, Progress, Rendering, Ticket
from bot.services.ports import CancelAnswer, ImageQueue, Meter, Move, Order

_log = logging.getLogger(__name__)


class Meters(Meter):
    """Tells several meters, in their order.

    What one of them raises is logged and goes no further: a change that is committed must not look
    as if it had failed, or it would be made once more.
    """

    def __init__(self, meters: tuple[Meter, ...] = ()) -> None:
        self._meters = meters

    def _tell(self, tell: Callable[[Meter], None]) -> None:
        for meter in self._meters:
            try:
                tell(meter)
            except Exception:  # noqa: BLE001 - whatever it is, it is only about counting
                _log.exception("meter failed", extra={"meter": type(meter).__name__})

    def moved(self, move: Move) -> None:
        """See `Meter`."""
        self._tell(lambda meter: meter.moved(move))

    def refused(self, model: str, reason: str) -> None:
        """See `Meter`."""
        self._tell(lambda meter: meter.refused(model, reason))

    def called(self, call: str, outcome: str, seconds: float) -> None:
        """See `Meter`."""
        self._tell(lambda meter: meter.called(call, outcome, seconds))

    def answered(self, model: str, seconds: float) -> None:
        """See `Meter`."""
        self._tell(lambda meter: meter.answered(model, seconds))

    def delivered(self, model: str, route: str, seconds: float) -> None:
        """See `Meter`."""
        self._tell(lambda meter: meter.delivered(model, route, seconds))

    def slowed(self, scope: str) -> None:
        """See `Meter`."""
        self._tell(lambda meter: meter.slowed(scope))


class MeteredQueue:
    """Passes each call on to a queue, and tells the meter how it ended and how long it took."""

    def __init__(self, queue: ImageQueue, meter: Meter) -> None:
        self._queue = queue
        self._meter = meter

    @contextmanager
    def _timed(self, call: str) -> Generator[None]:
        loop = asyncio.get_running_loop()
        began, outcome = loop.time(), "ok"
        try:
            yield
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            self._meter.called(call, outcome, loop.time() - began)

    async def submit(self, order: Order) -> Ticket:
        """See `ImageQueue`."""
        with self._timed("submit"):
            return await self._queue.submit(order)

    async def find(
        self, order: Order, *, at_ms: int, from_ms: int, until_ms: int | None
    ) -> tuple[Ticket, ...]:
        """See `ImageQueue`."""
        with self._timed("find"):
            return await self._queue.find(order, at_ms=at_ms, from_ms=from_ms, until_ms=until_ms)

    async def follow(self, ticket: Ticket) -> AsyncGenerator[Progress, None]:
        """See `ImageQueue`; whoever stops listening ends it well."""
        with self._timed("follow"):
            async with aclosing(self._queue.follow(ticket)) as reports:
                async for report in reports:
                    yield report

    async def result(self, ticket: Ticket) -> Rendering:
        """See `ImageQueue`."""
        with self._timed("result"):
            return await self._queue.result(ticket)

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        """See `ImageQueue`."""
        with self._timed("cancel"):
            return await self._queue.cancel(ticket)

    async def fetch(self, link: PictureLink) -> Picture:
        """See `ImageQueue`."""
        with self._timed("fetch"):
            return await self._queue.fetch(link)
