import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bot.core.errors import Broken, LedgerBroken, StorageTrouble
from bot.storage.database import (
    Database,
    DatabaseUnavailable,
    migrate,
    open_database,
    schema_version,
)
from bot.storage.sqlite import READERS_MAX

ZONE = "INSERT INTO servers (server_id, zone) VALUES ($1, $2)"
COUNT = "SELECT COUNT(*) AS n FROM servers"

VERSIONS = [1, 2, 3, 4, 5, 6, 7]
"""Every migration; a new one is added here on purpose."""


async def count(database: Database) -> int:
    async with database.read() as conn:
        row = await conn.fetch_one(COUNT)
    assert row
    return row["n"]


async def test_snowflakes_and_text_come_back_as_they_went_in(database: Database) -> None:
    async with database.write() as conn:
        assert await conn.execute(ZONE, 2**63 - 1, "Ä🦊'\"") == 1

    async with database.read() as conn:
        rows = await conn.fetch("SELECT server_id, zone FROM servers")
    assert [(row["server_id"], row["zone"]) for row in rows] == [(2**63 - 1, "Ä🦊'\"")]


async def test_execute_counts_the_rows_it_changed(database: Database) -> None:
    async with database.write() as conn:
        await conn.execute(ZONE, 1, "UTC")
        await conn.execute(ZONE, 2, "UTC")
        assert await conn.execute("UPDATE servers SET zone = $1", "x") == 2
        assert await conn.execute("DELETE FROM servers WHERE server_id > $1", 5) == 0
        assert await conn.fetch_one("SELECT zone FROM servers WHERE server_id = $1", 9) is None


async def test_an_exception_rolls_back_and_the_next_write_works(database: Database) -> None:
    async def half() -> None:
        async with database.write(1) as conn:
            await conn.execute(ZONE, 1, "UTC")
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        await half()

    assert await count(database) == 0
    async with database.write(1) as conn:
        await conn.execute(ZONE, 1, "UTC")
    assert await count(database) == 1


async def test_a_cancelled_task_rolls_back_and_the_next_write_works(database: Database) -> None:
    written = asyncio.Event()

    async def half() -> None:
        async with database.write(1) as conn:
            await conn.execute(ZONE, 1, "UTC")
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(half())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with database.write(1) as conn:
        await conn.execute(ZONE, 2, "UTC")
    assert await count(database) == 1


async def test_cancelling_at_any_await_leaves_all_or_nothing(database: Database) -> None:
    """Each task is cancelled one turn of the loop later than the one before it, and twice."""

    async def pair(n: int) -> None:
        async with database.write(1) as conn:
            await conn.execute(ZONE, n, "UTC")
            await conn.execute(ZONE, -n, "UTC")

    for turns in range(40):
        task = asyncio.create_task(pair(turns + 1))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async with database.read() as conn:
        rows = await conn.fetch("SELECT server_id FROM servers")
    found = {row["server_id"] for row in rows}
    assert found == {-n for n in found}
    async with database.write(1) as conn:
        await conn.execute(ZONE, 1000, "UTC")


async def test_a_cancelled_statement_leaves_the_connection_usable(database: Database) -> None:
    slow = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) "
        "SELECT COUNT(*) AS n FROM n"
    )
    begun = asyncio.Event()

    async def work() -> None:
        async with database.write(1) as conn:
            await conn.execute(ZONE, 1, "UTC")
            begun.set()
            await conn.fetch(slow)

    task = asyncio.create_task(work())
    await begun.wait()
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with database.write(1) as conn:
        await conn.execute(ZONE, 2, "UTC")
    assert await count(database) == 1


async def test_a_reader_neither_waits_for_a_writer_nor_sees_its_rows(database: Database) -> None:
    async with database.write(1) as conn:
        await conn.execute(ZONE, 1, "UTC")
        assert await asyncio.wait_for(count(database), 3) == 0
    assert await count(database) == 1


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StorageTrouble):
        async with database.read() as conn:
            await conn.execute(ZONE, 1, "UTC")

    assert await count(database) == 0


async def test_more_readers_than_connections_take_turns(database: Database) -> None:
    counts = await asyncio.gather(*(count(database) for _ in range(READERS_MAX * 5)))

    assert counts == [0] * (READERS_MAX * 5)


