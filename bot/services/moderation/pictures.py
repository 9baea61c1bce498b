"""Posted pictures: found by their message, and removed by moderators.

A removal is one transaction: the mark on the job, its row in the audit, and the errand that Discord
still has to be told. The message itself is changed after that; see `errands`.
"""

from dataclasses import dataclass

from bot.core.audit import Change, Code, JobOf, PicturesIn
from bot.core.codes import ModerationCode, PictureCode
from bot.core.errors import BadRequest, TooLate
from bot.core.jobs import Job, State
from bot.services.audit_recorder import checked_reason, record
from bot.services.moderation.outbox import News, Outbox
from bot.services.ports import Clock
from bot.storage import errands, jobs, pictures, reports
from bot.storage.database import Connection, Database
from bot.storage.errands import Errand, Kind
from bot.storage.ids import new_id
from bot.storage.reports import Outcome


@dataclass(frozen=True, slots=True)
class Removed:
    """Pictures that were removed, and whether their message shows it already."""

    job: Job
    news: News


class Pictures:
    """What becomes of pictures after their delivery."""

    def __init__(self, database: Database, clock: Clock, errands: Outbox) -> None:
        self._database = database
        self._clock = clock
        self._errands = errands

    async def find(self, server_id: int, channel_id: int, message_id: int) -> Job:
        """Find the pictures that a message shows.

        Raises:
            BadRequest: It shows none that could be removed or reported; the code says why.
        """
        async with self._database.read() as connection:
            return await find_job(connection, server_id, channel_id, message_id)

    async def remove(self, server_id: int, job_id: str, *, actor_id: int, reason: str) -> Removed:
        """Remove pictures; their record, their cost and their charge stay.

        An open report of them is closed with it.

        Raises:
            BadRequest: There is no reason, or nothing to remove; another moderator may have been
                faster.
        """
        reason = needed_reason(reason)
        async with self._database.write(server_id) as connection:
            now_ms = self._clock.now_ms()
            job = await jobs.get(connection, job_id)
            if job is None or job.server_id != server_id:
                raise BadRequest(PictureCode.NOT_OURS)
            report = await reports.open_of(connection, server_id, job_id)
            if report is not None:
                await reports.close(
                    connection, server_id, report.id, Outcome.REMOVE, by=actor_id, at_ms=now_ms
                )
            errand = await remove_pictures(connection, job, actor_id, reason, now_ms)
        return Removed(job, await self._errands.do(errand.id))


async def find_job(connection: Connection, server_id: int, channel_id: int, message_id: int) -> Job:
    """Find the pictures that a message shows; see `Pictures.find`."""
    job = await jobs.of_message(connection, server_id, message_id)
    if job is None or channel_id != (job.message_channel_id or job.channel_id):
        raise BadRequest(PictureCode.NOT_OURS)
    refuse_unless_shown(job)
    return job


def refuse_unless_shown(job: Job) -> None:
    """Refuse what is no delivered picture that stands where others see it.

    Raises:
        BadRequest: The code says what it is instead.
    """
    if job.removed_by is not None:
        raise BadRequest(PictureCode.REMOVED, ids=(job.removed_by,), at_ms=job.removed_at_ms)
    if not job.state.is_ended:
        raise BadRequest(PictureCode.RUNNING)
    if job.state is not State.DELIVERED:
        raise BadRequest(PictureCode.NONE_MADE)
    if job.private:
        raise BadRequest(PictureCode.PRIVATE)


async def remove_pictures(
    connection: Connection, job: Job, actor_id: int, reason: str, now_ms: int
) -> Errand:
    """Mark pictures as removed, with the row in the audit and the errand.

    Raises:
        BadRequest: They do not stand in a channel, or not any more.
    """
    refuse_unless_shown(job)
    if await pictures.mark_removed(connection, job.id, actor_id, now_ms) is None:
        raise TooLate(PictureCode.NOT_REMOVABLE)
    change = Change(
        kind="image.remove",
        actor_id=actor_id,
        subject=JobOf(job.member_id, job.id),
        before=PicturesIn(job.pictures or 0, job.channel_id),
        after=Code("removed"),
        reason=reason,
        member_id=job.member_id,
        job_id=job.id,
    )
    await record(connection, job.server_id, change, now_ms)
    return await send_errand(connection, Kind.CLEAR, job, reason, now_ms)


async def send_errand(
    connection: Connection, kind: Kind, job: Job, reason: str, now_ms: int
) -> Errand:
    """Note what Discord is to be told; whoever decided tries it once the transaction is over."""
    errand = Errand(new_id(now_ms), job.server_id, kind, job.id, reason, now_ms)
    await errands.add(connection, errand)
    return errand


def link_to(job: Job) -> str:
    """The address of the message that shows a job, for whoever may see its channel."""
    channel_id = job.message_channel_id or job.channel_id
    return f"https://discord.com/channels/{job.server_id}/{channel_id}/{job.message_id}"


def needed_reason(reason: str) -> str:
    """Prepare a reason that must be given.

    Raises:
        BadRequest: There is none, or it is too long.
    """
    reason = checked_reason(reason)
    if not reason:
        raise BadRequest(ModerationCode.REASON_NEEDED)
    return reason
