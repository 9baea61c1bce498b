"""One job as moderators see it: found by its id or its message, its whole story, its cancel."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.codes import JobCode
from bot.core.errors import BadRequest
from bot.core.jobs import Job
from bot.core.limits import Usage
from bot.services.audit_recorder import checked_reason
from bot.services.generation.runner import CancelOutcome, Runner
from bot.storage import jobs, ledger, preferences
from bot.storage.database import Connection, Database
from bot.storage.entries import Entry
from bot.storage.jobs import Step

_JOB_ID = re.compile(r"[0-9a-z]{16}")
_MESSAGE_ID = re.compile(r"[0-9]{17,20}")
_LINK = re.compile(
    r"<?https?://(?:\w+\.)?discord(?:app)?\.com/channels/([0-9]{1,20}|@me)/[0-9]{1,20}/([0-9]{1,20})/?>?"
)
_ID_MAX = 2**63 - 1

_SEARCHED = 200
"""Of so many newest jobs those are suggested that hold what was typed."""


@dataclass(frozen=True, slots=True)
class Case:
    """A job with its steps and its entries of the ledger, each from the first on."""

    job: Job
    steps: list[Step]
    entries: list[Entry]

    @property
    def cost_microusd(self) -> int | None:
        """What fal is paid for it, None before its hold is resolved."""
        if not self._is_resolved:
            return None
        return sum(entry.microusd for entry in self._outcome)

    @property
    def charge(self) -> Usage:
        """What the member pays for it, gifts included; nothing before that is known."""
        return Usage(
            sum(entry.charge_images for entry in self._outcome),
            sum(entry.charge_microusd for entry in self._outcome),
        )

    @property
    def paid_by_gifts(self) -> Usage:
        """What gifts pay of the charge."""
        return Usage(
            sum(entry.gift_images for entry in self._outcome),
            sum(entry.gift_microusd for entry in self._outcome),
        )

    @property
    def _is_resolved(self) -> bool:
        return any(entry.kind in {"settle", "release"} for entry in self.entries)

    @property
    def _outcome(self) -> list[Entry]:
        # A release undoes the hold, so neither of the two is part of what it came to.
        return [entry for entry in self.entries if entry.kind in {"settle", "adjust"}]


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest jobs of a server and the time zone that its people live in."""

    jobs: list[Job]
    zone: ZoneInfo

    def created(self, job: Job) -> datetime:
        """When a job was accepted, in that zone."""
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=job.created_at_ms)
        return moment.astimezone(self.zone)


class JobInquiry:
    """Answers questions about one job of a server; a job of another server does not exist."""

    def __init__(self, database: Database, runner: Runner) -> None:
        self._database = database
        self._runner = runner

    async def newest(
        self, server_id: int, typed: str = "", *, member_id: int | None = None, limit: int = 25
    ) -> Newest:
        """Suggest jobs: the one that was named, or the newest that hold all typed words."""
        words = typed.casefold().split()
        async with self._database.read() as connection:
            zone = ZoneInfo((await preferences.load(connection, server_id)).zone)
            named = await _find(connection, server_id, typed)
            if named is not None:
                return Newest([named], zone)
            count = _SEARCHED if words else limit
            found = await jobs.recent(
                connection, server_id=server_id, member_id=member_id, limit=count
            )
        return Newest([job for job in found if _holds(job, words)][:limit], zone)

    async def case(self, server_id: int, typed: str) -> Case:
        """Read the story of a job.

        Args:
            server_id: Where it is asked.
            typed: The job's id, or a link to its message, or that message's id.

        Raises:
            BadRequest: There is no such job in this server.
        """
        async with self._database.read() as connection:
            job = await _find(connection, server_id, typed)
            if job is None:
                raise BadRequest(JobCode.NO_JOB)
            steps = await jobs.history(connection, job.id)
            entries = await ledger.entries_of(connection, job.id)
        return Case(job, steps, entries)

    async def cancel(
        self, server_id: int, typed: str, *, actor_id: int, reason: str
    ) -> tuple[Job, CancelOutcome]:
        """Cancel any member's job; who may is decided where this is called from.

        Returns:
            The job as it was found, and what the cancel achieved.

        Raises:
            BadRequest: There is no such job in this server.
            TooLate: It has ended, or its pictures are made.
        """
        reason = checked_reason(reason)
        async with self._database.read() as connection:
            job = await _find(connection, server_id, typed)
        if job is None:
            raise BadRequest(JobCode.NO_JOB)
        news = await self._runner.cancel(
            job.id, actor_id, is_moderator=True, server_id=server_id, reason=reason
        )
        return job, news


async def _find(connection: Connection, server_id: int, typed: str) -> Job | None:
    typed = typed.strip()
    if _JOB_ID.fullmatch(typed):
        job = await jobs.get(connection, typed)
        return job if job is not None and job.server_id == server_id else None
    link = _LINK.fullmatch(typed)
    if link is not None and link[1] != str(server_id):
        return None
    if link is None and not _MESSAGE_ID.fullmatch(typed):
        return None
    message_id = int(link[2] if link else typed)
    if message_id > _ID_MAX:
        return None
    return await jobs.of_message(connection, server_id, message_id)


def _holds(job: Job, words: list[str]) -> bool:
    text = f"{job.state} {job.quality} {job.prompt}".casefold()
    return all(word in text or job.id.startswith(word) for word in words)
