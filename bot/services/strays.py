"""Accepted jobs that nobody put into the line, found again so that no hold stays open.

Their command stumbled, or their commit came through although its answer did not. One whose card
stands is taken up. One without a card was never promised to anybody: its member was told "no", or
nothing at all, and may have asked again, so it is given back and never sent.
"""

import logging
from collections.abc import Callable

from bot.core.jobs import Job, Reason, State
from bot.services.books import Books
from bot.services.patience import insist

_log = logging.getLogger(__name__)

EVERY_S = 60.0


class Strays:
    """Looks for strays.

    Args:
        is_known: Whether a job of this id is in the line or under way here.
        add: Puts a job into the line.
        tell: Begins to tell a member how a job ended.
        owns: Whether a server is this process's.
    """

    def __init__(
        self,
        *,
        books: Books,
        tell: Callable[[Job], None],
        is_known: Callable[[str], bool],
        add: Callable[[Job], None],
        owns: Callable[[int], bool],
    ) -> None:
        self._books = books
        self._tell = tell
        self._is_known = is_known
        self._add = add
        self._owns = owns
        self._seen: set[str] = set()

    async def look(self) -> None:
        """Take up, or give back, what was a stray in this look and in the one before.

        Two looks and no age: a clock that was set back would keep strays for ever.
        """
        found = {
            job.id: job
            for job in await self._books.unfinished()
            if job.state is State.HELD and not self._is_known(job.id) and self._owns(job.server_id)
        }
        again, self._seen = self._seen & found.keys(), found.keys() - self._seen
        for job_id in sorted(again):
            await self.settle(found[job_id])

    async def settle(self, job: Job) -> None:
        """Take a held job up that has a card, or give back one that has none."""
        if job.message_id is not None:
            _log.warning("stray job taken up", extra={"job_id": job.id})
            self._add(job)
            return
        _log.warning("stray job given back", extra={"job_id": job.id})
        failed = await insist(
            lambda: self._books.fail(job, Reason.UNANSWERED), job.id, "given back"
        )
        self._tell(failed)
