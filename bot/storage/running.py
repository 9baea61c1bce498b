"""How `run` gets its database: lock it, look at it, make it or refuse it, bring it up to date.

Every other command only opens what is there. The order matters: nothing is made, and no table is
changed, before this process is the only bot there and the database is the one that it had.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import (
    Broken,
    DatabaseUnavailable,
    OtherDatabase,
    StorageTrouble,
    WitnessUnreadable,
)
from bot.storage.connection import Database
from bot.storage.database import open_database, shown_address, sqlite_path
from bot.storage.installation import Found, look, write_probe
from bot.storage.instance_lock import Owner, sole_owner
from bot.storage.schema import migrate, newest_version, schema_version
from bot.storage.sqlite import open_sqlite
from bot.storage.sqlite_errors import beside, is_there, obstacle
from bot.storage.witness import (
    Witness,
    objection,
    read_witness,
    sync_folder,
    write_witness,
)

_log = logging.getLogger(__name__)

WATCH_S = 5.0
WITNESS_S = 300.0


@dataclass(frozen=True, slots=True)
class RunningDatabase:
    """The database of a bot that runs, and what watches over it.

    Attributes:
        database: Open, its tables up to date.
        where: Its address without a password.
        is_new: It was made just now.
        migrated_from: The version it had before; None where it had this one.
        version: Of its tables.
        installation: Its identity.
    """

    database: Database
    where: str
    is_new: bool
    migrated_from: int | None
    version: int
    installation: str
    _owner: Owner
    _data_dir: Path

    async def watch(self, every_s: float = WATCH_S) -> None:
        """Look after the lock, the tables' version and the witness, for as long as the bot runs.

        Raises:
            Broken: Another bot is at work here, or a newer one has changed the tables: this one
                must write nothing more.
        """
        noted_s = time.monotonic()
        while True:
            await asyncio.sleep(every_s)
            try:
                await self._owner.check()
                async with self.database.read() as conn:
                    version = await schema_version(conn)
                if version != self.version:
                    raise Broken(f"the database has version {version} now, not {self.version}")
                if time.monotonic() - noted_s >= WITNESS_S:
                    noted_s = time.monotonic()
                    await self.note()
            except DatabaseUnavailable:
                # Whoever needs it notices by itself; here only certainty counts.
                continue
            except OSError as error:
                _log.warning("witness not written", extra={"error": error.strerror})

    async def note(self) -> None:
        """Write down what the database knows now.

        Raises:
            DatabaseUnavailable: It cannot be read.
            OSError: DATA_DIR does not take the file.
        """
        found = await look(self.database)
        await asyncio.to_thread(
            write_witness,
            self._data_dir,
            installation=self.installation,
            database=self.where,
            entries=found.entries,
        )


@asynccontextmanager
async def running_database(
    url: str,
    data_dir: Path,
    *,
    shard_ids: tuple[int, ...] | None = None,
    accepts: bool = False,
) -> AsyncGenerator[RunningDatabase]:
    """Be the only bot on a database, and have it open with its tables up to date.

    Args:
        url: See `open_database`.
        data_dir: Where the witness is.
        shard_ids: This process's; None is for all there are.
        accepts: Take the database although it is not the one that the witness has seen.

    Raises:
        OtherDatabase: It is not the one that this bot had.
        DatabaseUnavailable: It cannot be used, or another bot runs on it.
        Broken: It is newer than this code.
    """
    where = shown_address(url)
    async with sole_owner(url, shard_ids) as owner:
        found = await _found(url)
        _judge(url, data_dir, found, accepts=accepts)
        if found is None:
            await _make(url)
        elif found.version < newest_version():
            await _bring_up_to_date(url)
        await owner.settle()
        database = await open_database(url)
        try:
            await write_probe(database)
            now = await look(database)
            assert now.id is not None
            opened = RunningDatabase(
                database=database,
                where=where,
                is_new=found is None or found.version == 0,
                migrated_from=_before(found, now.version),
                version=now.version,
                installation=now.id,
                _owner=owner,
                _data_dir=data_dir,
            )
            await _first_note(opened, data_dir)
            yield opened
            # Where it fails, or after an error, the file stays as it was: what it says still holds.
            with suppress(StorageTrouble, OSError):
                await opened.note()
        finally:
            await database.close()


def _before(found: Found | None, version: int) -> int | None:
    return None if found is None or found.version in {0, version} else found.version


async def _found(url: str) -> Found | None:
    """Look at what is there; None where a new database would be made."""
    path = sqlite_path(url)
    if path is not None and not is_there(path):
        _check_no_orphan(path)
        return None
    database = await open_database(url, makes=False)
    try:
        found = await look(database)
    finally:
        await database.close()
    return None if path is None and found.version == 0 else found


def _check_no_orphan(path: Path) -> None:
    """A log of changes without its database would be taken for the new one's."""
    log, _ = beside(path)
    if is_there(log):
        raise DatabaseUnavailable(
            f"there is no database file {path}, but {log} is there, with changes that belong "
            f"to it; put {path.name} back, or move {log.name} away"
        )


def _judge(url: str, data_dir: Path, found: Found | None, *, accepts: bool) -> None:
    where = shown_address(url)
    try:
        problem = objection(_witness(url, data_dir, found), found, where)
    except WitnessUnreadable as error:
        problem = str(error)
    if problem and not accepts:
        raise OtherDatabase(problem)
    if problem:
        _log.warning("database accepted", extra={"path": where, "although": problem})


def _witness(url: str, data_dir: Path, found: Found | None) -> Witness | None:
    """Find who has seen this bot's database.

    Where a new one would be made and DATA_DIR knows of none, the folders around are asked too:
    one wrong folder often moves both the database and DATA_DIR.
    """
    witness = read_witness(data_dir)
    if witness is not None or found is not None:
        return witness
    around = [data_dir.absolute().parent]
    path = sqlite_path(url)
    if path is not None:
        around += [path.absolute().parent, path.absolute().parent.parent]
    for folder in dict.fromkeys(around):
        with suppress(WitnessUnreadable):
            witness = witness or read_witness(folder)
    return witness


async def _make(url: str) -> None:
    """Make a new database, whole or not at all: half a file would look like a lost one."""
    path = sqlite_path(url)
    if path is None:
        await _bring_up_to_date(url)
        return
    partial = path.with_name(f"{path.name}.new")
    for left in (partial, *beside(partial)):
        left.unlink(missing_ok=True)
    database = await open_sqlite(partial, makes=True)
    try:
        await migrate(database)
    finally:
        await database.close()
    partial.replace(path)
    sync_folder(path.parent)


async def _bring_up_to_date(url: str) -> None:
    database = await open_database(url, is_patient=True)
    try:
        await migrate(database)
    finally:
        await database.close()


async def _first_note(opened: RunningDatabase, data_dir: Path) -> None:
    try:
        await opened.note()
    except OSError as error:
        why = obstacle(data_dir / "x") or error.strerror
        raise Broken(f"DATA_DIR, the folder {data_dir}, cannot be written to: {why}") from None
