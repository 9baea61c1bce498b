"""What SQLite's errors mean, in one line with the reason and the remedy.

SQLite says "unable to open database file" for a dozen reasons; the file and its folder are looked
at to tell which. Its own words hold no values, and are kept where they say more.
"""

import os
import shutil
import sqlite3
import stat
from pathlib import Path

from bot.core.errors import Broken, DatabaseUnavailable, StorageTrouble
from bot.storage.connection import violation

BUSY_TIMEOUT_MS = 5000

_PAGES_BYTES = 100_000

_CERTAIN = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_BUSY", "SQLITE_READONLY")
"""What fails a commit before its last page is in the log, so that no later start can find it."""


def translated(error: Exception, path: Path) -> StorageTrouble:
    """Turn an exception of a statement into ours.

    Args:
        error: What sqlite3, or the conversion of the values, raised.
        path: The database's file.
    """
    if isinstance(error, sqlite3.IntegrityError):
        return violation(str(error), str(error))
    if isinstance(error, OverflowError):
        return Broken("a number is too large to be stored")
    if isinstance(error, UnicodeEncodeError):
        return Broken("a text holds characters that cannot be stored")
    if isinstance(error, sqlite3.ProgrammingError):
        return Broken(f"the database refuses a statement: {error}")
    return DatabaseUnavailable(explained(error, path))


def may_be_committed(error: Exception) -> bool:
    """Whether a commit that failed like this may still be found by a later start.

    A full disk leaves the log without the end of the transaction. Where only the `fsync` after it
    failed, or the index of the log could not grow, the end may be on the disk all the same.
    """
    return isinstance(error, sqlite3.OperationalError) and not _name(error).startswith(_CERTAIN)


def explained(error: Exception, path: Path) -> str:
    """Say what is wrong with a database file, and what to do."""
    name = _name(error)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return (
            "the database file is locked by another program, "
            f"and still was after {BUSY_TIMEOUT_MS // 1000} s"
        )
    if name.startswith("SQLITE_FULL") or (name.startswith("SQLITE_IOERR") and _is_full(path)):
        return f"the disk of the database file {path} is full; make room on it"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return (
            f"the database file {path} is damaged: {error}; put back a backup, "
            "together with its file of the same name with -wal at the end, if there is one"
        )
    if name == "SQLITE_READONLY_DBMOVED":
        return f"the database file {path} was moved or deleted while it was open; put it back"
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR")):
        what = "read or written" if name.startswith("SQLITE_IOERR") else "opened for writing"
        reason = obstacle(path) or f"{error} ({name}); is its disk, or the mount, in order?"
        return f"the database file {path} cannot be {what}: {reason}"
    return f"the database failed: {error}"


def obstacle(path: Path) -> str | None:
    """Find what keeps this user from a database file, in words that name the remedy.

    Returns:
        None where nothing is found to be wrong.
    """
    for folder in reversed(path.absolute().parents):
        if not os.access(folder, os.X_OK):
            if os.access(folder, os.F_OK):
                return f"the folder {folder} is closed to {_me()}; {_remedy(folder)}"
            return f"there is no folder {folder}; is the volume mounted, and DATABASE_URL right?"
    folder = path.absolute().parent
    if not folder.is_dir():
        return f"{folder} is no folder"
    for file in (path, *beside(path)):
        if is_there(file) and (problem := _obstacle_of(file)):
            return problem
    if not os.access(folder, os.W_OK):
        return _closed("folder", folder)
    return None


def beside(path: Path) -> tuple[Path, Path]:
    """The files that SQLite keeps beside a database: the log of the newest changes, its index."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def is_there(path: Path) -> bool:
    """Whether something has this name; what is closed to us is there for all we know."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _obstacle_of(file: Path) -> str | None:
    try:
        mode = file.stat().st_mode
    except OSError as error:
        return f"{file}: {error.strerror}"
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, device or socket"
        return f"{file} is no file but {kind}; DATABASE_URL must name a file"
    return None if os.access(file, os.R_OK | os.W_OK) else _closed("file", file)


def _is_full(path: Path) -> bool:
    """Whether the disk has no room; SQLite says so only where it writes into the file itself."""
    try:
        return shutil.disk_usage(path.absolute().parent).free < _PAGES_BYTES
    except OSError:
        return False


def _closed(kind: str, path: Path) -> str:
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return f"the {kind} {path} is on a disk that is mounted read-only; mount it for writing"
    return f"the {kind} {path} may not be written to by {_me()}; {_remedy(path)}"


def _me() -> str:
    return f"this user (uid {os.geteuid()})"


def _remedy(path: Path) -> str:
    return (
        f"it belongs to uid {path.stat().st_uid}. Give it to the user that runs the bot "
        f"(chown -R {os.geteuid()} {path}; in the container that is uid 10001), "
        "and see that its rights let it be written"
    )


def _name(error: Exception) -> str:
    return str(getattr(error, "sqlite_errorname", ""))
