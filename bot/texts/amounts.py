"""Numbers and durations as people read them."""

from datetime import timedelta

from bot.core.limits import Unit
from bot.core.money import format_usd


def show_amount(unit: Unit, amount: int) -> str:
    """Write an amount of a unit for people: `1 picture`, `7 pictures`, `$2.50`."""
    if unit is Unit.USD:
        return format_usd(amount)
    return "1 picture" if amount == 1 else f"{amount} pictures"


def count_images(count: int) -> str:
    """`1 picture`, `2 pictures`."""
    return show_amount(Unit.IMAGES, count)


def plain_amount(unit: Unit, amount: int) -> str:
    """An amount where the unit has been named: `3`, `$2.50`."""
    return str(amount) if unit is Unit.IMAGES else show_amount(unit, amount)


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
