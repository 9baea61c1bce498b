"""How much room there is for the database and for DATA_DIR.

A database notices a full disk only with the write that no longer fits, which is a member's job.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import DatabaseUnavailable
from bot.storage.database import sqlite_path

MEGABYTE = 1_000_000
FULL_BYTES = 100 * MEGABYTE
"""Less is a problem."""

SCARCE_BYTES = 1000 * MEGABYTE
"""Less is worth a word."""

_NO_ROOM_BYTES = 10 * MEGABYTE
"""Less is not enough for the bot to go on."""


@dataclass(frozen=True, slots=True)
class Room:
    """What is left on the disk of something.

    Attributes:
        what: What lies there, in words.
        free_bytes: For this user.
    """

    what: str
    free_bytes: int

    def __str__(self) -> str:
        """One sentence."""
        return f"the disk of {self.what} has {self.free_bytes // MEGABYTE:,} MB left; make room"


def rooms(url: str, data_dir: Path) -> list[Room]:
    """Look at the disks of a SQLite database and of DATA_DIR; once where they are the same."""
    path = sqlite_path(url)
    places = [] if path is None else [(f"the database {path}", path.absolute().parent)]
    places.append((f"DATA_DIR ({data_dir})", data_dir.absolute()))
    found: dict[int, Room] = {}
    for what, wanted in places:
        folder = nearest_folder(wanted)
        found.setdefault(os.stat(folder).st_dev, Room(what, _free_bytes(folder)))  # noqa: PTH116 - beside disk_usage
    return list(found.values())


def check_room(url: str) -> None:
    """Make sure that the disk of a SQLite database is not full; a server looks after its own.

    Raises:
        DatabaseUnavailable: It is as good as full.
    """
    path = sqlite_path(url)
    if path is None:
        return
    try:
        free = _free_bytes(path.absolute().parent)
    except OSError as error:
        raise DatabaseUnavailable(
            f"the folder of the database file {path} is gone: {error.strerror}"
        ) from None
    if free < _NO_ROOM_BYTES:
        raise DatabaseUnavailable(str(Room(f"the database {path}", free)))


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def nearest_folder(folder: Path) -> Path:
    """The folder itself, or what is there above it."""
    whole = folder.absolute()
    return next(one for one in (whole, *whole.parents) if os.path.exists(one))  # noqa: PTH110 - says no to what is closed
