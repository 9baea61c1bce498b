"""From our line to fal: one submit, and the search for one whose answer was lost."""

import asyncio
import logging
from dataclasses import replace

from bot.core.errors import (
    AccountLocked,
    CannotLook,
    DatabaseUnavailable,
    KeyRejected,
    NotSent,
    SubmitUnclear,
    Trouble,
    Upstream,
)
from bot.core.jobs import Hitch, Job, Reason, Ticket
from bot.services.generation.books import StruckOut
from bot.services.generation.kit import Kit
from bot.services.generation.orders import order_of
from bot.services.generation.reasons import reason_for
from bot.services.ports import Order, Place
from bot.services.retry import retry
from bot.storage.ids import new_id

_log = logging.getLogger(__name__)

_EARLIER_MS = 60_000
"""How far fal's clock may be behind ours."""
_LATER_MS = 180_000
"""How far fal's clock may be ahead, together with the time that a submit may take."""
_LATE_EARLIER_MS = 2 * 24 * 3600 * 1000
"""Where nothing is found, our clock may have been wrong: by so much, twice that at each look."""
_DOUBLINGS_MAX = 6
_CANNOT_LOOK_MAX = 3


class Sender:
    """The steps of jobs that are held, being sent, or of which nobody knows whether they were."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._sending: dict[str, Order] = {}
        self._unsent: dict[str, str] = {}
        self._in_flight: set[asyncio.Task[Job]] = set()

    async def submit(self, job: Job) -> Job:
        """Send a held job, or end one that nobody wants any more.

        Raises:
            NotSent: It is back in our line.
        """
        wish = self._kit.wishes.of(job)
        if wish is not None:
            return await self._kit.books.cancel(job, *wish)
        if self._kit.clock.now_ms() - job.created_at_ms > self._kit.times.held_max_s * 1000:
            return await retry(
                lambda: self._kit.books.fail(job, Reason.TOO_OLD), job.id, "waited too long"
            )
        attempt = new_id(self._kit.clock.now_ms())
        try:
            sending = await self._kit.books.submit(job, attempt)
        except StruckOut:
            return await retry(
                lambda: self._kit.books.fail(job, Reason.STRIKES), job.id, "too many losses"
            )
        except DatabaseUnavailable:
            # The trace may have been written though nothing was sent, and nothing will be.
            self._unsent[job.id] = attempt
            raise
        # From here on it is being sent: what failed before says nothing about that.
        self._unsent.pop(job.id, None)
        # A stop must not cut the one answer that tells fal's id: this goes on beside the job.
        flight = asyncio.create_task(self._send(sending), name=f"submit {job.id}")
        self._in_flight.add(flight)
        flight.add_done_callback(self._landed)
        return await asyncio.shield(flight)

    def _landed(self, flight: asyncio.Task[Job]) -> None:
        self._in_flight.discard(flight)
        if not flight.cancelled():
            # Whoever waited may be gone; what it raises is in the books already.
            flight.exception()

    async def drain(self, hurry: asyncio.Event) -> None:
        """Wait for the answers to submits; each has its own bound, or ends with `hurry`."""
        hurrying = asyncio.create_task(hurry.wait())
        while self._in_flight and not hurrying.done():
            await asyncio.wait({*self._in_flight, hurrying}, return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        late = set(self._in_flight)
        for flight in late:
            flight.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _send(self, job: Job) -> Job:
        order = order_of(job)
        self._sending[job.id] = order
        try:
            return await self._sent(job, order)
        finally:
            # Only now is fal's id stored; before that a search might take it for another job's.
            del self._sending[job.id]

    async def _sent(self, job: Job, order: Order) -> Job:
        try:
            ticket = await self._kit.queue.submit(order)
        except NotSent as error:
            self._kit.brakes.not_sent(job.id, error.retry_after_s)
            return await self._put_back(job, error)
        except (AccountLocked, KeyRejected) as error:
            is_key = isinstance(error, KeyRejected)
            self._kit.brakes.refused(job.id, Trouble.KEY if is_key else Trouble.ACCOUNT)
            return await self._put_back(job, error)
        except SubmitUnclear as error:
            why = error.detail
            _log.error("submit unclear", extra={"job_id": job.id, "detail": why})
            self._kit.brakes.unclear(job.id)
            return await retry(lambda: self._kit.books.lose(job, why), job.id, "submit unclear")
        except Upstream as error:
            _log.error("submit refused", extra={"job_id": job.id, "detail": error.detail})
            self._kit.brakes.accepted()
            return await self._refused(job, error)
        self._kit.brakes.accepted()
        return await self._kit.facts.accept(job, ticket)

    async def _put_back(self, job: Job, error: Upstream) -> Job:
        """Nothing was made: back into our line.

        Raises:
            NotSent: Always, unless somebody wants the job to end.
        """
        why = error.detail
        job = await retry(lambda: self._kit.books.returned(job, why), job.id, "not sent")
        wish = self._kit.wishes.of(job)
        if wish is not None:
            return await self._kit.books.cancel(job, *wish)
        if isinstance(error, NotSent):
            raise error
        raise NotSent(why)

    async def _refused(self, job: Job, error: Upstream) -> Job:
        return await retry(
            lambda: self._kit.books.fail(
                job, reason_for(error), note=error.detail, billed_microusd=error.cost_microusd
            ),
            job.id,
            "refused at the submit",
        )

    async def lose(self, job: Job) -> Job:
        """It stands between the trace and the answer, and nobody here is sending it."""
        unsent = self._unsent.pop(job.id, None)
        if unsent is not None and await self._kit.books.attempt_of(job) == unsent:
            # Ours, and not the trace of another process that may be sending it.
            return await self._kit.books.returned(job, Hitch.NOTHING_SENT)
        return await self._kit.books.lose(job, Hitch.STOPPED)

    async def look_for(self, job: Job) -> Job:
        """Look for evidence until the deadline; then the member is told, and the search goes on."""
        self._kit.courier.show(job, Place())
        ticket = await self._evidence(job)
        if ticket is not None:
            self._kit.brakes.heard()
            return await self._kit.facts.accept(job, ticket)
        _log.error("job lost", extra={"job_id": job.id, "doubt_microusd": job.held_microusd})
        self._kit.brakes.lost(job.id)
        return await retry(
            lambda: self._kit.books.fail(
                job, Reason.LOST, doubt_microusd=job.held_microusd, search=True
            ),
            job.id,
            "no evidence",
        )

    async def _evidence(self, job: Job) -> Ticket | None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._kit.times.unclear_max_s
        pauses = iter(self._kit.times.evidence_pauses_s)
        pause_s, refused = 0.0, 0
        while loop.time() < until and refused < _CANNOT_LOOK_MAX:
            pause_s = next(pauses, pause_s)
            await asyncio.sleep(pause_s)
            try:
                ticket = await self.find(job)
            except CannotLook:
                refused += 1
                continue
            except Upstream as error:
                _log.warning("no history", extra={"job_id": job.id, "detail": error.detail})
                continue
            if ticket is not None:
                return ticket
        return None

    async def find(self, job: Job, *, is_late: bool = False) -> Ticket | None:
        """Look once into fal's history for a job that has no ticket.

        Args:
            job: It may have been sent.
            is_late: Whether to look beyond the minutes around the submit, because the time of day
                may have been wrong then or may be wrong now.

        Raises:
            CannotLook: The key may not read it.
            TemporaryFailure: It cannot be read now.
        """
        at_ms = job.submitted_at_ms or job.created_at_ms
        from_ms, until_ms = at_ms - _EARLIER_MS, at_ms + _LATER_MS
        if is_late:
            earlier_ms = _LATE_EARLIER_MS << min(job.search_tries, _DOUBLINGS_MAX)
            from_ms, until_ms = min(at_ms, self._kit.clock.now_ms()) - earlier_ms, None
        found = await self._kit.queue.find(
            order_of(job), at_ms=at_ms, from_ms=from_ms, until_ms=until_ms
        )
        if self._is_sending_the_same(job):
            # Its request is in the history too, under an id that is not known here yet.
            return None
        for ticket in found:
            if not await self._kit.books.is_known_request(ticket.request_id):
                return ticket
        return None

    def _is_sending_the_same(self, job: Job) -> bool:
        wanted = order_of(job)
        return any(replace(order, job_id=job.id) == wanted for order in self._sending.values())
