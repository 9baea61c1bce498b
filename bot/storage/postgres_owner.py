"""Keeps a second bot off the same servers of a PostgreSQL database.

The locks are PostgreSQL's own and belong to one session that stays open: they end with the process
however it ends. Each shard is locked by its process; all processes share one more lock, which is
taken alone for a migration, so that no bot of an older version writes while tables change.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from bot.core.errors import Broken, DatabaseUnavailable
from bot.storage.postgres import CONNECT_TIMEOUT_S, SESSION, asyncpg_library, shown_server
from bot.storage.postgres_errors import PostgresErrors
from bot.storage.schema import HAS_TABLES, newest_version

PATIENCE_S = 10.0
"""So long a start waits for a predecessor that is just ending, or for its brother's migration."""

_PAUSE_S = 0.2
_ANSWER_S = 10.0
_CLASS = 0x696D6167
"""Apart from the locks of servers, which have no class."""

_EVERYBODY = 0


_MY_SESSION = """
SELECT pid || ' ' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()
"""
_END_SESSION = """
SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid || ' ' || backend_start = $1
"""


class _Taken(DatabaseUnavailable):
    """Another bot has a lock."""


class _Link(Protocol):
    """What is used of asyncpg's connection; the library carries no types."""

    async def fetchval(
        self,
        query: str,
        *args: int | str,
        timeout: float,  # noqa: ASYNC109 - asyncpg's own argument
    ) -> Any: ...  # noqa: ANN401 - the query knows

    def terminate(self) -> None: ...


class PostgresOwner:
    """The locks of one process; made by `postgres_owner`."""

    def __init__(self, url: str, shard_ids: tuple[int, ...] | None) -> None:
        self._url = url
        self._shard_ids = shard_ids
        self._library: Any = asyncpg_library()
        self._errors = PostgresErrors(self._library)
        self._link: _Link | None = None
        self._session = ""
        self._is_alone = False

    async def take(self) -> None:
        """Take the locks.

        Raises:
            DatabaseUnavailable: Another bot has them, or the server cannot be used.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        if self._link is None:
            await self._connect()
        for shard in self._shard_ids or ():
            while not await self._try("pg_try_advisory_lock", shard + 1):
                await self._pause(deadline_s, f"for shard {shard} (SHARD_IDS)")
        while not await self._join():
            await self._pause(deadline_s, "beside which this one cannot start")
        self._session = str(await self._ask(_MY_SESSION))

    async def settle(self) -> None:
        """Let other shards' processes in again, after a migration."""
        if self._is_alone and self._shard_ids is not None:
            await self._try("pg_try_advisory_lock_shared", _EVERYBODY)
            await self._try("pg_advisory_unlock", _EVERYBODY)
            self._is_alone = False

    async def check(self) -> None:
        """Make sure that the locks are still ours, and take them again after a lost connection.

        Raises:
            Broken: Another bot has taken them meanwhile.
            DatabaseUnavailable: Nobody can tell now.
        """
        try:
            if self._link is not None:
                await self._ask("SELECT 1")
                return
            former = self._session
            await self._connect()
            # The server may not have noticed yet that the connection which had the locks is lost.
            await self._ask(_END_SESSION, former)
            await self.take()
        except _Taken:
            raise Broken(
                "another bot has taken this one's place while the connection to PostgreSQL was "
                "lost; this one ends, so that no job is driven twice"
            ) from None
        except DatabaseUnavailable:
            self.release()
            raise

    def release(self) -> None:
        """Give all up."""
        link, self._link = self._link, None
        if link is not None:
            with suppress(self._library.InterfaceError):
                link.terminate()

    async def _join(self) -> bool:
        """Lock what all share: alone if the tables must change or no other shard may run."""
        if self._shard_ids is None or not await self._is_up_to_date():
            self._is_alone = await self._try("pg_try_advisory_lock", _EVERYBODY)
            return self._is_alone
        return await self._try("pg_try_advisory_lock_shared", _EVERYBODY)

    async def _is_up_to_date(self) -> bool:
        if not await self._ask(HAS_TABLES["postgres"]):
            return False
        version = await self._ask("SELECT MAX(version) FROM schema_versions")
        return int(version or 0) >= newest_version()

    async def _try(self, function: str, number: int) -> bool:
        return bool(await self._ask(f"SELECT {function}($1, $2)", _CLASS, number))

    async def _ask(self, sql: str, *args: int | str) -> Any:  # noqa: ANN401 - the query knows
        assert self._link is not None
        try:
            return await self._link.fetchval(sql, *args, timeout=_ANSWER_S)
        except Exception as error:
            failure = self._errors.translated(error)
            if failure is None:
                raise
        raise failure

    async def _connect(self) -> None:
        try:
            self._link = await self._library.connect(
                self._url, timeout=CONNECT_TIMEOUT_S, server_settings=SESSION
            )
        except Exception as error:
            where = shown_server(self._url)
            failure = self._errors.opening(error, where, CONNECT_TIMEOUT_S)
            if failure is None:
                raise
        else:
            return
        raise failure

    async def _pause(self, deadline_s: float, why: str) -> None:
        if time.monotonic() > deadline_s:
            raise _Taken(
                f"another bot runs on the database {shown_server(self._url)} {why}; stop it first"
            )
        await asyncio.sleep(_PAUSE_S)


@asynccontextmanager
async def postgres_owner(
    url: str, shard_ids: tuple[int, ...] | None
) -> AsyncGenerator[PostgresOwner]:
    """Be the only bot for these shards.

    Args:
        url: Of the server.
        shard_ids: This process's; None is for all there are.

    Raises:
        DatabaseUnavailable: Another bot has them, or the server cannot be used.
    """
    shown_server(url)
    owner = PostgresOwner(url, shard_ids)
    try:
        await owner.take()
        yield owner
    finally:
        owner.release()
