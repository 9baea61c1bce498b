"""From figures to a picture: what stands in the chart, and the short-lived process that draws it.

Drawing takes a tenth of a second of processor time and some tens of megabytes, so it is done in a
process of its own, one at a time, without the bot's secrets, and killed when it takes too long. A
report without its picture is still a report: whatever goes wrong here ends in None and a log line.
"""

import asyncio
import logging
import os
import sys
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import bot
from bot.chat.moderation.usage.chart_plan import PARTS_MAX, Bar, Plan, Row, written
from bot.core.money import MICROUSD_PER_USD, format_usd
from bot.core.typed.ranges import Days
from bot.services.reporting.usage import UsageReport
from bot.storage.usage import CONTENT, Figures

_log = logging.getLogger(__name__)

CHART_MEMBERS = 5
DRAWING_MAX_S = 10.0
_WAITING_MAX_S = 30.0
_TICKS = 4
_DAYS_AS_DAYS_MAX = 45
_DAYS_AS_WEEKS_MAX = 190
_PNG = b"\x89PNG\r\n\x1a\n"
_COMMAND = (sys.executable, "-m", "bot.chat.moderation.usage.drawing")
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL", "PYTHONDONTWRITEBYTECODE")

OUTCOMES = (
    ("delivered", "Delivered"),
    (CONTENT, "Content check"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
    ("undelivered", "Undelivered"),
)
"""How jobs end, as storage and as the chart name it; what is refused at once comes after them."""


class ChartDrawer:
    """Draws charts, one after the other."""

    def __init__(
        self, command: tuple[str, ...] = _COMMAND, time_max_s: float = DRAWING_MAX_S
    ) -> None:
        self._command = command
        self._time_max_s = time_max_s
        self._one = asyncio.Semaphore(1)

    async def draw(self, plan: Plan) -> bytes | None:
        """Draw a chart as PNG; None where that fails or takes too long."""
        try:
            async with asyncio.timeout(_WAITING_MAX_S), self._one:
                return await self._drawn(written(plan))
        except TimeoutError:
            _log.warning("chart given up: drawing takes too long")
        except OSError as error:
            _log.warning("chart given up", extra={"detail": str(error)})
        return None

    async def _drawn(self, plan: bytes) -> bytes | None:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, stderr=pipe, env=_environment()
        )
        try:
            async with asyncio.timeout(self._time_max_s):
                picture, complaint = await process.communicate(plan)
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode == 0 and picture.startswith(_PNG):
            return picture
        detail = complaint.decode(errors="replace")[-500:]
        _log.warning("chart given up", extra={"detail": detail, "code": process.returncode})
        return None


def _environment() -> dict[str, str]:
    """What Python needs to find the bot's code and its libraries, and nothing else."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "PYTHONPATH": str(Path(bot.__file__).parents[1]), "PYTHONSAFEPATH": "1"}


def plan_of(report: UsageReport) -> Plan:
    """Choose what stands in the chart of a report."""
    unit, bars = _bars(report)
    total = report.total
    return Plan(
        title=f"Spending per {unit}",
        total=format_usd(total.microusd),
        range=shown_days(report.days),
        bars=tuple(bars),
        ticks=tuple(_ticks(max((sum(bar.parts) for bar in bars), default=0))),
        legend=tuple(_parts(report)),
        members_title="Top members",
        members=tuple(_members(report)),
        shares_title="All requests",
        shares=tuple(_shares(report)),
    )


def shown_days(days: Days) -> str:
    """Write a range shortly: `1 - 15 Nov 2026`."""
    first, last = days.first, days.last
    if first == last:
        return _day(last, is_long=True)
    start = _day(first, is_long=first.year != last.year)
    if (first.year, first.month) == (last.year, last.month):
        start = str(first.day)
    return f"{start} - {_day(last, is_long=True)}"


def percent(part: int, whole: int) -> str:
    """Write a share without claiming that something rare never happens: `<1%`, `>99%`."""
    if not whole or not part:
        return "0%"
    if part == whole:
        return "100%"
    rounded = round(100 * part / whole)
    return "<1%" if rounded < 1 else ">99%" if rounded > 99 else f"{rounded}%"


def _day(day: date, *, is_long: bool = False) -> str:
    short = f"{day.day} {day:%b}"
    return f"{short} {day.year}" if is_long else short


def _parts(report: UsageReport) -> dict[str, tuple[str, ...]]:
    """What a bar is made of: a quality each, the last of many together, as after a new model."""
    names = report.qualities
    if len(names) <= PARTS_MAX:
        return {name: (name,) for name in names}
    return {**{name: (name,) for name in names[: PARTS_MAX - 1]}, "others": names[PARTS_MAX - 1 :]}


def _bars(report: UsageReport) -> tuple[str, list[Bar]]:
    """Sum days up to weeks or months where there are too many of them."""
    if report.days.count <= _DAYS_AS_DAYS_MAX:
        unit = "day"
    elif report.days.count <= _DAYS_AS_WEEKS_MAX:
        unit = "week"
    else:
        unit = "month"
    sums: dict[str, list[int]] = {}
    groups = _parts(report).values()
    for day, by_quality in report.by_day().items():
        parts = sums.setdefault(_bin(unit, day, report.days.first), [0] * len(groups))
        for number, group in enumerate(groups):
            parts[number] += sum(by_quality.get(one, Figures()).microusd for one in group)
    return unit, [Bar(label, tuple(parts)) for label, parts in sums.items()]


def _bin(unit: str, day: date, first: date) -> str:
    if unit == "week":
        return _day(max(first, day - timedelta(days=day.weekday())))
    if unit == "month":
        return f"{day:%b %y}"
    return _day(day)


def _ticks(highest: int) -> list[tuple[int, str]]:
    """Round amounts for the scale, the last one at or above the highest bar."""
    if highest <= 0:
        return [(0, format_usd(0)), (MICROUSD_PER_USD, format_usd(MICROUSD_PER_USD))]
    step = 1
    for step in _round_amounts():
        if step * _TICKS >= highest:
            break
    count = -(-highest // step)
    return [(step * number, format_usd(step * number)) for number in range(count + 1)]


def _round_amounts() -> list[int]:
    return [factor * 10**power for power in range(18) for factor in (1, 2, 5)]


def _members(report: UsageReport) -> list[Row]:
    named = list(report.found.members.values())[:CHART_MEMBERS]
    rows = [
        Row(f"#{number}", figures.microusd, _member_text(figures))
        for number, figures in enumerate(named, 1)
    ]
    rest = report.total
    for figures in named:
        rest = rest.minus(figures)
    if report.found.members_in_all > len(named):
        rows.append(Row("others", rest.microusd, _member_text(rest)))
    return rows


def _member_text(figures: Figures) -> str:
    pictures = "1 picture" if figures.images == 1 else f"{figures.images:,} pictures"
    return f"{format_usd(figures.microusd)} · {pictures}"


def _shares(report: UsageReport) -> list[Row]:
    found = report.found.outcomes
    rows = [(label, found.get(name, 0)) for name, label in OUTCOMES]
    rows.append(("Refused at once", report.refused))
    whole = sum(count for _, count in rows)
    return [Row(label, count, f"{count:,} · {percent(count, whole)}") for label, count in rows]
