"""The report of a server's usage: chart, alt text and tables. Values in, layout out."""

from collections.abc import Sequence
from datetime import date

import discord
from discord import ui

from bot.chat.interaction.layouts import DONE, QUIET, WAITING, Row, button, finished
from bot.chat.moderation.usage.chart import OUTCOMES, percent, shown_days
from bot.core.money import MICROUSD_PER_USD, format_usd
from bot.core.prompts import shown_prompt
from bot.core.typed.ranges import Days
from bot.services.reporting.usage import TOP_MEMBERS, Sheet, UsageReport
from bot.storage.usage import Figures

_DAY = r"\d{4}-\d{2}-\d{2}"
SHEET_ID = rf"usage_csv:(?P<first>{_DAY}):(?P<last>{_DAY})"
CHART_NAME = "usage.png"
TABLE_WIDTH, TABLE_WIDTH_MAX = 28, 32
"""Characters of a code block in a card that a phone of 390 points shows whole, and at most."""

_DAYS_IN_FULL_MAX = 7
_LARGEST_DAYS = 5
_LARGE_MICROUSD = 10_000 * MICROUSD_PER_USD
_ALT_CHARS_MAX = 1024

_ENDED_AS = {
    "delivered": "delivered",
    "content": "content check",
    "failed": "failed",
    "cancelled": "cancelled",
    "undelivered": "undelivered",
}
_REFUSED_FOR = {
    "limit": "over a member's limit",
    "budget": "over a budget",
    "blocked": "blocked member",
    "words": "forbidden words",
    "paused": "paused",
    "not_offered": "not offered here",
    "other": "other",
}

Line = tuple[str, ...]


def usage_card(report: UsageReport, *, has_chart: bool) -> ui.LayoutView:
    """Show a report; its chart is in a file named `CHART_NAME` if there is one."""
    box = ui.Container[ui.LayoutView](accent_colour=WAITING if report.total.jobs else QUIET)
    box.add_item(ui.TextDisplay(_heading(report)))
    if has_chart:
        picture = discord.MediaGalleryItem(f"attachment://{CHART_NAME}", description=alt(report))
        box.add_item(ui.MediaGallery(picture))
    else:
        box.add_item(ui.TextDisplay("-# The chart could not be drawn; the figures are complete."))
    box.add_item(ui.TextDisplay(_money(report)))
    box.add_item(ui.TextDisplay(_members(report)))
    box.add_item(ui.TextDisplay(_requests(report)))
    first, last = report.days.first.isoformat(), report.days.last.isoformat()
    box.add_item(Row(button("CSV", f"usage_csv:{first}:{last}")))
    return finished(box)


def sheet_card(days: Days, sheet: Sheet) -> ui.LayoutView:
    """Hand out a table."""
    box = ui.Container[ui.LayoutView](accent_colour=DONE)
    box.add_item(ui.TextDisplay(f"**Usage**, {shown_days(days)}: by day, member and quality"))
    box.add_item(ui.File(f"attachment://{sheet.name}"))
    return finished(box)


def alt(report: UsageReport) -> str:
    """Say the main figures of the chart in words."""
    total = report.total
    parts = [f"Chart of usage, {shown_days(report.days)}: {format_usd(total.microusd)} spent"]
    if total.microusd:
        by_quality = ", ".join(
            f"{name} {format_usd(figures.microusd)}"
            for name, figures in report.by_quality().items()
            if figures.microusd
        )
        parts[0] += f" ({by_quality})"
        ((day, most),) = report.largest_days(1)
        parts.append(f"The dearest day is {_day(day)} with {format_usd(most.microusd)}")
    tops = [
        f"#{number} {format_usd(figures.microusd)}"
        for number, figures in enumerate(list(report.found.members.values())[:3], 1)
    ]
    if tops:
        parts.append(f"Top members: {', '.join(tops)}")
    whole = _whole(report)
    if whole:
        ends = [
            f"{percent(count, whole)} {name}"
            for name, count in _endings(report)
            if count or name == "refused at once"
        ]
        parts.append(f"Of {whole:,} requests: {', '.join(ends)}")
    return ". ".join(parts)[: _ALT_CHARS_MAX - 1] + "."


def _heading(report: UsageReport) -> str:
    zone = shown_prompt(report.zone, chars_max=60, bytes_max=120)
    days = "1 day" if report.days.count == 1 else f"{report.days.count} days"
    return (
        f"### Usage, {shown_days(report.days)}\n"
        f"-# {days}, time zone {zone}. A job counts on the day it was asked for."
    )


