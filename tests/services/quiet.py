"""The services over a real database on the skipping clock, every call at its second."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.core.errors import MediaRejected
from bot.core.jobs import Picture
from bot.core.models.options import Format, Size
from bot.services.generation.build import Policy
from bot.services.generation.times import Times
from bot.services.limits.allowance import HostLimits
from bot.services.supervisor import Supervisor
from bot.storage.database import migrate
from tests.fakes import FlakyDatabase, ManualClock, RecordingCourier, ScriptedQueue, ticket
from tests.inline_sqlite import open_inline
from tests.migrated import put_sqlite
from tests.services.conftest import DEFAULTS, House
from tests.virtual_time import now_s

Seconds = dict[str, list[float]]


def _seconds() -> Seconds:
    return defaultdict(list)


class LoopClock(ManualClock):
    """Goes with the skipping clock; adding to `now` moves it beside that."""

    def now_ms(self) -> int:
        return self.now + round(now_s() * 1000)


@dataclass
class TimedQueue(ScriptedQueue):
    """A queue at which everything has ended at once, until it is told otherwise.

    `late` says by address how many times a picture is missing; `always` is raised by each call of
    that name.
    """

    times: Seconds = field(default_factory=_seconds)
    late: dict[str, int] = field(default_factory=dict)
    always: dict[str, Exception] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.gate.set()

    def _note(self, name: str) -> None:
        self.times[name].append(now_s())
        if name in self.always:
            raise self.always[name]

    async def submit(self, order):
        self.submits.append(order)
        number = len(self.submits)
        self._note("submit")
        await self.answers.wait()
        if self.submit_errors:
            raise self.submit_errors.pop(0)
        return ticket(number)

    async def find(self, order, *, at_ms, from_ms, until_ms):
        self._note("find")
        return await super().find(order, at_ms=at_ms, from_ms=from_ms, until_ms=until_ms)

    async def follow(self, ticket):
        self._note("follow")
        async with aclosing(super().follow(ticket)) as reports:
            async for report in reports:
                yield report

    async def result(self, ticket):
        self._note("result")
        return await super().result(ticket)

    async def cancel(self, ticket):
        self._note("cancel")
        return await super().cancel(ticket)

    async def fetch(self, link):
        name = link.url.rpartition("/")[2]
        self._note(name)
        if self.late.get(name, 0) > 0:
            self.late[name] -= 1
            raise MediaRejected("404")
        return Picture(b"picture", Format.PNG, Size(1024, 1024))


@dataclass
class TimedCourier(RecordingCourier):
    """Notes each try; `always` is raised by each call of that name."""

    times: Seconds = field(default_factory=_seconds)
    always: dict[str, Exception] = field(default_factory=dict)

    def _note(self, name: str) -> None:
        self.times[name].append(now_s())
        if name in self.always:
            raise self.always[name]

    async def deliver(self, job, pictures, balance):
        self._note("deliver")
        return await super().deliver(job, pictures, balance)

    async def bring(self, job, pictures, balance):
        self._note("bring")
        return await super().bring(job, pictures, balance)

    async def end(self, job, balance):
        self._note("end")
        return await super().end(job, balance)


@dataclass(kw_only=True)
class QuietHouse(House):
    queue: TimedQueue  # pyright: ignore[reportIncompatibleVariableOverride]
    courier: TimedCourier  # pyright: ignore[reportIncompatibleVariableOverride]
    supervisor: Supervisor

    def keep(self, name: str, work: Callable) -> None:
        """Run something in the background until the house closes."""
        self.supervisor.keep(name, work)


@asynccontextmanager
async def quiet_house(
    folder: Path, *, times: Times | None = None, concurrency: int = 4, runs: bool = True, **limits
) -> AsyncGenerator[QuietHouse]:
    """Open it with the real times; running the line starts with it."""
    put_sqlite(folder / "bot.db")
    database = FlakyDatabase(open_inline(folder / "bot.db"))
    await migrate(database)
    clock, queue, courier = LoopClock(), TimedQueue(), TimedCourier()
    policy = Policy(
        limits=HostLimits(**{"default_images_per_day": 10_000, **limits}),
        defaults=DEFAULTS,
        data_dir=folder / "data",
        concurrency=concurrency,
        times=times or Times(),
    )
    async with Supervisor() as supervisor:
        house = QuietHouse(
            database, clock, queue=queue, courier=courier, policy=policy, supervisor=supervisor
        )
        if runs:
            supervisor.keep("line", house.runner.run)
        yield house
        await house.runner.stop(0)
    await database.close()
