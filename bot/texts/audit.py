"""What was changed, in words: for the audit's card, the log channel, the console and files.

A person, role or channel is named only where a fact carries an id; in what somebody typed an id is
a number like any other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.core import audit as facts
from bot.core.audit import Change, Fact, Setting, Words
from bot.core.limits import Subject, Unit
from bot.core.models.options import Size
from bot.core.money import format_usd
from bot.core.preferences import Places, Preferences, Spoilers
from bot.core.wordfilter.words import Entry, Kind
from bot.texts.amounts import show_amount
from bot.texts.writing import EXACT, Writing

_UNITS = {Unit.IMAGES: "pictures", Unit.USD: "USD"}

_CODES: dict[str, str] = {
    Setting.MAX_SIZE: "highest size",
    Setting.MAX_QUALITY: "highest quality",
    Setting.MAX_COUNT: "highest count",
    Setting.ZONE: "time zone",
    Setting.PRIVATE: "private pictures",
    Setting.PAUSE: "the whole server",
    "sums": "sums kept beside the ledger",
    "made_anew": "made anew from the entries",
    "removed": "removed; nothing is refunded",
}
"""Codes that are not words already."""

_HOST_S, _NO_BOUND = "the host's default", "no bound"
_LEFT_OPEN: dict[str, str] = {
    Setting.DEFAULT_SIZE: _HOST_S,
    Setting.DEFAULT_QUALITY: _HOST_S,
    Setting.DEFAULT_COUNT: "1",
    Setting.MAX_SIZE: _NO_BOUND,
    Setting.MAX_QUALITY: _NO_BOUND,
    Setting.MAX_COUNT: _NO_BOUND,
    Setting.PAUSE: "running",
}
_CHOICES: dict[tuple[str, str | int], str] = {
    (Setting.PRIVATE, True): "allowed",
    (Setting.PRIVATE, False): "not allowed",
    (Setting.SPOILERS, Spoilers.AGE_RESTRICTED): "in age-restricted channels",
    (Setting.PAUSE, ""): "paused",
}
_JOBS = {"cancel": "job {job} of {member}", "loss": "cost of job {job} of {member}"}
_NO_CHANNEL = {Places.ALL: "everywhere", Places.ONLY: "nowhere", Places.EXCEPT: "everywhere"}
_CHANNELS = {Places.ONLY: "only in ", Places.EXCEPT: "everywhere but in "}


@dataclass(frozen=True, slots=True)
class Style:
    """Where a change is read.

    Attributes:
        write: How that place writes people, times and what somebody typed.
        room: So many characters may stand there of what somebody typed.
    """

    write: Writing
    room: int

    def named(self, subject: Subject, subject_id: int) -> str:
        """Name a member, role or channel."""
        names = {
            Subject.MEMBER: self.write.member,
            Subject.ROLE: self.write.role,
            Subject.CHANNEL: self.write.channel,
        }
        return names[subject](subject_id)

    def typed(self, text: str) -> str:
        """Write what somebody typed."""
        return self.write.typed(text, self.room)


PLAIN = Style(EXACT, room=10_000)
"""For a terminal and for files; what is typed stands there as it is."""

_NAME_CHARS = 30
"""A channel's name with what stands between two."""


def words_of(change: Change) -> Words:
    """Write all of a change for a terminal or a file."""
    return Words(
        subject=written(change.subject, change, PLAIN),
        before=change.before and written(change.before, change, PLAIN),
        after=change.after and written(change.after, change, PLAIN),
        reason=change.reason if change.cause is None else written(change.cause, change, PLAIN),
    )


def written(fact: Fact, change: Change, style: Style) -> str:
    """Write one fact of a change."""
    return _WRITERS[type(fact)](fact, change, style)


def done(setting: Setting, after: Preferences) -> str:
    """Confirm to who changed a setting what was changed."""
    if setting is not Setting.PAUSE:
        return f"{_code(setting).capitalize()}."
    if after.pause_sentence is None:
        return "The server takes requests again."
    return "The server is paused."


def limit_named(limit: facts.LimitOf, style: Style = PLAIN) -> str:
    """Name whose limit it is, and of what: `role 5, pictures per day`."""
    who = "everyone" if limit.subject is Subject.EVERYONE else f"the whole {limit.subject}"
    if limit.subject_id:
        who = style.named(limit.subject, limit.subject_id)
    return f"{who}, {_UNITS[limit.unit]} per {limit.window}"


