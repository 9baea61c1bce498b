"""Ranges of days as people type them: `this month`, `2026-11-01..2026-11-15`."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from bot.core.codes import TypedCode
from bot.core.errors import BadRequest
from bot.core.typed.durations import parse_day

DAYS_MAX = 366

NAMES = ("today", "yesterday", "this week", "last week", "this month", "last month")
"""Ranges that have a name; weeks start on Monday."""

_BETWEEN = re.compile(r"\s*(?:\.\.+|…|–|—|\bto\b|\buntil\b|(?<=\s)-(?=\s))\s*", re.IGNORECASE)
_LAST_DAYS = re.compile(r"(?:the )?(?:last |past )?([1-9]\d{0,2}) days?", re.ASCII)
"""Today is the last of them."""


@dataclass(frozen=True, slots=True)
class Days:
    """Local days from the first to the last, both included."""

    first: date
    last: date

    @property
    def count(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def all(self) -> list[date]:
        """Every day, the first one first."""
        return [self.first + timedelta(days=number) for number in range(self.count)]


def parse_days(period: str | None, first: str | None, last: str | None, today: date) -> Days:
    """Read a range that has begun; what of it is still to come is left out.

    `last 7 days` is meant with today.

    Args:
        period: A name of `NAMES`, or a first and a last day, or one day; None where it was left
            out, which means this month unless days are given.
        first: The first day, None where it was left out.
        last: The last day, None where it was left out: today then.
        today: The current day in the server's time zone.

    Raises:
        BadRequest: It is none, is longer than `DAYS_MAX`, or has not begun.
    """
    if period is not None and (first is not None or last is not None):
        raise BadRequest(TypedCode.PERIOD_AND_DAYS)
    if first is None and last is not None:
        raise BadRequest(TypedCode.NO_FIRST_DAY)
    if first is not None:
        days = Days(parse_day(first, today), parse_day(last, today) if last else today)
    else:
        days = _typed(period or "this month", today)
    if days.first > today:
        raise BadRequest(TypedCode.DAYS_TO_COME, names=(days.first.isoformat(),))
    if days.last < days.first:
        raise BadRequest(
            TypedCode.DAYS_BACKWARDS, names=(days.last.isoformat(), days.first.isoformat())
        )
    days = Days(days.first, min(days.last, today))
    if days.count > DAYS_MAX:
        raise BadRequest(TypedCode.TOO_MANY_DAYS, given=days.count, most=DAYS_MAX)
    return days


def _typed(text: str, today: date) -> Days:
    named = _named(" ".join(text.casefold().split()), today)
    if named is not None:
        return named
    parts = [part for part in _BETWEEN.split(text.strip()) if part]
    if not parts or len(parts) > 2:
        raise BadRequest(TypedCode.NO_RANGE)
    code = TypedCode.NO_DAY_OF_RANGE
    return Days(parse_day(parts[0], today, code), parse_day(parts[-1], today, code))


def _named(name: str, today: date) -> Days | None:
    yesterday, monday = today - timedelta(days=1), today - timedelta(days=today.weekday())
    month = today.replace(day=1)
    last_month = month - timedelta(days=1)
    named = {
        "today": (today, today),
        "yesterday": (yesterday, yesterday),
        "this week": (monday, today),
        "last week": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "this month": (month, today),
        "last month": (last_month.replace(day=1), last_month),
    }
    found = named.get(name)
    if found is None and (counted := _LAST_DAYS.fullmatch(name)):
        found = (today - timedelta(days=int(counted[1]) - 1), today)
    return Days(*found) if found else None
