"""Accept a request: rules, hold and job in one transaction, or a refusal with its numbers."""

import asyncio
import logging
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from bot.core.codes import OptionCode
from bot.core.errors import (
    BadRequest,
    DatabaseUnavailable,
    Halt,
    OverLimit,
    Refused,
    StaleState,
    StorageTrouble,
)
from bot.core.gifts import Draw, cover, left_in, without
from bot.core.jobs import Job, Reason, Request, State
from bot.core.limits import Account, Standing, Unit
from bot.core.models.model import Model
from bot.core.models.prices import Ask
from bot.core.models.registry import model_of
from bot.core.preferences import Defaults, Preferences, check, completed, veils
from bot.core.prompts import clean_prompt
from bot.services.generation.books import Books
from bot.services.generation.moves import Moves
from bot.services.generation.runner import Runner
from bot.services.limits.alerts import Alerts
from bot.services.limits.allowance import Allowance, Asker, HostLimits, load_allowance
from bot.services.limits.blocks import refuse_if_blocked
from bot.services.limits.refusals import Refusals, reason_of
from bot.services.limits.strikes import refuse_if_struck_out
from bot.services.limits.words import Words
from bot.services.ports import Balance
from bot.services.retry import retry
from bot.storage import ledger
from bot.storage.ids import new_id

_log = logging.getLogger(__name__)

_ASKED_AGAIN_S = 5.0
_ASKED_PAUSE_S = 0.5
"""Discord waits for minutes once it knows that an answer takes longer."""

_BOT_LOCK = 0
"""Held beside the server's lock where the host caps the whole bot: servers must then queue up."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that was taken.

    Attributes:
        position: Its place in our own line, 0 where it is sent at once.
        balance: The member's limits and gifts with this job's hold already counted.
        halt: What keeps the line from sending, None where it moves.
    """

    job: Job
    position: int
    balance: Balance
    halt: Halt | None = None


