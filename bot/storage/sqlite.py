"""The SQLite driver: one writer behind a lock, a few readers apart, all on one file in WAL mode.

Each call of aiosqlite is one hop to the connection's own thread, which is what a transaction costs
here besides the disk: so statements are few, and none leaves a cursor open. A connection is never
shared by two transactions, because one would roll back the other's changes.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import aiosqlite

from bot.core.errors import CommitUnknown, DatabaseUnavailable
from bot.storage import seals
from bot.storage.connection import (
    Connection,
    Engine,
    Row,
    Usable,
    Value,
    complete,
)
from bot.storage.sqlite_errors import (
    BUSY_TIMEOUT_MS,
    explained,
    may_be_committed,
    obstacle,
    translated,
)

_T = TypeVar("_T")

READERS_MAX = 4
_OLDEST_SQLITE = (3, 35, 0)
"""The first version with `RETURNING`."""

_NAMES = tuple(str(number) for number in range(1, 1000))
_PRAGMAS = ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}")


class SqliteConnection(Usable):
    """A `Connection` over one aiosqlite connection."""

    __slots__ = ("_link", "_path")

    def __init__(self, link: aiosqlite.Connection, path: Path) -> None:
        super().__init__()
        self._link = link
        self._path = path

    async def fetch(self, sql: str, *args: Value) -> list[Row]:
        """See `Connection`."""
        self.check_open()
        return list(await self._guard(self._link.execute_fetchall(sql, _bound(args))))

    async def fetch_one(self, sql: str, *args: Value) -> Row | None:
        """See `Connection`."""
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    async def execute(self, sql: str, *args: Value) -> int:
        """See `Connection`."""
        self.check_open()
        cursor = await self._guard(self._link.execute(sql, _bound(args)))
        return cursor.rowcount

    async def commit(self) -> None:
        """Commit.

        Raises:
            CommitUnknown: It failed so late that a later start may find it done.
            DatabaseUnavailable: It failed, and is undone by the rollback that follows.
        """
        self.check_whole()
        try:
            await self._link.execute("COMMIT")
        except sqlite3.Error as error:
            why = explained(error, self._path)
            failure = CommitUnknown(why) if may_be_committed(error) else DatabaseUnavailable(why)
        else:
            return
        raise failure

    async def _guard(self, call: Awaitable[_T]) -> _T:
        try:
            return await call
        except (sqlite3.Error, OverflowError, UnicodeEncodeError, ValueError) as error:
            self.spoil()
            failure = translated(error, self._path)
        # Without the cause: SQLite's errors are harmless, but both engines behave alike.
        raise failure


class SqliteDatabase:
    """A `Database` in one file."""

    def __init__(self, path: Path, writer: aiosqlite.Connection) -> None:
        self._path = path
        self._writer = writer
        self._writing = asyncio.Lock()
        self._reading = asyncio.Semaphore(READERS_MAX)
        self._idle_readers: list[aiosqlite.Connection] = []
        self._is_closed = False

    @property
    def engine(self) -> Engine:
        """See `Database`."""
        return "sqlite"

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Connection, None]:
        """See `Database`."""
        async with self._reading:
            self._check_open()
            link = (
                self._idle_readers.pop()
                if self._idle_readers
                else await _connect(self._path, "query_only=ON")
            )
            lent = SqliteConnection(link, self._path)
            try:
                yield lent
            finally:
                lent.end()
                self._idle_readers.append(link)

    @asynccontextmanager
    async def write(self, *locks: int) -> AsyncGenerator[Connection, None]:  # noqa: ARG002 - one writer needs none
        """See `Database`."""
        async with self._writing:
            self._check_open()
            lent = SqliteConnection(self._writer, self._path)
            try:
                await lent.execute("BEGIN IMMEDIATE")
                yield lent
                await lent.commit()
            except BaseException:
                # Cancelled or not: this waits behind whatever the thread still does, and does
                # nothing where the transaction never began or is committed already.
                with suppress(sqlite3.Error):
                    await complete(self._writer.rollback())
                raise
            finally:
                lent.end()

    async def close(self) -> None:
        """See `Database`; waits for the transactions under way."""
        async with self._writing:
            if self._is_closed:
                return
            self._is_closed = True
            for _ in range(READERS_MAX):
                await self._reading.acquire()
            for link in (*self._idle_readers, self._writer):
                await complete(link.close())
            self._idle_readers.clear()
            for _ in range(READERS_MAX):
                self._reading.release()

    def _check_open(self) -> None:
        if self._is_closed:
            raise DatabaseUnavailable("the database is closed")


async def open_sqlite(path: Path, *, makes: bool) -> SqliteDatabase:
    """Open a database file.

    Args:
        path: The file.
        makes: Make what is not there, the folder too, and turn the log of changes on, without
            which readers wait for writers. Otherwise nothing of the file is changed.

    Raises:
        DatabaseUnavailable: The file cannot be used; the sentence says why.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise DatabaseUnavailable(
            f"SQLite {sqlite3.sqlite_version} is too old; "
            f"{'.'.join(map(str, _OLDEST_SQLITE))} or newer is needed"
        )
    if makes:
        make_folder(path.parent)
    _check_kind(path)
    first = "journal_mode=WAL" if makes else "query_only=OFF"
    return SqliteDatabase(path, await _connect(path, first, makes=makes))