def _money(report: UsageReport) -> str:
    """What was spent: by quality, then by day where there are few, else the largest days."""
    rows = [_figures(name, figures) for name, figures in report.by_quality().items()]
    rows.append(_figures("total", report.total))
    text = _table([("", "jobs", "pictures", "cost"), *rows])
    if report.days.count > 1 and report.total.jobs:
        text += f"\n{_days(report)}"
    return text


def _days(report: UsageReport) -> str:
    if report.days.count <= _DAYS_IN_FULL_MAX:
        title = ""
        days: list[tuple[date, Figures]] = []
        for day, by_quality in report.by_day().items():
            whole = Figures()
            for figures in by_quality.values():
                whole = whole.plus(figures)
            days.append((day, whole))
    else:
        title = "**Largest days**\n"
        days = report.largest_days(_LARGEST_DAYS)
    rows = [_figures(_day(day), figures) for day, figures in days]
    return title + _table([("", "jobs", "pictures", "cost"), *rows])


def _members(report: UsageReport) -> str:
    found = report.found
    lines = [
        f"**#{number}** <@{member_id}> · {_said(figures)}"
        for number, (member_id, figures) in enumerate(found.members.items(), 1)
    ]
    more = found.members_in_all - len(found.members)
    if more > 0:
        who = "1 other" if more == 1 else f"{more:,} others"
        lines.append(f"{who} · {_said(report.others)}")
    count = f" (of {found.members_in_all:,})" if found.members_in_all > TOP_MEMBERS else ""
    return "\n".join([f"**Members by cost**{count}", *(lines or ["-# Nobody spent anything."])])


def _requests(report: UsageReport) -> str:
    whole = _whole(report)
    rows = [(name, f"{count:,}", percent(count, whole)) for name, count in _endings(report)]
    table = _table([("requests", f"{whole:,}", "share"), *rows])
    return "\n".join([table, *(f"-# {line}" for line in _small_print(report))])


def _small_print(report: UsageReport) -> list[str]:
    lines: list[str] = []
    if report.found.refusals:
        ranked = sorted(report.found.refusals.items(), key=lambda one: (-one[1], one[0]))
        reasons = ", ".join(f"{_REFUSED_FOR.get(name, name)} {count:,}" for name, count in ranked)
        lines.append(f"Refused at once: {reasons}")
    total, now = report.total, report.found.open
    if total.jobs:
        paid = f"{_images(total.charge_images)}, {format_usd(total.charge_microusd)}"
        from_gifts = [
            _images(total.gift_images) if total.gift_images else "",
            format_usd(total.gift_microusd) if total.gift_microusd else "",
        ]
        given = " and ".join(part for part in from_gifts if part)
        lines.append(f"Charged to members: {paid}{f'; gifts paid {given} of it' if given else ''}")
    if now.jobs or report.found.rendered:
        lines.append(
            f"Just now: {now.jobs:,} under way, holding {format_usd(now.microusd)}; "
            f"{report.found.rendered:,} being delivered"
        )
    return lines


def _endings(report: UsageReport) -> list[tuple[str, int]]:
    found = report.found.outcomes
    ended = [(_ENDED_AS[name], found.get(name, 0)) for name, _ in OUTCOMES]
    return [*ended, ("refused at once", report.refused)]


def _whole(report: UsageReport) -> int:
    return sum(count for _, count in _endings(report))


def _figures(name: str, figures: Figures) -> Line:
    return (name, f"{figures.jobs:,}", f"{figures.images:,}", _cost(figures.microusd))


def _cost(microusd: int) -> str:
    """An amount for a narrow table: very large ones without cents."""
    if microusd >= _LARGE_MICROUSD:
        return format_usd(round(microusd / MICROUSD_PER_USD) * MICROUSD_PER_USD)
    return format_usd(microusd)


def _said(figures: Figures) -> str:
    jobs = "1 job" if figures.jobs == 1 else f"{figures.jobs:,} jobs"
    return f"{format_usd(figures.microusd)} · {_images(figures.images)} · {jobs}"


def _images(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def _table(lines: Sequence[Line]) -> str:
    """Align columns in a code block, as far apart as a phone has room for."""
    widths, gaps = _widths(lines), len(lines[0]) - 1
    if sum(widths) + gaps > TABLE_WIDTH_MAX:
        lines = [tuple(cell.replace(",", "") for cell in line) for line in lines]
        widths = _widths(lines)
    gap = max(1, min(3, (TABLE_WIDTH - sum(widths)) // gaps))
    shown = [
        (" " * gap).join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    return "```\n" + "\n".join(shown) + "\n```"


def _widths(lines: Sequence[Line]) -> list[int]:
    return [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
