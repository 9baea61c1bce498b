"""A job at fal: followed until fal's own word says how it ended, or the member has waited enough.

What proves nothing ends nothing: the job rests outside the places at fal and is asked about again.
After a bounded time the member is told, the money counts as in doubt, and the search goes on, see
`bot.services.generation.rescue`.
"""

import asyncio
import logging
from contextlib import aclosing

from bot.core.errors import CancelledAtFal, Gone, Unproven, Upstream
from bot.core.jobs import Job, Phase, Reason, Rendering, State
from bot.services.generation.kit import Kit
from bot.services.generation.reasons import reason_for
from bot.services.generation.verdicts import Verdicts
from bot.services.ports import CancelAnswer, Place
from bot.services.retry import retry

_log = logging.getLogger(__name__)


class Follower:
    """The step of jobs that fal has."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._verdicts = Verdicts(kit.times)

    async def follow(self, job: Job) -> Job:
        """Take a job from fal's line to its result, or to an end without pictures.

        Raises:
            Unproven: Nothing is proven yet; ask again after a rest.
        """
        assert job.ticket is not None
        ticket = job.ticket
        job = await self._asked_to_cancel(job)
        self._verdicts.asked(job.id, is_cancelled=self._kit.wishes.of(job) is not None)
        is_open = False
        try:
            async with asyncio.timeout(max(0.0, self._verdicts.left_s(job.id))):
                await self._watch(job)
                found: Rendering | Upstream = await self._kit.queue.result(ticket)
        except TimeoutError:
            await self.ask_to_cancel(job)
            found = await self._last_look(job)
        except Unproven as error:
            self._kit.brakes.trouble(error.trouble)
            end = self._verdicts.end_of(job.id, error) or self._wished_end(job, error)
            if end is None and not self._verdicts.is_silent(job.id):
                self._kit.courier.show(job, Place(is_unheard=True))
                raise
            # What was unproven all the time may be proven by now, whatever the clocks say.
            found = end or await self._last_look(job)
            # A word that stayed the same for minutes is an end for the member; fal may yet change
            # its mind, so the search has the last word.
            is_open = end is not None
        except Upstream as error:
            found = error
        return await self._ended(job, found, is_open=is_open)

    async def _asked_to_cancel(self, job: Job) -> Job:
        wish = self._kit.wishes.of(job)
        if wish is None:
            return job
        if job.cancel_by is None:
            job = await self._kit.books.request_cancel(job, *wish)
        if not self._kit.wishes.is_removed(job.id):
            await self.ask_to_cancel(job)
        return job

    async def ask_to_cancel(self, job: Job) -> CancelAnswer | None:
        """Ask fal to end a job; None where fal cannot be asked now."""
        assert job.ticket is not None
        try:
            answer = await self._kit.queue.cancel(job.ticket)
        except Upstream as error:
            _log.warning("cancel not placed", extra={"job_id": job.id, "detail": error.detail})
            return None
        if answer is CancelAnswer.REMOVED:
            self._kit.wishes.removed(job.id)
        return answer

    async def _watch(self, job: Job) -> None:
        assert job.ticket is not None
        running_since_ms: int | None = None
        async with aclosing(self._kit.queue.follow(job.ticket)) as reports:
            async for progress in reports:
                if progress.phase is Phase.ENDED:
                    # The status alone is no good news: its result may still not be had.
                    return
                self._kit.brakes.heard()
                self._verdicts.meant(job.id)
                if progress.phase is Phase.RUNNING and running_since_ms is None:
                    running_since_ms = self._kit.clock.now_ms()
                place = Place(progress=progress, running_since_ms=running_since_ms)
                self._kit.courier.show(job, place)

    def _wished_end(self, job: Job, error: Unproven) -> Upstream | None:
        """fal's word that it was cancelled needs no minutes where somebody cancelled it.

        It stays in doubt as long as any other.
        """
        is_cancelled = isinstance(error.end, CancelledAtFal)
        return error.end if is_cancelled and self._kit.wishes.of(job) is not None else None

    async def _last_look(self, job: Job) -> Rendering | Upstream:
        """Ask for the result once more before anybody is told that there is none."""
        assert job.ticket is not None
        try:
            return await self._kit.queue.result(job.ticket)
        except Upstream as error:
            return error

    async def _ended(self, job: Job, found: Rendering | Upstream, *, is_open: bool) -> Job:
        self._verdicts.forget(job.id)
        if isinstance(found, Rendering):
            self._kit.brakes.heard()
            return await self._kit.facts.render(job, found)
        _log.warning("job ended at fal", extra={"job_id": job.id, "detail": found.detail})
        is_unheard = isinstance(found, Unproven | Gone)
        is_open = is_open or is_unheard
        doubt = job.held_microusd if is_open or found.may_be_billed else 0
        wish = self._kit.wishes.of(job)
        if wish is not None and (is_unheard or isinstance(found, CancelledAtFal)):
            return await self._cancelled(job, wish, found, doubt, search=is_open)
        reason = reason_for(found)
        if is_unheard:
            word = found.end if isinstance(found, Unproven) else found
            reason = Reason.GONE if isinstance(word, Gone) else Reason.SILENT
        else:
            self._kit.brakes.heard()
        is_lost = is_unheard or found.may_be_billed or found.cost_microusd
        if is_lost and reason is not Reason.CONTENT:
            self._kit.brakes.lost(job.id)
        return await retry(
            lambda: self._kit.books.fail(
                job,
                reason,
                note=found.detail,
                billed_microusd=found.cost_microusd,
                doubt_microusd=doubt,
                search=is_open,
            ),
            job.id,
            f"failed: {reason}",
        )

    async def _cancelled(
        self, job: Job, wish: tuple[int, str], found: Upstream, doubt: int, *, search: bool
    ) -> Job:
        """It ends as its member wished; fal may have made and billed it all the same."""
        if self._kit.wishes.is_removed(job.id):
            # fal's own word that it never ran.
            doubt = 0
        cost = found.cost_microusd
        return await retry(
            lambda: self._kit.books.cancel(
                job, *wish, billed_microusd=cost, doubt_microusd=doubt, search=search
            ),
            job.id,
            "cancelled",
        )

    async def give_up(self, job: Job) -> Job:
        """End a job that cannot be driven; what fal may have made of it is looked for."""
        self._verdicts.forget(job.id)
        doubt = 0 if job.state is State.HELD else job.held_microusd
        return await retry(
            lambda: self._kit.books.fail(
                job, Reason.UNEXPECTED, doubt_microusd=doubt, search=doubt > 0
            ),
            job.id,
            "given up",
        )

    def forget(self, job_id: str) -> None:
        """Drop what was remembered of a job that ended."""
        self._verdicts.forget(job_id)
