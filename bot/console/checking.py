"""What `check` looks at: the disks, the folder, the database as files, and what it says."""

import tempfile
from pathlib import Path

from bot.core.errors import BotError, StorageTrouble
from bot.services.reporting.listings import Checked, check
from bot.storage.database import Database, opened_database
from bot.storage.disk import FULL_BYTES, SCARCE_BYTES, nearest_folder, rooms
from bot.storage.installation import write_probe
from bot.storage.integrity import damage
from bot.storage.sqlite_errors import obstacle
from bot.storage.undelivered_files import UndeliveredFiles


async def found_wrong(database_url: str, data_dir: str) -> Checked:
    """Look at everything that a bot with these settings would use."""
    found = _of_disks(database_url, Path(data_dir))
    found += Checked(notes=await _of_shelf(Path(data_dir)))
    try:
        async with opened_database(database_url) as database:
            return found + await _of_database(database)
    except BotError as error:
        return found + Checked([str(error)])


async def _of_shelf(data_dir: Path) -> list[str]:
    """Say how many undelivered pictures are kept, and how large they are."""
    try:
        stock = await UndeliveredFiles(data_dir / "undelivered").stock()
    except OSError:
        return []
    if not stock.jobs:
        return []
    size = max(1, round(stock.bytes / 1_000_000))
    return [f"the pictures of {stock.jobs} jobs that nobody took are kept ({size} MB)."]


async def _of_database(database: Database) -> Checked:
    problems: list[str] = []
    try:
        await write_probe(database)
    except StorageTrouble as error:
        problems.append(str(error))
    problems += await damage(database)
    try:
        return Checked(problems) + await check(database)
    except StorageTrouble as error:
        return Checked(problems) + Checked([str(error)])


def _of_disks(database_url: str, data_dir: Path) -> Checked:
    problem = _of_folder(data_dir)
    try:
        found = rooms(database_url, data_dir)
    except OSError as error:
        return Checked([problem or f"the disk of DATA_DIR cannot be asked: {error.strerror}"])
    problems = [str(room) for room in found if room.free_bytes < FULL_BYTES]
    notes = [str(room) for room in found if FULL_BYTES <= room.free_bytes < SCARCE_BYTES]
    return Checked(([problem] if problem else []) + problems, notes)


def _of_folder(data_dir: Path) -> str | None:
    """Say why pictures could not be kept; nothing is left behind, and no folder made."""
    folder = nearest_folder(data_dir)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"probe")
            file.flush()
    except OSError as error:
        why = obstacle(folder / "x") or error.strerror
        return f"DATA_DIR, the folder {data_dir}, cannot be written to: {why}"
    return None
