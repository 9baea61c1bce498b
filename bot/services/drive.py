"""One job's way from our line to the member, a step for each state.

Each step ends with a committed change of state, so the same loop drives a new job and one that a
restart found half-way. A step that is cut leaves a state from which the loop goes on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.core.errors import (
    CancelledAtFal,
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
from bot.core.jobs import Job, Phase, Picture, PictureLink, Reason, Rendering, State, Ticket
from bot.services.allowance import Quota
from bot.services.books import Books
from bot.services.patience import insist
from bot.services.ports import CancelAnswer, Clock, Courier, ImageQueue, Order, Place
from bot.services.reasons import reason_for
from bot.storage.database import DatabaseUnavailable
from bot.storage.shelf import Shelf

_log = logging.getLogger(__name__)

_KNOWN_EARLIER_MS = 10 * 60 * 1000
"""The search takes fal's clock to differ from ours; requests of that time are told apart too."""
_NOT_READY_MAX = 4


@dataclass(frozen=True, slots=True)
class Times:
    """How long the runner waits for what, in seconds.

    What is waited for outside is waited for anew after a restart, so that no picture is given up
    for the time that the bot was away, or for a clock that was set.
    """

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
    """So long pictures or an end are posted again while Discord cannot be reached."""
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
        self._started_ms = clock.now_ms()
        self._cancels: dict[str, tuple[int, str]] = {}
        self._sending: dict[str, Order] = {}
        self._steps: dict[State, Callable[[Job], Awaitable[Job]]] = {
            State.HELD: self._submit,
            State.SUBMITTING: self._lose,
            State.UNCLEAR: self._look_for,
            State.QUEUED: self._follow,
            State.RENDERED: self._deliver,
        }

    async def step(self, job: Job) -> Job:
        """Take a job one state further.

        Raises:
            NotSent: It is back in our line.
            KeyRejected, NotReady, Unreachable: How it ended at fal cannot be learned now; see
                `rest`.
        """
        return await self._steps[job.state](job)

    async def rest(self, job: Job, error: Upstream) -> None:
        """Wait before a job at fal is looked at again: it is paid or will be, so not given up."""
        _log.error("result not to be had", extra={"job_id": job.id, "detail": error.detail})
        is_key = isinstance(error, KeyRejected)
        await asyncio.sleep(self._times.key_pause_s if is_key else self._times.retry_pause_s)

    async def give_up(self, job: Job) -> Job:
        """End a job that cannot be driven, so that no hold stays for ever; pictures are kept."""
        if job.state is not State.RENDERED:
            loss = 0 if job.state is State.HELD else job.held_microusd
            return await self._fail(job, Reason.UNEXPECTED, possible_loss_microusd=loss)
        fetched: list[Picture] = []
        try:
            fetched = await self._fetch_all(job)
        except Exception:  # noqa: BLE001 - perhaps the very reason to give up
            _log.exception("pictures not fetched", extra={"job_id": job.id})
        return await self._strand(job, fetched, "gave up")

    def wants_cancel(self, job_id: str, by: int, reason: str = "") -> None:
        """Remember that a person wants a job to end, for steps that are under way."""
        self._cancels.setdefault(job_id, (by, reason))

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
        pause_s = self._times.retry_pause_s
        until = _time() + self._times.deliver_max_s
        while _time() < until:
            try:
                await self._courier.end(job, await self._quota.balance(job))
            except (RouteBusy, DatabaseUnavailable) as error:
                _log.warning("end not told", extra={"job_id": job.id, "detail": str(error)})
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, self._times.retry_pause_max_s)
            else:
                return await insist(lambda: self._books.told(job), job.id, "told")
        return job

    # From our line to fal

    async def _submit(self, job: Job) -> Job:
        wish = self._wish(job)
        if wish is not None:
            return await self._books.cancel(job, *wish)
        if self._age_s(job.created_at_ms) > self._times.held_max_s:
            return await self._fail(job, Reason.TOO_OLD)
        job = await self._books.submit(job)
        order = order_of(job)
        self._sending[job.id] = order
        try:
            return await self._send(job, order)
        finally:
            del self._sending[job.id]

    async def _send(self, job: Job, order: Order) -> Job:
        try:
            ticket = await self._queue.submit(order)
        except NotSent as error:
            why = error.detail
            job = await insist(lambda: self._books.returned(job, why), job.id, "not sent")
            wish = self._wish(job)
            if wish is not None:
                return await self._books.cancel(job, *wish)
            raise
        except SubmitUnclear as error:
            why = error.detail
            _log.error("submit unclear", extra={"job_id": job.id, "detail": why})
            return await insist(lambda: self._books.lose(job, why), job.id, "submit unclear")
        except Upstream as error:
            _log.error("submit refused", extra={"job_id": job.id, "detail": error.detail})
            return await self._fail_with(job, error)
        what = f"accepted as {ticket.request_id}"
        return await insist(lambda: self._books.accept(job, ticket), job.id, what)

    async def _lose(self, job: Job) -> Job:
        """A restart found it between the trace and the answer: it may have been sent."""
        return await self._books.lose(job, "stopped while submitting")

    async def _look_for(self, job: Job) -> Job:
        """Look for evidence until the deadline; then the member is released."""
        self._courier.show(job, Place())
        since_ms = job.submitted_at_ms or job.created_at_ms
        pauses = iter(self._times.evidence_pauses_s)
        pause_s = 0.0
        until = _time() + self._times.unclear_max_s
        while self._queue.can_find and _time() < until:
            pause_s = next(pauses, pause_s)
            await asyncio.sleep(pause_s)
            if self._is_sending_the_same(job):
                # Its request is in the history too, under an id that is not known here yet.
                continue
            known = await self._books.known_request_ids(since_ms - _KNOWN_EARLIER_MS)
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
            job = await self._books.request_cancel(job, *self._cancels[job.id])
        if job.cancel_by is not None:
            await self.ask_to_cancel(job)
        since_ms = job.submitted_at_ms or job.created_at_ms
        left_s = self._times.queued_max_s - self._age_s(max(since_ms, self._started_ms))
        if left_s <= 0:
            loss = job.held_microusd
            return await self._fail(job, Reason.GONE, possible_loss_microusd=loss)
        try:
            async with asyncio.timeout(left_s):
                await self._watch(job)
                rendering = await self._result(job, ticket)
        except TimeoutError:
            await self.ask_to_cancel(job)
            return job
        except (KeyRejected, NotReady, Unreachable):
            raise
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

    async def _result(self, job: Job, ticket: Ticket) -> Rendering:
        """Ask for the result; what fal took out of its line may stay "not ready" for ever."""
        for _ in range(_NOT_READY_MAX):
            try:
                return await self._queue.result(ticket)
            except NotReady:
                if self._wish(job) is None:
                    raise
            await asyncio.sleep(self._times.retry_pause_s)
        raise CancelledAtFal("cancelled, ended and never ready")

    def _wish(self, job: Job) -> tuple[int, str] | None:
        return self._cancels.get(job.id) if job.cancel_by is None else (job.cancel_by, "")

    async def _end_at_fal(self, job: Job, error: Upstream) -> Job:
        wish = self._wish(job)
        if wish is not None and isinstance(error, CancelledAtFal | Gone):
            return await self._books.cancel(job, *wish, billed_microusd=error.cost_microusd)
        _log.warning("job failed at fal", extra={"job_id": job.id, "detail": error.detail})
        return await self._fail_with(job, error)

    # To the member

    async def _deliver(self, job: Job) -> Job:
        fetched = await self._fetch_all(job)
        if not fetched:
            return await self._books.lose_pictures(job, "no picture fetched")
        missing = len(job.links) - len(fetched)
        pause_s, until = self._times.retry_pause_s, _time() + self._times.deliver_max_s
        while True:
            try:
                balance = await self._quota.balance(job, missing=missing)
                delivered = await self._courier.deliver(job, fetched, balance)
            except RouteBusy as error:
                _log.warning("delivery late", extra={"job_id": job.id, "detail": str(error)})
                if _time() > until:
                    return await self._strand(job, fetched, str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, self._times.retry_pause_max_s)
            except Undeliverable as error:
                return await self._strand(job, fetched, str(error))
            else:
                break
        count, taken = len(fetched), delivered
        return await insist(lambda: self._books.deliver(job, taken, count), job.id, "delivered")

    async def _strand(self, job: Job, pictures: list[Picture], why: str) -> Job:
        """Keep pictures that nobody took; what the disk does not take stays at its links."""
        _log.error("undeliverable", extra={"job_id": job.id, "detail": why})
        try:
            await self._shelf.put(job.id, pictures)
        except OSError as error:
            _log.error("pictures not kept", extra={"job_id": job.id, "detail": str(error)})
        stranded = await insist(lambda: self._books.strand(job, why), job.id, "undeliverable")
        # Where pictures find no way a sentence may; its token has just been wiped from the row.
        with suppress(RouteBusy):
            told = replace(stranded, interaction_token=job.interaction_token)
            await self._courier.end(told, await self._quota.balance(job))
        return stranded

    async def _fetch_all(self, job: Job) -> list[Picture]:
        fetched = await asyncio.gather(*(self._fetch(job, link) for link in job.links))
        return [picture for picture in fetched if picture is not None]

    async def _fetch(self, job: Job, link: PictureLink) -> Picture | None:
        until = _time() + self._times.fetch_max_s
        while True:
            try:
                return await self._queue.fetch(link)
            except MediaRejected as error:
                _log.error("picture lost", extra={"job_id": job.id, "detail": error.detail})
                return None
            except TemporaryFailure as error:
                _log.warning("picture late", extra={"job_id": job.id, "detail": error.detail})
                if _time() > until:
                    return None
                await asyncio.sleep(self._times.retry_pause_s)

    # Ends

    async def _fail_with(self, job: Job, error: Upstream) -> Job:
        return await self._fail(
            job,
            reason_for(error),
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
        return await insist(
            lambda: self._books.fail(
                job,
                reason,
                note=note,
                billed_microusd=billed_microusd,
                possible_loss_microusd=possible_loss_microusd,
            ),
            job.id,
            f"failed: {reason}",
        )

    def _age_s(self, since_ms: int) -> float:
        return (self._clock.now_ms() - since_ms) / 1000


def _time() -> float:
    """A clock that no correction of the time of day moves."""
    return asyncio.get_running_loop().time()


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
