"""What the host does about money in doubt: see it, say what fal's bill says, or write it off."""

from dataclasses import dataclass

from bot.core.audit import Amount, Change, Code, Fact, JobOf
from bot.core.audit import Doubt as InDoubt
from bot.core.codes import JobCode
from bot.core.errors import BadRequest
from bot.core.jobs import Job
from bot.core.limits import Unit
from bot.services.audit_recorder import checked_reason, record
from bot.services.ports import Clock
from bot.storage import doubts, jobs, ledger
from bot.storage.audit import HOST
from bot.storage.database import Connection, Database
from bot.storage.doubts import Doubt, Outcome


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction changed.

    Attributes:
        doubt_microusd: What is in doubt no longer; 0 where nothing was.
        before_microusd: What the job had cost, as far as was known.
        after_microusd: What it cost.
    """

    doubt_microusd: int
    before_microusd: int
    after_microusd: int

    @property
    def is_nothing(self) -> bool:
        """Whether all was so already."""
        return not self.doubt_microusd and self.before_microusd == self.after_microusd


class Losses:
    """Lists and closes doubts. What a member pays is never changed here."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def listed(self) -> list[Doubt]:
        """Read the open doubts of all servers, the oldest first."""
        async with self._database.read() as connection:
            return await doubts.listed(connection)

    async def correct(self, job_id: str, cost_microusd: int, reason: str) -> Correction:
        """Book what fal's bill really says for a job, and close its doubt if one is open.

        Args:
            job_id: A job that has been settled or given back.
            cost_microusd: The whole cost, not the difference.
            reason: Why.

        Raises:
            BadRequest: There is no such job, its hold is open yet, or the reason is too long.
        """
        why = checked_reason(reason)
        known = await self._known(job_id)
        async with self._database.write(known.server_id) as connection:
            now_ms = self._clock.now_ms()
            job = await _resolved(connection, job_id)
            before = job.cost_microusd or 0
            doubt = await doubts.amount_of(connection, job_id)
            done = Correction(doubt, before, cost_microusd)
            if done.is_nothing:
                return done
            if doubt:
                outcome = Outcome.FOUND if cost_microusd else Outcome.REFUTED
                await doubts.close_doubt(
                    connection, job_id, outcome, by=HOST, reason=why, at_ms=now_ms
                )
            if cost_microusd != before:
                difference = ledger.Adjustment(0, cost_microusd - before, 0, 0)
                await ledger.adjust(connection, job_id, difference, now_ms)
            await jobs.set_cost(connection, job_id, cost_microusd)
            was = InDoubt(doubt) if doubt else Amount(Unit.USD, before)
            change = _change("loss.adjust", job, was, Amount(Unit.USD, cost_microusd), why)
            await record(connection, job.server_id, change, now_ms)
        return done

    async def write_off(self, job_id: str, reason: str) -> int:
        """Count a doubt no longer, though nobody knows what fal billed.

        Returns:
            What was in doubt, in micro-dollars; 0 where nothing was, and then nothing is changed.

        Raises:
            BadRequest: There is no such job, or the reason is too long.
        """
        why = checked_reason(reason)
        job = await self._known(job_id)
        async with self._database.write(job.server_id) as connection:
            now_ms = self._clock.now_ms()
            doubt = await doubts.amount_of(connection, job_id)
            if doubt:
                await doubts.close_doubt(
                    connection, job_id, Outcome.WRITTEN_OFF, by=HOST, reason=why, at_ms=now_ms
                )
                after = Code("written_off")
                change = _change("loss.write_off", job, InDoubt(doubt), after, why)
                await record(connection, job.server_id, change, now_ms)
        return doubt

    async def _known(self, job_id: str) -> Job:
        async with self._database.read() as connection:
            job = await jobs.get(connection, job_id)
        if job is None:
            raise BadRequest(JobCode.NOT_IN_BOOKS, typed=job_id)
        return job


async def _resolved(connection: Connection, job_id: str) -> Job:
    """Read a job whose money is no longer on hold.

    Raises:
        BadRequest: It is on hold yet, and the bot itself books what it comes to.
    """
    job = await jobs.get(connection, job_id)
    kinds = {entry.kind for entry in await ledger.entries_of(connection, job_id)}
    if job is None or not kinds & {"settle", "release"}:
        raise BadRequest(JobCode.UNDECIDED, typed=job_id)
    return job


def _change(kind: str, job: Job, before: Fact, after: Fact, reason: str) -> Change:
    return Change(
        kind=kind,
        actor_id=HOST,
        subject=JobOf(job.member_id, job.id),
        before=before,
        after=after,
        reason=reason,
        member_id=job.member_id,
        job_id=job.id,
    )
