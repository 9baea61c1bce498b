"""The deliberate breakages: small mistakes that somebody could make, in every room of the bot."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Breakage:
    """One thing done wrong.

    Attributes:
        where: Module and the path in it, such as `bot.services.generation.books:Books.deliver`.
        old: What stands there exactly once.
        new: What is put in its place.
        only: The troubles in which it shows; empty for any mixture.
    """

    name: str
    where: str
    old: str
    new: str
    only: tuple[str, ...] = ()


_WORDS = (
    Breakage(
        "a gateway's 403, 404 or 410 ends a job",
        "bot.fal.evidence:TABLE",
        "    *_UNREAD,\n",
        '    Row(Call.RESULT, {403, 404, 410}, Proof.FAILED, Final.AT_ONCE, "HTTP"),\n'
        "    *_UNREAD,\n",
        ("result noise",),
    ),
    Breakage(
        "a gateway's 502 proves that nothing was sent",
        "bot.fal.evidence:TABLE",
        "    *_SUBMIT,\n",
        '    Row(Call.SUBMIT, {502, 503, 504}, Proof.NOT_SENT, Final.NEVER, "HTTP"),\n'
        "    *_SUBMIT,\n",
        ("gateway after acceptance",),
    ),
    Breakage(
        "every unclear submit is sent again",
        "bot.fal.queue:FalQueue.submit",
        "raise SubmitUnclear(named(error)) from None",
        "raise NotSent(named(error)) from None",
        ("submit answer lost",),
    ),
    Breakage(
        "pictures are fetched from any host",
        "bot.fal.media:_permitted",
        "found = allowed(url, hosts)",
        "found = httpx.URL(url)",
        ("foreign host",),
    ),
    Breakage(
        "units of zero are believed",
        "bot.services.generation.books:bill_of",
        "if billed == 0:",
        "if billed == -1:",
        ("zero units",),
    ),
)
"""What fal and others say is believed too easily."""

_LEDGER = (
    Breakage(
        "what is given back stays in the totals",
        "bot.storage.totals:MOVE_BY_ENTRY",
        "images = totals.images + change.images",
        "images = totals.images",
    ),
    Breakage(
        "the settlement is a transaction of its own",
        "bot.services.generation.books:Books.render",
        "        await ledger.settle",
        "    async with self._moves.write(job.server_id) as transaction:\n"
        "        await ledger.settle",
        ("statement fails",),
    ),
    Breakage(
        "what is released does not go back to gifts",
        "bot.storage.ledger:_append",
        'if row["drawn"]:',
        'if row["drawn"] and kind != "release":',
        ("living on gifts", "failures"),
    ),
    Breakage(
        "a move does not check the stored state",
        "bot.storage.jobs:ADVANCE_JOB",
        "WHERE id = $1 AND state = $2",
        "WHERE id = $1 AND $2 = $2",
        ("cancels", "two processes"),
    ),
)
"""The books themselves."""

_CHARGES = (
    Breakage(
        "pictures that did not arrive are charged",
        "bot.services.generation.books:returned_charge",
        "(len(job.links), arrived)",
        "(len(job.links), len(job.links))",
        ("discord closed",),
    ),
    Breakage(
        "late pictures are charged to the member",
        "bot.services.generation.late_books:LateBooks.rescue",
        "charge_images=0,",
        "charge_images=min(rendering.made, job.count),",
        ("result noise", "late results"),
    ),
    Breakage(
        "pictures beyond the count are charged",
        "bot.services.limits.bills:charge",
        "images = min(arrived, asked)",
        "images = arrived",
        ("extra pictures",),
    ),
    Breakage(
        "a bill above the hold is charged in full",
        "bot.services.limits.bills:charge",
        "min(cost_microusd * share // billed, held_microusd * images // asked)",
        "cost_microusd * share // billed",
        ("huge units",),
    ),
)
"""What members pay."""

_LIMITS = (
    Breakage(
        "the members' limits have one picture more",
        "bot.core.gifts:shortfall",
        "pot.used + asked - pot.rule.amount",
        "pot.used + asked - pot.rule.amount - 1",
        ("tight caps", "insistent member"),
    ),
    Breakage(
        "caps do not count what is in doubt",
        "bot.storage.doubts:_count",
        "if not await totals.move(conn, totals.MOVE_BY_DOUBT, doubt_id):",
        "if microusd < 0:",
        ("submit answer lost",),
    ),
    Breakage(
        "a moved time zone opens a second month",
        "bot.core.limits:run_of",
        "rule.is_host and rule.subject is Subject.SERVER",
        "False",
        ("zone change", "tight caps"),
    ),
    Breakage(
        "what was lost while a request waited is not counted",
        "bot.services.generation.books:Books.submit",
        "if await has_struck_out(transaction.connection, job):",
        "if False:",
        ("twins", "insistent member", "billed refusals", "account locked"),
    ),
    Breakage(
        "the pauses of the line are not kept",
        "bot.services.generation.waiting:WaitingRoom._may_send",
        "return self._brakes.wait_s == 0",
        "return True",
        ("account locked",),
    ),
)
"""What bounds the spending."""

_DOUBTS = (
    Breakage(
        "a lost job opens no doubt",
        "bot.services.generation.sending:Sender.look_for",
        "doubt_microusd=job.held_microusd, ",
        "",
        ("submit answer lost",),
    ),
    Breakage(
        "what is found late stays in doubt",
        "bot.services.generation.late_books:LateBooks.rescue",
        "if await doubts.amount_of(connection, job.id):",
        "if False:",
        ("result noise", "late results"),
    ),
    Breakage(
        "a ticket is refused to a job that was given up",
        "bot.services.generation.books:Books.accept",
        "if stored.ticket is not None and stored.ticket.request_id == ticket.request_id:",
        "if stored.state.is_ended or stored.ticket == ticket:",
        ("submit answer lost", "fal outage"),
    ),
    Breakage(
        "nobody looks for a cancelled job",
        "bot.services.generation.following:Follower._ended",
        "self._cancelled(job, wish, found, doubt, search=is_open)",
        "self._cancelled(job, wish, found, doubt, search=False)",
        ("cancels", "result noise"),
    ),
    Breakage(
        "a repeated 'not found' ends the search",
        "bot.services.generation.rescue:Rescue._ask_result",
        "if end is None or isinstance(end, Gone):",
        "if end is None:",
        ("not found for hours",),
    ),
    Breakage(
        "a clock that jumps ends the search",
        "bot.services.generation.rescue:Rescue._postpone",
        "if now_ms >= (job.search_until_ms or 0) and job.search_tries >= _TRIES_MIN:",
        "if now_ms >= (job.search_until_ms or 0):",
        ("media trouble", "clock jump"),
    ),
    Breakage(
        "an unproven job ends by the time of day",
        "bot.services.generation.following:Follower.follow",
        "self._verdicts.is_silent(job.id)",
        "self._kit.clock.now_ms() - (job.submitted_at_ms or 0) > 3_600_000",
        ("result noise", "clock jump"),
    ),
    Breakage(
        "requests of other jobs are taken in the search",
        "bot.services.generation.sending:Sender.find",
        "if not await self._kit.books.is_known_request(ticket.request_id):",
        "if ticket.request_id:",
        ("submit answer lost", "twins"),
    ),
)
"""What may have been lost."""

_STOPS = (
    Breakage(
        "the journal is not written",
        "bot.services.generation.facts:Facts._insist",
        "journal=self._journal",
        "journal=None",
        ("crash after an answer",),
    ),
    Breakage(
        "the journal is not read at the start",
        "bot.services.generation.build:Generation.resume",
        "await self.facts.replay()",
        "pass",
        ("crash after an answer",),
    ),
    Breakage(
        "a stop cuts the answer to a submit",
        "bot.services.generation.sending:Sender.submit",
        "return await asyncio.shield(flight)",
        "return await flight",
        ("impatient stop",),
    ),
    Breakage(
        "what was being sent at a crash is sent again",
        "bot.services.generation.sending:Sender.lose",
        "return await self._kit.books.lose(job, Hitch.STOPPED)",
        "return await self._kit.books.returned(job, Hitch.STOPPED)",
        ("crash",),
    ),
    Breakage(
        "a job without a card is sent after a restart",
        "bot.services.generation.strays:Strays.settle",
        "if job.message_id is not None:",
        "if job.state is State.HELD:",
        ("crash",),
    ),
    Breakage(
        "a commit without an answer counts as made",
        "bot.services.generation.imagine:Imagine._accept",
        "if held and await self._is_stored(held[0].job):",
        "if held:",
        ("statement fails",),
    ),
    Breakage(
        "the untold are forgotten",
        "bot.services.generation.strays:Strays._untold",
        "await self._kit.books.untold(since_ms)",
        "()",
        ("crash", "failures", "discord busy"),
    ),
    Breakage(
        "nobody notes that an end was told",
        "bot.services.generation.telling:Teller._tell",
        'await retry(lambda: self._kit.books.told(job), job.id, "told")',
        "pass",
        ("failures",),
    ),
)
"""What a stop, a crash or a database that is away may tear."""

_DELIVERY = (
    Breakage(
        "one late picture holds back the others",
        "bot.services.generation.delivering:Deliverer._fetch_all",
        "until = _now() + self._kit.times.fetch_wait_s",
        "pass",
        ("media trouble",),
    ),
    Breakage(
        "undeliverable pictures are not kept",
        "bot.services.generation.delivering:Deliverer._put",
        "await self._shelf.put(job.id, {index + 1: fetched[index] for index in fetched})",
        "pass",
        ("discord closed",),
    ),
    Breakage(
        "a failed job keeps its place at fal",
        "bot.services.generation.runner:Runner._forget",
        "    self._places.leave(job.id)",
        "    pass",
        ("failures", "insistent member"),
    ),
)
"""The way to the member."""

BREAKAGES: tuple[Breakage, ...] = (
    *_WORDS,
    *_LEDGER,
    *_CHARGES,
    *_LIMITS,
    *_DOUBTS,
    *_STOPS,
    *_DELIVERY,
)
