"""What is noted of a change: its kind and typed facts. Sentences are made where people read them.

A fact is a small frozen value; `Change.facts` has a change's facts as JSON, and `Change.read` reads
them back. Ids are text there, because many readers round whole numbers of that size. What an older
version noted in words is a `Text`, and so is what cannot be read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from typing import Any, cast, get_type_hints

from bot.core.limits import Subject, Unit, Window
from bot.core.models.options import Size
from bot.core.preferences import Places
from bot.core.wordfilter.words import Entry


class Setting(StrEnum):
    """What moderators can set of a server, mostly by the names of `Preferences`."""

    DEFAULT_SIZE = "default_size"
    MAX_SIZE = "max_size"
    DEFAULT_QUALITY = "default_quality"
    MAX_QUALITY = "max_quality"
    DEFAULT_COUNT = "default_count"
    MAX_COUNT = "max_count"
    CHANNELS = "channels"
    LOG_CHANNEL = "log_channel"
    ZONE = "zone"
    SPOILERS = "spoilers"
    PRIVATE = "private_allowed"
    PAUSE = "pause_sentence"


@dataclass(frozen=True, slots=True)
class Text:
    """Words as they stand; an id in them is not taken for anybody's."""

    words: str


@dataclass(frozen=True, slots=True)
class Code:
    """A thing or a state that one word of the bot's own names, such as `removed`."""

    code: str


@dataclass(frozen=True, slots=True)
class Who:
    """A member, role or channel."""

    subject: Subject
    subject_id: int


@dataclass(frozen=True, slots=True)
class LimitOf:
    """A limit, whatever its amount; the id is 0 for everyone and for the server."""

    subject: Subject
    subject_id: int
    unit: Unit
    window: Window


@dataclass(frozen=True, slots=True)
class GiftsOf:
    """A member's gifts of a unit."""

    member_id: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class JobOf:
    """A member's job, never with its prompt: the row outlives it."""

    member_id: int
    job_id: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt, cut to a readable length; None where it is private."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Amount:
    """Pictures, or micro-dollars where the unit is USD; of a gift with its end."""

    unit: Unit
    amount: int
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Micro-dollars that fal may have billed."""

    microusd: int


@dataclass(frozen=True, slots=True)
class Until:
    """A block until an end; None is without one."""

    until_ms: int | None


@dataclass(frozen=True, slots=True)
class PicturesIn:
    """Pictures in a channel."""

    pictures: int
    channel_id: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """How many sums are wrong."""

    count: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What a setting is set to; None where the server leaves it open."""

    value: str | int | None


@dataclass(frozen=True, slots=True)
class Where:
    """In which channels pictures are made."""

    places: Places
    channel_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Deleted:
    """A role or channel that was deleted in Discord, by the name that it had if that is known."""

    subject: Subject
    name: str | None


FACTS: dict[str, type[Any]] = {
    "text": Text,
    "code": Code,
    "who": Who,
    "limit": LimitOf,
    "gifts": GiftsOf,
    "job": JobOf,
    "prompt": Prompt,
    "amount": Amount,
    "doubt": Doubt,
    "block": Until,
    "posted": PicturesIn,
    "wrong": Wrong,
    "choice": Choice,
    "size": Size,
    "entry": Entry,
    "where": Where,
    "deleted": Deleted,
}
"""What stands under `fact` in JSON. Rows are never rewritten, so a name stays what it is."""

Fact = (
    Text | Code | Who | LimitOf | GiftsOf | JobOf | Prompt | Amount | Doubt | Until | PicturesIn
    | Wrong | Choice | Size | Entry | Where | Deleted
)  # fmt: skip

_NAMES = {made: name for name, made in FACTS.items()}


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody changed.

    Attributes:
        kind: Like `limit.set`; the part before the dot names the thing, see `topic`.
        actor_id: Who did it, 0 for the host.
        subject: What it was done to; enough of it to be understood when the thing is gone.
        before: How it was, None where it was not.
        after: How it is, None where it is no more.
        reason: What somebody typed.
        cause: What led to it where nobody did it.
        member_id: The member it concerns, None where it concerns nobody alone.
    """

    kind: str
    actor_id: int
    subject: Fact
    before: Fact | None = None
    after: Fact | None = None
    reason: str = ""
    cause: Fact | None = None
    member_id: int | None = None
    job_id: str | None = None

    @property
    def topic(self) -> str:
        """What of the bot was changed, such as `limit`."""
        return self.kind.partition(".")[0]

    @property
    def facts(self) -> dict[str, dict[str, Any] | None]:
        """The facts as JSON has them; see `read`."""
        named = {"subject": self.subject, "before": self.before, "after": self.after}
        if self.cause is not None:
            named["cause"] = self.cause
        return {name: fact and _written(fact) for name, fact in named.items()}

    @classmethod
    def read(
        cls,
        facts: Mapping[str, Any],
        *,
        kind: str,
        actor_id: int,
        reason: str,
        member_id: int | None = None,
        job_id: str | None = None,
    ) -> "Change":
        """Make a change of the rest and its facts as JSON has them.

        A text in the place of a fact is words of an older version.
        """
        before, after, cause = (_read(facts.get(name)) for name in ("before", "after", "cause"))
        subject = _read(facts.get("subject")) or Text("")
        return cls(kind, actor_id, subject, before, after, reason, cause, member_id, job_id)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A change as it was noted. The time is in milliseconds since 1970."""

    id: str
    at_ms: int
    change: Change


@dataclass(frozen=True, slots=True)
class Words:
    """A change in words, as a reader finds them; None where nothing was or is."""

    subject: str
    before: str | None
    after: str | None
    reason: str


def _written(fact: Fact) -> dict[str, Any]:
    written: dict[str, Any] = {"fact": _NAMES[type(fact)]}
    for one in fields(fact):
        value: object = getattr(fact, one.name)
        if one.name.endswith("_id"):
            value = str(value)
        elif isinstance(value, tuple):
            value = [str(number) for number in cast("tuple[int, ...]", value)]
        written[one.name] = value
    return written


def _read(raw: object) -> Fact | None:
    if raw is None or isinstance(raw, str):
        return None if raw is None else Text(raw)
    try:
        given = cast("dict[str, Any]", raw)
        made = FACTS[given["fact"]]
        return made(**{name: _value(hint, given[name]) for name, hint in _hints(made).items()})
    except (KeyError, TypeError, ValueError):
        # One row that nobody understands must not hide the others of its page.
        return Text(json.dumps(raw, ensure_ascii=False))


def _value(hint: object, raw: object) -> object:
    if isinstance(hint, type) and issubclass(hint, int | str):
        # The number of an id, the member of an enumeration; the others are what they are.
        return cast("type[Any]", hint)(raw)
    if isinstance(raw, list):
        return tuple(int(number) for number in cast("list[str]", raw))
    return raw


@cache
def _hints(made: type[Any]) -> dict[str, object]:
    return get_type_hints(made)
