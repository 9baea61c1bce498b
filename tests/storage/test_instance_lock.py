"""One bot at a time: the lock is taken before anything is opened, on either engine."""

import asyncio
from pathlib import Path

import pytest

from bot.core.errors import Broken, DatabaseUnavailable
from bot.storage import postgres_owner, schema
from bot.storage.database import Database
from bot.storage.running import running_database as run
from tests.postgres_proxy import wired


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_owner, "PATIENCE_S", 0.5)


def update_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the code is that of a newer bot, with one more table."""
    newer = {**schema.migrations(), 99: ("0099_later.sql", "CREATE TABLE later (n BIGINT);")}
    monkeypatch.setattr(schema, "migrations", lambda: newer)


async def version_of(database: Database) -> int:
    async with database.read() as connection:
        [row] = await connection.fetch("SELECT MAX(version) AS version FROM schema_versions")
    return row["version"]


async def test_a_second_bot_is_refused_before_it_touches_anything(
    impatient: None,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    async with run(database_url, tmp_path / "first") as opened:
        update_the_bot(monkeypatch)
        with pytest.raises(DatabaseUnavailable, match="another bot runs on"):
            async with run(database_url, tmp_path / "second"):
                pass
        assert await version_of(opened.database) < 99
        assert not (tmp_path / "second").exists()
    async with run(database_url, tmp_path / "first") as opened:
        assert await version_of(opened.database) == 99


async def test_shards_share_a_server_and_no_shard_is_run_twice(
    impatient: None, postgres_url: str, tmp_path: Path
):
    async with (
        run(postgres_url, tmp_path / "0", shard_ids=(0,)),
        run(postgres_url, tmp_path / "1", shard_ids=(1, 2)),
    ):
        for taken in ((2,), (0, 3), None):
            with pytest.raises(DatabaseUnavailable, match="another bot runs on"):
                async with run(postgres_url, tmp_path / "x", shard_ids=taken):
                    pass
    async with run(postgres_url, tmp_path / "x"):
        pass


async def test_shards_that_start_at_once_on_a_new_database_all_come_up(
    postgres_url: str, tmp_path: Path
):
    is_up = asyncio.Barrier(3)

    async def one(shard: int) -> bool:
        async with run(postgres_url, tmp_path / str(shard), shard_ids=(shard,)) as opened:
            async with asyncio.timeout(20):
                await is_up.wait()
            return opened.is_new

    assert sorted(await asyncio.gather(*(one(shard) for shard in range(3)))) == [
        False, False, True,
    ]  # fmt: skip


async def test_a_newer_bot_does_not_migrate_under_an_older_one_s_shard(
    impatient: None, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with run(postgres_url, tmp_path / "0", shard_ids=(0,)) as opened:
        update_the_bot(monkeypatch)
        with pytest.raises(DatabaseUnavailable, match="beside which this one cannot start"):
            async with run(postgres_url, tmp_path / "1", shard_ids=(1,)):
                pass
        assert await version_of(opened.database) < 99


async def test_a_lost_lock_is_taken_again_or_ends_the_bot(
    impatient: None, postgres_url: str, tmp_path: Path
):
    async with run(postgres_url, tmp_path / "0") as keeper:
        pass
    async with wired(postgres_url) as wire, run(wire.url, tmp_path / "0") as opened:
        assert opened.installation == keeper.installation
        watching = asyncio.create_task(opened.watch(0.05))
        wire.close()
        await asyncio.sleep(0.5)
        assert not watching.done()
        with pytest.raises(DatabaseUnavailable, match="another bot runs on"):
            async with run(postgres_url, tmp_path / "2"):
                pass

        wire.refuses = True
        wire.close()
        async with run(postgres_url, tmp_path / "3"):
            wire.refuses = False
            with pytest.raises(Broken, match="has taken this one's place"):
                async with asyncio.timeout(10):
                    await watching


async def test_a_bot_is_not_shut_out_by_its_own_lost_connection(
    impatient: None, postgres_url: str, tmp_path: Path
):
    """The server notices a machine that is gone only after minutes, and keeps its locks."""
    async with wired(postgres_url) as wire, run(wire.url, tmp_path / "0") as opened:
        watching = asyncio.create_task(opened.watch(0.05))
        wire.forgets = True
        wire.close()
        await asyncio.sleep(2)
        assert not watching.done()
        with pytest.raises(DatabaseUnavailable, match="another bot runs on"):
            async with run(postgres_url, tmp_path / "2"):
                pass
        watching.cancel()


async def test_a_lock_that_root_has_left_behind_can_be_taken(tmp_path: Path):
    (tmp_path / "bot.db.lock").touch(0o444)

    async with run(f"sqlite:///{tmp_path}/bot.db", tmp_path / "data") as opened:
        assert opened.is_new
