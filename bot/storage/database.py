"""The way into storage: open a database by its address, and bring its tables up to date.

Migrations are the numbered files in `migrations/`, the same text on both engines, each applied
once and in one transaction with the row that records it. There is no way back down: back up
first. A database that is newer than the code is refused rather than guessed at.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

from bot.core.errors import Broken
from bot.storage.connection import (
    Connection,
    Database,
    DatabaseUnavailable,
    Engine,
    Row,
    Value,
)
from bot.storage.postgres import open_postgres
from bot.storage.sqlite import open_sqlite

__all__ = [
    "Connection",
    "Database",
    "DatabaseUnavailable",
    "Row",
    "Value",
    "migrate",
    "open_database",
    "opened_database",
    "ping",
    "schema_version",
]

_MIGRATION_LOCK = -1
"""Servers' ids are positive and the bot's own lock is 0."""

_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")
_ENGINE_MARK = re.compile(r"-- (sqlite|postgres):")
_SQLITE_PREFIX = "sqlite:///"

_MAKE_VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY, name TEXT NOT NULL)
"""
_SELECT_VERSION = "SELECT MAX(version) AS version FROM schema_versions"
_INSERT_VERSION = "INSERT INTO schema_versions (version, name) VALUES ($1, $2)"


async def open_database(url: str) -> Database:
    """Open a database; `migrate` must follow before it is used.

    Args:
        url: `sqlite:///relative/file.db`, `sqlite:////absolute/file.db` or `postgresql://…`.

    Raises:
        DatabaseUnavailable: It cannot be used; the sentence says why and never shows a password.
    """
    if url.startswith(_SQLITE_PREFIX):
        path = url.removeprefix(_SQLITE_PREFIX)
        if path in {"", ":memory:"}:
            raise DatabaseUnavailable("DATABASE_URL names no file; sqlite:///data/bot.db does")
        return await open_sqlite(Path(path))
    if url.startswith(("postgresql://", "postgres://")):
        return await open_postgres(url)
    raise DatabaseUnavailable("DATABASE_URL must begin with sqlite:/// or postgresql://")


async def migrate(database: Database) -> list[int]:
    """Apply the migrations that are missing.

    Several processes may do this at once: one applies, the others wait and find nothing to do.

    Returns:
        The versions that were applied, in order.

    Raises:
        Broken: The database is newer than this code.
    """
    applied: list[int] = []
    for version, (name, text) in sorted(_migrations().items()):
        async with database.write(_MIGRATION_LOCK) as conn:
            await conn.execute(_MAKE_VERSIONS)
            if await schema_version(conn) >= version:
                continue
            for statement in _statements(text, database.engine):
                await conn.execute(statement)
            await conn.execute(_INSERT_VERSION, version, name)
        applied.append(version)
    return applied


@asynccontextmanager
async def opened_database(url: str, *, must_exist: bool = False) -> AsyncGenerator[Database]:
    """Open a database, bring its tables up to date, and close it at the end.

    Args:
        url: See `open_database`.
        must_exist: Refuse a SQLite file that is not there instead of making it: a change made in
            a new one, by a wrong address or folder, would hold nowhere.

    Raises:
        DatabaseUnavailable: It cannot be used.
        Broken: It is newer than this code.
    """
    if must_exist:
        _check_there(url)
    database = await open_database(url)
    try:
        await migrate(database)
        yield database
    finally:
        await database.close()


def _check_there(url: str) -> None:
    path = Path(url.removeprefix(_SQLITE_PREFIX))
    if url.startswith(_SQLITE_PREFIX) and not path.exists():
        raise DatabaseUnavailable(
            f"there is no database file {path}; check DATABASE_URL and the folder you are in "
            "(`run` or `check` makes a new one)"
        )


async def ping(database: Database) -> None:
    """Ask the database for an answer.

    Raises:
        DatabaseUnavailable: It gives none.
    """
    async with database.read() as conn:
        await conn.fetch(_SELECT_VERSION)


async def schema_version(conn: Connection) -> int:
    """Read the version of a migrated database.

    Raises:
        Broken: The database is newer than this code.
    """
    row = await conn.fetch_one(_SELECT_VERSION)
    version = int(row["version"] or 0) if row else 0
    newest = max(_migrations())
    if version > newest:
        raise Broken(
            f"the database has version {version} and this bot knows only {newest}; "
            "start a newer bot, or restore a backup made before the newer one ran"
        )
    return version


def _migrations() -> dict[int, tuple[str, str]]:
    """Read the migrations as name and text by version."""
    found: dict[int, tuple[str, str]] = {}
    for file in (resources.files("bot.storage") / "migrations").iterdir():
        match = _FILE_NAME.fullmatch(file.name)
        if match:
            found[int(match[1])] = (file.name, file.read_text("utf-8"))
    return found


def _statements(text: str, engine: Engine) -> list[str]:
    """Split a migration: a statement ends with a semicolon at the end of a line.

    A statement below the line `-- sqlite:` or `-- postgres:` is for that engine alone; it is for
    what the two cannot say alike, which is triggers.
    """
    found: list[str] = []
    for part in re.split(r";[ \t]*\n", text + "\n"):
        lines = part.strip().splitlines()
        marks = {mark[1] for line in lines if (mark := _ENGINE_MARK.fullmatch(line))}
        code = "\n".join(line for line in lines if not line.startswith("--")).strip()
        if code and (not marks or engine in marks):
            found.append(code)
    return found
