"""An export as its answer shows it: what it holds, its files, and how to go on after a cut."""

from pathlib import Path

from discord import ui

from bot.chat.interaction.layouts import DONE, QUIET, WORKING, finished, notice
from bot.services.reporting.exports import Export, Scope

REQUEST_BYTES_MAX = 24 * 1024 * 1024
"""Discord names 25 MiB as the most for a request; the rest is for what is around the files."""


def grouped(parts: list[Path]) -> list[list[Path]]:
    """Spread files over messages so that no request is too large."""
    groups: list[list[Path]] = []
    room = 0
    for part in parts:
        size = part.stat().st_size
        if size > room:
            groups.append([])
            room = REQUEST_BYTES_MAX
        groups[-1].append(part)
        room -= size
    return groups


def export_card(export: Export, files: list[Path], number: int, count: int) -> ui.LayoutView:
    """One of the messages of an export.

    Args:
        export: What was made.
        files: The files of this message.
        number: Its place among the messages, from 1.
        count: How many messages there are.
    """
    heading = f"**{export.scope.what.value.capitalize()}** · {days_line(export.scope)}"
    if not files:
        return notice(f"{heading}\nThere is nothing in that range.", colour=QUIET)
    box = ui.Container[ui.LayoutView](accent_colour=WORKING if export.is_cut else DONE)
    if number == 1:
        rows = "1 row" if export.rows == 1 else f"{export.rows:,} rows"
        box.add_item(ui.TextDisplay(f"{heading}\n{rows}{_packing(export)}"))
        if export.is_cut:
            box.add_item(ui.TextDisplay(_how_to_go_on(export)))
    else:
        box.add_item(ui.TextDisplay(f"{heading}\n-# message {number} of {count}"))
    for file in files:
        box.add_item(ui.File[ui.LayoutView](f"attachment://{file.name}"))
    return finished(box)


def days_line(scope: Scope) -> str:
    """`2026-03-01 to 2026-03-31, days in Europe/Berlin`."""
    if scope.days is None:
        return "everything"
    first, last = scope.days.first.isoformat(), scope.days.last.isoformat()
    days = first if first == last else f"{first} to {last}"
    return f"{days}, in {scope.zone.key}"


def _packing(export: Export) -> str:
    parts = len(export.parts)
    if parts > 1:
        return f" in {parts} parts, each a whole table, packed with gzip"
    return ", packed with gzip" if export.parts[0].suffix == ".gz" else ""


def _how_to_go_on(export: Export) -> str:
    """Say that rows are missing, and what to ask for next; the day in between comes twice."""
    text = "**Too large for one export: later rows are missing.** "
    if export.next_day is None:
        return (
            f"{text}A single day fills it. The host can get all of it with `python -m bot export`."
        )
    day = export.next_day.isoformat()
    days = export.scope.days
    until = f" and `to: {days.last.isoformat()}`" if days is not None else ""
    return (
        f"{text}The next one starts `from: {day}`{until}; rows of that day in this one come again."
    )