class Imagine:
    """Takes requests and hands them to the runner."""

    def __init__(
        self,
        moves: Moves,
        limits: HostLimits,
        defaults: Defaults,
        words: Words,
        books: Books,
        runner: Runner,
    ) -> None:
        self._moves = moves
        self._books = books
        self._clock = moves.clock
        self._host_rules = limits.rules()
        self._has_bot_cap = limits.bot_usd_per_day_microusd is not None
        self._defaults = defaults
        self._words = words
        self._runner = runner
        self._alerts = Alerts()
        self._refusals = Refusals(moves.database, self._alerts)
        self._began: dict[str, float] = {}

    async def accept(self, request: Request) -> Accepted:
        """Check a request and hold its price; `start` then puts it into the line.

        Raises:
            Refused: With the code and the numbers that say why.
        """
        began = asyncio.get_running_loop().time()
        try:
            accepted = await self._accept(request)
        except Refused as error:
            model = request.model or self._defaults.model_name
            self._moves.meter.refused(model, reason_of(error))
            raise
        self._began[accepted.job.id] = began
        return accepted

    async def _accept(self, request: Request) -> Accepted:
        self._runner.refuse_if_stopping()
        model = self._model_of(request)
        request = replace(request, prompt=clean_prompt(request.prompt, model.prompt_max_chars))
        held: list[Accepted] = []
        try:
            await self._words.check(request.server_id, request.prompt)
            return await self._hold(request, held)
        except Refused as error:
            now_ms = self._clock.now_ms()
            await self._refusals.note(request, error, now_ms)
            raise
        except DatabaseUnavailable:
            if held and await self._is_stored(held[0].job):
                # The commit came through although its answer did not.
                return held[0]
            raise

    async def _is_stored(self, job: Job) -> bool:
        """Whether a job whose commit got no answer was taken all the same.

        Where nobody knows, the member is told "no"; the job, if there is one, is then a stray
        without a card, which is given back and never sent.
        """
        until = asyncio.get_running_loop().time() + _ASKED_AGAIN_S
        while True:
            try:
                return await self._books.get(job.id) is not None
            except StorageTrouble as error:
                about = {"job_id": job.id, "detail": str(error)}
                _log.warning("nobody knows whether a job was stored", extra=about)
            if asyncio.get_running_loop().time() > until:
                return False
            await asyncio.sleep(_ASKED_PAUSE_S)

    async def _hold(self, request: Request, held: list[Accepted]) -> Accepted:
        """Decide and hold in one transaction, by the clock of that moment.

        What a moderator ended while the request waited for its turn is ended for it too.

        Args:
            request: What is asked for.
            held: Gets what is accepted before the commit, for whoever must ask whether that came
                through.
        """
        asker = Asker(
            request.server_id, request.budget_channel_id, request.member_id, request.role_ids
        )
        locks = (request.server_id, _BOT_LOCK) if self._has_bot_cap else (request.server_id,)
        async with self._moves.write(*locks) as transaction:
            connection, now_ms = transaction.connection, transaction.now_ms
            await refuse_if_blocked(connection, request, now_ms)
            allowance = await load_allowance(connection, asker, self._host_rules, now_ms)
            check(allowance.preferences, self._model_of(request), request)
            zone = ZoneInfo(allowance.preferences.zone)
            await refuse_if_struck_out(connection, request, zone, now_ms)
            job = self._new_job(allowance.preferences, request, now_ms)
            draws = _paid_by(allowance, job)
            await transaction.insert(job)
            await ledger.hold(
                connection,
                job,
                day=allowance.day,
                bot_day=allowance.bot_day,
                at_ms=now_ms,
                draws=draws,
            )
            await self._alerts.note_crossed(connection, allowance, job, now_ms)
            position = self._runner.position_for(request.member_id)
            balance = _balance_with(allowance, job, draws, now_ms)
            accepted = Accepted(job, position, balance, self._runner.halt)
            held.append(accepted)
        return accepted

    def _model_of(self, request: Request) -> Model:
        if request.model is None:
            return self._defaults.model
        try:
            return model_of(request.model)
        except LookupError:
            raise BadRequest(OptionCode.MODEL, typed=request.model) from None

    def _new_job(self, preferences: Preferences, request: Request, now_ms: int) -> Job:
        model = self._model_of(request)
        whole = completed(preferences, self._defaults.of(model), request)
        assert whole.size is not None
        assert whole.quality is not None
        assert whole.count is not None
        model.check(whole.size, whole.quality, whole.count, whole.format)
        ask = Ask(whole.size, whole.quality, whole.prompt, whole.count)
        return Job(
            id=new_id(now_ms),
            state=State.HELD,
            server_id=whole.server_id,
            channel_id=whole.channel_id,
            member_id=whole.member_id,
            prompt=whole.prompt,
            size=whole.size,
            quality=whole.quality,
            count=whole.count,
            format=whole.format,
            private=whole.private,
            held_microusd=model.price.hold_microusd(ask),
            created_at_ms=now_ms,
            interaction_token=whole.interaction_token,
            file_limit_bytes=whole.file_limit_bytes,
            role_ids=whole.role_ids,
            parent_channel_id=whole.parent_channel_id,
            spoiler=veils(preferences, whole),
            model=request.model or self._defaults.model_name,
            inputs=whole.inputs,
        )

    async def start(self, job: Job, message_id: int | None) -> None:
        """Put an accepted job into the line, once its card stands.

        A crash before this leaves the job `held` and without a card, and the next start gives it
        back: nobody was promised anything.
        """
        self._answered(job, is_shown=message_id is not None)
        if message_id is None:
            found = await retry(lambda: self._books.get(job.id), job.id, "answered")
        else:
            noted = message_id
            found = await retry(
                lambda: self._books.set_message(job, noted), job.id, f"card is {noted}"
            )
        # A quick thumb may have cancelled it already.
        if found is not None:
            self._runner.add(found)

    def _answered(self, job: Job, *, is_shown: bool) -> None:
        began = self._began.pop(job.id, None)
        if is_shown and began is not None:
            self._moves.meter.answered(job.model, asyncio.get_running_loop().time() - began)

    async def withdraw(self, job: Job) -> None:
        """Give an accepted job back, because its member was told that nothing happened."""
        self._answered(job, is_shown=False)
        try:
            await retry(lambda: self._books.fail(job, Reason.UNANSWERED), job.id, "unanswered")
        except StaleState:
            # An earlier try may have been saved though its answer was lost.
            stored = await retry(lambda: self._books.get(job.id), job.id, "unanswered")
            if stored is None or stored.reason is not Reason.UNANSWERED:
                return
        await retry(lambda: self._books.told(job), job.id, "told")


def _paid_by(allowance: Allowance, job: Job) -> list[Draw]:
    """Find out what pays for a job, or refuse it."""
    paid = cover(allowance.standings, allowance.gifts, images=job.count, microusd=job.held_microusd)
    if isinstance(paid, Standing):
        unit = paid.rule.unit
        given = left_in(allowance.gifts, unit) if paid.account is Account.MEMBER else 0
        raise OverLimit(paid, job.count if unit is Unit.IMAGES else job.held_microusd, given)
    return paid


def _balance_with(allowance: Allowance, job: Job, draws: list[Draw], now_ms: int) -> Balance:
    drawn = {unit: sum(draw.amount for draw in draws if draw.unit is unit) for unit in Unit}
    asked = {Unit.IMAGES: job.count, Unit.USD: job.held_microusd}
    pots = [
        replace(pot, used=pot.used + asked[pot.rule.unit] - drawn[pot.rule.unit])
        for pot in allowance.pots
    ]
    return Balance(pots, now_ms, without(allowance.gifts, draws))
