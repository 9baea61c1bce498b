"""The PostgreSQL driver, for hosts without a disk or with several processes.

asyncpg is imported when a database is opened, so that the bot runs without it. Readers and writers
have pools of their own: writers that wait for a server's lock never keep a reader waiting. Nothing
is repeated silently. What asyncpg says in its errors may hold values of a row, or pieces of the
address, so its words go no further than this module.
"""

import asyncio
import importlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from types import ModuleType
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from bot.core.errors import Broken
from bot.storage.connection import (
    Connection,
    DatabaseUnavailable,
    Engine,
    Row,
    Usable,
    Value,
    complete,
    violation,
)

_T = TypeVar("_T")

WRITERS_MAX = 10
READERS_MAX = 4
CONNECT_TIMEOUT_S = 10
ACQUIRE_TIMEOUT_S = 30
COMMAND_TIMEOUT_S = 60
_ROLLBACK_TIMEOUT_S = 5


class _Link(Protocol):
    """What is used of asyncpg's connection; the library carries no types."""

    async def fetch(self, query: str, *args: Value) -> list[Row]: ...

    async def fetchrow(self, query: str, *args: Value) -> Row | None: ...

    async def execute(
        self,
        query: str,
        *args: Value,
        timeout: float | None = None,  # noqa: ASYNC109 - asyncpg's own argument
    ) -> str: ...

    def terminate(self) -> None: ...


class _Pool(Protocol):
    """What is used of asyncpg's pool."""

    async def acquire(self, *, timeout: float) -> _Link:  # noqa: ASYNC109 - asyncpg's own argument
        ...

    async def release(self, connection: _Link) -> None: ...

    async def close(self) -> None: ...

    def terminate(self) -> None: ...


class PostgresConnection(Usable):
    """A `Connection` over one of asyncpg's."""

    __slots__ = ("_link", "_translate")

    def __init__(self, link: _Link, translate: Callable[[Exception], Broken | None]) -> None:
        super().__init__()
        self._link = link
        self._translate = translate

    async def fetch(self, sql: str, *args: Value) -> list[Row]:
        """See `Connection`."""
        self.check_open()
        return await self._guard(lambda: self._link.fetch(sql, *args))

    async def fetch_one(self, sql: str, *args: Value) -> Row | None:
        """See `Connection`."""
        self.check_open()
        return await self._guard(lambda: self._link.fetchrow(sql, *args))

    async def execute(self, sql: str, *args: Value) -> int:
        """See `Connection`."""
        count = (await self.run(sql, *args)).rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def run(self, sql: str, *args: Value) -> str:
        """Run a statement and return PostgreSQL's own word for what it did."""
        self.check_open()
        return await self._guard(lambda: self._link.execute(sql, *args))

    async def _guard(self, call: Callable[[], Awaitable[_T]]) -> _T:
        try:
            # A link that was lost refuses the very call, before there is anything to await.
            return await call()
        except Exception as error:
            self.spoil()
            failure = self._translate(error)
            if failure is None:
                raise
        # Outside the handler, so that the library's words do not hang on as the context.
        raise failure


class PostgresDatabase:
    """A `Database` on a server."""

    def __init__(self, library: ModuleType, writers: _Pool, readers: _Pool) -> None:
        self._library = library
        self._writers = writers
        self._readers = readers
        self._is_closed = False

    @property
    def engine(self) -> Engine:
        """See `Database`."""
        return "postgres"

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Connection, None]:
        """See `Database`."""
        async with self._borrow(self._readers) as (_, lent):
            yield lent

    @asynccontextmanager
    async def write(self, *locks: int) -> AsyncGenerator[Connection, None]:
        """See `Database`."""
        async with self._borrow(self._writers) as (link, lent):
            try:
                await lent.run(_beginning(locks))
                yield lent
                lent.check_whole()
                await _commit(lent)
            except BaseException:
                await complete(self._roll_back(link))
                raise

    async def close(self) -> None:
        """See `Database`; waits for the transactions under way."""
        if self._is_closed:
            return
        self._is_closed = True
        for pool in (self._readers, self._writers):
            await complete(pool.close())

    @asynccontextmanager
    async def _borrow(self, pool: _Pool) -> AsyncGenerator[tuple[_Link, PostgresConnection], None]:
        if self._is_closed:
            raise DatabaseUnavailable("the database is closed")
        link = await self._acquire(pool)
        lent = PostgresConnection(link, self._translated)
        try:
            yield link, lent
        finally:
            lent.end()
            await complete(pool.release(link))

    async def _acquire(self, pool: _Pool) -> _Link:
        try:
            return await pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except Exception as error:
            failure = self._translated(error)
            if failure is None:
                raise
        raise failure

    async def _roll_back(self, link: _Link) -> None:
        try:
            await link.execute("ROLLBACK", timeout=_ROLLBACK_TIMEOUT_S)
        except Exception as error:
            if self._translated(error) is None:
                raise
            # A connection that cannot roll back is thrown away; the server ends its transaction.
            # One that was lost is no longer ours, and asyncpg objects to any use of it.
            with suppress(self._library.InterfaceError):
                link.terminate()

    def _translated(self, error: Exception) -> Broken | None:
        """Turn an exception of asyncpg into ours, without any value in it; None for others."""
        library: Any = self._library
        if isinstance(error, library.PostgresError):
            return _translated_answer(error)
        if isinstance(error, UnicodeEncodeError):
            return Broken("a text holds characters that cannot be stored")
        if isinstance(error, library.exceptions.DataError | OverflowError):
            return Broken("a value does not fit the column it is meant for")
        if isinstance(error, TimeoutError | asyncio.TimeoutError):
            return DatabaseUnavailable("PostgreSQL did not answer in time")
        if isinstance(error, OSError | library.InterfaceError | library.InternalClientError):
            # The last one is asyncpg's own confusion after a connection was torn in a statement.
            return DatabaseUnavailable("the connection to PostgreSQL is lost or closed")
        return None


