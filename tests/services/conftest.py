import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.core.catalogue import Format, Quality, Size
from bot.core.jobs import Job, Request
from bot.core.limits import Rule
from bot.services.allowance import HostLimits, Quota
from bot.services.books import Books
from bot.services.drive import Drive, Times
from bot.services.imagine import Defaults, Imagine
from bot.services.runner import Runner
from bot.services.words import Words
from bot.storage import jobs, ledger, rules
from bot.storage.database import migrate, open_database
from bot.storage.shelf import Shelf
from tests.fakes import FlakyDatabase, ManualClock, RecordingCourier, ScriptedQueue

SERVER, CHANNEL, MEMBER = 10, 20, 30
FAST = Times(evidence_pauses_s=(0.01,), retry_pause_s=0.01, key_pause_s=0.01)


@dataclass
class House:
    """All services over a real database, with fal and Discord played by fakes."""

    database: FlakyDatabase
    clock: ManualClock
    queue: ScriptedQueue
    courier: RecordingCourier
    books: Books
    runner: Runner
    imagine: Imagine
    quota: Quota
    folder: Path

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
        address = request.getfixturevalue("postgres_url")
    tasks: list[asyncio.Task[None]] = []
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
        host = HostLimits(**{"default_images_per_day": 10, **limits})
        quota, books = Quota(database, clock, host), Books(database, clock)
        drive = Drive(
            books=books,
            queue=queue,
            courier=courier,
            quota=quota,
            shelf=Shelf(tmp_path / "shelf"),
            clock=clock,
            times=times,
        )
        runner = Runner(
            books=books, drive=drive, courier=courier, clock=clock, concurrency=concurrency
        )
        imagine = Imagine(
            database=database,
            clock=clock,
            limits=host,
            defaults=Defaults(Size(1024, 1024), Quality.MEDIUM),
            words=Words(database, clock),
            books=books,
            runner=runner,
        )
        if runs:
            tasks.append(asyncio.create_task(runner.run()))
        return House(
            database, clock, queue, courier, books, runner, imagine, quota, tmp_path / "shelf"
        )

    yield open_one
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for database in databases:
        await database.close()
