"""PostgreSQL goes away: what was under way ends as `DatabaseUnavailable`, and the next works."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from bot.core.errors import DatabaseUnavailable
from bot.storage.database import Database, open_database

_OTHERS_END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    opened = await open_database(postgres_url)
    yield opened
    await opened.close()


async def end_connections(url: str) -> None:
    link = await asyncpg.connect(url)
    await link.execute(_OTHERS_END)
    await link.close()


async def works(database: Database) -> bool:
    async with database.write(1) as writer, database.read() as reader:
        return bool(await writer.fetch("SELECT 1") and await reader.fetch("SELECT 1"))


@pytest.mark.parametrize("statements_after", [0, 1])
async def test_a_connection_that_ends_between_two_statements_or_before_the_commit(
    database: Database, postgres_url: str, statements_after: int
):
    async def work() -> None:
        async with database.write(1) as connection:
            await connection.fetch("SELECT 1")
            await end_connections(postgres_url)
            for _ in range(statements_after):
                await connection.fetch("SELECT 1")

    with pytest.raises(DatabaseUnavailable):
        await work()

    assert await works(database)


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_connection_that_ends_during_a_statement(
    database: Database, postgres_url: str, kind: str
):
    began = asyncio.Event()

    async def wait() -> None:
        async with database.read() if kind == "read" else database.write(1) as connection:
            began.set()
            await connection.fetch("SELECT pg_sleep(60)")

    waiting = asyncio.create_task(wait())
    await began.wait()
    await asyncio.sleep(0)
    await end_connections(postgres_url)
    with pytest.raises(DatabaseUnavailable):
        await waiting

    assert await works(database)


async def test_a_connection_that_ends_while_it_is_idle(database: Database, postgres_url: str):
    assert await works(database)
    await end_connections(postgres_url)
    await asyncio.sleep(0.1)

    assert await works(database)
