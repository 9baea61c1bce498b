"""The database of a bot that runs: made by it alone, known again, and watched over."""

import asyncio
import json
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from bot.core.errors import Broken, DatabaseUnavailable, OtherDatabase, StorageTrouble
from bot.storage import running, schema
from bot.storage.database import (
    Database,
    migrated_database,
    opened_database,
    sqlite_path,
)
from bot.storage.running import RunningDatabase
from bot.storage.running import running_database as run
from bot.storage.witness import FILE_NAME
from tests.postgres import PostgresServer

GIFT = """
INSERT INTO ledger (id, kind, server_id, member_id, images, microusd, charge_images,
    charge_microusd, source, day, bot_day, at_ms, seq)
VALUES ($1, 'gift', 1, 2, 0, 0, 5, 0, 'none', '2026-03-01', '2026-03-01', 0,
    (SELECT COALESCE(MAX(seq), 0) + 1 FROM ledger WHERE server_id = 1))
"""

OLD_GIFT = """
INSERT INTO ledger (id, kind, server_id, member_id, images, microusd, charge_images,
    charge_microusd, source, day, bot_day, at_ms)
VALUES ($1, 'gift', 1, 2, 0, 0, 5, 0, 'none', '2026-03-01', '2026-03-01', 0)
"""
"""Before entries were numbered."""


async def add(database: Database, *ids: str) -> None:
    async with database.write(1) as connection:
        for one in ids:
            await connection.execute(GIFT, one)


async def refusal(url: str, data_dir: Path) -> str:
    with pytest.raises(OtherDatabase) as refused:
        async with run(url, data_dir):
            pass
    assert "\n" not in str(refused.value)
    assert "--accept-database" in str(refused.value)
    return str(refused.value)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


async def test_run_alone_makes_a_database_and_every_other_command_refuses_a_missing_one(
    database_url: str, data_dir: Path
):
    with pytest.raises(StorageTrouble, match=r"no database file|none of the bot's tables"):
        async with opened_database(database_url):
            pass
    path = sqlite_path(database_url)
    assert path is None or not path.parent.exists()

    async with run(database_url, data_dir) as opened:
        assert (opened.is_new, opened.migrated_from) == (True, None)
        await add(opened.database, "a")
    async with run(database_url, data_dir) as again:
        assert (again.is_new, again.installation) == (False, opened.installation)
    async with opened_database(database_url) as database, database.read() as connection:
        assert len(await connection.fetch("SELECT id FROM ledger")) == 1


async def test_the_witness_holds_what_was_seen_and_no_password(
    postgres: PostgresServer, postgres_database: str, postgres_url: str, data_dir: Path
):
    url = postgres.url(postgres_database, password="hunter2")
    async with run(url, data_dir) as opened:
        await add(opened.database, "a", "b")

    text = (data_dir / FILE_NAME).read_text()
    found = json.loads(text)
    assert found["installation"] == opened.installation
    assert found["ledger_entries"] == 2
    assert postgres_database in found["database"]
    assert "hunter2" not in text
    assert names(data_dir) == [FILE_NAME]


@pytest.fixture
async def seen(database_url: str, data_dir: Path) -> RunningDatabase:
    """A bot that ran with three entries."""
    async with run(database_url, data_dir) as opened:
        await add(opened.database, "a", "b", "c")
    return opened


async def test_a_database_that_is_gone_is_not_made_anew(
    seen: RunningDatabase, tmp_path: Path, data_dir: Path
):
    elsewhere = tmp_path / "elsewhere" / "bot.db"

    line = await refusal(f"sqlite:///{elsewhere}", data_dir)

    assert "no database" in line
    assert str(elsewhere) in line
    assert f"{seen.installation} with 3 entries" in line
    assert seen.where in line
    assert not elsewhere.exists()
    async with run(f"sqlite:///{elsewhere}", data_dir, accepts=True) as opened:
        assert opened.is_new


async def test_another_database_is_refused_until_it_is_accepted(
    seen: RunningDatabase, tmp_path: Path, data_dir: Path
):
    other = f"sqlite:///{tmp_path / 'other.db'}"
    async with run(other, tmp_path / "its own") as made:
        pass

    line = await refusal(other, data_dir)

    assert f"is another database ({made.installation})" in line
    async with run(other, data_dir, accepts=True):
        pass
    async with run(other, data_dir) as again:
        assert again.installation == made.installation


