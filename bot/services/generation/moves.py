"""Moves of jobs, as both books write them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.core.jobs import Event, Job, PictureLink, Rendering
from bot.services.limits.bills import Bill
from bot.services.ports import Clock, Meter, Move
from bot.storage import jobs
from bot.storage.database import Connection, Database


class Transaction:
    """One transaction in which jobs move.

    Attributes:
        connection: For what else belongs into it.
        now_ms: The time of day at its beginning, when its locks were had.
    """

    def __init__(self, connection: Connection, now_ms: int) -> None:
        self.connection = connection
        self.now_ms = now_ms
        self.moves: list[Move] = []

    async def insert(self, job: Job) -> None:
        """Store a job that is accepted."""
        await jobs.insert(self.connection, job, self.now_ms)
        self.moves.append(Move(job, None, self.now_ms))

    async def move(
        self,
        job: Job,
        event: Event,
        *,
        changes: jobs.JobChanges = jobs.NO_CHANGES,
        note: str = "",
    ) -> Job:
        """Move a job from the state it was read in.

        Raises:
            StaleState: It is in another one by now.
        """
        moved = await jobs.advance(
            self.connection,
            job.id,
            expected=job.state,
            event=event,
            at_ms=self.now_ms,
            note=note,
            changes=changes,
        )
        self.moves.append(Move(moved, job.state, self.now_ms))
        return moved


class Moves:
    """The one way to move a job; the meter is told of what is committed, and of nothing else."""

    def __init__(self, database: Database, clock: Clock, meter: Meter) -> None:
        self.database = database
        self.clock = clock
        self.meter = meter

    @asynccontextmanager
    async def write(self, *locks: int) -> AsyncGenerator[Transaction]:
        """Open a write transaction; see `Database.write`."""
        async with self.database.write(*locks) as connection:
            transaction = Transaction(connection, self.clock.now_ms())
            yield transaction
        for move in transaction.moves:
            self.meter.moved(move)


def changes_of(rendering: Rendering, bill: Bill) -> jobs.JobChanges:
    """What a result changes of its job."""
    return jobs.JobChanges(
        links=rendering.pictures,
        made=rendering.made,
        cost_microusd=bill.microusd,
        cost_is_computed=bill.is_computed,
    )


def with_arrived(links: tuple[PictureLink, ...], arrived: Sequence[int]) -> tuple[PictureLink, ...]:
    """Mark the links, counted from 0, whose pictures the member has."""
    return tuple(
        replace(link, arrived=True) if index in arrived else link
        for index, link in enumerate(links)
    )
