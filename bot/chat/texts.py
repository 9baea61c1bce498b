"""Sentences: amounts, durations, what is left, why something failed and what became of the money.

Pure functions from values to text. Whatever they are given, they never write a mention that pings.
"""

from collections.abc import Iterable
from datetime import timedelta

from bot.core.errors import Halt, OverLimit
from bot.core.gifts import Gift, left_in
from bot.core.jobs import Job, Reason, State
from bot.core.limits import Standing, Subject, Unit, Window, show_amount
from bot.core.money import format_usd
from bot.core.prompts import shown_prompt
from bot.services.limits.bills import Bill, charge_for
from bot.services.ports import Balance
from bot.storage.audit import HOST

_REASON_CHARS_MAX = 250
_REASON_BYTES_MAX = 500

_WINDOW_NOW = {Window.DAY: "today", Window.WEEK: "this week", Window.MONTH: "this month"}

_WHOSE = {
    Subject.EVERYONE: "the limit for everyone",
    Subject.MEMBER: "your own limit",
    Subject.CHANNEL: "this channel's budget",
    Subject.SERVER: "this server's budget",
    Subject.BOT: "the whole bot's budget",
}

_STILL_LOOKING = (
    "The bot goes on looking for days; what it finds comes in a new message, free of charge."
)
_MAY_STILL_COME = (
    "fal has not confirmed that: should it have made the picture, that still comes, free of charge."
)

_OTHERS_CAME = "the others came earlier, and this could not be fetched then"
_GIVEN_UP = "it had been given up when fal's answer came"
_ALL_THE_SAME = "this was cancelled, and fal made it all the same"
_WHY_LATE = {
    Reason.LOST: "fal's answer to the request was lost",
    Reason.GONE: "fal said for a while that it did not know the request",
    Reason.SILENT: "fal gave no usable answer in time",
    Reason.MEDIA: "fal's files could not be fetched in time",
    Reason.MEMBER: _ALL_THE_SAME,
    Reason.MODERATOR: _ALL_THE_SAME,
    Reason.UNEXPECTED: "something went wrong inside the bot",
}

_WHY_HALTED = {
    Halt.BUSY: "fal is busy or cannot be reached",
    Halt.KEY: "fal rejects this bot's key, which only the bot's host can mend",
    Halt.ACCOUNT: (
        "the bot's account at fal is locked or out of balance, which only the bot's host can mend"
    ),
    Halt.OUTAGE: "fal gives no usable answers",
    Halt.UNCLEAR: "fal's answers to new requests get lost",
    Halt.LOSSES: "several requests in a row brought no picture, though fal may bill them",
    Halt.MEDIA: (
        "fal keeps its pictures where this bot may not fetch them, which only the bot's host can "
        "mend"
    ),
}

WHILE_HALTED = (
    "It goes on by itself. A request that has waited for about an hour ends and costs nothing."
)
"""What people whose requests wait are to know while the line is paused."""

_WHY_FAILED = {
    Reason.CONTENT: "The model's content check refused this prompt. Other words may pass.",
    Reason.PARAMETER: "fal did not accept these options. Try another size or quality.",
    Reason.ACCOUNT: "The bot's account at fal is locked or out of balance. The host must act.",
    Reason.KEY: "fal does not accept the bot's key. The host must act.",
    Reason.TEMPORARY: "fal or the model failed on the way. Trying again may work.",
    Reason.GONE: "fal does not know this request any more.",
    Reason.SILENT: "fal has said nothing usable about this request for too long.",
    Reason.LOST: (
        "fal gave no answer when this was sent, so nobody knows whether it was made. "
        "It was not sent again."
    ),
    Reason.MEDIA: "fal made it, but nothing of it could be fetched so far.",
    Reason.TOO_OLD: "It waited too long in line and was never sent.",
    Reason.STRIKES: (
        "Too many of your requests today cost this bot's host money and brought no picture, "
        "so this one was not sent. You can go on tomorrow."
    ),
    Reason.UNANSWERED: "It was interrupted before anything was sent. You can ask again.",
    Reason.BOT_LEFT: "The bot left the server before this was sent.",
    Reason.UNDELIVERABLE: "The pictures were made, but no way that was open took them.",
    Reason.UNEXPECTED: "Something went wrong inside the bot. The host finds it in the log.",
}


