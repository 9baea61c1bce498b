"""Ends as people type them: `3d`, `2 weeks`, `1 month`, `2026-12-31`, `31 Dec 2026 18:00`.

Days, weeks, months and years keep the time of the wall clock in the server's zone, hours and
minutes are real time. A date alone means the end of that day. Of a time that the clocks of the zone
show twice the second is meant; one that they skip is as much after the change as it says.
"""

import re
import unicodedata
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.core.codes import TypedCode
from bot.core.errors import BadRequest

YEARS_MAX = 5

_TYPED_CHARS_MAX = 60
_LEAD = re.compile(r"(?:in|for|until|till) ")

_PART = re.compile(r"(\d{1,6}) ?([a-z]+)")
_PARTS = re.compile(rf"{_PART.pattern}(?:(?:,? and |, ?| ?\+ ?| ?){_PART.pattern})*")

_UNITS = {
    "minutes": ("min", "mins", "minute", "minutes"),
    "hours": ("h", "hr", "hrs", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("w", "wk", "wks", "week", "weeks"),
    "months": ("mo", "mos", "month", "months"),
    "years": ("y", "yr", "yrs", "year", "years"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTH_OF = {
    **{name: number for number, name in enumerate(_MONTHS, 1)},
    **{name[:3]: number for number, name in enumerate(_MONTHS, 1)},
    "sept": 9,
}

_CLOCK = re.compile(r"(.+?)[ t,]+(?:at )?(\d{1,2})(?::(\d{2}))? ?([ap]m)?")
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})")
_TWO_WAYS = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})")
_SHORT_YEAR = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{2}")
_DAY_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)? ?([a-z]+)\.?,? ?(\d{4})")
_NAMED_DAY = re.compile(r"([a-z]+)\.? ?(\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")


def parse_until(text: str, now_ms: int, zone: tzinfo) -> int:
    """Read the end of a gift or a block.

    Args:
        text: A duration, or a date with or without a time of day.
        now_ms: Now.
        zone: The server's time zone.

    Returns:
        The first instant after it, in milliseconds since 1970.

    Raises:
        BadRequest: It is none, has passed, or is too far away; the code says which.
    """
    typed = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    typed = _LEAD.sub("", typed, count=1) if _LEAD.match(typed) else typed
    if not typed.isascii() or len(typed) > _TYPED_CHARS_MAX:
        raise BadRequest(TypedCode.NO_END, typed=text)
    try:
        until_ms = _instant(typed, text, now_ms, zone)
        latest_ms = _after(now_ms, zone, months=12 * YEARS_MAX)
    except OverflowError:
        raise BadRequest(TypedCode.END_TOO_FAR, typed=text, most=YEARS_MAX) from None
    if until_ms <= now_ms:
        raise BadRequest(TypedCode.END_PASSED, typed=text)
    if until_ms > latest_ms:
        raise BadRequest(TypedCode.END_TOO_FAR, typed=text, most=YEARS_MAX)
    return until_ms


def parse_day(text: str, today: date, code: TypedCode = TypedCode.NO_DATE) -> date:
    """Read a date alone: `2026-12-31`, `31 Dec 2026`, `today`.

    Args:
        text: What was typed.
        today: The current day in the server's time zone.
        code: What it is refused with where it is no date at all.

    Raises:
        BadRequest: It is none.
    """
    typed = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    try:
        day = _day(typed, text, today) if typed.isascii() else None
    except OverflowError:
        day = None
    if day is None:
        raise BadRequest(code, typed=text)
    return day


def shown_instant(at_ms: int) -> str:
    """Write an instant so that it stays true wherever it is read: `2026-12-31 23:00 UTC`."""
    return f"{_local(at_ms, UTC):%Y-%m-%d %H:%M} UTC"


