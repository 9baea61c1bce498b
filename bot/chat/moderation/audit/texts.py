"""A change in words, as Discord shows it: ids that are known for such become names."""

from dataclasses import dataclass

from bot.core.audit import Change, Fact
from bot.core.limits import Subject
from bot.core.prompts import shown_prompt
from bot.texts.audit import Style, written

_MARKS = {Subject.MEMBER: "@", Subject.ROLE: "@&", Subject.CHANNEL: "#"}


@dataclass(frozen=True, slots=True)
class Room:
    """How long the texts may be that people typed, in characters and half of the bytes.

    Attributes:
        channels: How many channels are named where several are.
    """

    subject: int
    value: int
    reason: int
    channels: int = 2


def subject_of(change: Change, room: Room) -> str:
    """What a change was made to."""
    return _written(change.subject, change, room.subject, room)


def values_of(change: Change, room: Room) -> tuple[str, str] | None:
    """What was before and what is after; None where a change has neither."""
    if change.before is None and change.after is None:
        return None
    before, after = (
        "nothing" if fact is None else _written(fact, change, room.value, room) or "nothing"
        for fact in (change.before, change.after)
    )
    return before, after


def reason_of(change: Change, room: Room) -> str:
    """Why, in quotation marks where somebody typed it; perhaps nothing."""
    if change.cause is not None:
        return _written(change.cause, change, room.reason, room)
    return f"“{_typed(change.reason, room.reason)}”" if change.reason else ""


def _written(fact: Fact, change: Change, chars_max: int, room: Room) -> str:
    style = Style(_mention, lambda text: _typed(text, chars_max), room.channels)
    return written(fact, change, style)


def _mention(subject: Subject, subject_id: int) -> str:
    """A name with what it is of; it pings nobody, because nothing here is allowed to."""
    return f"{subject} <{_MARKS[subject]}{subject_id}>"


def _typed(text: str, chars_max: int) -> str:
    return shown_prompt(text, chars_max=chars_max, bytes_max=2 * chars_max)