def count_images(count: int) -> str:
    """`1 image`, `2 images`."""
    return show_amount(Unit.IMAGES, count)


def window_now(window: Window) -> str:
    """`today`, `this week`, `this month`."""
    return _WINDOW_NOW[window]


def duration(milliseconds: int) -> str:
    """A rough duration with one unit: `41 s`, `6 min`, `5 h`, `3 days`; at least a second."""
    seconds = max(1, round(milliseconds / 1000))
    if seconds < 100:
        return f"{seconds} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    if seconds < 36 * 3600:
        return f"{round(seconds / 3600)} h"
    return f"{round(timedelta(seconds=seconds) / timedelta(days=1))} days"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def whose(standing: Standing) -> str:
    """Name a limit for the member it holds for."""
    rule = standing.rule
    if rule.subject is Subject.ROLE:
        return f"the limit of <@&{rule.subject_id}>"
    return _WHOSE[rule.subject]


def left_of(standing: Standing) -> str:
    """`14 of 20 left today`, or `$2.50 of $5 left this month`."""
    rule = standing.rule
    left, amount = (plain_amount(rule.unit, one) for one in (standing.left, rule.amount))
    return f"{left} of {amount} left {window_now(rule.window)}"


def plain_amount(unit: Unit, amount: int) -> str:
    """An amount where the unit has been named: `3`, `$2.50`."""
    return str(amount) if unit is Unit.IMAGES else show_amount(unit, amount)


def quota_line(balance: Balance) -> str:
    """The tightest-looking pot for a footer; empty where a member has no limit at all.

    Pictures are shown before money, and a day before a month, as people count. What gifts have
    left stands beside it.
    """
    if not balance.pots:
        return ""
    pot = balance.pots[0]
    given = from_gifts(balance.gifts, pot.rule.unit)
    more = f" + {given}" if given else ""
    return f"{left_of(pot)}{more} (resets in {duration(pot.resets_at_ms - balance.now_ms)})"


def from_gifts(gifts: Iterable[Gift], unit: Unit) -> str:
    """`3 from gifts`, `$2.50 from gifts`; empty where gifts of the unit have nothing left."""
    left = left_in(gifts, unit)
    return f"{plain_amount(unit, left)} from gifts" if left else ""