def _code(code: str) -> str:
    return _CODES.get(code, code.replace("_", " "))


def _who(fact: facts.Who, change: Change, style: Style) -> str:
    named = style.named(fact.subject, fact.subject_id)
    return f"with {named}" if change.kind == "settings.channels" else named


def _job(fact: facts.JobOf, change: Change, style: Style) -> str:
    named = style.named(Subject.MEMBER, fact.member_id)
    return _JOBS.get(change.topic, "{member}, job {job}").format(job=fact.job_id, member=named)


def _prompt(fact: facts.Prompt, _: Change, style: Style) -> str:
    if fact.text is None:
        return "a private prompt, which stands in the audit only"
    return f"prompt “{style.typed(fact.text)}”"


def _amount(fact: facts.Amount, change: Change, style: Style) -> str:
    shown = show_amount(fact.unit, fact.amount)
    if fact.until_ms is not None:
        return f"{shown} until {style.write.instant(fact.until_ms)}"
    return f"{shown} left" if change.kind == "gift.end" else shown


def _until(fact: facts.Until, _: Change, style: Style) -> str:
    if fact.until_ms is None:
        return "blocked"
    return f"blocked until {style.write.instant(fact.until_ms)}"


def _entry(fact: Entry, change: Change, style: Style) -> str:
    refused = "refused for " if change.kind == "words.refused" else ""
    kind = "" if fact.kind is Kind.WORD else f" ({fact.kind})"
    return f"{refused}“{style.typed(fact.text)}”{kind}"


def _choice(fact: facts.Choice, change: Change, style: Style) -> str:
    setting = change.subject.code if isinstance(change.subject, facts.Code) else ""
    if fact.value is None:
        return _LEFT_OPEN.get(setting, "nothing")
    if (setting, fact.value) in _CHOICES:
        return _CHOICES[setting, fact.value]
    shown = style.typed(str(fact.value))
    return f"paused: “{shown}”" if setting == Setting.PAUSE else shown


def _where(fact: facts.Where, change: Change, style: Style) -> str:
    if fact.places is Places.ALL or not fact.channel_ids:
        return _NO_CHANNEL[fact.places]
    if isinstance(change.before, facts.Who):
        return f"without it, {len(fact.channel_ids)} left"
    shown = fact.channel_ids[: style.room // _NAME_CHARS]
    named = [style.named(Subject.CHANNEL, one) for one in shown]
    rest = len(fact.channel_ids) - len(named)
    more = f" and {rest} more" if rest else ""
    return f"{_CHANNELS[fact.places]}{', '.join(named)}{more}"


def _deleted(fact: facts.Deleted, _: Change, style: Style) -> str:
    if fact.name is None:
        return f"the {fact.subject} is gone"
    return f"the {fact.subject} “{style.typed(fact.name)}” was deleted"


_WRITERS: dict[type[Any], Callable[[Any, Change, Style], str]] = {
    facts.Text: lambda fact, _change, style: style.typed(fact.words),
    facts.Code: lambda fact, _change, _style: _code(fact.code),
    facts.Who: _who,
    facts.LimitOf: lambda fact, _change, style: limit_named(fact, style),
    facts.GiftsOf: lambda fact, _change, style: (
        f"{style.named(Subject.MEMBER, fact.member_id)}, gifts of {_UNITS[fact.unit]}"
    ),
    facts.JobOf: _job,
    facts.Prompt: _prompt,
    facts.Amount: _amount,
    facts.Doubt: lambda fact, _change, _style: f"{format_usd(fact.microusd)} in doubt",
    facts.Until: _until,
    facts.PicturesIn: lambda fact, _change, style: (
        f"{show_amount(Unit.IMAGES, fact.pictures)} in "
        f"{style.named(Subject.CHANNEL, fact.channel_id)}"
    ),
    facts.Wrong: lambda fact, _change, _style: f"{fact.count} wrong",
    facts.Choice: _choice,
    Size: lambda fact, _change, _style: fact.shown,
    Entry: _entry,
    facts.Where: _where,
    facts.Deleted: _deleted,
}