def _instant(typed: str, text: str, now_ms: int, zone: tzinfo) -> int:
    today = _local(now_ms, zone).date()
    day = _day(typed, text, today)
    if day is not None:
        return _instant_of(day + timedelta(days=1), time(), zone)
    found = _CLOCK.fullmatch(typed)
    day = _day(found[1], text, today) if found else None
    if found is not None and day is not None:
        minutes = _minutes(int(found[2]), found[3], found[4])
        if minutes is None:
            raise BadRequest(TypedCode.NO_TIME_OF_DAY, typed=text)
        days, minutes = divmod(minutes, 24 * 60)
        return _instant_of(day + timedelta(days=days), time(*divmod(minutes, 60)), zone)
    if _PARTS.fullmatch(typed):
        return _after_parts(typed, text, now_ms, zone)
    raise BadRequest(TypedCode.NO_END, typed=text)


def _after_parts(typed: str, text: str, now_ms: int, zone: tzinfo) -> int:
    sums = dict.fromkeys(_UNITS, 0)
    for count, word in _PART.findall(typed):
        if word == "m":
            raise BadRequest(TypedCode.MINUTES_OR_MONTHS, typed=text)
        unit = _UNIT_OF.get(word)
        if unit is None:
            raise BadRequest(TypedCode.NO_END, typed=text)
        sums[unit] += int(count)
    return _after(
        now_ms,
        zone,
        months=12 * sums["years"] + sums["months"],
        days=7 * sums["weeks"] + sums["days"],
        minutes=60 * sums["hours"] + sums["minutes"],
    )


def _after(now_ms: int, zone: tzinfo, *, months: int = 0, days: int = 0, minutes: int = 0) -> int:
    if months or days:
        here = _local(now_ms, zone)
        day = _months_later(here.date(), months) + timedelta(days=days)
        if day != here.date():
            now_ms = _instant_of(day, here.time(), zone)
    return now_ms + minutes * 60_000


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or the last day of a month that is too short for it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        raise OverflowError
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _day(typed: str, text: str, today: date) -> date | None:
    """Read a date, None where it is none."""
    if typed in {"today", "tomorrow"}:
        return today + timedelta(days=typed == "tomorrow")
    if _SHORT_YEAR.fullmatch(typed):
        raise BadRequest(TypedCode.SHORT_YEAR, typed=text)
    parts = _written(typed, text)
    if parts is None:
        return None
    try:
        return date(*parts)
    except ValueError:
        raise BadRequest(TypedCode.NO_SUCH_DAY, typed=text) from None


def _written(typed: str, text: str) -> tuple[int, int, int] | None:
    """Take a date apart into year, month and day."""
    if found := _YEAR_FIRST.fullmatch(typed):
        return int(found[1]), int(found[3]), int(found[4])
    if found := _DOTTED.fullmatch(typed):
        return int(found[3]), int(found[2]), int(found[1])
    if found := _TWO_WAYS.fullmatch(typed):
        first, second = int(found[1]), int(found[3])
        if first != second and max(first, second) <= 12:
            raise BadRequest(TypedCode.DAY_READS_TWO_WAYS, typed=text)
        return int(found[4]), min(first, second), max(first, second)
    if (found := _DAY_NAMED.fullmatch(typed)) and found[2] in _MONTH_OF:
        return int(found[3]), _MONTH_OF[found[2]], int(found[1])
    if (found := _NAMED_DAY.fullmatch(typed)) and found[1] in _MONTH_OF:
        return int(found[3]), _MONTH_OF[found[1]], int(found[2])
    return None


def _minutes(hour: int, minute: str | None, half: str | None) -> int | None:
    """Minutes since midnight, up to 24:00; None where there is no such time."""
    past = int(minute or 0)
    if past > 59 or (minute is None and half is None):
        return None
    if half is not None:
        return (hour % 12 + 12 * (half == "pm")) * 60 + past if 1 <= hour <= 12 else None
    return hour * 60 + past if hour * 60 + past <= 24 * 60 else None


def _local(now_ms: int, zone: tzinfo) -> datetime:
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=now_ms)).astimezone(zone)


def _instant_of(day: date, clock: time, zone: tzinfo) -> int:
    epoch = datetime.fromtimestamp(0, UTC)
    here = datetime.combine(day, clock, tzinfo=zone)
    return max((here.replace(fold=fold) - epoch) // timedelta(milliseconds=1) for fold in (0, 1))