def until_when(until_ms: int) -> str:
    """An end as each reader's clock says it, with how long that is."""
    second = -(-until_ms // 1000)
    return f"until <t:{second}:f> (<t:{second}:R>)"


def by_whom(actor_id: int) -> str:
    """Name who did something; a mention shows a name and pings nobody."""
    return "the host" if actor_id == HOST else f"<@{actor_id}>"


def named_kind(kind: str) -> str:
    """The name of a kind of change: `Limit set` for `limit.set`."""
    return kind.replace(".", " ").replace("_", " ").capitalize()


def quoted_reason(reason: str) -> str:
    """A reason that somebody typed, harmless and bounded."""
    shown = shown_prompt(reason, chars_max=_REASON_CHARS_MAX, bytes_max=_REASON_BYTES_MAX)
    return f"“{shown}”"


def options_line(job: Job) -> str:
    """`2 images · 1536×1024 · high`."""
    parts = (count_images(job.count), job.size.shown, job.quality)
    return " · ".join(part for part in parts if part)


def why_halted(halt: Halt) -> str:
    """Say what keeps every job in the line, as the end of a sentence."""
    return _WHY_HALTED[halt]


def why_late(job: Job) -> str:
    """Say why pictures come after their member was told that there are none, or not all."""
    if job.state is State.DELIVERED:
        why = _OTHERS_CAME
    else:
        why = _WHY_LATE.get(job.reason or Reason.SILENT, _GIVEN_UP)
    return f"**Late, and free of charge:** {why}."


def still_missing(count: int) -> str | None:
    """Say that pictures are not there yet; without a time, because there may be none."""
    if count <= 0:
        return None
    return (
        f"{count_images(count)} could not be fetched so far and {_is(count)} not charged. "
        f"{_STILL_LOOKING}"
    )


def fewer_note(asked: int, arrived: int, made: int, links: int | None = None) -> str | None:
    """Say that pictures are missing, or too many, and what that means for the charge.

    Args:
        asked: How many were asked for.
        arrived: How many are in the message.
        made: How many fal made, with or without an address.
        links: How many of those have an address; None for all.
    """
    links = made if links is None else links
    nameless = made - links
    parts: list[str | None] = []
    if made < asked:
        parts.append(f"fal made {count_images(made)} of {asked}; only what was made is charged.")
    if nameless > 0:
        are = _is(nameless)
        parts.append(f"{count_images(nameless)} came without an address and {are} not charged.")
    parts.append(still_missing(links - arrived))
    if arrived > asked:
        parts.append(
            f"fal made more than was asked for; {count_images(asked)} {_is(asked)} charged."
        )
    return " ".join(part for part in parts if part) or None


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def footer(job: Job, pictures: int, balance: Balance, *, is_late: bool = False) -> str:
    """The cost footer under the pictures; late ones are free, and took longer than was noted."""
    if is_late:
        shown = [count_images(pictures), job.size.shown, job.quality, "free"]
        return " · ".join(part for part in (*shown, quota_line(balance)) if part)
    took_ms = (job.rendered_at_ms or job.created_at_ms) - job.created_at_ms
    parts = [
        count_images(pictures),
        job.size.shown,
        job.quality,
        ("about " if job.cost_is_computed else "") + format_usd(_paid(job, pictures)),
        duration(took_ms),
        quota_line(balance),
    ]
    return " · ".join(part for part in parts if part)


def _paid(job: Job, pictures: int) -> int:
    """What the pictures in the message cost; the rest of fal's bill is the host's."""
    bill = Bill(job.cost_microusd or 0, job.cost_is_computed)
    if job.made is None:
        return bill.microusd
    return charge_for(job, bill, pictures).microusd


def why_refused(error: OverLimit) -> str:
    """Say why a limit refused, with what is asked, what is left and when it resets."""
    standing = error.standing
    rule = standing.rule
    resets = standing.resets_at_ms // 1000
    asked = show_amount(rule.unit, error.asked)
    if rule.unit is Unit.USD:
        asked = f"up to {asked}"
    limit = f"{left_of(standing)}, by {whose(standing)}"
    if error.given:
        limit += f", and {plain_amount(rule.unit, error.given)} from gifts"
    lines = [f"**No room for this: it needs {asked}.**", f"{limit[0].upper()}{limit[1:]}."]
    left = standing.left + error.given
    if rule.unit is Unit.IMAGES and left:
        lines.append(f"Ask for {left} or fewer, or wait.")
    lines.append(f"It resets <t:{resets}:R>, on <t:{resets}:f>. Nothing was charged.")
    return "\n".join(lines)


def why_ended(job: Job) -> str:
    """Say in plain words why a job brings no pictures, and whether they may still come."""
    is_searched = job.search_until_ms is not None
    match job.reason:
        case Reason.MEMBER | Reason.MODERATOR as by:
            who = "the member who asked for it" if by is Reason.MEMBER else "a moderator"
            return f"By {who}." + (f" {_MAY_STILL_COME}" if is_searched else "")
        case reason:
            why = _WHY_FAILED[reason or Reason.UNEXPECTED]
            return why + (f" {_STILL_LOOKING}" if is_searched else "")


def what_became_of_the_money(job: Job, balance: Balance) -> str:
    """Say that nothing is charged, and what the member has left now."""
    returned = f"{count_images(job.count)} and {format_usd(job.held_microusd)} held are back"
    parts = [f"Nothing was charged: {returned}", quota_line(balance)]
    return " · ".join(part for part in parts if part)
