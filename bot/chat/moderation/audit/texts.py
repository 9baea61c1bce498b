"""A change in words, as Discord shows it: ids that are known for such become names."""

from dataclasses import dataclass

from bot.chat.interaction.writing import MANY
from bot.core.audit import Change, Fact
from bot.texts.audit import Style, written


@dataclass(frozen=True, slots=True)
class Room:
    """How many characters may stand in each part of what people typed."""

    subject: int
    value: int
    reason: int


def subject_of(change: Change, room: Room) -> str:
    """What a change was made to."""
    return _written(change.subject, change, room.subject)


def values_of(change: Change, room: Room) -> tuple[str, str] | None:
    """What was before and what is after; None where a change has neither."""
    if change.before is None and change.after is None:
        return None
    before, after = (
        "nothing" if fact is None else _written(fact, change, room.value) or "nothing"
        for fact in (change.before, change.after)
    )
    return before, after


def reason_of(change: Change, room: Room) -> str:
    """Why, in quotation marks where somebody typed it; perhaps nothing."""
    if change.cause is not None:
        return _written(change.cause, change, room.reason)
    return f"“{MANY.typed(change.reason, room.reason)}”" if change.reason else ""


def _written(fact: Fact, change: Change, chars_max: int) -> str:
    return written(fact, change, Style(MANY, chars_max))
