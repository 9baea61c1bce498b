"""Moves of jobs, as both books write them."""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.jobs import Event, Job, PictureLink, Rendering
from bot.services.limits.bills import Bill
from bot.storage import jobs
from bot.storage.database import Connection


async def move(
    connection: Connection,
    job: Job,
    event: Event,
    now_ms: int,
    *,
    changes: jobs.JobChanges = jobs.NO_CHANGES,
    note: str = "",
) -> Job:
    """Move a job from the state it was read in.

    Raises:
        StaleState: It is in another one by now.
    """
    return await jobs.advance(
        connection,
        job.id,
        expected=job.state,
        event=event,
        at_ms=now_ms,
        note=note,
        changes=changes,
    )


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
