"""A database that cannot be used: one line with the reason and the remedy, at every command."""

import asyncio
import concurrent.futures.thread  # noqa: F401 - as below
import os
import sqlite3
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner

import bot.app  # noqa: F401 - `run` imports it late, which a user without rights could not
from bot.__main__ import main
from bot.storage import disk
from bot.storage.database import migrated_database
from tests.host import NO_SETTINGS, Ended
from tests.troubled_files import as_nobody, fill, open_folder, small_disk, spoil_pages

READERS = (("export", "jobs"), ("limit", "list", "1"), ("usage", "1"), ("audit", "1"))
CHANGERS = (("limit", "set", "1", "5", "--unit", "images", "--per", "day"),)
EVERY = (("run",), ("check",), *READERS, *CHANGERS)
WRITERS = (("run",), ("check",), *CHANGERS)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


def make_database(folder: Path) -> Path:
    path = folder / "bot.db"

    async def make() -> None:
        async with migrated_database(f"sqlite:///{path}"):
            pass

    asyncio.run(make())
    return path


def call(folder: Path, *args: str, **env: str) -> Ended:
    given = {
        **NO_SETTINGS,
        "DISCORD_TOKEN": "a.b.c",
        "DISCORD_API_URL": "http://127.0.0.1:9/api/v10",
        "FAL_KEY": "id:S3CRET",
        "DATABASE_URL": f"sqlite:///{folder}/bot.db",
        "DATA_DIR": str(folder / "pictures"),
        "HTTP_PORT": "0",
        **env,
    }
    with chdir("/"):
        ended = CliRunner(env=given).invoke(main, [*args])
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return Ended(ended.exit_code, ended.stdout, ended.stderr)


def line_of(ended: Ended) -> str:
    """The one line of a command that did not work."""
    assert ended.code == 1, ended
    [line] = ended.stderr.splitlines()
    return line


@pytest.mark.parametrize("args", EVERY, ids=" ".join)
@pytest.mark.parametrize("kind", ["folder", "pipe", "text", "empty", "missing folder"])
def test_what_is_no_database_is_one_line_at_every_command(folder: Path, kind: str, args):
    path = folder / "bot.db"
    env = {}
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "text":
        path.write_bytes(b"this is no database, " * 500)
    elif kind == "empty":
        path.touch()
    elif args == ("run",):
        pytest.skip("it makes the folder")
    else:
        env["DATABASE_URL"] = f"sqlite:///{folder}/nowhere/bot.db"

    line = line_of(call(folder, *args, **env))

    remedies = {
        "folder": "is no file but a folder; DATABASE_URL must name a file",
        "pipe": "is no file but a pipe",
        "text": "is not a database; put back a backup",
        "empty": "holds none of the bot's tables",
        "missing folder": "there is no database file",
    }
    assert remedies[kind] in line
    assert str(folder) in line


@pytest.mark.parametrize("args", EVERY, ids=" ".join)
@pytest.mark.parametrize("closed", ["bot.db", "."])
def test_what_is_closed_to_this_user_names_the_owner_and_the_remedy(folder: Path, closed, args):
    make_database(folder)
    (folder / closed).chmod(0)
    with as_nobody():
        line = line_of(call(folder, *args, DATA_DIR="/tmp"))
        uid = os.geteuid()

    assert f"uid {uid}" in line
    assert "chown" in line
    assert "uid 10001" in line


@pytest.mark.parametrize("args", WRITERS, ids=" ".join)
@pytest.mark.parametrize("only", ["file", "folder"])
def test_what_may_only_be_read_names_the_owner_and_the_remedy(folder: Path, only: str, args):
    path = make_database(folder)
    path.chmod(0o444 if only == "file" else 0o666)
    folder.chmod(0o777 if only == "file" else 0o755)
    env = {"DATA_DIR": "/tmp"}
    with as_nobody():
        line = line_of(call(folder, *args, **env))

    assert f"the {only} {path if only == 'file' else folder} may not be written to" in line
    assert "chown" in line


def test_what_may_only_be_read_can_be_read_where_sqlite_can(folder: Path):
    make_database(folder).chmod(0o444)
    folder.chmod(0o777)
    with as_nobody():
        for args in READERS:
            assert call(folder, *args).code == 0


@pytest.mark.parametrize("args", WRITERS, ids=" ".join)
def test_a_disk_that_is_mounted_read_only_is_named(folder: Path, args):
    with small_disk(folder, "200m"):
        make_database(folder)
        assert os.system(f"mount -o remount,ro {folder}") == 0
        line = line_of(call(folder, *args, DATA_DIR="/tmp"))

    assert "mounted read-only" in line


