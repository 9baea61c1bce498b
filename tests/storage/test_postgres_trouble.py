"""PostgreSQL on a bad day: what another try can cure says so, and the next try works."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from bot.core.errors import Broken, CommitUnknown, DatabaseUnavailable
from bot.storage import postgres
from bot.storage.database import Database, migrate, open_database
from tests.postgres_proxy import Cut, wired

PUT = "INSERT INTO servers (server_id) VALUES ($1)"
ALL = "SELECT server_id FROM servers ORDER BY server_id"


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    opened = await open_database(postgres_url)
    await migrate(opened)
    yield opened
    await opened.close()


async def put(database: Database, number: int) -> None:
    async with database.write(1) as connection:
        await connection.execute(PUT, number)


async def stored(url: str) -> list[int]:
    link = await asyncpg.connect(url)
    rows = await link.fetch(ALL)
    await link.close()
    return [row["server_id"] for row in rows]


@pytest.mark.parametrize(
    ("cut", "is_stored"), [("question", False), ("answer", True), ("silence", True)]
)
async def test_a_commit_whose_answer_is_lost_is_said_to_be_unknown(
    postgres_url: str, database: Database, monkeypatch, cut: Cut, is_stored: bool
):
    monkeypatch.setattr(postgres, "COMMAND_TIMEOUT_S", 3)
    async with wired(postgres_url) as wire:
        over_wire = await open_database(wire.url)
        try:
            await put(over_wire, 1)
            wire.cut = cut
            with pytest.raises(CommitUnknown):
                await put(over_wire, 2)
            assert wire.cuts == 1
            assert await stored(postgres_url) == ([1, 2] if is_stored else [1])
            await put(over_wire, 3)
            assert 3 in await stored(postgres_url)
        finally:
            await over_wire.close()


@pytest.mark.parametrize("at", [b"BEGIN", b"INSERT"])
async def test_what_breaks_before_the_commit_is_certainly_undone(
    postgres_url: str, database: Database, at: bytes
):
    async with wired(postgres_url) as wire:
        over_wire = await open_database(wire.url)
        try:
            wire.at, wire.cut = at, "answer"
            with pytest.raises(DatabaseUnavailable) as refused:
                await put(over_wire, 2)
            assert not isinstance(refused.value, CommitUnknown)
            assert wire.cuts == 1
            assert await stored(postgres_url) == []
        finally:
            await over_wire.close()


async def test_a_commit_that_the_server_refuses_is_certain(postgres_url: str, database: Database):
    link = await asyncpg.connect(postgres_url)
    await link.execute(
        "CREATE TABLE late (n BIGINT REFERENCES servers (server_id) DEFERRABLE INITIALLY DEFERRED)"
    )
    await link.close()

    with pytest.raises(Broken, match="breaks a rule") as refused:
        async with database.write(1) as connection:
            await connection.execute("INSERT INTO late VALUES (99)")
    assert not isinstance(refused.value, DatabaseUnavailable)


async def test_a_statement_made_stale_by_another_session_can_be_tried_again(
    postgres_url: str, database: Database
):
    async def work() -> None:
        async with database.write(1) as connection:
            await connection.execute(PUT, 5)
            await connection.fetch("SELECT * FROM servers")

    await work()
    link = await asyncpg.connect(postgres_url)
    await link.execute("ALTER TABLE servers ADD COLUMN later BIGINT")
    await link.execute("DELETE FROM servers")
    await link.close()

    with pytest.raises(DatabaseUnavailable) as refused:
        await work()
    assert not isinstance(refused.value, CommitUnknown)
    assert await stored(postgres_url) == []
    await work()
    assert await stored(postgres_url) == [5]


async def test_a_session_that_can_only_read_is_left_for_a_fresh_one(
    postgres_url: str, database: Database
):
    """As after a fail-over: sessions that were there answer, and refuse every write."""
    opened = asyncio.Event()

    async def turn_read_only() -> None:
        async with database.write() as connection:
            await connection.execute("SET default_transaction_read_only = on")
            await opened.wait()

    turning = [asyncio.create_task(turn_read_only()) for _ in range(3)]
    await asyncio.sleep(0.2)
    opened.set()
    await asyncio.gather(*turning)

    with pytest.raises(DatabaseUnavailable, match="ReadOnly"):
        await put(database, 1)
    for number in (2, 3, 4):
        await put(database, number)
    assert await stored(postgres_url) == [2, 3, 4]


@pytest.fixture
def short_limits(monkeypatch) -> None:
    short = {"lock_timeout": "300ms", "idle_in_transaction_session_timeout": "1s"}
    monkeypatch.setattr(postgres, "SESSION", {**postgres.SESSION, **short})


async def test_a_frozen_session_that_holds_the_global_lock_stops_nobody_for_long(
    short_limits: None, postgres_url: str, database: Database
):
    frozen = await open_database(postgres_url)
    other = await open_database(postgres_url)
    holds = asyncio.Event()
    thaw = asyncio.Event()

    async def freeze() -> None:
        async with frozen.write(0) as connection:
            await connection.execute(PUT, 1)
            holds.set()
            await thaw.wait()

    freezing = asyncio.create_task(freeze())
    await holds.wait()
    with pytest.raises(DatabaseUnavailable, match="LockNotAvailable"):
        async with other.write(0, 7):
            pass
    await asyncio.sleep(1.5)
    async with asyncio.timeout(10), other.write(0, 7) as connection:
        await connection.execute(PUT, 2)

    thaw.set()
    with pytest.raises(DatabaseUnavailable):
        await freezing
    assert await stored(postgres_url) == [2]
    await frozen.close()
    await other.close()


async def test_every_session_of_the_bot_carries_its_limits(database: Database):
    names = ("idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout")
    async with database.write() as writer, database.read() as reader:
        for connection in (writer, reader):
            found = [(await connection.fetch(f"SHOW {name}"))[0][name] for name in names]
            assert found == ["1min", "30s", "1min"]


async def session(database: Database) -> int:
    async with database.write(1) as connection:
        [row] = await connection.fetch("SELECT pg_backend_pid() AS pid")
    return row["pid"]


@pytest.mark.parametrize(
    ("code", "is_renewed"),
    [
        ("XX000", True),
        ("57P03", True),
        ("58030", True),
        ("26000", True),
        ("25P03", True),
        ("25006", True),
        ("40001", False),
        ("53300", False),
        ("55P03", False),
        ("57014", False),
    ],
)
async def test_every_error_that_may_pass_says_so_and_spoilt_sessions_are_left(
    database: Database, code: str, is_renewed: bool
):
    raising = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$"
    before = await session(database)
    with pytest.raises(DatabaseUnavailable):
        async with database.write(1) as connection:
            await connection.execute(raising)
    assert (await session(database) != before) is is_renewed


@pytest.mark.parametrize("code", ["22012", "42601", "P0001", "0A000"])
async def test_what_no_other_try_can_cure_is_broken(database: Database, code: str):
    raising = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$"
    with pytest.raises(Broken) as refused:
        async with database.write(1) as connection:
            await connection.execute(raising)
    assert not isinstance(refused.value, DatabaseUnavailable)
