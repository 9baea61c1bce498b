"""Every change of a job together with what it means for the money, each in one transaction.

Nothing else settles, releases or adjusts. A change that finds the job in another state raises
`StaleState` and does nothing at all.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from bot.core.audit import Change, Code, JobOf
from bot.core.errors import StaleState
from bot.core.jobs import Event, Job, Reason, Rendering, State, Ticket
from bot.services.audit_recorder import record
from bot.services.generation.moves import Moves, changes_of, with_arrived
from bot.services.generation.times import Times
from bot.services.limits.bills import bill_of, charge_for, returned_charge
from bot.services.limits.strikes import has_struck_out
from bot.services.ports import Delivered
from bot.storage import doubts, jobs, ledger
from bot.storage.database import Connection


class StruckOut(Exception):
    """A member's requests cost the host too much today while this one waited."""


class Books:
    """Moves jobs through their states and keeps the ledger in step.

    Args:
        search_max_s: How long late pictures are looked for.

    Attributes:
        searching: Set when late pictures are to be looked for from now on; whoever looks clears it.
    """

    def __init__(self, moves: Moves, *, search_max_s: float = Times.search_max_s) -> None:
        self._moves = moves
        self._database = moves.database
        self._clock = moves.clock
        self._search_ms = int(search_max_s * 1000)
        self.searching = asyncio.Event()

    async def get(self, job_id: str) -> Job | None:
        """Read a job."""
        async with self._database.read() as connection:
            return await jobs.get(connection, job_id)

    async def state_of(self, job: Job) -> State | None:
        """Read where a job stands by now, None where there is none."""
        async with self._database.read() as connection:
            return await jobs.state_of(connection, job.id)

    async def unfinished(self) -> list[Job]:
        """Read the jobs that the runner has something to do for, oldest first."""
        async with self._database.read() as connection:
            return await jobs.unfinished(connection)

    async def is_known_request(self, request_id: str) -> bool:
        """Whether a request of fal's belongs to a job already."""
        async with self._database.read() as connection:
            return await jobs.is_known_request(connection, request_id)

    async def set_message(self, job: Job, message_id: int) -> Job | None:
        """Note where the job's card stands, and read what became of the job meanwhile."""
        async with self._database.write(job.server_id) as connection:
            await jobs.set_message(connection, job.id, message_id)
            return await jobs.get(connection, job.id)

    async def request_cancel(self, job: Job, by: int, reason: str = "") -> Job:
        """Note that a person wants the job to end; the first one counts."""
        async with self._database.write(job.server_id) as connection:
            now_ms = self._clock.now_ms()
            return await _note_cancel(connection, job, (by, reason), "cancelling", now_ms)

    async def untold(self, since_ms: int) -> list[Job]:
        """Read the jobs that ended without pictures and whose members may not know it yet."""
        async with self._database.read() as connection:
            return await jobs.untold(connection, since_ms)

    async def told(self, job: Job) -> Job:
        """Note that the member knows how it ended; the token is of no use any more."""
        async with self._database.write(job.server_id) as connection:
            return await jobs.told(connection, job.id)

    async def submit(self, job: Job, attempt: str = "") -> Job:
        """Leave the trace of what is about to be sent.

        Args:
            job: Held.
            attempt: Tells this trace from that of another process; see `attempt_of`.

        Raises:
            StruckOut: Its member's losses became too many meanwhile; nothing was changed.
        """
        async with self._moves.write(job.server_id) as transaction:
            if await has_struck_out(transaction.connection, job):
                raise StruckOut
            return await transaction.move(job, Event.SUBMIT, note=attempt)

    async def attempt_of(self, job: Job) -> str:
        """Read which attempt left the last trace of a job that is being sent."""
        async with self._database.read() as connection:
            steps = await jobs.history(connection, job.id)
        return steps[-1].note if steps and steps[-1].event == Event.SUBMIT else ""

    async def returned(self, job: Job, why: str) -> Job:
        """Nothing was sent: back into our line."""
        return await self._advance(job, Event.RETURN, note=why)

    async def lose(self, job: Job, why: str) -> Job:
        """It may have been sent, and nobody knows."""
        return await self._advance(job, Event.LOSE, note=why)

    async def accept(self, job: Job, ticket: Ticket) -> Job:
        """fal has it, whatever has become of the job meanwhile.

        A job that was given up meanwhile keeps its end and is looked for from now on.

        Raises:
            StaleState: It can have no ticket, or has another.
        """
        async with self._moves.write(job.server_id) as transaction:
            if job.state is State.SUBMITTING:
                with suppress(StaleState):
                    changes = jobs.JobChanges(ticket=ticket)
                    return await transaction.move(job, Event.ACCEPT, changes=changes)
            stored = await jobs.get(transaction.connection, job.id)
            if stored is None:
                raise StaleState(f"there is no job {job.id}")
            if stored.ticket is not None and stored.ticket.request_id == ticket.request_id:
                return stored
            is_ended = stored.state.is_ended
            until_ms = self._search_until(transaction.now_ms) if is_ended else None
            changes = jobs.JobChanges(ticket=ticket, search_until_ms=until_ms)
            moved = await transaction.move(stored, Event.ACCEPT, changes=changes)
        self._begun(changes)
        return moved

    async def render(self, job: Job, rendering: Rendering) -> Job:
        """The pictures are made: settle the hold at what fal bills."""
        bill = bill_of(job, rendering)
        charge = charge_for(replace(job, made=rendering.made), bill, len(rendering.pictures))
        settlement = ledger.Settlement(
            cost_microusd=bill.microusd,
            images=rendering.made,
            charge_images=charge.images,
            charge_microusd=charge.microusd,
            is_computed=bill.is_computed,
        )
        async with self._moves.write(job.server_id) as transaction:
            moved = await transaction.move(job, Event.RENDER, changes=changes_of(rendering, bill))
            await ledger.settle(transaction.connection, job.id, settlement, transaction.now_ms)
        return moved

    async def deliver(self, job: Job, delivered: Delivered, arrived: Sequence[int]) -> Job:
        """The member has pictures; those that did not arrive are not charged, and looked for.

        Args:
            job: Rendered.
            delivered: Where they stand.
            arrived: Which of the job's links, counted from 0.
        """
        now_ms = self._clock.now_ms()
        links = with_arrived(job.links, arrived)
        is_whole = all(link.arrived for link in links)
        elsewhere = delivered.channel_id if delivered.channel_id != job.channel_id else None
        changes = jobs.JobChanges(
            message_id=delivered.message_id,
            message_channel_id=elsewhere,
            links=links,
            pictures=len(arrived),
            free_pictures=len(arrived) if job.is_rescued else None,
            search_until_ms=None if is_whole else self._search_until(now_ms),
        )
        moved = await self._finish(
            job, Event.DELIVER, changes, arrived=len(arrived), note=delivered.route
        )
        age_s = (now_ms - job.created_at_ms) / 1000
        self._moves.meter.delivered(job.model, delivered.route, age_s)
        return moved

    async def strand(self, job: Job, why: str, *, search: bool = False) -> Job:
        """Every route to the member is closed: return the whole charge.

        Args:
            job: Rendered.
            why: What the host may read.
            search: Whether pictures are missing on the shelf, which are looked for.
        """
        until_ms = self._search_until(self._clock.now_ms()) if search else None
        changes = jobs.JobChanges(pictures=0, reason=Reason.UNDELIVERABLE, search_until_ms=until_ms)
        return await self._finish(job, Event.STRAND, changes, arrived=0, note=why)

    async def lose_pictures(self, job: Job, why: str) -> Job:
        """No picture of a paid result can be had yet: return the charge, and look for them."""
        until_ms = self._search_until(self._clock.now_ms())
        changes = jobs.JobChanges(pictures=0, reason=Reason.MEDIA, search_until_ms=until_ms)
        return await self._finish(job, Event.FAIL, changes, arrived=0, note=why)

    async def fail(
        self,
        job: Job,
        reason: Reason,
        *,
        note: str = "",
        billed_microusd: int | None = None,
        doubt_microusd: int = 0,
        search: bool = False,
    ) -> Job:
        """End a job without pictures and return what was held.

        Args:
            job: Not yet rendered.
            reason: What the card explains.
            note: What the host may read.
            billed_microusd: What fal bills for the failure; it counts against the budgets only.
            doubt_microusd: What fal may bill though nobody knows; it counts there too.
            search: Whether fal may have made pictures, which are looked for.
        """
        changes = jobs.JobChanges(
            reason=reason,
            pictures=0,
            cost_microusd=billed_microusd or 0,
            possible_loss_microusd=doubt_microusd,
            search_until_ms=self._search_until(self._clock.now_ms()) if search else None,
        )
        return await self._close(job, Event.FAIL, changes, note)

    async def cancel(
        self,
        job: Job,
        by: int,
        reason: str = "",
        *,
        billed_microusd: int | None = None,
        doubt_microusd: int = 0,
        search: bool = False,
    ) -> Job:
        """End a job because a person wants it, and return what was held.

        Args:
            job: Not yet rendered.
            by: Who wants it.
            reason: Why, for the audit; a member needs none.
            billed_microusd: What fal bills all the same; it counts against the budgets only.
            doubt_microusd: See `fail`.
            search: See `fail`.
        """
        changes = jobs.JobChanges(
            reason=Reason.MEMBER if by == job.member_id else Reason.MODERATOR,
            pictures=0,
            cost_microusd=billed_microusd or 0,
            possible_loss_microusd=doubt_microusd,
            search_until_ms=self._search_until(self._clock.now_ms()) if search else None,
        )
        return await self._close(job, Event.CANCEL, changes, "", wish=(by, reason))

    def _search_until(self, now_ms: int) -> int:
        """When a search that begins now ends; it is due at once."""
        return now_ms + self._search_ms

    def _begun(self, changes: jobs.JobChanges) -> None:
        """Wake whoever looks; only after the commit, for before it there is nothing to be seen."""
        if changes.search_until_ms:
            self.searching.set()

    async def _advance(self, job: Job, event: Event, *, note: str = "") -> Job:
        async with self._moves.write(job.server_id) as transaction:
            return await transaction.move(job, event, note=note)

    async def _close(
        self,
        job: Job,
        event: Event,
        changes: jobs.JobChanges,
        note: str,
        wish: tuple[int, str] | None = None,
    ) -> Job:
        """End a job whose hold is open: released, or settled at what a failure cost the host."""
        cost = changes.cost_microusd or 0
        async with self._moves.write(job.server_id) as transaction:
            connection, now_ms = transaction.connection, transaction.now_ms
            if wish is not None:
                await _note_cancel(connection, job, wish, "cancelled", now_ms)
            moved = await transaction.move(job, event, changes=changes, note=note)
            if cost:
                await ledger.settle(connection, job.id, _host_pays(cost), now_ms)
            else:
                await ledger.release(connection, job.id, now_ms)
            if changes.possible_loss_microusd:
                await doubts.open_doubt(connection, job.id, changes.possible_loss_microusd, now_ms)
        self._begun(changes)
        return moved

    async def _finish(
        self, job: Job, event: Event, changes: jobs.JobChanges, *, arrived: int, note: str
    ) -> Job:
        """End a job that is settled, returning the charge of pictures that did not arrive."""
        async with self._moves.write(job.server_id) as transaction:
            moved = await transaction.move(job, event, changes=changes, note=note)
            back = returned_charge(job, arrived)
            if back.images or back.microusd:
                returned = ledger.Adjustment(
                    images=0, microusd=0, charge_images=-back.images, charge_microusd=-back.microusd
                )
                connection, now_ms = transaction.connection, transaction.now_ms
                await ledger.adjust(connection, job.id, returned, now_ms)
        self._begun(changes)
        return moved


async def _note_cancel(
    connection: Connection, job: Job, wish: tuple[int, str], after: str, now_ms: int
) -> Job:
    """Note who wants a job to end; the first wish of somebody else than its member is audited."""
    by, reason = wish
    known = await jobs.get(connection, job.id) if by != job.member_id else None
    noted = await jobs.request_cancel(connection, job.id, by, now_ms)
    if known is not None and known.cancel_by is None and noted.cancel_by == by:
        change = Change(
            kind="cancel.job",
            actor_id=by,
            subject=JobOf(job.member_id, job.id),
            before=Code(known.state),
            after=Code("too_late" if known.state is State.RENDERED else after),
            reason=reason,
            member_id=job.member_id,
            job_id=job.id,
        )
        await record(connection, job.server_id, change, now_ms)
    return noted


def _host_pays(cost_microusd: int) -> ledger.Settlement:
    return ledger.Settlement(
        cost_microusd=cost_microusd,
        images=0,
        charge_images=0,
        charge_microusd=0,
        is_computed=False,
    )
