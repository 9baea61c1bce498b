from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.core.jobs import Job, Request
from bot.core.limits import Rule
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size
from bot.core.models.registry import DEFAULT
from bot.core.preferences import Defaults
from bot.services.container import Services
from bot.services.generation.build import Policy
from bot.services.generation.times import Times
from bot.services.limits.allowance import HostLimits
from bot.services.ports import Ports
from bot.services.supervisor import Supervisor
from bot.storage import doubts, jobs, ledger, rules
from bot.storage.database import migrate, open_database
from tests.fakes import (
    FlakyDatabase,
    ManualClock,
    RecordingCourier,
    RecordingLogPoster,
    RecordingMeter,
    RecordingTakedowns,
    ScriptedQueue,
)
from tests.migrated import put_sqlite

SERVER, CHANNEL, MEMBER = 10, 20, 30
DEFAULTS = Defaults(DEFAULT, Size(1024, 1024), Quality.MEDIUM)
FAST = Times(
    unclear_max_s=0.05,
    evidence_pauses_s=(0.01,),
    silence_max_s=0.3,
    cancel_max_s=0.1,
    same_s=0.05,
    rest_first_s=0.01,
    rest_max_s=0.02,
    fetch_wait_s=0.1,
    fetch_max_s=0.2,
    retry_first_s=0.01,
    retry_max_s=0.02,
    search_first_s=0,
)


@dataclass
class House:
    """All services over a real database, with fal and Discord played by fakes."""

    database: FlakyDatabase
    clock: ManualClock
    queue: ScriptedQueue
    courier: RecordingCourier
    policy: Policy
    takedowns: RecordingTakedowns = field(default_factory=RecordingTakedowns)
    log_poster: RecordingLogPoster = field(default_factory=RecordingLogPoster)
    meter: RecordingMeter = field(default_factory=RecordingMeter)

    def __post_init__(self) -> None:
        ports = Ports(self.queue, self.courier, self.takedowns, self.log_poster, (self.meter,))
        self.services = Services(self.database, self.clock, self.policy, ports)
        self.folder = self.policy.data_dir / "undelivered"
        self.generation = self.services.generation
        self.books = self.generation.books
        self.runner = self.services.runner
        self.imagine = self.services.imagine
        self.quota = self.services.quota

    def request(self, **changes) -> Request:
        given = {
            "server_id": SERVER,
            "channel_id": CHANNEL,
            "member_id": MEMBER,
            "role_ids": frozenset(),
            "prompt": "a lighthouse",
            "size": Size(1024, 1024),
            "quality": Quality.MEDIUM,
            "count": 1,
            "format": Format.PNG,
            "private": False,
            "interaction_token": "token",
            "file_limit_bytes": 10_000_000,
            **changes,
        }
        return Request(**given)

    async def accept(self, **changes) -> Job:
        return (await self.imagine.accept(self.request(**changes))).job

    async def start(self, **changes) -> Job:
        job = await self.accept(**changes)
        await self.imagine.start(job, 1)
        return job

    async def get(self, job: Job) -> Job:
        found = await self.books.get(job.id)
        assert found is not None
        return found

    async def put(self, rule: Rule, server_id: int = SERVER) -> None:
        async with self.database.write(server_id) as connection:
            await rules.put(connection, server_id, rule, reason="", set_by=1, at_ms=1)

    async def doubt(self, job: Job) -> int:
        async with self.database.read() as connection:
            return await doubts.amount_of(connection, job.id)

    async def kinds(self, job: Job) -> list[str]:
        async with self.database.read() as connection:
            return [entry.kind for entry in await ledger.entries_of(connection, job.id)]

    async def check(self) -> None:
        async with self.database.read() as connection:
            assert await ledger.check(connection) == []

    async def history(self, job: Job) -> list[str]:
        async with self.database.read() as connection:
            return [step.to_state.value for step in await jobs.history(connection, job.id)]


OpenHouse = Callable[..., Awaitable[House]]


@pytest.fixture(params=["sqlite", "postgres"])
async def open_house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenHouse]:
    """Open the services over either engine; running them starts with `runs=True`."""
    address = f"sqlite:///{tmp_path}/bot.db"
    if request.param == "postgres":
        address = request.getfixturevalue("migrated_postgres_url")
    else:
        put_sqlite(tmp_path / "bot.db")
    supervisors: list[Supervisor] = []
    databases: list[FlakyDatabase] = []

    async def open_one(
        *,
        runs: bool = True,
        concurrency: int = 4,
        times: Times = FAST,
        absent_ms: int = 0,
        **limits,
    ) -> House:
        database = FlakyDatabase(await open_database(address))
        databases.append(database)
        await migrate(database)
        clock, queue, courier = ManualClock(), ScriptedQueue(), RecordingCourier()
        clock.now += absent_ms
        policy = Policy(
            limits=HostLimits(**{"default_images_per_day": 10, **limits}),
            defaults=DEFAULTS,
            data_dir=tmp_path / "data",
            concurrency=concurrency,
            times=times,
        )
        house = House(database, clock, queue, courier, policy)
        if runs:
            supervisor = Supervisor()
            supervisors.append(supervisor)
            supervisor.keep("line", house.runner.run)
            supervisor.keep("halts", house.generation.halts.run)
        return house

    yield open_one
    for supervisor in supervisors:
        await supervisor.__aexit__(None, None, None)
    for database in databases:
        await database.close()
