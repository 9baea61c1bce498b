"""What became of a job: its pictures, its footer, why it waits or failed, and the money."""

from bot.core.errors import Halt
from bot.core.jobs import Job, Reason, State
from bot.core.money import format_usd
from bot.services.limits.bills import Bill, charge_for
from bot.services.ports import Balance
from bot.texts.amounts import count_images, duration
from bot.texts.limits import quota_line

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


def options_line(job: Job) -> str:
    """`2 pictures · 1536×1024 · high`."""
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
