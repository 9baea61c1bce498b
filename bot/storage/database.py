"""The way into storage: open a database by its address.

Whoever only looks or changes a little takes `opened_database`, which makes and migrates nothing.
The bot itself takes `running_database` of `storage/running.py`; nothing else brings tables up to
date.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.core.errors import DatabaseUnavailable
from bot.storage.connection import (
    Connection,
    Database,
    Row,
    Value,
)
from bot.storage.postgres import open_postgres, shown_server
from bot.storage.schema import check_version, migrate, schema_version
from bot.storage.sqlite import open_sqlite
from bot.storage.sqlite_errors import is_there

__all__ = [
    "Connection",
    "Database",
    "Row",
    "Value",
    "migrate",
    "migrated_database",
    "open_database",
    "opened_database",
    "ping",
    "schema_version",
    "shown_address",
    "sqlite_path",
]

_SQLITE_PREFIX = "sqlite:///"


async def open_database(url: str, *, makes: bool = True, is_patient: bool = False) -> Database:
    """Open a database as it is; its tables may be of any version, or missing.

    Args:
        url: `sqlite:///relative/file.db`, `sqlite:////absolute/file.db` or `postgresql://…`.
        makes: Make a SQLite file that is not there.
        is_patient: Let statements take long, as migrations may.

    Raises:
        DatabaseUnavailable: It cannot be used; the sentence says why and never shows a password.
    """
    path = sqlite_path(url)
    if path is not None:
        return await open_sqlite(path, makes=makes)
    return await open_postgres(url, is_patient=is_patient)


@asynccontextmanager
async def opened_database(url: str) -> AsyncGenerator[Database]:
    """Open a database that is there with its tables up to date, and close it at the end.

    Args:
        url: See `open_database`.

    Raises:
        DatabaseUnavailable: It cannot be used, or is not there.
        Broken: It is older or newer than this code.
    """
    path = sqlite_path(url)
    if path is not None and not is_there(path):
        raise DatabaseUnavailable(
            f"there is no database file {path}; check DATABASE_URL and the folder you are in "
            "(only `run` makes a new one)"
        )
    database = await open_database(url, makes=False)
    try:
        await check_version(database, shown_address(url))
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def migrated_database(url: str) -> AsyncGenerator[Database]:
    """Open a database, make it or bring it up to date without a question, and close it at the end.

    For tools and tests; the bot asks first whether it is the right one.
    """
    database = await open_database(url)
    try:
        await migrate(database)
        yield database
    finally:
        await database.close()


async def ping(database: Database) -> None:
    """Ask the database for an answer.

    Raises:
        DatabaseUnavailable: It gives none.
    """
    async with database.read() as conn:
        await schema_version(conn)


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite database; None for a server's.

    Raises:
        DatabaseUnavailable: The address is of neither.
    """
    if url.startswith(_SQLITE_PREFIX):
        path = url.removeprefix(_SQLITE_PREFIX)
        if path in {"", ":memory:"}:
            raise DatabaseUnavailable("DATABASE_URL names no file; sqlite:///data/bot.db does")
        return Path(path)
    if url.startswith(("postgresql://", "postgres://")):
        return None
    raise DatabaseUnavailable("DATABASE_URL must begin with sqlite:/// or postgresql://")


def shown_address(url: str) -> str:
    """Where a database is, without user and password: a whole path, or a name at a server."""
    path = sqlite_path(url)
    return shown_server(url) if path is None else str(path.absolute())
