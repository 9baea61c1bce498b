import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database import Database, migrate, open_database
from tests.migrated import put_sqlite


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    has_tables = "database" in request.fixturenames
    if request.param == "postgres":
        return request.getfixturevalue("migrated_postgres_url" if has_tables else "postgres_url")
    if has_tables:
        put_sqlite(tmp_path / "data" / "bot.db")
    return f"sqlite:///{tmp_path}/data/bot.db"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database; a driver that complains to the loop behind our back fails the test."""
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: complaints.append(context["message"])
    )
    opened = await open_database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()
    assert complaints == []
