"""The other implementation of each port: a manual clock, a scripted queue, a recording courier.

And a database that stands before a real one and fails on demand.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.core.errors import DatabaseUnavailable, MediaRejected
from bot.core.jobs import Job, Phase, Picture, PictureLink, Progress, Rendering, Ticket
from bot.core.models.options import Format, Size
from bot.services.ports import Balance, CancelAnswer, Delivered, Meter, Move, Order, Place
from bot.storage.connection import Engine
from bot.storage.database import Connection, Database
from bot.storage.notices import Notice


@dataclass
class ManualClock:
    now: int = 1_780_000_000_000

    def now_ms(self) -> int:
        return self.now


@dataclass
class FlakyDatabase:
    """A database that is away for as many uses as it is told to.

    A write waits for the next of the `lags`, if there is one, after its commit. `answers_lost`
    writes are committed and then fail; `errors` are raised instead of the next writes.
    """

    real: Database
    reads_failing: int = 0
    writes_failing: int = 0
    lags: list[asyncio.Event] = field(default_factory=list)
    answers_lost: int = 0
    errors: list[Exception] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.real.engine

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Connection]:
        if self.reads_failing:
            self.reads_failing -= 1
            raise DatabaseUnavailable("away")
        async with self.real.read() as connection:
            yield connection

    @asynccontextmanager
    async def write(self, *locks: int) -> AsyncGenerator[Connection]:
        if self.writes_failing:
            self.writes_failing -= 1
            raise DatabaseUnavailable("away")
        if self.errors:
            raise self.errors.pop(0)
        lag = self.lags.pop(0) if self.lags else None
        async with self.real.write(*locks) as connection:
            yield connection
        if self.answers_lost:
            self.answers_lost -= 1
            raise DatabaseUnavailable("committed, and the answer was lost")
        if lag is not None:
            await lag.wait()

    async def close(self) -> None:
        await self.real.close()


def ticket(number: int) -> Ticket:
    base = f"http://127.0.0.1/openai/gpt-image-2/requests/{number}"
    return Ticket(f"request-{number}", f"{base}/status", base, f"{base}/cancel")


@dataclass
class ScriptedQueue:
    """Answers what it is told to; `gate` holds jobs back until it is set.

    `answers` holds back the answers to submits while it is cleared.
    """

    submits: list[Order] = field(default_factory=list)
    submit_errors: list[Exception] = field(default_factory=list)
    results: list[Rendering | Exception] = field(default_factory=list)
    fetches: list[Exception] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    cancels: list[Ticket] = field(default_factory=list)
    found: list[Ticket | tuple[Ticket, ...] | Exception | None] = field(default_factory=list)
    searches: list[tuple[int, int, int | None]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    running: int = 0
    running_max: int = 0

    def __post_init__(self) -> None:
        self.answers.set()

    async def submit(self, order: Order) -> Ticket:
        self.submits.append(order)
        await asyncio.sleep(0)
        await self.answers.wait()
        if self.submit_errors:
            raise self.submit_errors.pop(0)
        return ticket(len(self.submits))

    async def find(
        self, order: Order, *, at_ms: int, from_ms: int, until_ms: int | None
    ) -> tuple[Ticket, ...]:
        self.searches.append((at_ms, from_ms, until_ms))
        found = self.found.pop(0) if self.found else ()
        if isinstance(found, Exception):
            raise found
        if isinstance(found, Ticket):
            return (found,)
        return found or ()

    async def follow(self, ticket: Ticket) -> AsyncGenerator[Progress, None]:
        self.running += 1
        self.running_max = max(self.running_max, self.running)
        try:
            if not self.gate.is_set():
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
        if link.url in self.missing:
            raise MediaRejected("404")
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
    brought: list[tuple[Job, int]] = field(default_factory=list)
    ended: list[Job] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    end_errors: list[Exception] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    away_after: FlakyDatabase | None = None

    def show(self, job: Job, place: Place) -> None:
        self.shown.append((job.id, place))

    async def deliver(self, job: Job, pictures: list[Picture], balance: Balance) -> Delivered:
        if self.errors:
            raise self.errors.pop(0)
        self.delivered.append((job, len(pictures)))
        self.changed.set()
        if self.away_after is not None:
            self.away_after.writes_failing = 2
        return Delivered(77, job.channel_id, "answer")

    async def bring(self, job: Job, pictures: list[Picture], balance: Balance) -> Delivered:
        if self.errors:
            raise self.errors.pop(0)
        self.brought.append((job, len(pictures)))
        self.changed.set()
        return Delivered(78, job.channel_id, "channel")

    async def end(self, job: Job, balance: Balance) -> None:
        if self.end_errors:
            raise self.end_errors.pop(0)
        self.ended.append(job)
        self.changed.set()

    async def until(self, count: int, timeout_s: float = 10) -> None:
        """Wait until that many jobs have ended one way or the other."""
        async with asyncio.timeout(timeout_s):
            while len(self.delivered) + len(self.ended) < count:
                self.changed.clear()
                await self.changed.wait()


class RecordingMeter(Meter):
    """Takes down what it is told, each as the name of the call and its values; no seconds."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.moves: list[Move] = []
        self.seconds: list[float] = []

    def of(self, name: str) -> list[tuple[str, ...]]:
        return [values for values in self.told if values[0] == name]

    def moved(self, move: Move) -> None:
        before = "" if move.before is None else move.before.value
        self.told.append(("moved", move.job.model, before, move.job.state.value))
        self.moves.append(move)

    def refused(self, model: str, reason: str) -> None:
        self.told.append(("refused", model, reason))

    def called(self, call: str, outcome: str, seconds: float) -> None:
        self.told.append(("called", call, outcome))
        self.seconds.append(seconds)

    def answered(self, model: str, seconds: float) -> None:
        self.told.append(("answered", model))
        self.seconds.append(seconds)

    def delivered(self, model: str, route: str, seconds: float) -> None:
        self.told.append(("delivered", model, route))
        self.seconds.append(seconds)

    def slowed(self, scope: str) -> None:
        self.told.append(("slowed", scope))


@dataclass
class RecordingTakedowns:
    """Takes down what Discord would be told, and fails as often as it is told to."""

    cleared: list[tuple[str, str]] = field(default_factory=list)
    warned: list[tuple[int, str, str]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    async def clear(self, job: Job, reason: str) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.cleared.append((job.id, reason))

    async def warn(self, job: Job, reason: str, nonce: str) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.warned.append((job.member_id, reason, nonce))


@dataclass
class RecordingLogPoster:
    """Takes down what log channels would show; a nonce that was used posts nothing new.

    `errors` and `gates` are by server: the next error, raised after the post where `is_posted`,
    and what a post waits for.
    """

    posted: list[tuple[int, int, list[Notice]]] = field(default_factory=list)
    errors: dict[int, list[Exception]] = field(default_factory=dict)
    gates: dict[int, asyncio.Event] = field(default_factory=dict)
    nonces: list[str] = field(default_factory=list)
    is_posted: bool = False

    async def post(
        self, server_id: int, channel_id: int, notices: Sequence[Notice], nonce: str
    ) -> None:
        errors = self.errors.get(server_id, [])
        if server_id in self.gates:
            await self.gates[server_id].wait()
        if errors and not self.is_posted:
            raise errors.pop(0)
        assert 1 <= len(nonce) <= 25
        if nonce not in self.nonces:
            self.posted.append((server_id, channel_id, list(notices)))
        self.nonces.append(nonce)
        if errors:
            raise errors.pop(0)

    def of(self, server_id: int) -> list[list[Notice]]:
        return [notices for server, _, notices in self.posted if server == server_id]
