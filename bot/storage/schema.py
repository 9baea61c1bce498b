"""The tables' versions: which one a database has, and how `run` brings it up to date.

Migrations are the numbered files in `migrations/`, the same text on both engines, each applied
once and in one transaction with the row that records it. There is no way back down: back up
first. A database of another version than the code's is refused rather than guessed at: what an
older bot writes lacks what a newer one counts on, and the other way round.
"""

import re
from functools import cache
from importlib import resources

from bot.core.errors import Broken
from bot.storage.connection import Connection, Database, Engine

_MIGRATION_LOCK = -1
"""Servers' ids are positive and the bot's own lock is 0."""

_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")
_ENGINE_MARK = re.compile(r"-- (sqlite|postgres):")

_MAKE_VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY, name TEXT NOT NULL)
"""
_SELECT_VERSION = "SELECT MAX(version) AS version FROM schema_versions"
_INSERT_VERSION = "INSERT INTO schema_versions (version, name) VALUES ($1, $2)"
HAS_TABLES = {
    "sqlite": "SELECT COUNT(*) AS n FROM sqlite_master WHERE name = 'schema_versions'",
    "postgres": "SELECT COUNT(to_regclass('schema_versions')) AS n",
}


async def migrate(database: Database) -> list[int]:
    """Apply the migrations that are missing.

    Several processes may do this at once: one applies, the others wait and find nothing to do.

    Returns:
        The versions that were applied, in order.

    Raises:
        Broken: The database is newer than this code.
    """
    applied: list[int] = []
    for version, (name, text) in sorted(migrations().items()):
        async with database.write(_MIGRATION_LOCK) as conn:
            await conn.execute(_MAKE_VERSIONS)
            if await schema_version(conn) >= version:
                continue
            for statement in _statements(text, database.engine):
                await conn.execute(statement)
            await conn.execute(_INSERT_VERSION, version, name)
        applied.append(version)
    return applied


async def schema_version(conn: Connection) -> int:
    """Read the version of a migrated database; cheap enough to ask every few seconds.

    Raises:
        Broken: The database is newer than this code.
    """
    row = await conn.fetch_one(_SELECT_VERSION)
    version = int(row["version"] or 0) if row else 0
    if version > newest_version():
        raise Broken(
            f"the database has version {version} and this bot knows only {newest_version()}; "
            "use the newer bot, or restore a backup made before the newer one ran"
        )
    return version


async def found_version(conn: Connection, engine: Engine) -> int:
    """Read the version of a database that may hold anything; 0 where it has no tables of ours.

    Raises:
        Broken: The database is newer than this code.
    """
    row = await conn.fetch_one(HAS_TABLES[engine])
    return await schema_version(conn) if row and row["n"] else 0


async def check_version(database: Database, where: str) -> None:
    """Make sure that a database has exactly the tables that this code knows.

    Args:
        database: It is only read.
        where: Its address as the host may see it.

    Raises:
        Broken: It is older or newer, or holds no tables of ours; the sentence names the remedy.
    """
    async with database.read() as conn:
        version = await found_version(conn, database.engine)
    if version == 0:
        raise Broken(f"the database {where} holds none of the bot's tables; is DATABASE_URL right?")
    if version < newest_version():
        raise Broken(
            f"the database has version {version} and this bot needs {newest_version()}; "
            "start the bot of this version once (`run`), it brings the tables up to date"
        )


def newest_version() -> int:
    """The version that this code works with."""
    return max(migrations())


@cache
def migrations() -> dict[int, tuple[str, str]]:
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