@pytest.mark.parametrize("args", [("run",), *CHANGERS], ids=" ".join)
def test_a_full_disk_is_named(folder: Path, args):
    with small_disk(folder):
        make_database(folder)
        fill(folder)
        line = line_of(call(folder, *args, DATA_DIR="/tmp"))

    assert "is full" in line
    assert "make room" in line


def test_check_names_a_full_disk_and_mentions_one_that_is_nearly_full(folder: Path, monkeypatch):
    with small_disk(folder):
        make_database(folder)
        problem = call(folder, "check")
        assert problem.code == 1
        assert "MB left; make room" in problem.stderr
        monkeypatch.setattr(disk, "FULL_BYTES", 1000)
        monkeypatch.setattr("bot.console.checking.FULL_BYTES", 1000)
        note = call(folder, "check")
        assert (note.code, note.stderr) == (0, "")
        assert "MB left; make room" in note.stdout
        fill(folder)
        full = call(folder, "check")
        assert full.code == 1
        assert "is full" in full.stderr


def test_check_names_a_data_dir_that_cannot_be_written_to(folder: Path):
    make_database(folder).chmod(0o666)
    folder.chmod(0o777)
    pictures = folder / "pictures"
    pictures.mkdir()
    pictures.chmod(0o555)
    with as_nobody():
        checked, run = line_of(call(folder, "check")), line_of(call(folder, "run"))
    for line in (checked, run):
        assert line.startswith(f"DATA_DIR, the folder {pictures}, cannot be written to: ")
        assert "chown" in line


@pytest.mark.parametrize("args", [("run",), ("check",), *READERS], ids=" ".join)
def test_a_file_with_damaged_pages_is_lines_and_no_traceback(folder: Path, args):
    spoil_pages(make_database(folder), 2)

    ended = call(folder, *args)

    assert ended.code == 1
    lines = ended.stderr.splitlines()
    assert len(lines) == 1 or args == ("check",)
    assert all("is damaged" in line for line in lines), lines
    assert "put back a backup" in ended.stderr or args == ("check",)


@pytest.mark.parametrize("table", ["jobs", "audit", "gifts"])
def test_check_finds_one_damaged_page_wherever_it_is(folder: Path, table: str):
    path = make_database(folder)
    link = sqlite3.connect(path)
    [(page,)] = link.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
    link.close()
    spoil_pages(path, page, page)

    ended = call(folder, "check")

    assert ended.code == 1
    assert "damaged" in ended.stderr


def test_check_finds_rows_that_name_what_is_not_there(folder: Path):
    link = sqlite3.connect(make_database(folder))
    link.execute("INSERT INTO report_voices VALUES ('none', 1, 2, '', 3)")
    link.commit()
    link.close()

    assert "report_voices name a row of reports that is not there" in line_of(call(folder, "check"))


def test_check_changes_nothing(folder: Path):
    path = make_database(folder)
    link = sqlite3.connect(path)
    before = "\n".join(link.iterdump())
    assert call(folder, "check").code == 0
    assert "\n".join(link.iterdump()) == before
    link.close()
    assert not (folder / "pictures").exists()


@pytest.mark.parametrize("version", [3, 99])
@pytest.mark.parametrize("args", [("check",), *READERS, *CHANGERS], ids=" ".join)
def test_no_other_command_touches_a_database_of_another_version(folder: Path, version: int, args):
    path = make_database(folder)
    link = sqlite3.connect(path)
    link.execute("DELETE FROM schema_versions")
    link.execute("INSERT INTO schema_versions VALUES (?, 'x')", (version,))
    link.commit()
    before = "\n".join(link.iterdump())

    line = line_of(call(folder, *args))

    assert ("start the bot of this version once" if version == 3 else "use the newer bot") in line
    assert "\n".join(link.iterdump()) == before
    link.close()


def test_check_of_a_server_s_database(postgres_url: str, folder: Path):
    url = {"DATABASE_URL": postgres_url}
    assert "holds none of the bot's tables" in line_of(call(folder, "check", **url))

    async def make() -> None:
        async with migrated_database(postgres_url):
            pass

    asyncio.run(make())
    assert call(folder, "check", **url).code == 0

    async def break_it() -> None:
        async with migrated_database(postgres_url) as database, database.write() as connection:
            await connection.execute(
                "ALTER TABLE jobs ADD CONSTRAINT odd CHECK (count > 0) NOT VALID"
            )

    asyncio.run(break_it())
    assert "the rule odd was never checked" in line_of(call(folder, "check", **url))


def test_check_says_how_many_undelivered_pictures_are_kept(folder: Path):
    make_database(folder)
    for job in ("a", "b"):
        kept = folder / "pictures" / "undelivered" / job
        kept.mkdir(parents=True)
        (kept / "1.png").write_bytes(b"x" * 1_500_000)
    ended = call(folder, "check")

    assert ended.code == 0, ended
    assert "the pictures of 2 jobs that nobody took are kept (3 MB)." in ended.stdout
