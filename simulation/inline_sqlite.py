"""SQLite without threads: the few methods of aiosqlite's connection, in virtual time.

A statement runs between two boundaries: what cancels or kills before it finds nothing done, and
after it everything. A connection of a dead process is closed by the system, which rolls back.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.storage import seals
from bot.storage.sqlite import BUSY_TIMEOUT_MS, READERS_MAX, SqliteDatabase
from simulation.process import Process
from simulation.storage_faults import Fault, Moment, StorageFaults, is_about_money, moment_of
from simulation.world import World

_BUSY_PAUSE_S = 0.02


def _error(fault: Fault) -> sqlite3.Error:
    if fault is Fault.OTHER:
        return sqlite3.ProgrammingError("cached statement plan is invalid")
    if fault is Fault.FULL:
        return sqlite3.OperationalError("database or disk is full")
    return sqlite3.OperationalError("disk I/O error")


@dataclass
class Cursor:
    """What is read of a cursor."""

    rowcount: int


class InlineConnection:
    """Stands in for `aiosqlite.Connection`."""

    def __init__(
        self, path: Path, world: World, faults: StorageFaults, on_commit: Callable[[], None]
    ) -> None:
        self._link = sqlite3.connect(
            path, timeout=0, isolation_level=None, cached_statements=256, check_same_thread=False
        )
        self._world = world
        self._faults = faults
        self._on_commit = on_commit
        self._touches_money = False

    @property
    def row_factory(self) -> Any:
        """See `sqlite3.Connection`."""
        return self._link.row_factory

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._link.row_factory = factory

    async def execute_fetchall(
        self, sql: str, parameters: Mapping[str, Any] | Iterable[Any] = ()
    ) -> list[Any]:
        """Run a statement and fetch all its rows."""
        rows, _ = await self._run(sql, parameters)
        return rows

    async def execute(self, sql: str, parameters: Mapping[str, Any] | Iterable[Any] = ()) -> Cursor:
        """Run a statement that has no rows."""
        _, count = await self._run(sql, parameters)
        return Cursor(count)

    async def rollback(self) -> None:
        """Undo the open transaction, if there is one."""
        await self._world.cross(0.001)
        self._link.rollback()
        self._touches_money = False

    async def close(self) -> None:
        """Close the connection."""
        self.close_now()

    def close_now(self) -> None:
        """Close it as the system does for a dead process."""
        self._link.close()

    async def _run(
        self, sql: str, parameters: Mapping[str, Any] | Iterable[Any]
    ) -> tuple[list[Any], int]:
        moment = moment_of(sql)
        await self._world.cross(0.002)
        fault = self._faults.before(moment)
        if fault is not None:
            raise _error(fault)
        cursor = await self._begin(sql) if moment is Moment.BEGIN else None
        if cursor is None:
            cursor = self._link.execute(sql, parameters)  # pyright: ignore[reportArgumentType]
        rows, count = cursor.fetchall(), cursor.rowcount
        self._touches_money = self._touches_money or is_about_money(sql)
        if moment is Moment.COMMIT:
            if self._touches_money:
                self._on_commit()
            self._touches_money = False
        if moment is not Moment.READ:
            await self._world.cross(0.002)
        fault = self._faults.after(moment)
        if fault is not None:
            raise _error(fault)
        return rows, count

    async def _begin(self, sql: str) -> sqlite3.Cursor:
        """Begin, waiting for another process as SQLite would."""
        waited_s = 0.0
        while True:
            try:
                return self._link.execute(sql)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or waited_s * 1000 >= BUSY_TIMEOUT_MS:
                    raise
            await asyncio.sleep(_BUSY_PAUSE_S)
            waited_s += _BUSY_PAUSE_S


@dataclass
class SqliteHouse:
    """Opens the real SQLite database over inline connections."""

    path: Path
    world: World
    faults: StorageFaults
    on_commit: Callable[[], None]

    async def open(self, process: Process) -> SqliteDatabase:
        """Open the file for a process, as `bot.storage.sqlite.open_sqlite` does."""

        def connect(first_pragma: str) -> InlineConnection:
            link = InlineConnection(self.path, self.world, self.faults, self.on_commit)
            link.row_factory = sqlite3.Row
            raw = link._link
            raw.create_function(seals.FUNCTION, 1, seals.seal_of, deterministic=True)
            for pragma in ("synchronous=OFF", "foreign_keys=ON", first_pragma):
                raw.execute(f"PRAGMA {pragma}")
            process.at_death.append(link.close_now)
            return link

        await self.world.cross()
        database = SqliteDatabase(self.path, connect("journal_mode=WAL"))  # pyright: ignore[reportArgumentType]
        readers: list[Any] = database._idle_readers
        # All that there may be at once: one more would be opened in a thread.
        readers.extend(connect("query_only=ON") for _ in range(READERS_MAX))
        return database
