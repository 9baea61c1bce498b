"""Why what was typed cannot be read: amounts, ends, days, zones."""

from bot.core.codes import TypedCode
from bot.core.errors import Refused
from bot.core.money import format_usd
from bot.texts.tables import Table
from bot.texts.writing import Writing

_END = "type it like 3d, 2 weeks, 2026-12-31 or 2026-12-31 18:00"
_RANGE = "type it like 2026-11-01..2026-11-15, or choose today, this week or this month"


def _most_usd(error: Refused, _: Writing) -> str:
    return f"At most {format_usd(error.most)} are possible."


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _zones(error: Refused, write: Writing) -> str:
    return f"“{write.typed(error.typed)}” may be {_either(error.names)}; type the whole name."


def _no_zone(error: Refused, write: Writing) -> str:
    shown = write.typed(error.typed) or "Nothing"
    near = f"Did you mean {_either(error.names)}?" if error.names else ""
    advice = near or "Type a large city in it, like Berlin or Tokyo."
    return f"“{shown}” is no time zone that is known here. {advice}"


TYPED: Table[TypedCode] = {
    TypedCode.IS_MONEY: "“{typed}” is an amount of money; choose USD, or type pictures like 20.",
    TypedCode.NO_COUNT: "“{typed}” is no number of pictures; type a whole number like 20.",
    TypedCode.COUNT_TOO_LARGE: "At most {most:,} pictures are possible.",
    TypedCode.AMOUNT_READS_TWO_WAYS: (
        "“{typed}” can be read in two ways; type it like 1000 or 1.50."
    ),
    TypedCode.NO_USD: "“{typed}” is no amount of USD; type it like $5, 2.50 or 2,50.",
    TypedCode.USD_TOO_LARGE: _most_usd,
    TypedCode.NO_END: f"“{{typed}}” is no end; {_END}.",
    TypedCode.END_PASSED: "“{typed}” has passed already; name an end that is still to come.",
    TypedCode.END_TOO_FAR: "“{typed}” is more than {most} years away; name an earlier end.",
    TypedCode.NO_TIME_OF_DAY: "“{typed}” has no time of day that there is; type it like 18:00.",
    TypedCode.MINUTES_OR_MONTHS: "“{typed}” can be read in two ways; type 3 min or 3 months.",
    TypedCode.SHORT_YEAR: "“{typed}” has a year of two digits; type all four, like 2026-12-31.",
    TypedCode.NO_SUCH_DAY: f"“{{typed}}” is no day that there is; {_END}.",
    TypedCode.DAY_READS_TWO_WAYS: "“{typed}” can be read in two ways; type it like 2026-12-31.",
    TypedCode.NO_DATE: "“{typed}” is no date; type it like 2026-12-31 or 31 Dec 2026.",
    TypedCode.NO_DAY_OF_RANGE: f"“{{typed}}” is no date; {_RANGE}.",
    TypedCode.PERIOD_AND_DAYS: "Name either a period or the days from and to, not both.",
    TypedCode.NO_FIRST_DAY: "Name the first day too, in the option `from`.",
    TypedCode.DAYS_TO_COME: "{first} is still to come; name days that have begun.",
    TypedCode.DAYS_BACKWARDS: "{first} is before {second}; name the earlier day first.",
    TypedCode.TOO_MANY_DAYS: "That is {given:,} days; at most {most} are possible at once.",
    TypedCode.NO_RANGE: f"That is no range of days; {_RANGE}.",
    TypedCode.STALE_DAYS: "These are no days to report on. Ask for the usage again.",
    TypedCode.ZONE_IN_SEVERAL: _zones,
    TypedCode.ZONE_IS_OFFSET: (
        "“{typed}” does not know when summer time begins; type a large city in the zone, like "
        "Berlin."
    ),
    TypedCode.NO_ZONE: _no_zone,
}