async def test_a_reader_can_be_cancelled_and_replaced(database: Database) -> None:
    for turns in range(20):
        tasks = [asyncio.create_task(count(database)) for _ in range(READERS_MAX + 2)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert await asyncio.wait_for(count(database), 5) == 0


async def test_writers_under_one_lock_take_turns(database: Database) -> None:
    async with database.write() as conn:
        await conn.execute(ZONE, 1, "0")

    async def add_one() -> None:
        async with database.write(7, 3, 7) as conn:
            row = await conn.fetch_one("SELECT zone FROM servers WHERE server_id = 1")
            assert row
            await asyncio.sleep(0)
            await conn.execute("UPDATE servers SET zone = $1", str(int(row["zone"]) + 1))

    await asyncio.gather(*(add_one() for _ in range(40)))

    async with database.read() as conn:
        row = await conn.fetch_one("SELECT zone FROM servers")
    assert row
    assert row["zone"] == "40"


async def test_postgres_lets_two_servers_write_at_once(postgres_url: str) -> None:
    database = await open_database(postgres_url)
    try:
        await migrate(database)
        async with database.write(1), asyncio.timeout(5), database.write(2) as conn:
            await conn.execute(ZONE, 2, "UTC")
    finally:
        await database.close()


async def test_a_broken_constraint_is_an_error_of_the_core(database: Database) -> None:
    async with database.write() as conn:
        await conn.execute(ZONE, 1, "UTC")

    with pytest.raises(Broken, match="servers") as caught:
        async with database.write() as conn:
            await conn.execute(ZONE, 1, "a secret")
    assert not isinstance(caught.value, LedgerBroken)
    assert "a secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None

    total = "INSERT INTO totals VALUES (1, 'member', 1, '2026-01-01', 0, -1)"
    with pytest.raises(LedgerBroken, match="totals_microusd"):
        async with database.write() as conn:
            await conn.execute(total)


async def test_what_failed_inside_cannot_be_committed(database: Database) -> None:
    """PostgreSQL would roll back in silence and SQLite commit the rest; here neither does."""

    async def stubborn() -> None:
        async with database.write() as conn:
            await conn.execute(ZONE, 1, "UTC")
            with suppress(Broken):
                await conn.execute(ZONE, 1, "UTC")

    with pytest.raises(Broken, match="nothing of it was saved"):
        await stubborn()

    assert await count(database) == 0


async def test_a_connection_is_dead_after_its_block(database: Database) -> None:
    async with database.write() as conn:
        pass

    with pytest.raises(Broken, match="after its transaction"):
        await conn.execute(ZONE, 1, "UTC")


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "half a pair \ud800"])
async def test_what_cannot_be_stored_is_named_without_its_value(
    database: Database, value: int | str
) -> None:
    args = (value, "UTC") if isinstance(value, int) else (1, value)

    with pytest.raises(Broken) as caught:
        async with database.write() as conn:
            await conn.execute(ZONE, *args)
    assert str(value) not in str(caught.value)


async def test_bad_sql_is_an_error_of_the_core(database: Database) -> None:
    with pytest.raises(StorageTrouble):
        async with database.read() as conn:
            await conn.fetch("SELECT nothing FROM nowhere")


async def test_a_closed_database_says_so_and_closes_twice(database_url: str) -> None:
    database = await open_database(database_url)
    await database.close()
    await database.close()

    with pytest.raises(DatabaseUnavailable, match="closed"):
        async with database.write():
            pass
    with pytest.raises(DatabaseUnavailable, match="closed"):
        async with database.read():
            pass


async def test_migrating_twice_does_nothing_more(database_url: str) -> None:
    database = await open_database(database_url)
    try:
        assert await migrate(database) == VERSIONS
        assert await migrate(database) == []
        async with database.read() as conn:
            assert await schema_version(conn) == VERSIONS[-1]
    finally:
        await database.close()


async def test_two_processes_may_migrate_at_once(database_url: str) -> None:
    databases = [await open_database(database_url) for _ in range(3)]
    try:
        applied = await asyncio.gather(*(migrate(database) for database in databases))
    finally:
        for database in databases:
            await database.close()

    assert sorted(version for one in applied for version in one) == VERSIONS


async def test_a_newer_database_is_refused(database: Database) -> None:
    async with database.write() as conn:
        await conn.execute("INSERT INTO schema_versions VALUES (99, 'later.sql')")

    with pytest.raises(Broken, match=r"version 99 and this bot knows only \d+"):
        await migrate(database)


CRASH = """
import asyncio, os, sys
from bot.storage.database import open_database
async def main():
    database = await open_database(sys.argv[1])
    async with database.write(1) as conn:
        await conn.execute("INSERT INTO servers (server_id, zone) VALUES (1, 'UTC')")
        await conn.execute("INSERT INTO servers (server_id, zone) VALUES (2, 'UTC')")
        os._exit(9)
asyncio.run(main())
"""


async def test_a_killed_process_leaves_no_half_and_no_lock(
    database: Database, database_url: str
) -> None:
    root = Path(__file__).parents[2]
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", CRASH, database_url], cwd=root, timeout=60
    )
    assert killed.returncode == 9

    assert await count(database) == 0
    async with asyncio.timeout(10), database.write(1) as conn:
        await conn.execute(ZONE, 3, "UTC")
    assert await count(database) == 1
