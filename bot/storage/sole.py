"""Keeps a second bot off a SQLite file: two would drive the same jobs, and could pay twice.

The lock is the operating system's, on a file beside the database, and ends with the process
however that ends. Other commands need none: they only read, or wait for the writer.
"""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bot.storage.connection import DatabaseUnavailable

_SQLITE_PREFIX = "sqlite:///"


@contextmanager
def sole_owner(url: str) -> Generator[None]:
    """Be the only bot on a SQLite file; on PostgreSQL processes share by their shards.

    Args:
        url: As in `open_database`, which must have made the file's folder.

    Raises:
        DatabaseUnavailable: Another bot runs on this file.
    """
    if not url.startswith(_SQLITE_PREFIX):
        yield
        return
    path = Path(f"{url.removeprefix(_SQLITE_PREFIX)}.lock")
    try:
        file = path.open("ab")
    except OSError as error:
        raise DatabaseUnavailable(f"the file {path} cannot be made: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatabaseUnavailable(
                f"another bot runs on this database (it holds {path}); stop it first"
            ) from None
        yield
