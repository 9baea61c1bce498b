"""SQLite without threads, for the skipping clock: a statement takes no time at all.

The few methods of aiosqlite's connection that the driver uses, so that everything above it, and all
SQL, is the real one.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiosqlite

from bot.storage import seals
from bot.storage.sqlite import READERS_MAX, SqliteDatabase


@dataclass
class Cursor:
    rowcount: int


class InlineConnection:
    def __init__(self, path: Path, pragma: str) -> None:
        self._link = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        self._link.row_factory = sqlite3.Row
        self._link.create_function(seals.FUNCTION, 1, seals.seal_of, deterministic=True)
        for one in ("synchronous=OFF", "foreign_keys=ON", pragma):
            self._link.execute(f"PRAGMA {one}")

    async def execute_fetchall(
        self, sql: str, parameters: Mapping[str, Any] | Iterable[Any] = ()
    ) -> list[Any]:
        return self._link.execute(sql, cast("Any", parameters)).fetchall()

    async def execute(self, sql: str, parameters: Mapping[str, Any] | Iterable[Any] = ()) -> Cursor:
        return Cursor(self._link.execute(sql, cast("Any", parameters)).rowcount)

    async def rollback(self) -> None:
        self._link.rollback()

    async def close(self) -> None:
        self._link.close()


def open_inline(path: Path) -> SqliteDatabase:
    """Open a file as `bot.storage.sqlite.open_sqlite` does."""

    def connect(pragma: str) -> aiosqlite.Connection:
        return cast("aiosqlite.Connection", InlineConnection(path, pragma))

    database = SqliteDatabase(path, connect("journal_mode=WAL"))
    database._idle_readers.extend(connect("query_only=ON") for _ in range(READERS_MAX))
    return database
