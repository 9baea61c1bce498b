"""The database that tests use in turn is as it was made, whatever the one before did to it."""

from urllib.parse import urlsplit

import pytest

from bot.core.audit import Change, Code
from bot.storage import audit
from bot.storage.database import open_database
from tests.postgres import PostgresServer

CHANGE = Change(kind="limit.set", actor_id=1, subject=Code("s"))


@pytest.fixture
def name(postgres: PostgresServer, migrated_postgres_url: str) -> str:
    return urlsplit(migrated_postgres_url).path.removeprefix("/")


async def did(url: str, *statements: str) -> int:
    """Do something to a database; returns how long its audit is."""
    database = await open_database(url)
    async with database.write() as connection:
        for one in statements:
            await connection.execute(one)
        await audit.append(connection, 10, CHANGE, 1)
        rows = await audit.page(connection, server_id=10)
    await database.close()
    return len(rows)


async def test_its_rows_are_gone(postgres: PostgresServer, migrated_postgres_url: str, name: str):
    before = postgres.clear_database(name)
    for _ in range(2):
        assert await did(migrated_postgres_url) == 1
        assert postgres.clear_database(name) == before


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER ledger_is_counted ON ledger",
        "ALTER TABLE jobs ADD COLUMN other TEXT",
        "DELETE FROM installation",
    ],
)
async def test_whatever_else_was_changed_is_noticed(
    postgres: PostgresServer, migrated_postgres_url: str, name: str, change: str
):
    before = postgres.clear_database(name)
    await did(migrated_postgres_url, change)
    assert postgres.clear_database(name) != before
