"""A small file in DATA_DIR that remembers which database this bot had, and how full it was.

A database cannot say that it is the wrong one: a volume that is not there, another folder, a copy
without its newest changes all look like a bot that has just begun. The file is written at the
start, at a clean stop and every few minutes. Where it is lost together with the database, nothing
can be known; then the warning `new database` in the log is what remains.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.core.errors import WitnessUnreadable
from bot.storage.folders import sync_folder
from bot.storage.installation import Found

FILE_NAME = "installation.json"

_ON_PURPOSE = (
    "To go on with this one on purpose, as after restoring a backup: "
    "`python -m bot run --accept-database`"
)


@dataclass(frozen=True, slots=True)
class Witness:
    """What was seen last.

    Attributes:
        installation: The database's identity.
        database: Its address, without a password.
        ledger_entries: How many there were.
        updated_at: When, ISO 8601.
    """

    installation: str
    database: str
    ledger_entries: int
    updated_at: str


def read_witness(folder: Path) -> Witness | None:
    """Read the witness of a folder; None where there is none.

    Raises:
        WitnessUnreadable: It is there and cannot be read.
    """
    path = folder / FILE_NAME
    try:
        found = json.loads(path.read_text("utf-8"))
        return Witness(
            installation=str(found["installation"]),
            database=str(found["database"]),
            ledger_entries=int(found["ledger_entries"]),
            updated_at=str(found["updated_at"]),
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is damaged"
        raise WitnessUnreadable(
            f"the file {path}, which says which database is the bot's, cannot be read: {why}. "
            f"Mend its rights, or see that DATABASE_URL is right. {_ON_PURPOSE}"
        ) from None


def write_witness(folder: Path, *, installation: str, database: str, entries: int) -> None:
    """Replace the witness; after a power cut there is the old one or the new one.

    Raises:
        OSError: The folder does not take it.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    seen = Witness(installation, database, entries, now)
    folder.mkdir(parents=True, exist_ok=True)
    # Of this process alone, for several may share a folder.
    partial = folder / f".{FILE_NAME}.{os.getpid()}"
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(seen), indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / FILE_NAME)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(folder)


def objection(witness: Witness | None, found: Found | None, where: str) -> str | None:
    """Say why a database is surely not the one that the bot had.

    Args:
        witness: What was seen last.
        found: What is there; None where a new one would be made.
        where: Its address without a password.

    Returns:
        None where nothing speaks against it.
    """
    if found is not None and found.version == 0:
        return (
            f"{where} holds none of the bot's tables. It was perhaps copied without the file of "
            "the same name with -wal at the end, or is another program's; put back a whole copy, "
            f"or delete it if nothing of it is wanted{_before(witness)}. {_ON_PURPOSE}"
        )
    if witness is None:
        return None
    expected = (
        f"expected: the database {witness.installation} with {witness.ledger_entries} entries "
        f"in its ledger or more, last seen on {witness.updated_at} at {witness.database}"
    )
    what = _found_instead(witness, found, where)
    if what is None:
        return None
    return (
        f"{what}; {expected}. Mount the volume, or mend DATABASE_URL, or restore the database "
        f"together with its -wal file. {_ON_PURPOSE}"
    )


def _found_instead(witness: Witness, found: Found | None, where: str) -> str | None:
    if found is None:
        return f"there is no database at {where}, and none is made in place of a lost one"
    if found.id is None:
        return f"{where} is an older database, from before this bot's"
    if found.id != witness.installation:
        return f"{where} is another database ({found.id})"
    if found.entries < witness.ledger_entries:
        return f"{where} has lost entries of its ledger: it has {found.entries}"
    return None


def _before(witness: Witness | None) -> str:
    if witness is None:
        return ""
    return (
        f" (last seen on {witness.updated_at} at {witness.database}: "
        f"{witness.ledger_entries} entries in the ledger)"
    )
