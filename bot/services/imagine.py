"""Accept a request: rules, hold and job in one transaction, or a refusal with its numbers."""

from dataclasses import dataclass, replace

from bot.core.catalogue import COUNT_MAX, check_size, hold_microusd
from bot.core.errors import BadRequest, OverLimit
from bot.core.jobs import Job, Reason, Request, State
from bot.core.limits import Account, Standing, Unit, first_without_room
from bot.core.prompts import clean_prompt
from bot.services.allowance import Allowance, Asker, HostLimits, load_allowance
from bot.services.books import Books
from bot.services.patience import insist
from bot.services.ports import Clock
from bot.services.runner import Runner
from bot.storage import jobs, ledger
from bot.storage.database import Database
from bot.storage.ids import new_id

_BOT_LOCK = 0
"""Held beside the server's lock where the host caps the whole bot: servers must then queue up."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that was taken.

    Attributes:
        position: Its place in our own line, 0 where it is sent at once.
        pots: The member's limits with this job's hold already counted.
    """

    job: Job
    position: int
    pots: list[Standing]


class Imagine:
    """Takes requests and hands them to the runner."""

    def __init__(
        self, database: Database, clock: Clock, limits: HostLimits, books: Books, runner: Runner
    ) -> None:
        self._database = database
        self._books = books
        self._clock = clock
        self._host_rules = limits.rules()
        self._has_bot_cap = limits.bot_usd_per_day_microusd is not None
        self._runner = runner

    async def accept(self, request: Request) -> Accepted:
        """Check a request and hold its price; `start` then puts it into the line.

        Raises:
            Refused: With the sentence, and for `OverLimit` the numbers, that say why.
        """
        self._runner.refuse_if_stopping()
        request = _checked(request)
        now_ms = self._clock.now_ms()
        job = _new_job(request, now_ms)
        asker = Asker(request.server_id, request.channel_id, request.member_id, request.role_ids)
        locks = (request.server_id, _BOT_LOCK) if self._has_bot_cap else (request.server_id,)
        async with self._database.write(*locks) as connection:
            allowance = await load_allowance(connection, asker, self._host_rules, now_ms)
            _refuse_without_room(allowance, job)
            await jobs.insert(connection, job, now_ms)
            await ledger.hold(
                connection, job, day=allowance.day, bot_day=allowance.bot_day, at_ms=now_ms
            )
        position = self._runner.position_for(request.member_id)
        return Accepted(job, position, [_with_hold(pot, job) for pot in allowance.pots])

    async def start(self, job: Job, message_id: int | None) -> None:
        """Put an accepted job into the line, once its card stands.

        A crash before this leaves the job `held`, and the next start takes it up.
        """
        if message_id is None:
            found = await insist(lambda: self._books.get(job.id), job.id, "answered")
        else:
            noted = message_id
            found = await insist(
                lambda: self._books.set_message(job, noted), job.id, f"card is {noted}"
            )
        # A quick thumb may have cancelled it already.
        if found is not None:
            self._runner.add(found)

    async def withdraw(self, job: Job) -> None:
        """Give an accepted job back, because its member was told that nothing happened."""
        failed = await insist(
            lambda: self._books.fail(job, Reason.UNANSWERED), job.id, "unanswered"
        )
        await insist(lambda: self._books.told(failed), job.id, "told")


def _checked(request: Request) -> Request:
    if not 1 <= request.count <= COUNT_MAX:
        raise BadRequest(f"The count must be 1 to {COUNT_MAX}.")
    check_size(request.size)
    return replace(request, prompt=clean_prompt(request.prompt))


def _new_job(request: Request, now_ms: int) -> Job:
    return Job(
        id=new_id(now_ms),
        state=State.HELD,
        server_id=request.server_id,
        channel_id=request.channel_id,
        member_id=request.member_id,
        prompt=request.prompt,
        size=request.size,
        quality=request.quality,
        count=request.count,
        format=request.format,
        private=request.private,
        held_microusd=hold_microusd(request.size, request.quality, request.prompt, request.count),
        created_at_ms=now_ms,
        interaction_token=request.interaction_token,
        file_limit_bytes=request.file_limit_bytes,
        role_ids=request.role_ids,
    )


def _refuse_without_room(allowance: Allowance, job: Job) -> None:
    full = first_without_room(allowance.standings, images=job.count, microusd=job.held_microusd)
    if full is not None:
        is_images = full.rule.unit is Unit.IMAGES
        raise OverLimit(full, job.count if is_images else job.held_microusd)


def _with_hold(pot: Standing, job: Job) -> Standing:
    assert pot.account is Account.MEMBER
    added = job.count if pot.rule.unit is Unit.IMAGES else job.held_microusd
    return replace(pot, used=pot.used + added)
