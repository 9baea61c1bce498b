"""From local days to instants and back, for what is stored by the instant."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.core.typed.ranges import Days

_EPOCH = datetime.fromtimestamp(0, UTC)

FIRST_DAY = date(2015, 1, 1)
"""Discord is no older, so nothing is."""


def span_ms(days: Days, zone: tzinfo) -> tuple[int, int]:
    """Find the first instant of a range of days and the first one after it.

    What follows on a range begins with the very instant that ends it, also where clocks change at
    midnight.
    """
    first, after = max(days.first, FIRST_DAY), max(days.last, FIRST_DAY) + timedelta(days=1)
    return _midnight_ms(first, zone), _midnight_ms(after, zone)


def day_of(at_ms: int, zone: tzinfo) -> date:
    """The local day of an instant."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone).date()


def _midnight_ms(day: date, zone: tzinfo) -> int:
    """Midnight that does not exist is the next instant that does, one that comes twice the last."""
    midnight = datetime.combine(day, time(), tzinfo=zone)
    instants = (midnight.replace(fold=fold) - _EPOCH for fold in (0, 1))
    return max(instants) // timedelta(milliseconds=1)
