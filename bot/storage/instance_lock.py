"""Keeps a second bot off a database: two would drive the same jobs, and could pay twice.

On a SQLite file the lock is the operating system's, on a file beside the database; on PostgreSQL
it is the server's, one for each shard. Both end with the process however that ends. Other commands
need none: they only read, or wait for the writer.
"""

import fcntl
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from bot.core.errors import Broken, DatabaseUnavailable
from bot.storage.database import sqlite_path
from bot.storage.postgres_owner import postgres_owner
from bot.storage.sqlite import make_folder
from bot.storage.sqlite_errors import is_there, obstacle


class Owner(Protocol):
    """Who holds the lock."""

    async def settle(self) -> None:
        """Let other shards' processes in again, after a migration."""
        ...

    async def check(self) -> None:
        """Make sure that the lock is still ours.

        Raises:
            Broken: It is not, so this bot must end.
            DatabaseUnavailable: Nobody can tell now.
        """
        ...


class _FileOwner:
    def __init__(self, file: BinaryIO, path: Path, database: Path) -> None:
        self._file = file
        self._path = path
        self._database = database
        self._database_was: tuple[int, int] | None = None

    async def settle(self) -> None:
        """See `Owner`; also notes which file the database is."""
        self._database_was = _identity(os.stat(self._database))  # noqa: PTH116 - one call a start

    async def check(self) -> None:
        """See `Owner`; a database that was moved away takes what is written along."""
        for path, was in (
            (self._path, _identity(os.fstat(self._file.fileno()))),
            (self._database, self._database_was),
        ):
            if was is not None and _identity_of(path) != was:
                raise Broken(
                    f"the file {path} was moved, deleted or replaced while the bot ran; it ends, "
                    "for nothing that it writes would be found again. Put the file back"
                )


@asynccontextmanager
async def sole_owner(url: str, shard_ids: tuple[int, ...] | None = None) -> AsyncGenerator[Owner]:
    """Be the only bot on a database, or for these shards of one on PostgreSQL.

    Taken before the database is opened: who only looks at it would already be in the way.

    Args:
        url: As in `open_database`.
        shard_ids: This process's; None is for all there are.

    Raises:
        DatabaseUnavailable: Another bot runs there, or it cannot be reached.
    """
    path = sqlite_path(url)
    if path is None:
        async with postgres_owner(url, shard_ids) as owner:
            yield owner
        return
    make_folder(path.parent)
    lock = path.with_name(f"{path.name}.lock")
    with _opened(lock) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatabaseUnavailable(
                f"another bot runs on this database (it holds {lock}); stop it first"
            ) from None
        yield _FileOwner(file, lock, path)


def _opened(lock: Path) -> BinaryIO:
    try:
        # What root has left behind can be locked all the same.
        return lock.open("rb") if is_there(lock) else lock.open("ab")
    except OSError as error:
        why = obstacle(lock) or error.strerror
        raise DatabaseUnavailable(f"the file {lock} cannot be opened: {why}") from None


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        return _identity(path.stat())
    except OSError:
        return None