async def test_one_folder_further_the_lost_database_is_still_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As in a container whose `.env` was copied from an example with paths in it."""
    async with run(f"sqlite:///{tmp_path}/bot.db", tmp_path) as opened:
        await add(opened.database, "a")
    monkeypatch.chdir(tmp_path)

    assert "last seen on" in await refusal("sqlite:///data/bot.db", Path("data"))


async def test_a_file_copied_without_its_newest_changes_is_refused(tmp_path: Path, data_dir: Path):
    path = tmp_path / "bot.db"
    async with run(f"sqlite:///{path}", data_dir) as opened:
        await add(opened.database, "a", "b", "c")
        await opened.note()
        shutil.copy(path, tmp_path / "copy")
    shutil.copy(tmp_path / "copy", path)

    line = await refusal(f"sqlite:///{path}", data_dir)

    assert "it has 0;" in line
    assert "3 entries" in line
    assert "-wal" in line


async def test_lost_entries_are_noticed_on_either_engine(
    seen: RunningDatabase, database_url: str, data_dir: Path
):
    path = data_dir / FILE_NAME
    path.write_text(path.read_text().replace('"ledger_entries": 3', '"ledger_entries": 4'))

    assert "has lost entries of its ledger: it has 3;" in await refusal(database_url, data_dir)


@pytest.mark.parametrize("content", [b"", "wal"])
async def test_a_file_without_tables_is_refused(tmp_path: Path, data_dir: Path, content):
    path = tmp_path / "bot.db"
    path.write_bytes(b"")
    if content == "wal":
        link = sqlite3.connect(path)
        link.execute("PRAGMA journal_mode=WAL")
        link.close()
    before = path.read_bytes()

    line = await refusal(f"sqlite:///{path}", data_dir)

    assert "holds none of the bot's tables" in line
    assert "-wal" in line
    assert path.read_bytes() == before
    async with run(f"sqlite:///{path}", data_dir, accepts=True) as opened:
        assert opened.is_new


async def test_a_log_without_its_database_is_not_taken_for_a_new_one_s(
    tmp_path: Path, data_dir: Path
):
    path = tmp_path / "bot.db"
    path.with_name("bot.db-wal").write_bytes(b"changes")

    for accepts in (False, True):
        with pytest.raises(DatabaseUnavailable, match=r"bot\.db-wal is there.*put bot\.db back"):
            async with run(f"sqlite:///{path}", data_dir, accepts=accepts):
                pass
    assert not path.exists()


async def test_a_start_that_died_while_it_made_the_database_is_no_riddle(
    tmp_path: Path, data_dir: Path
):
    path = tmp_path / "bot.db"
    for name in ("bot.db.new", "bot.db.new-wal", "bot.db.new-shm"):
        (tmp_path / name).write_bytes(b"half")

    async with run(f"sqlite:///{path}", data_dir) as opened:
        assert opened.is_new
    assert names(tmp_path) == ["bot.db", "bot.db.lock", "pictures"]


async def test_a_damaged_witness_is_not_passed_over(seen, database_url: str, data_dir: Path):
    (data_dir / FILE_NAME).write_text("{")

    assert f"{FILE_NAME}, which says" in await refusal(database_url, data_dir)
    async with run(database_url, data_dir, accepts=True):
        pass
    async with run(database_url, data_dir) as again:
        assert again.installation == seen.installation


async def set_version(url: str, version: int) -> None:
    async with opened_database(url) as database, database.write() as connection:
        await connection.execute("INSERT INTO schema_versions VALUES ($1, 'later.sql')", version)


async def test_a_bot_that_meets_a_newer_schema_ends(database_url: str, data_dir: Path):
    async with run(database_url, data_dir) as opened:
        watching = asyncio.create_task(opened.watch(0.05))
        await asyncio.sleep(0.2)
        assert not watching.done()
        await set_version(database_url, 99)
        with pytest.raises(Broken, match="version 99 and this bot knows only"):
            async with asyncio.timeout(5):
                await watching

    with pytest.raises(Broken, match="use the newer bot"):
        async with opened_database(database_url):
            pass
    with pytest.raises(Broken, match="use the newer bot"):
        async with run(database_url, data_dir):
            pass


async def test_an_older_database_is_brought_up_to_date_by_run_alone(
    database_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    released = {version: one for version, one in schema.migrations().items() if version <= 3}
    with monkeypatch.context() as before:
        before.setattr(schema, "migrations", lambda: released)
        async with (
            migrated_database(database_url) as database,
            database.write(1) as connection,
        ):
            await connection.execute(OLD_GIFT, "a")

    for _ in range(2):
        with pytest.raises(Broken, match=r"has version 3 and this bot needs \d+; start the bot"):
            async with opened_database(database_url):
                pass
    async with run(database_url, data_dir) as again:
        assert (again.is_new, again.migrated_from) == (False, 3)
        assert json.loads((data_dir / FILE_NAME).read_text())["ledger_entries"] == 1


async def test_the_witness_is_brought_up_to_date_while_the_bot_runs(
    database_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(running, "WITNESS_S", 0.1)
    async with run(database_url, data_dir) as opened:
        await add(opened.database, "a", "b")
        watching = asyncio.create_task(opened.watch(0.05))
        deadline_s = time.monotonic() + 5
        while json.loads((data_dir / FILE_NAME).read_text())["ledger_entries"] != 2:
            assert time.monotonic() < deadline_s
            await asyncio.sleep(0.02)
        watching.cancel()


@pytest.mark.parametrize("name", ["bot.db", "bot.db.lock"])
@pytest.mark.parametrize("is_replaced", [True, False])
async def test_a_bot_whose_file_is_taken_away_ends(
    tmp_path: Path, data_dir: Path, name: str, is_replaced: bool
):
    async with run(f"sqlite:///{tmp_path}/bot.db", data_dir) as opened:
        (tmp_path / name).rename(tmp_path / "elsewhere")
        if is_replaced:
            shutil.copy(tmp_path / "elsewhere", tmp_path / name)
        with pytest.raises(Broken, match=f"{name} was moved, deleted or replaced"):
            async with asyncio.timeout(5):
                await opened.watch(0.05)
