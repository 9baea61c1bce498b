"""Writes down what has happened already, whatever the database does meanwhile.

What fal or Discord did cannot be undone: a request id that is forgotten is a picture that nobody
finds again, and a delivery that is forgotten is made twice. So a change that records such a fact
is tried until the database takes it. From the first failure on the fact also stands in the
journal, which the next start reads, and in the log.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bot.core.errors import DatabaseUnavailable, LedgerBroken, StaleState, StorageTrouble
from bot.storage.connection import complete
from bot.storage.journal import Fact, Journal

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_PAUSE_FIRST_S = 0.1
_PAUSE_MAX_S = 5.0
_SAID_EVERY_S = 60.0
_REFUSED_MAX = 20
"""A database that answers and refuses so often will not take the change; the journal keeps it."""


class Pauses:
    """Pauses that double from the first to the longest."""

    def __init__(self, first_s: float, most_s: float) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s

    def next(self) -> float:
        """The pause to make now, in seconds."""
        pause_s = self._next_s
        self._next_s = min(2 * pause_s, self._most_s)
        return pause_s

    def reset(self) -> None:
        """Begin with the first one again."""
        self._next_s = self._first_s


class Seldom:
    """Lets a line of the log through at once and then once a minute."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def is_due(self) -> bool:
        """Whether to write it now."""
        now = asyncio.get_running_loop().time()
        if now < self._next_at:
            return False
        self._next_at = now + _SAID_EVERY_S
        return True


async def retry(
    change: Callable[[], Coroutine[Any, Any, _T]],
    job_id: str,
    what: str,
    *,
    fact: Fact | None = None,
    journal: Journal | None = None,
) -> _T:
    """Make a change until the database takes it; a cancellation waits for the try under way.

    Args:
        change: One transaction; called again for each try.
        job_id: For the log.
        what: For the log: what has happened.
        fact: What cannot be learned twice, for the journal.
        journal: Where it stands until the change is made.

    Raises:
        StaleState, LedgerBroken: The database is well and the change is not possible any more.
        Broken: The database is well and refuses the change, again and again.
    """
    kept = _Kept(fact, journal)
    pauses, seldom, refused = Pauses(_PAUSE_FIRST_S, _PAUSE_MAX_S), Seldom(), 0
    while True:
        try:
            done = await complete(change())
        except (StaleState, LedgerBroken):
            raise
        except StorageTrouble as error:
            refused += not isinstance(error, DatabaseUnavailable)
            if refused > _REFUSED_MAX:
                raise
            if seldom.is_due():
                about = {"job_id": job_id, "what": what, "detail": str(error)}
                _log.error("change waits for the database", extra=about)
            await kept.note()
        except asyncio.CancelledError:
            # The change may have been made; reading the fact once more does no harm.
            await kept.note()
            raise
        else:
            await kept.settle()
            return done
        await asyncio.sleep(pauses.next())


class _Kept:
    """One fact, if there is one, in the journal, if there is one."""

    def __init__(self, fact: Fact | None, journal: Journal | None) -> None:
        self._fact = fact
        self._journal = journal
        self._is_noted = False

    async def note(self) -> None:
        if self._fact is not None and self._journal is not None and not self._is_noted:
            self._is_noted = await complete(self._journal.note(self._fact))

    async def settle(self) -> None:
        if self._fact is not None and self._journal is not None and self._is_noted:
            await complete(self._journal.settle(self._fact))
