"""Jobs that slipped through, found again: no hold stays open, and no end stays untold.

Accepted ones that nobody put into the line: their command stumbled, or their commit came through
although its answer did not. One whose card stands is taken up. One without a card was never
promised to anybody: its member was told "no", or nothing at all, and may have asked again, so it
is given back and never sent.

Those that were sent and that nobody drives: another process took them and is gone.

Ended ones whose members were not told: the process that ended them died, or their commit too came
through without its answer.
"""

import logging
from collections.abc import Callable

from bot.core.jobs import Job, Reason, State
from bot.services.generation.kit import Kit
from bot.services.retry import retry

_log = logging.getLogger(__name__)

EVERY_S = 60.0
_UNTOLD_MAX_MS = 24 * 3600 * 1000
"""What ended longer ago is no news any more."""


class Strays:
    """Looks for strays.

    Args:
        kit: What every step of a job works with.
        is_known: Whether a job of this id is in the line or under way here.
        add: Puts a job into the line.
        take: Drives a job on that has left the line.
        tell: Begins to tell a member how a job ended.
        is_telling: Whether that has begun.
    """

    def __init__(
        self,
        kit: Kit,
        *,
        is_telling: Callable[[str], bool],
        tell: Callable[[Job], None],
        is_known: Callable[[str], bool],
        add: Callable[[Job], None],
        take: Callable[[Job], None],
    ) -> None:
        self._kit = kit
        self._is_telling = is_telling
        self._tell = tell
        self._is_known = is_known
        self._add = add
        self._take = take
        self._seen: set[str] = set()
        self._seen_untold: set[str] = set()

    async def look(self) -> None:
        """Take up, or give back, what was a stray in this look and in the one before.

        Two looks and no age: a clock that was set back would keep strays for ever.
        """
        found = {
            job.id: job
            for job in await self._kit.books.unfinished()
            if not self._is_known(job.id) and self._kit.owns(job.server_id)
        }
        again, self._seen = self._seen & found.keys(), found.keys() - self._seen
        for job_id in sorted(again):
            job = found[job_id]
            if job.state is State.HELD:
                await self.settle(job)
            else:
                _log.warning("abandoned job taken up", extra={"job_id": job.id})
                self._take(job)
        await self._tell_untold()

    async def tell_untold(self) -> None:
        """Tell every member who does not know yet how their job ended."""
        for job in await self._untold():
            self._tell(job)

    async def _tell_untold(self) -> None:
        """The same for what was untold in the look before too; what ends now is told anyway."""
        found = {job.id: job for job in await self._untold() if not self._is_telling(job.id)}
        again, self._seen_untold = self._seen_untold & found.keys(), set(found)
        for job_id in sorted(again):
            self._tell(found[job_id])

    async def _untold(self) -> list[Job]:
        since_ms = self._kit.clock.now_ms() - _UNTOLD_MAX_MS
        return [
            job for job in await self._kit.books.untold(since_ms) if self._kit.owns(job.server_id)
        ]

    async def settle(self, job: Job) -> None:
        """Take a held job up that has a card, or give back one that has none."""
        if job.message_id is not None:
            _log.warning("stray job taken up", extra={"job_id": job.id})
            self._add(job)
            return
        _log.warning("stray job given back", extra={"job_id": job.id})
        failed = await retry(
            lambda: self._kit.books.fail(job, Reason.UNANSWERED), job.id, "given back"
        )
        self._tell(failed)