def _check_kind(path: Path) -> None:
    """Refuse a folder or a pipe: SQLite would wait for ever at the end of one."""
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 - closed is no
        raise DatabaseUnavailable(f"the database {path} cannot be opened: {obstacle(path)}")


def make_folder(folder: Path) -> None:
    """Make a folder for a database, with those above it.

    Raises:
        DatabaseUnavailable: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = obstacle(folder / "x") or error.strerror
        raise DatabaseUnavailable(f"the folder {folder} cannot be made: {why}") from None


async def _connect(path: Path, first_pragma: str, *, makes: bool = False) -> aiosqlite.Connection:
    """Connect and set the pragmas; never leaves a half-open connection, whose thread would stay."""
    link = await _linked(path, makes=makes)
    try:
        link.row_factory = sqlite3.Row
        # aiosqlite leaves out a type here.
        await link.create_function(  # pyright: ignore[reportUnknownMemberType]
            seals.FUNCTION, 1, seals.seal_of, deterministic=True
        )
        for pragma in (*_PRAGMAS, first_pragma):
            await link.execute_fetchall(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        await complete(link.close())
        raise DatabaseUnavailable(explained(error, path)) from None
    except BaseException:
        await complete(link.close())
        raise
    return link


async def _linked(path: Path, *, makes: bool) -> aiosqlite.Connection:
    opened: list[sqlite3.Connection] = []

    def connect() -> None:
        opened.append(
            sqlite3.connect(
                _address(path, "rwc" if makes else "rw"),
                uri=True,
                timeout=BUSY_TIMEOUT_MS / 1000,
                isolation_level=None,
                cached_statements=256,
                check_same_thread=False,
            )
        )

    try:
        # Not in aiosqlite's thread: after a failure that one may speak to a loop that is closed.
        await complete(asyncio.to_thread(connect))
    except sqlite3.Error as error:
        raise DatabaseUnavailable(explained(error, path)) from None
    except asyncio.CancelledError:
        for raw in opened:
            raw.close()
        raise
    connecting = aiosqlite.Connection(opened.pop, iter_chunk_size=64)
    try:
        link = await complete(_awaited(connecting))
    except asyncio.CancelledError:
        await complete(connecting.close())
        raise
    return link


def _address(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.absolute()))}?mode={mode}"


async def _awaited(work: Awaitable[_T]) -> _T:
    return await work


def _bound(args: tuple[Value, ...]) -> Mapping[str, Value]:
    """Name the values as SQLite names `$1`: positions for it are deprecated since Python 3.12."""
    return dict(zip(_NAMES, args, strict=False))
