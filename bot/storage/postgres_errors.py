"""What PostgreSQL's and asyncpg's errors mean: another try may help, a rule is broken, or a bug.

What asyncpg says in its errors may hold values of a row, or pieces of the address, so its words go
no further than this module.
"""

import asyncio
from enum import Enum
from types import ModuleType
from typing import Any

from bot.core.errors import Broken, DatabaseUnavailable, StorageTrouble
from bot.storage.connection import violation

_PASSING = ("08", "40", "53", "55", "57", "58", "72", "XX")
"""Classes of SQLSTATE that another try, perhaps on another connection or server, can cure:
https://www.postgresql.org/docs/18/errcodes-appendix.html."""

_READ_ONLY = "25006"
"""A standby, or a former primary: the connection is as good as lost, and so are its brothers."""

_PASSING_CODES = frozenset({
    _READ_ONLY,
    "25P03",  # idle in a transaction for too long
    "25P04",  # a transaction that took too long
    "26000",  # a prepared statement that the session does not know, as behind a pooler
})  # fmt: skip

_HARMLESS = ("40", "53", "55", "57014")
"""After these the connection itself is as good as before."""


class Remedy(Enum):
    """What must be renewed before another try."""

    NOTHING = 0
    CONNECTION = 1
    POOL = 2


class PostgresErrors:
    """Reads the exceptions of asyncpg, which is imported only where a server is used."""

    def __init__(self, library: ModuleType) -> None:
        self._library: Any = library

    def translated(self, error: Exception) -> StorageTrouble | None:
        """Turn an exception of asyncpg into ours, without any value in it; None for others."""
        library = self._library
        if isinstance(error, library.PostgresError):
            return self._translated_answer(error)
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

    def connecting(self, error: Exception) -> StorageTrouble | None:
        """The same for a new connection of a pool: what the server refuses there may pass."""
        if isinstance(error, self._library.PostgresError):
            return DatabaseUnavailable(f"PostgreSQL refuses a connection: {type(error).__name__}")
        return self.translated(error)

    def remedy(self, error: Exception) -> Remedy:
        """What must be renewed before another try can succeed."""
        if not isinstance(self.translated(error), DatabaseUnavailable):
            return Remedy.NOTHING
        code = str(getattr(error, "sqlstate", None) or "")
        if code == _READ_ONLY:
            return Remedy.POOL
        return Remedy.NOTHING if code.startswith(_HARMLESS) else Remedy.CONNECTION

    def is_answer(self, error: Exception) -> bool:
        """Whether the server itself refused and goes on, so that a commit is certainly undone."""
        is_refusal = isinstance(error, self._library.PostgresError)
        return is_refusal and getattr(error, "severity_en", None) == "ERROR"

    def _translated_answer(self, error: Any) -> StorageTrouble:  # noqa: ANN401 - asyncpg carries no types
        """Name what the server refused by its SQLSTATE."""
        code = str(error.sqlstate or "")
        if code.startswith("23"):
            constraint = error.constraint_name or error.column_name or "a constraint"
            return violation(f"{error.table_name}, {constraint}", str(error.table_name))
        # Of its class alone this one passes: the server shares it with what is really unsupported.
        is_stale = isinstance(error, self._library.exceptions.InvalidCachedStatementError)
        if is_stale or code in _PASSING_CODES or code.startswith(_PASSING):
            return DatabaseUnavailable(f"PostgreSQL cannot do this now: {type(error).__name__}")
        return Broken(f"PostgreSQL refuses a statement: {type(error).__name__} ({code})")

    def opening(
        self, error: BaseException, where: str, timeout_s: float
    ) -> DatabaseUnavailable | None:
        """Say in a sentence why a server cannot be used; None for what is no failure of opening."""
        names = self._library.exceptions
        sentences: tuple[tuple[Any, str], ...] = (
            (names.InvalidCatalogNameError, "the server has no such database"),
            (
                names.InvalidAuthorizationSpecificationError,
                "the server refuses the user or password",
            ),
            (names.TooManyConnectionsError, "the server has no connection left"),
            (names.CannotConnectNowError, "the server is starting or stopping"),
            (names.PostgresError, f"the server refuses: {type(error).__name__}"),
            (ConnectionRefusedError, "nothing listens there"),
            (TimeoutError, f"no answer in {timeout_s:.0f} s"),
            (OSError, "it cannot be reached"),
            (names.InternalClientError, "no server there takes what is asked of it"),
            (names.InterfaceError, "the address or the server's answer makes no sense"),
            (ValueError, "the address makes no sense"),
        )
        for kind, sentence in sentences:
            if isinstance(error, kind):
                return DatabaseUnavailable(
                    f"the PostgreSQL database {where} cannot be used: {sentence}"
                )
        return None
