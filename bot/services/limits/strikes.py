"""A small daily allowance of each member for requests that cost the host and brought nothing.

A refused prompt may be billed, and pictures that never arrive are; neither is charged to the
member, so without this one member could spend the host's money without end.
"""

from zoneinfo import ZoneInfo

from bot.core.codes import MemberCode
from bot.core.errors import TooManyLosses
from bot.core.jobs import Job, Request
from bot.core.limits import Window, period
from bot.storage import jobs
from bot.storage.database import Connection

STRIKES_MAX = 5
"""So many such requests a member has on a day of the server."""


async def refuse_if_struck_out(
    connection: Connection, request: Request, zone: ZoneInfo, now_ms: int
) -> None:
    """Refuse a member whose requests of today cost the host and brought nothing.

    Raises:
        TooManyLosses: With when it ends.
    """
    today = period(Window.DAY, now_ms, zone)
    losses = await jobs.count_losses(
        connection,
        server_id=request.server_id,
        member_id=request.member_id,
        now_ms=now_ms,
        day=today.first_day,
    )
    if losses >= STRIKES_MAX:
        raise TooManyLosses(MemberCode.STRUCK_OUT, given=losses, at_ms=today.ends_at_ms)


async def has_struck_out(connection: Connection, job: Job) -> bool:
    """Whether the losses of a job's day came to too many while it waited in line."""
    return await jobs.losses_beside(connection, job.id) >= STRIKES_MAX
