"""The other implementation of each port: a manual clock, a scripted queue, a recording courier."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bot.core.catalogue import Format, Size
from bot.core.jobs import Job, Phase, Picture, PictureLink, Progress, Rendering, Ticket
from bot.services.ports import Balance, CancelAnswer, Delivered, Order, Place


@dataclass
class ManualClock:
    now: int = 1_780_000_000_000

    def now_ms(self) -> int:
        return self.now


def ticket(number: int) -> Ticket:
    base = f"http://127.0.0.1/openai/gpt-image-2/requests/{number}"
    return Ticket(f"request-{number}", f"{base}/status", base, f"{base}/cancel")


@dataclass
class ScriptedQueue:
    """Answers what it is told to; `gate` holds jobs back until it is set."""

    submits: list[Order] = field(default_factory=list)
    submit_errors: list[Exception] = field(default_factory=list)
    results: list[Rendering | Exception] = field(default_factory=list)
    fetches: list[Exception] = field(default_factory=list)
    cancels: list[Ticket] = field(default_factory=list)
    found: list[Ticket | None] = field(default_factory=list)
    can_find: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    running: int = 0
    running_max: int = 0

    async def submit(self, order: Order) -> Ticket:
        self.submits.append(order)
        await asyncio.sleep(0)
        if self.submit_errors:
            raise self.submit_errors.pop(0)
        return ticket(len(self.submits))

    async def find(self, order: Order, *, since_ms: int, known: frozenset[str]) -> Ticket | None:
        return self.found.pop(0) if self.found else None

    async def follow(self, ticket: Ticket) -> AsyncIterator[Progress]:
        self.running += 1
        self.running_max = max(self.running_max, self.running)
        try:
            yield Progress(Phase.RUNNING)
            await self.gate.wait()
            yield Progress(Phase.ENDED)
        finally:
            self.running -= 1

    async def result(self, ticket: Ticket) -> Rendering:
        if not self.results:
            return rendering(1)
        found = self.results.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        self.cancels.append(ticket)
        return CancelAnswer.REQUESTED

    async def fetch(self, link: PictureLink) -> Picture:
        if self.fetches:
            raise self.fetches.pop(0)
        return Picture(b"picture", Format.PNG, Size(1024, 1024))


def rendering(count: int, billed_microusd: int | None = 60_000) -> Rendering:
    links = [PictureLink(f"http://127.0.0.1/{n}.png", "image/png", 0, 0) for n in range(count)]
    return Rendering(tuple(links), billed_microusd)


@dataclass
class RecordingCourier:
    """Takes down what members would see."""

    shown: list[tuple[str, Place]] = field(default_factory=list)
    delivered: list[tuple[Job, int]] = field(default_factory=list)
    ended: list[Job] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, job: Job, place: Place) -> None:
        self.shown.append((job.id, place))

    async def deliver(self, job: Job, pictures: list[Picture], balance: Balance) -> Delivered:
        if self.errors:
            raise self.errors.pop(0)
        self.delivered.append((job, len(pictures)))
        self.changed.set()
        return Delivered(77, job.channel_id, "answer")

    async def end(self, job: Job, balance: Balance) -> None:
        self.ended.append(job)
        self.changed.set()

    async def until(self, count: int, timeout_s: float = 10) -> None:
        """Wait until that many jobs have ended one way or the other."""
        async with asyncio.timeout(timeout_s):
            while len(self.delivered) + len(self.ended) < count:
                self.changed.clear()
                await self.changed.wait()
