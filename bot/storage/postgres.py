"""The PostgreSQL driver, for hosts without a disk or with several processes.

asyncpg is imported when a database is opened, so that the bot runs without it. Readers and writers
have pools of their own: writers that wait for a server's lock never keep a reader waiting. Nothing
is repeated silently. Sessions carry limits of their own, so that one that is frozen inside a
transaction cannot hold a lock for ever: the server itself ends it, whatever became of its bot.
"""

import importlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from types import ModuleType
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from bot.core.errors import Broken, CommitUnknown, DatabaseUnavailable
from bot.storage.connection import (
    Connection,
    Engine,
    Row,
    Usable,
    Value,
    complete,
)
from bot.storage.postgres_errors import PostgresErrors, Remedy

_T = TypeVar("_T")

WRITERS_MAX = 10
READERS_MAX = 4
CONNECT_TIMEOUT_S = 10
ACQUIRE_TIMEOUT_S = 30
COMMAND_TIMEOUT_S = 60
_ROLLBACK_TIMEOUT_S = 5

SESSION = {
    "application_name": "imagine-bot",
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "30s",
    "statement_timeout": f"{COMMAND_TIMEOUT_S}s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
"""Settings of every session. The last three end those of a machine that is gone."""

_PATIENT_SESSION = {**SESSION, "lock_timeout": "600s", "statement_timeout": "0"}
"""For migrations: they take as long as they take, and wait for one of another process."""


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

    def is_closed(self) -> bool: ...

    def terminate(self) -> None: ...


class _Pool(Protocol):
    """What is used of asyncpg's pool."""

    async def acquire(self, *, timeout: float) -> _Link:  # noqa: ASYNC109 - asyncpg's own argument
        ...

    async def release(self, connection: _Link) -> None: ...

    async def close(self) -> None: ...

    async def expire_connections(self) -> None: ...

    def terminate(self) -> None: ...


class PostgresConnection(Usable):
    """A `Connection` over one of asyncpg's.

    Attributes:
        remedy: What must be renewed after the errors so far.
        is_answered: Whether the last error was the server's own refusal, not a loss on the way.
    """

    __slots__ = ("_errors", "_link", "is_answered", "remedy")

    def __init__(self, link: _Link, errors: PostgresErrors) -> None:
        super().__init__()
        self._link = link
        self._errors = errors
        self.remedy = Remedy.NOTHING
        self.is_answered = False

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

    async def commit(self) -> None:
        """Commit.

        Raises:
            CommitUnknown: No answer came to it.
            DatabaseUnavailable: The server undid it, or the connection was lost before.
        """
        if self._is_lost():
            raise DatabaseUnavailable("the connection to PostgreSQL was lost before the commit")
        try:
            answer = await self.run("COMMIT")
        except DatabaseUnavailable:
            if self.is_answered:
                raise
            answer = None
        if answer is None:
            raise CommitUnknown(
                "the connection to PostgreSQL was lost in the commit, so nobody knows "
                "whether it was saved"
            )
        if answer != "COMMIT":
            # What cannot be committed is rolled back by the server in silence.
            raise Broken("PostgreSQL rolled a transaction back that was to be committed")

    def _is_lost(self) -> bool:
        try:
            return self._link.is_closed()
        except Exception as error:
            # The pool has taken a lost one back already, and lets nobody ask it.
            if self._errors.translated(error) is None:
                raise
            return True

    async def _guard(self, call: Callable[[], Awaitable[_T]]) -> _T:
        try:
            # A link that was lost refuses the very call, before there is anything to await.
            return await call()
        except Exception as error:
            self.spoil()
            failure = self._errors.translated(error)
            if failure is None:
                raise
            self.remedy = max(self.remedy, self._errors.remedy(error), key=lambda one: one.value)
            self.is_answered = self._errors.is_answer(error)
        # Outside the handler, so that the library's words do not hang on as the context.
        raise failure


class PostgresDatabase:
    """A `Database` on a server."""

    def __init__(self, library: ModuleType, writers: _Pool, readers: _Pool) -> None:
        self._library: Any = library
        self._errors = PostgresErrors(library)
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
                await lent.commit()
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
        lent = PostgresConnection(link, self._errors)
        try:
            yield link, lent
        finally:
            lent.end()
            await complete(self._give_back(pool, link, lent.remedy))

    async def _give_back(self, pool: _Pool, link: _Link, remedy: Remedy) -> None:
        """Return a connection; one that the next try could not use either is thrown away."""
        if remedy is not Remedy.NOTHING:
            self._throw_away(link)
        if remedy is Remedy.POOL:
            # A server that only reads now: who was connected to it must look for the one that
            # writes, readers too, for they would read what is no longer brought up to date.
            await self._writers.expire_connections()
            await self._readers.expire_connections()
        await pool.release(link)

    def _throw_away(self, link: _Link) -> None:
        # One that was lost is no longer ours, and asyncpg objects to any use of it.
        with suppress(self._library.InterfaceError):
            link.terminate()

    async def _acquire(self, pool: _Pool) -> _Link:
        try:
            return await pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except Exception as error:
            failure = self._errors.connecting(error)
            if failure is None:
                raise
        raise failure

    async def _roll_back(self, link: _Link) -> None:
        try:
            await link.execute("ROLLBACK", timeout=_ROLLBACK_TIMEOUT_S)
        except Exception as error:
            if self._errors.translated(error) is None:
                raise
            # What cannot roll back is thrown away; the server ends its transaction.
            self._throw_away(link)


def _beginning(locks: tuple[int, ...]) -> str:
    """Begin and lock in one message to the server."""
    taken = (f"SELECT pg_advisory_xact_lock({int(lock)})" for lock in sorted(set(locks)))
    return "; ".join(("BEGIN ISOLATION LEVEL READ COMMITTED", *taken))


async def open_postgres(url: str, *, is_patient: bool = False) -> PostgresDatabase:
    """Connect to a server.

    Args:
        url: See `open_database`.
        is_patient: Let statements and waits for locks take long, as migrations may.

    Raises:
        DatabaseUnavailable: It cannot be used; the sentence says why and never shows the password.
    """
    where = shown_server(url)
    library = asyncpg_library()
    pools: list[_Pool] = []
    try:
        for size, read_only in ((WRITERS_MAX, "off"), (READERS_MAX, "on")):
            pools.append(
                await _pool(library, url, size=size, read_only=read_only, is_patient=is_patient)
            )
    except BaseException as error:
        for pool in pools:
            pool.terminate()
        failure = PostgresErrors(library).opening(error, where, CONNECT_TIMEOUT_S)
        if failure is None:
            raise
    else:
        return PostgresDatabase(library, *pools)
    raise failure


def asyncpg_library() -> ModuleType:
    """Import asyncpg.

    Raises:
        DatabaseUnavailable: It is not installed.
    """
    try:
        return importlib.import_module("asyncpg")
    except ImportError:
        raise DatabaseUnavailable(
            "DATABASE_URL names a PostgreSQL server, but asyncpg is not installed; "
            "install the bot with its extra `postgres`"
        ) from None


async def _pool(
    library: Any,  # noqa: ANN401 - asyncpg carries no types
    url: str,
    *,
    size: int,
    read_only: str,
    is_patient: bool,
) -> _Pool:
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
        command_timeout=None if is_patient else COMMAND_TIMEOUT_S,
        reset=keep,
        server_settings={
            **(_PATIENT_SESSION if is_patient else SESSION),
            "default_transaction_read_only": read_only,
        },
    )


def shown_server(url: str) -> str:
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
