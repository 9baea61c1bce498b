"""Pictures that members report, and what moderators decide about them.

A decision is one transaction: the compare-and-set that lets one moderator decide, what it means,
its row in the audit, and the errand that Discord still has to be told.
"""

from dataclasses import dataclass

from bot.core.audit import Change, Code, JobOf
from bot.core.codes import PictureCode
from bot.core.errors import BadRequest, TooLate
from bot.core.jobs import Job
from bot.core.prompts import clip
from bot.services.audit_recorder import checked_reason, record
from bot.services.limits.blocks import set_block
from bot.services.moderation.outbox import News, Outbox
from bot.services.moderation.pictures import (
    find_job,
    needed_reason,
    refuse_unless_shown,
    remove_pictures,
    send_errand,
)
from bot.services.ports import Clock
from bot.storage import audit, jobs, notices, preferences, reports
from bot.storage.blocks import Block
from bot.storage.database import Connection, Database
from bot.storage.errands import Errand, Kind
from bot.storage.ids import new_id
from bot.storage.reports import Outcome, Report, Voice

REPORTS_PER_HOUR = 10
_HOUR_MS = 3600_000
_TOLD_AGAIN_AT = frozenset({3, 10, 30})
"""A report that so many members joined in is shown to the moderators once more."""

_PROMPT_CHARS_MAX = 300
_PROMPT_BYTES_MAX = 600


@dataclass(frozen=True, slots=True)
class ReportCase:
    """A report with all that moderators are shown of it; plain values, so that it can be stored.

    Attributes:
        prompt: Cut to a readable length.
        reporter_id: The first who reported it, with their reason.
        voices: How many members joined in, the first one too.
        outcome: The value of an `Outcome`, None while it is open.
    """

    report_id: str
    server_id: int
    channel_id: int
    message_id: int
    member_id: int
    prompt: str
    pictures: int
    reporter_id: int
    reason: str
    voices: int
    outcome: str | None = None
    closed_by: int | None = None
    closed_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """A report that was taken.

    Attributes:
        is_first: Whether nobody had reported these pictures since moderators last decided.
        is_shown: Whether the server has a log channel in which moderators see it.
    """

    is_first: bool
    is_shown: bool


class PictureReports:
    """Reports in each server; who may decide is asked where this is called from."""

    def __init__(self, database: Database, clock: Clock, errands: Outbox) -> None:
        self._database = database
        self._clock = clock
        self._errands = errands

    async def report(self, server_id: int, job_id: str, *, reporter_id: int, reason: str) -> Filed:
        """Report pictures to the moderators, or join in a report that is open.

        Raises:
            BadRequest: They cannot be reported, or not by this member; the code says why.
        """
        reason = needed_reason(reason)
        async with self._database.write(server_id) as connection:
            now_ms = self._clock.now_ms()
            job = await jobs.get(connection, job_id)
            if job is None or job.server_id != server_id:
                raise BadRequest(PictureCode.NOT_OURS)
            refuse_unless_shown(job)
            known = await reports.open_of(connection, server_id, job_id)
            await _refuse_reporter(connection, job, known, reporter_id, now_ms)
            report = known or Report(new_id(now_ms), server_id, job_id, now_ms)
            if known is None:
                await reports.insert(connection, report)
            await reports.add_voice(connection, report, Voice(reporter_id, reason), now_ms)
            change = Change(
                kind="report.open" if known is None else "report.join",
                actor_id=reporter_id,
                subject=JobOf(job.member_id, job.id),
                after=Code("reported"),
                reason=reason,
                member_id=job.member_id,
                job_id=job.id,
            )
            # Not as a change to the log channel too: the report has a card of its own there.
            await audit.append(connection, server_id, change, now_ms)
            is_shown = await self._show(connection, report, now_ms)
        return Filed(is_first=known is None, is_shown=is_shown)

    async def find(
        self, server_id: int, channel_id: int, message_id: int, *, reporter_id: int
    ) -> Job:
        """Find the pictures that a message shows, before a member writes why they report them.

        Raises:
            BadRequest: They cannot be reported, or not by this member; the code says why.
        """
        async with self._database.read() as connection:
            job = await find_job(connection, server_id, channel_id, message_id)
            known = await reports.open_of(connection, server_id, job.id)
            await _refuse_reporter(connection, job, known, reporter_id, self._clock.now_ms())
        return job

    async def _show(self, connection: Connection, report: Report, now_ms: int) -> bool:
        """Show a new report, or one that has grown; tell whether there is where to show it."""
        case = await _case(connection, report.server_id, report.id)
        if case.voices == 1 or case.voices in _TOLD_AGAIN_AT:
            body = {name: getattr(case, name) for name in ReportCase.__slots__}
            return await notices.add(connection, report.server_id, "report", body, now_ms)
        return (await preferences.load(connection, report.server_id)).log_channel_id is not None

    async def case(self, server_id: int, report_id: str) -> ReportCase:
        """Read a report with all that moderators are shown of it.

        Raises:
            BadRequest: There is no such report in the server.
        """
        async with self._database.read() as connection:
            return await _case(connection, server_id, report_id)

    async def decide(
        self,
        server_id: int,
        report_id: str,
        outcome: Outcome,
        *,
        actor_id: int,
        reason: str,
        until_ms: int | None = None,
    ) -> tuple[ReportCase, News]:
        """Decide an open report.

        Args:
            server_id: The server.
            report_id: The report.
            outcome: What is done.
            actor_id: The moderator.
            reason: Needed for all but a dismissal.
            until_ms: The end of a block, None for none.

        Returns:
            The report as it is now, and whether Discord shows what was decided already.

        Raises:
            BadRequest: There is no such report, or no reason.
            TooLate: Another moderator was faster.
        """
        reason = checked_reason(reason) if outcome is Outcome.DISMISS else needed_reason(reason)
        async with self._database.write(server_id) as connection:
            now_ms = self._clock.now_ms()
            before = await _case(connection, server_id, report_id)
            report = await reports.close(
                connection, server_id, report_id, outcome, by=actor_id, at_ms=now_ms
            )
            if report is None:
                raise already_decided(before)
            job = await jobs.get(connection, report.job_id)
            assert job is not None
            block = Block(job.member_id, until_ms, reason, actor_id, now_ms)
            errand = await _carry_out(connection, outcome, job, block)
            case = await _case(connection, server_id, report_id)
        news = News.DONE if errand is None else await self._errands.do(errand.id)
        return case, news


