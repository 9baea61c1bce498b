"""The books of what is looked for after a job has ended: late pictures, and money in doubt.

Nobody is charged for anything here: members were told that nothing is charged.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.jobs import Event, Job, Rendering
from bot.services.generation.moves import Moves, changes_of, with_arrived
from bot.services.limits.bills import bill_of
from bot.storage import doubts, jobs, ledger
from bot.storage.audit import HOST
from bot.storage.database import Connection
from bot.storage.doubts import Outcome


class LateBooks:
    """Moves jobs that are still looked for."""

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self._database = moves.database
        self._clock = moves.clock

    async def due(self, now_ms: int, limit: int) -> list[Job]:
        """Read the jobs whose late pictures are to be looked for now."""
        async with self._database.read() as connection:
            return await jobs.search_due(connection, now_ms, limit)

    async def next_due_ms(self) -> int | None:
        """When something is due next, None where nothing is looked for."""
        async with self._database.read() as connection:
            return await jobs.next_search_ms(connection)

    async def look_again(self, job: Job, due_ms: int) -> None:
        """Look again at an instant."""
        async with self._database.write(job.server_id) as connection:
            await jobs.search_again(connection, job.id, due_ms)

    async def stop_search(self, job: Job) -> None:
        """Look no more."""
        async with self._database.write(job.server_id) as connection:
            await jobs.stop_search(connection, job.id)

    async def rescue(self, job: Job, rendering: Rendering | None) -> Job:
        """Pictures were found after the job had ended: the host pays, the member does not.

        Args:
            job: Failed or cancelled.
            rendering: What fal says of it, None where that was known and only files were missing.
        """
        async with self._moves.write(job.server_id) as transaction:
            connection, now_ms = transaction.connection, transaction.now_ms
            job = await _as_it_is(connection, job)
            if rendering is None:
                changes = jobs.JobChanges(search_until_ms=0)
                return await transaction.move(job, Event.RESCUE, changes=changes)
            bill = bill_of(job, rendering)
            changes = replace(changes_of(rendering, bill), search_until_ms=0)
            moved = await transaction.move(job, Event.RESCUE, changes=changes)
            if await doubts.amount_of(connection, job.id):
                await doubts.close_doubt(
                    connection, job.id, Outcome.FOUND, by=HOST, reason="fal made it", at_ms=now_ms
                )
            more = ledger.Adjustment(
                images=rendering.made,
                microusd=bill.microusd - (job.cost_microusd or 0),
                charge_images=0,
                charge_microusd=0,
            )
            await ledger.adjust(connection, job.id, more, now_ms)
        return moved

    async def refute(self, job: Job, billed_microusd: int, why: str) -> None:
        """fal's own word: a job that had ended made no pictures; what it bills is the host's."""
        async with self._database.write(job.server_id) as connection:
            now_ms, job = self._clock.now_ms(), await _as_it_is(connection, job)
            if await doubts.amount_of(connection, job.id):
                await doubts.close_doubt(
                    connection, job.id, Outcome.REFUTED, by=HOST, reason=why, at_ms=now_ms
                )
            await jobs.refuted(connection, job.id, cost_microusd=billed_microusd or None)
            more = billed_microusd - (job.cost_microusd or 0)
            if billed_microusd and more:
                cost = ledger.Adjustment(
                    images=0, microusd=more, charge_images=0, charge_microusd=0
                )
                await ledger.adjust(connection, job.id, cost, now_ms)

    async def add(self, job: Job, arrived: Sequence[int]) -> Job:
        """Pictures came after the others; nobody pays for them."""
        links = with_arrived(job.links, arrived)
        changes = jobs.JobChanges(
            links=links,
            pictures=(job.pictures or 0) + len(arrived),
            free_pictures=job.free_pictures + len(arrived),
            search_until_ms=0 if all(link.arrived for link in links) else None,
        )
        async with self._moves.write(job.server_id) as transaction:
            return await transaction.move(job, Event.ADD, changes=changes)


async def _as_it_is(connection: Connection, job: Job) -> Job:
    """Read a job again: the host may have booked its bill while fal was asked about it."""
    return await jobs.get(connection, job.id) or job
