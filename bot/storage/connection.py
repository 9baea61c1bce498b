"""What both drivers have in common: the shape of a connection, and how failures leave the room.

Nothing here knows an engine. A driver turns every exception of its library into an error of the
core; texts of values (prompts, tokens, addresses with passwords) never get into those errors.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol, TypeVar

from bot.core.errors import Broken, LedgerBroken

Engine = Literal["sqlite", "postgres"]

Value = int | str | None
"""What can be stored: 64-bit integers and text."""

_T = TypeVar("_T")


class Row(Protocol):
    """One row of an answer; columns by name."""

    def __getitem__(self, key: str, /) -> Any:  # noqa: ANN401 - the schema knows the column's type
        ...


class Connection(Protocol):
    """A connection inside `read()` or `write()`, of the same shape on both engines.

    SQL names its parameters `$1`, `$2` and so on. An error of the database inside `write()` spoils
    the transaction: whoever catches it cannot commit any more, on either engine.
    """

    async def fetch(self, sql: str, *args: Value) -> list[Row]:
        """Run a statement and return all its rows; also for `RETURNING`."""
        ...

    async def fetch_one(self, sql: str, *args: Value) -> Row | None:
        """Run a statement that answers with at most one row."""
        ...

    async def execute(self, sql: str, *args: Value) -> int:
        """Run a statement without an answer and return how many rows it changed."""
        ...

    def spoil(self) -> None:
        """Make sure that what was written in this transaction is never committed."""
        ...


class Database(Protocol):
    """An open database."""

    @property
    def engine(self) -> Engine:
        """Which of the two it is, for the few statements that they cannot share."""
        ...

    def read(self) -> AbstractAsyncContextManager[Connection]:
        """Borrow a connection that cannot write; each statement sees what is committed by then."""
        ...

    def write(self, *locks: int) -> AbstractAsyncContextManager[Connection]:
        """Open one transaction: committed at the end, rolled back on any exception.

        A cancellation that arrives while the commit is under way may find it done, and so does
        `CommitUnknown`; any other exception means that nothing was saved.

        Args:
            locks: What must not change beside us (a server's id; 0 for the whole bot). SQLite
                has a single writer and needs none of them; PostgreSQL takes an advisory lock for
                each, in order, so that two transactions never wait for one another in a circle.
        """
        ...

    async def close(self) -> None:
        """Close every connection; a second call does nothing."""
        ...


async def complete(work: Coroutine[Any, Any, _T]) -> _T:
    """Wait until work has ended although the waiting task is cancelled, however often.

    Raises:
        asyncio.CancelledError: The task was cancelled meanwhile; the work has ended all the same.
    """
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return task.result()


def violation(what: str, table_or_text: str) -> Broken:
    """Name a broken constraint: the ledger's as `LedgerBroken`, any other as `Broken`.

    Args:
        what: The engine's words for the constraint; holds no values.
        table_or_text: Where the table is named.
    """
    money = ("ledger", "totals", "doubts")
    kind = LedgerBroken if any(name in table_or_text for name in money) else Broken
    return kind(f"the database refuses a change that breaks a rule: {what}")


class Usable:
    """Whether a connection may still be used, and its transaction still be committed."""

    __slots__ = ("_is_over", "_is_spoilt")

    def __init__(self) -> None:
        self._is_over = False
        self._is_spoilt = False

    def check_open(self) -> None:
        """Refuse a statement after the end of the block that lent the connection."""
        if self._is_over:
            raise Broken("a database connection was used after its transaction had ended")

    def check_whole(self) -> None:
        """Refuse the commit of a transaction in which a statement failed."""
        if self._is_spoilt:
            raise Broken("a statement of this transaction failed, so nothing of it was saved")

    def spoil(self) -> None:
        """See `Connection`."""
        self._is_spoilt = True

    def end(self) -> None:
        """Take the connection back."""
        self._is_over = True
