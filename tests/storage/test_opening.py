import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bot.core.errors import DatabaseUnavailable
from bot.storage.database import open_database
from tests.postgres import PostgresServer


async def test_sqlite_keeps_its_promises_by_pragma(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/a/b/bot.db")
    try:
        async with database.write() as writer, database.read() as reader:
            for conn in (writer, reader):
                found = [
                    tuple((await conn.fetch(f"PRAGMA {name}"))[0])  # type: ignore[call-overload]
                    for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
                ]
                assert found == [("wal",), (2,), (1,), (5000,)]
    finally:
        await database.close()


async def test_a_relative_path_is_meant_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = await open_database("sqlite:///data/bot.db")
    await database.close()

    assert (tmp_path / "data" / "bot.db").exists()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    path.write_bytes(b"something else entirely" * 100)

    with pytest.raises(DatabaseUnavailable, match="not a database"):
        await open_database(f"sqlite:///{path}")


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DatabaseUnavailable, match="cannot be made"):
        await open_database(f"sqlite:///{tmp_path}/file/bot.db")


async def test_a_file_locked_by_another_program_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    database = await open_database(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable, match="locked by another program"):
            async with database.write():
                pass
        other.execute("ROLLBACK")
        async with database.write():
            pass
    finally:
        other.close()
        await database.close()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://user:hunter2@host/db", "must begin with"),
        ("sqlite://", "must begin with"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://user:hunter2@127.0.0.1:1/db", "db at 127.0.0.1:1 .* nothing listens"),
        ("postgresql://user:hunter2@/db?host=/nowhere", "db at /nowhere:5432 .*cannot be reached"),
        ("postgresql://user:123#hunter2@127.0.0.1/db", "%XX"),
        ("postgresql://user:hun/hunter2@127.0.0.1/db", "%XX"),
        ("postgresql://user:hunter2@127.0.0.1:port/db", "%XX"),
        ("postgresql://user:hunter2@127.0.0.1:1/db?sslmode=hunter2", "cannot be used"),
    ],
)
async def test_an_address_that_leads_nowhere_is_explained_without_its_password(
    url: str, sentence: str
) -> None:
    with pytest.raises(DatabaseUnavailable, match=sentence) as caught:
        await open_database(url)

    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in str(error)
        assert "hun" not in str(error).replace("hunter2", "")
        assert "123" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


async def test_a_missing_database_is_named(postgres: PostgresServer) -> None:
    url = postgres.url("nowhere", password="hunter2")

    with pytest.raises(DatabaseUnavailable, match="no such database") as caught:
        await open_database(url)
    assert "hunter2" not in str(caught.value)


WITHOUT_ASYNCPG = """
import asyncio, sys
sys.modules["asyncpg"] = None
from bot.storage.database import open_database, migrate
from bot.core.errors import BotError
async def main():
    database = await open_database("sqlite:///" + sys.argv[1])
    assert await migrate(database)
    await database.close()
    try:
        await open_database("postgresql://user:hunter2@127.0.0.1/db")
    except BotError as error:
        print(error)
asyncio.run(main())
"""


async def test_without_asyncpg_only_postgres_is_refused(tmp_path: Path) -> None:
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", WITHOUT_ASYNCPG, str(tmp_path / "bot.db")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.stderr == ""
    assert "install the bot with its extra `postgres`" in run.stdout
    assert "hunter2" not in run.stdout
