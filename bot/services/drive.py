"""One job's way from our line to the member, a step for each state.

Each step ends with a committed change of state, so the same loop drives a new job and one that a
restart found half-way. A step that is cut leaves a state from which the loop goes on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot.core.errors import (
    AccountLocked,
    BadParameter,
    CancelledAtFal,
    ContentRefused,
    Gone,
    KeyRejected,
    MediaRejected,
    NotReady,
    NotSent,
    RouteBusy,
    SubmitUnclear,
    TemporaryFailure,
    Undeliverable,
    Unreachable,
    Upstream,
)
from bot.core.jobs import Job, Phase, Picture, PictureLink, Reason, State
from bot.services.allowance import Quota
from bot.services.books import Books
from bot.services.ports import CancelAnswer, Clock, Courier, ImageQueue, Order, Place
from bot.storage.shelf import Shelf

_log = logging.getLogger(__name__)

_REASONS: tuple[tuple[type[Upstream], Reason], ...] = (
    (ContentRefused, Reason.CONTENT),
    (BadParameter, Reason.PARAMETER),
    (AccountLocked, Reason.ACCOUNT),
    (KeyRejected, Reason.KEY),
    (TemporaryFailure, Reason.TEMPORARY),
    (MediaRejected, Reason.MEDIA),
    (Gone, Reason.GONE),
    (CancelledAtFal, Reason.GONE),
)


_TELL_TRIES_MAX = 3


@dataclass(frozen=True, slots=True)
class Times:
    """How long the runner waits for what, in seconds."""

    held_max_s: float = 3600
    """Older than this in our line, a job is given back to the member."""
    queued_max_s: float = 6 * 3600
    """Older than this at fal, a job counts as lost."""
    unclear_max_s: float = 600
    """So long is evidence of a lost submit looked for."""
    evidence_pauses_s: tuple[float, ...] = (2, 5, 10, 20, 40, 60)
    fetch_max_s: float = 3600
    """So long a picture is fetched again after temporary failures."""
    deliver_max_s: float = 6 * 3600
    """So long pictures are posted again while Discord cannot be reached."""
    retry_pause_s: float = 5
    retry_pause_max_s: float = 60
    key_pause_s: float = 60


class Drive:
    """Takes jobs through their states. It holds nothing of a job between two steps."""

    def __init__(  # noqa: PLR0913 - the one place where everything a job needs comes together
        self,
        *,
        books: Books,
        queue: ImageQueue,
        courier: Courier,
        quota: Quota,
        shelf: Shelf,
        clock: Clock,
        times: Times,
    ) -> None:
        self._books = books
        self._queue = queue
        self._courier = courier
        self._quota = quota
        self._shelf = shelf
        self._clock = clock
        self._times = times
        self._cancels: dict[str, int] = {}
        self._sending: dict[str, Order] = {}
        self._steps: dict[State, Callable[[Job], Awaitable[Job]]] = {
            State.HELD: self._submit,
            State.SUBMITTING: self._lose,
            State.UNCLEAR: self._look_for,
            State.QUEUED: self._follow,
            State.RENDERED: self._deliver,
        }

    async def step(self, job: Job) -> Job:
        """Take a job one state further."""
        return await self._steps[job.state](job)

    def wants_cancel(self, job_id: str, by: int) -> None:
        """Remember that a person wants a job to end, for steps that are under way."""
        self._cancels.setdefault(job_id, by)

    def forget(self, job_id: str) -> None:
        """Drop what was remembered of a job that ended."""
        self._cancels.pop(job_id, None)

    async def ask_to_cancel(self, job: Job) -> CancelAnswer | None:
        """Ask fal to end a job; None where fal cannot be asked now."""
        assert job.ticket is not None
        try:
            return await self._queue.cancel(job.ticket)
        except Upstream as error:
            _log.warning("cancel not placed", extra={"job_id": job.id, "detail": error.detail})
            return None

    async def tell_end(self, job: Job) -> Job:
        """Tell the member how it ended without pictures; the next start tells what is untold."""
        for attempt in range(1, _TELL_TRIES_MAX + 1):
            try:
                await self._courier.end(job, await self._quota.balance(job))
            except RouteBusy as error:
                _log.warning("end not told", extra={"job_id": job.id, "detail": str(error)})
                await asyncio.sleep(attempt * self._times.retry_pause_s)
            else:
                return await self._books.told(job)
        return job

    # From our line to fal

    async def _submit(self, job: Job) -> Job:
        if self._age_s(job.created_at_ms) > self._times.held_max_s:
            return await self._fail(job, Reason.TOO_OLD)
        job = await self._books.submit(job)
        order = order_of(job)
        self._sending[job.id] = order
        try:
            ticket = await self._queue.submit(order)
        except NotSent as error:
            job = await self._books.returned(job, error.detail)
            if job.id in self._cancels:
                return await self.tell_end(await self._books.cancel(job, self._cancels[job.id]))
            raise
        except SubmitUnclear as error:
            _log.error("submit unclear", extra={"job_id": job.id, "detail": error.detail})
            return await self._books.lose(job, error.detail)
        except Upstream as error:
            _log.error("submit refused", extra={"job_id": job.id, "detail": error.detail})
            return await self._fail_with(job, error)
        else:
            return await self._books.accept(job, ticket)
        finally:
            del self._sending[job.id]

    async def _lose(self, job: Job) -> Job:
        """A restart found it between the trace and the answer: it may have been sent."""
        return await self._books.lose(job, "stopped while submitting")

    async def _look_for(self, job: Job) -> Job:
        """Look for evidence until the deadline; then the member is released."""
        self._courier.show(job, Place())
        since_ms = job.submitted_at_ms or job.created_at_ms
        pauses = iter(self._times.evidence_pauses_s)
        pause_s = 0.0
        while self._queue.can_find and self._age_s(since_ms) < self._times.unclear_max_s:
            pause_s = next(pauses, pause_s)
            await asyncio.sleep(pause_s)
            if self._is_sending_the_same(job):
                # Its request is in the history too, under an id that is not known here yet.
                continue
            known = await self._books.known_request_ids(since_ms)
            try:
                ticket = await self._queue.find(order_of(job), since_ms=since_ms, known=known)
            except Upstream as error:
                _log.warning("no history", extra={"job_id": job.id, "detail": error.detail})
                continue
            if ticket is not None:
                return await self._books.accept(job, ticket)
        _log.error("job lost", extra={"job_id": job.id, "loss_microusd": job.held_microusd})
        return await self._fail(job, Reason.LOST, possible_loss_microusd=job.held_microusd)

    def _is_sending_the_same(self, job: Job) -> bool:
        wanted = order_of(job)
        return any(replace(order, job_id=job.id) == wanted for order in self._sending.values())

    # At fal

    async def _follow(self, job: Job) -> Job:
        ticket = job.ticket
        assert ticket is not None
        if job.cancel_by is None and job.id in self._cancels:
            job = await self._books.request_cancel(job, self._cancels[job.id])
        if job.cancel_by is not None:
            await self.ask_to_cancel(job)
        since_ms = job.submitted_at_ms or job.created_at_ms
        left_s = self._times.queued_max_s - self._age_s(since_ms)
        if left_s <= 0:
            loss = job.held_microusd
            return await self._fail(job, Reason.GONE, possible_loss_microusd=loss)
        try:
            async with asyncio.timeout(left_s):
                await self._watch(job)
                rendering = await self._queue.result(ticket)
        except TimeoutError:
            await self.ask_to_cancel(job)
            return job
        except (KeyRejected, NotReady, Unreachable) as error:
            # The job is paid or will be: what is wrong outside is waited for, not given up on.
            _log.error("result not to be had", extra={"job_id": job.id, "detail": error.detail})
            is_key = isinstance(error, KeyRejected)
            await asyncio.sleep(self._times.key_pause_s if is_key else self._times.retry_pause_s)
            return job
        except Upstream as error:
            return await self._end_at_fal(job, error)
        return await self._books.render(job, rendering)

    async def _watch(self, job: Job) -> None:
        assert job.ticket is not None
        running_since_ms: int | None = None
        async for progress in self._queue.follow(job.ticket):
            if progress.phase is Phase.ENDED:
                return
            if progress.phase is Phase.RUNNING and running_since_ms is None:
                running_since_ms = self._clock.now_ms()
            self._courier.show(job, Place(progress=progress, running_since_ms=running_since_ms))

    async def _end_at_fal(self, job: Job, error: Upstream) -> Job:
        by = job.cancel_by if job.cancel_by is not None else self._cancels.get(job.id)
        if by is not None and isinstance(error, CancelledAtFal | Gone):
            cancelled = await self._books.cancel(job, by, error.cost_microusd)
            return await self.tell_end(cancelled)
        _log.warning("job failed at fal", extra={"job_id": job.id, "detail": error.detail})
        return await self._fail_with(job, error)

    # To the member

    async def _deliver(self, job: Job) -> Job:
        fetched = await self._fetch_all(job)
        if not fetched:
            return await self.tell_end(await self._books.lose_pictures(job, "no picture fetched"))
        missing = len(job.links) - len(fetched)
        balance = await self._quota.balance(job, missing=missing)
        pause_s = self._times.retry_pause_s
        while True:
            try:
                delivered = await self._courier.deliver(job, fetched, balance)
            except RouteBusy as error:
                _log.warning("delivery late", extra={"job_id": job.id, "detail": str(error)})
                if self._is_late(job, self._times.deliver_max_s):
                    return await self._strand(job, fetched, str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, self._times.retry_pause_max_s)
            except Undeliverable as error:
                return await self._strand(job, fetched, str(error))
            else:
                break
        return await self._books.deliver(job, delivered.message_id, len(fetched), delivered.route)

    async def _strand(self, job: Job, pictures: list[Picture], why: str) -> Job:
        _log.error("undeliverable", extra={"job_id": job.id, "detail": why})
        await self._shelf.put(job.id, pictures)
        return await self._books.strand(job, why)

    async def _fetch_all(self, job: Job) -> list[Picture]:
        fetched = await asyncio.gather(*(self._fetch(job, link) for link in job.links))
        return [picture for picture in fetched if picture is not None]

    async def _fetch(self, job: Job, link: PictureLink) -> Picture | None:
        while True:
            try:
                return await self._queue.fetch(link)
            except MediaRejected as error:
                _log.error("picture lost", extra={"job_id": job.id, "detail": error.detail})
                return None
            except TemporaryFailure as error:
                _log.warning("picture late", extra={"job_id": job.id, "detail": error.detail})
                if self._is_late(job, self._times.fetch_max_s):
                    return None
                await asyncio.sleep(self._times.retry_pause_s)

    # Ends

    async def _fail_with(self, job: Job, error: Upstream) -> Job:
        reason = next(
            (reason for kind, reason in _REASONS if isinstance(error, kind)), Reason.UNEXPECTED
        )
        return await self._fail(
            job,
            reason,
            note=error.detail,
            billed_microusd=error.cost_microusd,
            possible_loss_microusd=job.held_microusd if isinstance(error, Gone) else 0,
        )

    async def _fail(
        self,
        job: Job,
        reason: Reason,
        *,
        note: str = "",
        billed_microusd: int | None = None,
        possible_loss_microusd: int = 0,
    ) -> Job:
        failed = await self._books.fail(
            job,
            reason,
            note=note,
            billed_microusd=billed_microusd,
            possible_loss_microusd=possible_loss_microusd,
        )
        return await self.tell_end(failed)

    def _age_s(self, since_ms: int) -> float:
        return (self._clock.now_ms() - since_ms) / 1000

    def _is_late(self, job: Job, limit_s: float) -> bool:
        return self._age_s(job.rendered_at_ms or job.created_at_ms) > limit_s


def order_of(job: Job) -> Order:
    """What fal is asked for."""
    return Order(
        job_id=job.id,
        prompt=job.prompt,
        size=job.size,
        quality=job.quality,
        count=job.count,
        format=job.format,
    )
