"""A commit that fails on SQLite: undone for certain, here and for a process that starts anew."""

import resource
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.core.errors import CommitUnknown, DatabaseUnavailable
from bot.storage.database import Database, migrate, open_database
from bot.storage.sqlite_errors import may_be_committed

PUT = "INSERT INTO servers (server_id, zone) VALUES ($1, $2)"
ALL = "SELECT server_id FROM servers ORDER BY server_id"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite:///{tmp_path}/bot.db")
    await migrate(opened)
    yield opened
    await opened.close()


async def put(database: Database, number: int, length: int = 3) -> None:
    async with database.write(1) as connection:
        await connection.execute(PUT, number, "x" * length)


async def stored(database: Database) -> list[int]:
    async with database.read() as connection:
        return [row["server_id"] for row in await connection.fetch(ALL)]


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let no file grow further."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def after_a_crash(folder: Path) -> list[int]:
    """What a process finds that starts on the files as they are now."""
    elsewhere = folder / "elsewhere"
    shutil.rmtree(elsewhere, ignore_errors=True)
    elsewhere.mkdir()
    for name in ("bot.db", "bot.db-wal"):
        shutil.copy(folder / name, elsewhere / name)
    link = sqlite3.connect(elsewhere / "bot.db")
    found = [row[0] for row in link.execute(ALL)]
    link.close()
    return found


@pytest.mark.parametrize("room", [0, 10, 24, 5000, 4096 * 3, 4096 * 8])
async def test_a_commit_for_which_there_is_no_room_is_undone(
    database: Database, tmp_path: Path, room: int
):
    await put(database, 1)
    log = tmp_path / "bot.db-wal"
    with files_up_to(log.stat().st_size + room), pytest.raises(DatabaseUnavailable) as refused:
        await put(database, 2, 40_000)
    assert not isinstance(refused.value, CommitUnknown)

    assert await stored(database) == [1]
    assert after_a_crash(tmp_path) == [1]
    await put(database, 3)
    assert await stored(database) == [1, 3]
    assert after_a_crash(tmp_path) == [1, 3]


async def test_a_database_that_may_not_grow_is_undone_too(database: Database, tmp_path: Path):
    await put(database, 1)
    async with database.write() as connection:
        [row] = await connection.fetch("PRAGMA page_count")
        await connection.execute(f"PRAGMA max_page_count={row['page_count']}")

    with pytest.raises(DatabaseUnavailable, match="is full; make room"):
        await put(database, 2, 40_000)

    assert await stored(database) == after_a_crash(tmp_path) == [1]


@pytest.mark.parametrize(
    ("name", "is_unknown"),
    [
        ("SQLITE_FULL", False),
        ("SQLITE_IOERR_WRITE", False),
        ("SQLITE_BUSY_SNAPSHOT", False),
        ("SQLITE_IOERR_FSYNC", True),
        ("SQLITE_IOERR_SHMSIZE", True),
    ],
)
def test_only_what_fails_after_the_last_page_is_unknown(name: str, is_unknown: bool):
    """No disk at hand fails to sync on demand, so the error is made by hand."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = name
    assert may_be_committed(error) is is_unknown