async def _commit(conn: PostgresConnection) -> None:
    """Commit; a transaction that cannot be committed is rolled back by the server in silence."""
    if await conn.run("COMMIT") != "COMMIT":
        raise Broken("PostgreSQL rolled a transaction back that was to be committed")


def _beginning(locks: tuple[int, ...]) -> str:
    """Begin and lock in one message to the server."""
    taken = (f"SELECT pg_advisory_xact_lock({int(lock)})" for lock in sorted(set(locks)))
    return "; ".join(("BEGIN ISOLATION LEVEL READ COMMITTED", *taken))


def _translated_answer(error: Any) -> Broken:  # noqa: ANN401 - asyncpg carries no types
    """Name what the server refused by its SQLSTATE, https://www.postgresql.org/docs/18/errcodes-appendix.html."""
    code = str(error.sqlstate or "")
    if code.startswith("23"):
        constraint = error.constraint_name or error.column_name or "a constraint"
        return violation(f"{error.table_name}, {constraint}", str(error.table_name))
    if code.startswith(("08", "40", "53", "55", "57", "58")):
        return DatabaseUnavailable(f"PostgreSQL cannot do this now: {type(error).__name__}")
    return Broken(f"PostgreSQL refuses a statement: {type(error).__name__} ({code})")


async def open_postgres(url: str) -> PostgresDatabase:
    """Connect to a server.

    Raises:
        DatabaseUnavailable: It cannot be used; the sentence says why and never shows the password.
    """
    where = _shown(url)
    try:
        library = importlib.import_module("asyncpg")
    except ImportError:
        raise DatabaseUnavailable(
            "DATABASE_URL names a PostgreSQL server, but asyncpg is not installed; "
            "install the bot with its extra `postgres`"
        ) from None
    pools: list[_Pool] = []
    try:
        for size, read_only in ((WRITERS_MAX, "off"), (READERS_MAX, "on")):
            pools.append(await _pool(library, url, size=size, read_only=read_only))
    except BaseException as error:
        for pool in pools:
            pool.terminate()
        failure = _translated_opening(library, error, where)
        if failure is None:
            raise
    else:
        return PostgresDatabase(library, *pools)
    raise failure


async def _pool(library: Any, url: str, *, size: int, read_only: str) -> _Pool:  # noqa: ANN401 - asyncpg carries no types
    """Make a pool with one connection open.

    The reset that asyncpg does after each use is a round trip; nothing here changes a session, and
    a transaction that stayed open is still rolled back.
    """

    async def keep(_link: _Link) -> None:
        return

    return await library.create_pool(
        url,
        min_size=1,
        max_size=size,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        reset=keep,
        server_settings={"default_transaction_read_only": read_only},
    )


def _shown(url: str) -> str:
    """Say where the server is, without user and password.

    Raises:
        DatabaseUnavailable: The address cannot be read for certain, so no piece of it is shown.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError:
        parts, port = None, 0
    if parts is None or "@" in url.partition(parts.netloc)[2]:
        raise DatabaseUnavailable(
            "DATABASE_URL cannot be read; it has the form postgresql://user:password@host/name, "
            "with special characters of the password written as %XX"
        )
    asked = parse_qs(parts.query).get("host")
    host = parts.hostname or (asked[0] if asked else "localhost")
    return f"{unquote(parts.path).lstrip('/') or 'the default database'} at {host}:{port}"


def _translated_opening(
    library: Any,  # noqa: ANN401 - asyncpg carries no types
    error: BaseException,
    where: str,
) -> DatabaseUnavailable | None:
    """Say in a sentence why a server cannot be used; None for what is no failure of opening."""
    names = library.exceptions
    sentences: tuple[tuple[Any, str], ...] = (
        (names.InvalidCatalogNameError, "the server has no such database"),
        (names.InvalidAuthorizationSpecificationError, "the server refuses the user or password"),
        (names.TooManyConnectionsError, "the server has no connection left"),
        (names.CannotConnectNowError, "the server is starting or stopping"),
        (names.PostgresError, f"the server refuses: {type(error).__name__}"),
        (ConnectionRefusedError, "nothing listens there"),
        (TimeoutError, f"no answer in {CONNECT_TIMEOUT_S} s"),
        (OSError, "it cannot be reached"),
        (names.InterfaceError, "the address or the server's answer makes no sense"),
        (ValueError, "the address makes no sense"),
    )
    for kind, sentence in sentences:
        if isinstance(error, kind):
            return DatabaseUnavailable(
                f"the PostgreSQL database {where} cannot be used: {sentence}"
            )
    return None
