"""PostgreSQL in virtual time: real statements on a real server, one at a time.

Theory of operation. asyncpg lives in a loop of its own, in real time, which runs inside a step of
the simulation's: a statement holds everything up until the server has answered, so virtual time
does not depend on how fast that is.
Only a statement that waits for another session's lock, which the server itself is asked about,
lets the others go on meanwhile. A dead process's sessions are ended on the server before anything
else happens, as the system would end them.
"""

import asyncio
from asyncio import events
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg

from bot.storage.database import migrate
from bot.storage.postgres import PostgresDatabase, open_postgres
from simulation.process import Process
from simulation.storage_faults import Fault, Moment, StorageFaults, is_about_money, moment_of
from simulation.world import World

_T = TypeVar("_T")

_LOOK_S = 0.01
_LOCK_PAUSE_S = 0.05
_SESSIONS_MAX = 10

_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name
"""


def _error(fault: Fault) -> Exception:
    if fault is Fault.OTHER:
        return asyncpg.InvalidCachedStatementError("cached statement plan is invalid")
    if fault is Fault.FULL:
        return asyncpg.DiskFullError("could not extend file")
    return asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


class Server:
    """A database on a server, and the loop in real time that talks to it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._idle: dict[str, list[Any]] = {"on": [], "off": []}
        self.do(self._migrate())
        self._monitor = self.do(asyncpg.connect(self._url))
        names = [row["table_name"] for row in self.rows(_TABLES)]
        empty = [name for name in names if not self.rows(f"SELECT 1 FROM {name} LIMIT 1")]
        deletes = "; ".join(f"DELETE FROM {name}" for name in empty)
        self._reset = f"SET session_replication_role = replica; {deletes}; RESET ALL"

    async def _migrate(self) -> None:
        database = await open_postgres(self._url)
        try:
            await migrate(database)
        finally:
            await database.close()

    def begin(self, work: Coroutine[Any, Any, _T]) -> "asyncio.Task[_T]":
        """Start something in real time."""
        return self._loop.create_task(work)

    def wait(self, task: "asyncio.Task[Any]", timeout_s: float | None = None) -> None:
        """Let real time pass until something is done, or for so long."""
        outer = events._get_running_loop()
        events._set_running_loop(None)
        try:
            self._loop.run_until_complete(asyncio.wait({task}, timeout=timeout_s))
        finally:
            events._set_running_loop(outer)

    def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do something and wait for it."""
        task = self.begin(work)
        self.wait(task)
        return task.result()

    def rows(self, sql: str, *args: object) -> list[Any]:
        """Run a query outside of all that the bot does."""
        return self.do(self._monitor.fetch(sql, *args))

    def empty(self) -> None:
        """Make the database as new."""
        self.do(self._monitor.execute(self._reset))

    def session(self, read_only: str) -> Any:
        """Lend a session."""
        if self._idle[read_only]:
            return self._idle[read_only].pop()
        settings = {"default_transaction_read_only": read_only}
        return self.do(asyncpg.connect(self._url, server_settings=settings))

    def take_back(self, read_only: str, session: Any) -> None:
        """Keep a session that nothing is open in."""
        self._idle[read_only].append(session)

    def end_session(self, session: Any) -> None:
        """End a session for good, with whatever it had open."""
        pid = session.get_server_pid()
        self.do(self._monitor.fetch("SELECT pg_terminate_backend($1, 5000)", pid))
        session.terminate()

    def is_blocked(self, session: Any) -> bool:
        """Whether a session waits for a lock of another."""
        pid = session.get_server_pid()
        sql = "SELECT cardinality(pg_blocking_pids($1)) > 0 AS is_blocked"
        return bool(self.do(self._monitor.fetchval(sql, pid)))

    def close(self) -> None:
        """Close all sessions."""
        for session in (*self._idle["on"], *self._idle["off"], self._monitor):
            self.do(session.close())
        self._loop.close()


class Link:
    """Stands in for one of asyncpg's connections."""

    def __init__(self, house: "PostgresHouse", session: Any) -> None:
        self._house = house
        self._world = house.world
        self._touches_money = False
        self.session = session

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        """Run a statement and fetch all its rows."""
        return await self._run(query, lambda: self.session.fetch(query, *args))

    async def fetchrow(self, query: str, *args: Any) -> Any:
        """Run a statement and fetch its first row."""
        return await self._run(query, lambda: self.session.fetchrow(query, *args))

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 - asyncpg's own argument
        """Run a statement and return the server's word for it."""
        if query == "ROLLBACK":
            self._touches_money = False
            return await self._answered(lambda: self.session.execute(query))
        return await self._run(query, lambda: self.session.execute(query, *args))

    def terminate(self) -> None:
        """End the session."""
        self._house.server.end_session(self.session)

    async def _run(self, query: str, call: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        moment, faults = moment_of(query), self._house.faults
        await self._world.cross(0.002)
        fault = faults.before(moment)
        if fault is not None:
            raise _error(fault)
        answer = await self._answered(call)
        self._touches_money = self._touches_money or is_about_money(query)
        if moment is Moment.COMMIT:
            if self._touches_money:
                self._house.on_commit()
            self._touches_money = False
        if moment is not Moment.READ:
            await self._world.cross(0.002)
        fault = faults.after(moment)
        if fault is not None:
            raise _error(fault)
        return answer

    async def _answered(self, call: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Wait for the server; other tasks go on only while it waits for one of them."""
        server = self._house.server
        running = server.begin(call())
        try:
            while True:
                server.wait(running, _LOOK_S)
                if running.done():
                    return running.result()
                if server.is_blocked(self.session):
                    await asyncio.sleep(_LOCK_PAUSE_S)
        except asyncio.CancelledError:
            running.cancel()
            server.wait(running)
            raise


@dataclass
class Pool:
    """Stands in for asyncpg's pool."""

    house: "PostgresHouse"
    read_only: str
    idle: list[Link] = field(default_factory=list)
    lent: list[Link] = field(default_factory=list)

    async def acquire(self, *, timeout: float) -> Link:  # noqa: ASYNC109 - asyncpg's own argument
        """Lend a connection."""
        while len(self.lent) >= _SESSIONS_MAX:  # noqa: ASYNC110 - short, and time is virtual
            await asyncio.sleep(_LOCK_PAUSE_S)
        server = self.house.server
        link = self.idle.pop() if self.idle else Link(self.house, server.session(self.read_only))
        self.lent.append(link)
        return link

    async def release(self, connection: Link) -> None:
        """Take a connection back; one that was lost is gone."""
        self.lent.remove(connection)
        if not connection.session.is_closed():
            self.idle.append(connection)

    async def close(self) -> None:
        """Give the sessions back."""
        self.terminate()

    async def expire_connections(self) -> None:
        """Use none of the idle sessions again."""
        for link in self.idle:
            self.house.server.end_session(link.session)
        self.idle.clear()

    def terminate(self) -> None:
        """End what is under way, as the system does for a dead process."""
        for link in self.lent:
            self.house.server.end_session(link.session)
        for link in self.idle:
            self.house.server.take_back(self.read_only, link.session)
        self.lent.clear()
        self.idle.clear()


@dataclass
class PostgresHouse:
    """Opens the real PostgreSQL database over links in virtual time."""

    server: Server
    world: World
    faults: StorageFaults
    on_commit: Callable[[], None]

    async def open(self, process: Process) -> PostgresDatabase:
        """Open the pools for a process, as `bot.storage.postgres.open_postgres` does."""
        await self.world.cross()
        writers, readers = Pool(self, "off"), Pool(self, "on")
        process.at_death += [writers.terminate, readers.terminate]
        return PostgresDatabase(asyncpg, writers, readers)  # pyright: ignore[reportArgumentType]
