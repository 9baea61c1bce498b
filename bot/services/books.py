"""Every change of a job together with what it means for the money, each in one transaction.

Nothing else settles, releases or adjusts. A change that finds the job in another state raises
`StaleState` and does nothing at all.
"""

import logging

from bot.core.catalogue import computed_cost_microusd
from bot.core.jobs import Event, Job, Reason, Rendering, State, Ticket
from bot.core.limits import Usage
from bot.services.changes import record
from bot.services.ports import Clock, Delivered
from bot.storage import jobs, ledger
from bot.storage.audit import Change
from bot.storage.database import Connection, Database

_log = logging.getLogger(__name__)


class Books:
    """Moves jobs through their states and keeps the ledger in step."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def get(self, job_id: str) -> Job | None:
        """Read a job."""
        async with self._database.read() as connection:
            return await jobs.get(connection, job_id)

    async def unfinished(self) -> list[Job]:
        """Read the jobs that the runner has something to do for, oldest first."""
        async with self._database.read() as connection:
            return await jobs.unfinished(connection)

    async def known_request_ids(self, since_ms: int) -> frozenset[str]:
        """Read the requests of fal that belong to a job already."""
        async with self._database.read() as connection:
            return await jobs.known_request_ids(connection, since_ms)

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

    async def submit(self, job: Job) -> Job:
        """Leave the trace of what is about to be sent."""
        return await self._advance(job, Event.SUBMIT)

    async def returned(self, job: Job, why: str) -> Job:
        """Nothing was sent: back into our line."""
        return await self._advance(job, Event.RETURN, note=why)

    async def lose(self, job: Job, why: str) -> Job:
        """It may have been sent, and nobody knows."""
        return await self._advance(job, Event.LOSE, note=why)

    async def accept(self, job: Job, ticket: Ticket) -> Job:
        """fal has it."""
        return await self._advance(job, Event.ACCEPT, changes=jobs.JobChanges(ticket=ticket))

    async def render(self, job: Job, rendering: Rendering) -> Job:
        """The pictures are made: settle the hold at what fal bills."""
        made = len(rendering.pictures)
        computed = computed_cost_microusd(job.size, job.quality, job.prompt, made)
        is_computed = rendering.billed_microusd is None
        cost = computed if rendering.billed_microusd is None else rendering.billed_microusd
        if cost > job.held_microusd:
            _log.warning(
                "fal billed more than was held",
                extra={"job_id": job.id, "cost_microusd": cost, "held": job.held_microusd},
            )
        now_ms = self._clock.now_ms()
        settlement = ledger.Settlement(
            cost_microusd=cost,
            images=made,
            charge_images=made,
            charge_microusd=cost,
            is_computed=is_computed,
        )
        changes = jobs.JobChanges(
            links=rendering.pictures,
            cost_microusd=cost,
            cost_is_computed=is_computed,
        )
        async with self._database.write(job.server_id) as connection:
            moved = await jobs.advance(
                connection,
                job.id,
                expected=job.state,
                event=Event.RENDER,
                at_ms=now_ms,
                changes=changes,
            )
            await ledger.settle(connection, job.id, settlement, now_ms)
        return moved

    async def deliver(self, job: Job, delivered: Delivered, pictures: int) -> Job:
        """The member has the pictures; those that never arrived are not charged."""
        elsewhere = delivered.channel_id if delivered.channel_id != job.channel_id else None
        changes = jobs.JobChanges(
            message_id=delivered.message_id, message_channel_id=elsewhere, pictures=pictures
        )
        note = delivered.route
        return await self._finish(job, Event.DELIVER, changes, arrived=pictures, note=note)

    async def strand(self, job: Job, why: str) -> Job:
        """Every route to the member is closed: return the whole charge."""
        changes = jobs.JobChanges(pictures=0, reason=Reason.UNDELIVERABLE)
        return await self._finish(job, Event.STRAND, changes, arrived=0, note=why)

    async def lose_pictures(self, job: Job, why: str) -> Job:
        """No picture of a paid result could be fetched: return the whole charge."""
        changes = jobs.JobChanges(pictures=0, reason=Reason.MEDIA)
        return await self._finish(job, Event.FAIL, changes, arrived=0, note=why)

    async def fail(
        self,
        job: Job,
        reason: Reason,
        *,
        note: str = "",
        billed_microusd: int | None = None,
        possible_loss_microusd: int = 0,
    ) -> Job:
        """End a job without pictures and return what was held.

        Args:
            job: Not yet rendered.
            reason: What the card explains.
            note: What the host may read.
            billed_microusd: What fal bills for the failure; it counts against the budgets only.
            possible_loss_microusd: What fal may bill though nobody knows.
        """
        changes = jobs.JobChanges(
            reason=reason,
            pictures=0,
            cost_microusd=billed_microusd or 0,
            possible_loss_microusd=possible_loss_microusd,
        )
        return await self._close(job, Event.FAIL, changes, note)

    async def cancel(
        self, job: Job, by: int, reason: str = "", *, billed_microusd: int | None = None
    ) -> Job:
        """End a job because a person wants it, and return what was held.

        Args:
            job: Not yet rendered.
            by: Who wants it.
            reason: Why, for the audit; a member needs none.
            billed_microusd: What fal bills all the same; it counts against the budgets only.
        """
        changes = jobs.JobChanges(
            reason=Reason.MEMBER if by == job.member_id else Reason.MODERATOR,
            pictures=0,
            cost_microusd=billed_microusd or 0,
        )
        return await self._close(job, Event.CANCEL, changes, "", wish=(by, reason))

    async def _advance(
        self, job: Job, event: Event, *, changes: jobs.JobChanges = jobs.NO_CHANGES, note: str = ""
    ) -> Job:
        async with self._database.write(job.server_id) as connection:
            return await jobs.advance(
                connection,
                job.id,
                expected=job.state,
                event=event,
                at_ms=self._clock.now_ms(),
                note=note,
                changes=changes,
            )

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
        async with self._database.write(job.server_id) as connection:
            now_ms = self._clock.now_ms()
            if wish is not None:
                await _note_cancel(connection, job, wish, "cancelled", now_ms)
            moved = await jobs.advance(
                connection,
                job.id,
                expected=job.state,
                event=event,
                at_ms=now_ms,
                note=note,
                changes=changes,
            )
            if cost:
                await ledger.settle(connection, job.id, _host_pays(cost), now_ms)
            else:
                await ledger.release(connection, job.id, now_ms)
        return moved

    async def _finish(
        self, job: Job, event: Event, changes: jobs.JobChanges, *, arrived: int, note: str
    ) -> Job:
        """End a job that is settled, returning the charge of pictures that did not arrive."""
        now_ms = self._clock.now_ms()
        async with self._database.write(job.server_id) as connection:
            moved = await jobs.advance(
                connection,
                job.id,
                expected=job.state,
                event=event,
                at_ms=now_ms,
                note=note,
                changes=changes,
            )
            await _return_charge(connection, job, len(job.links) - arrived, now_ms)
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
            # Without the prompt: this row outlives it.
            subject=f"job {job.id} of member {job.member_id}",
            before=known.state.value,
            after="too late" if known.state is State.RENDERED else after,
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


def returned_charge(job: Job, missing: int) -> Usage:
    """The share of a settled job that pictures which never arrive give back.

    It is rounded in the member's favour.
    """
    made = len(job.links)
    return Usage(missing, -(-(job.cost_microusd or 0) * missing // made))


async def _return_charge(connection: Connection, job: Job, missing: int, now_ms: int) -> None:
    """Give the member back the share of pictures that did not arrive."""
    if missing <= 0:
        return
    assert job.state is State.RENDERED
    back = returned_charge(job, missing)
    returned = ledger.Adjustment(
        images=0, microusd=0, charge_images=-back.images, charge_microusd=-back.microusd
    )
    await ledger.adjust(connection, job.id, returned, now_ms)