def already_decided(case: ReportCase) -> TooLate:
    """What is said to who comes too late to decide a report that is closed."""
    assert case.outcome is not None
    assert case.closed_by is not None
    return TooLate(
        PictureCode.DECIDED, names=(case.outcome,), ids=(case.closed_by,), at_ms=case.closed_at_ms
    )


async def _refuse_reporter(
    connection: Connection, job: Job, known: Report | None, reporter_id: int, now_ms: int
) -> None:
    if job.member_id == reporter_id:
        raise BadRequest(PictureCode.OWN)
    if await reports.has_reported(connection, job.id, reporter_id):
        raise BadRequest(PictureCode.REPORT_DECIDED if known is None else PictureCode.REPORTED)
    times = await reports.times_since(connection, job.server_id, reporter_id, now_ms - _HOUR_MS)
    if len(times) >= REPORTS_PER_HOUR:
        again_ms = times[-REPORTS_PER_HOUR] + _HOUR_MS
        raise BadRequest(PictureCode.TOO_MANY_REPORTS, most=REPORTS_PER_HOUR, at_ms=again_ms)


async def _carry_out(
    connection: Connection, outcome: Outcome, job: Job, block: Block
) -> Errand | None:
    """Do what a moderator decided about a report; the block carries who, when and why."""
    actor_id, reason, now_ms = block.set_by, block.reason, block.set_at_ms
    match outcome:
        case Outcome.REMOVE:
            return await remove_pictures(connection, job, actor_id, reason, now_ms)
        case Outcome.BLOCK:
            await set_block(connection, job.server_id, block, job.id)
            return None
        case Outcome.WARN:
            kind, after = "member.warn", Code("warned")
        case Outcome.DISMISS:
            kind, after = "report.dismiss", Code("dismissed")
    change = Change(
        kind=kind,
        actor_id=actor_id,
        subject=JobOf(job.member_id, job.id),
        before=Code("reported"),
        after=after,
        reason=reason,
        member_id=job.member_id,
        job_id=job.id,
    )
    await record(connection, job.server_id, change, now_ms)
    if outcome is Outcome.WARN:
        return await send_errand(connection, Kind.WARN, job, reason, now_ms)
    return None


async def _case(connection: Connection, server_id: int, report_id: str) -> ReportCase:
    report = await reports.get(connection, server_id, report_id)
    job = await jobs.get(connection, report.job_id) if report else None
    if report is None or job is None:
        raise BadRequest(PictureCode.NO_REPORT)
    first, *others = await reports.voices(connection, report_id)
    return ReportCase(
        report_id=report.id,
        server_id=server_id,
        channel_id=job.message_channel_id or job.channel_id,
        message_id=job.message_id or 0,
        member_id=job.member_id,
        prompt=clip(job.prompt, chars_max=_PROMPT_CHARS_MAX, bytes_max=_PROMPT_BYTES_MAX),
        pictures=job.pictures or 0,
        reporter_id=first.reporter_id,
        reason=first.reason,
        voices=1 + len(others),
        outcome=report.outcome.value if report.outcome else None,
        closed_by=report.closed_by,
        closed_at_ms=report.closed_at_ms,
    )
