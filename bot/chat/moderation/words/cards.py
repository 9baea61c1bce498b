"""Cards about the words that prompts may not hold, for moderators; and the pages of the list."""

from collections.abc import Sequence

from discord import ui

from bot.chat.interaction.layouts import DONE, QUIET, WAITING, Row, button, finished, notice
from bot.chat.texts import by_whom
from bot.core.prompts import shown_prompt
from bot.core.wordfilter.words import ENTRY_MAX_CHARS, Entry, Kind
from bot.storage.words import StoredEntry

PAGE_ID = r"words:[pn]:(?P<number>-?\d{1,3})"

_PAGE_CHARS_MAX = 3300
_PAGE_BYTES_MAX = 7000
_REASON_CHARS_MAX = 80
_FOUND_MAX = 12


def entry_text(entry: Entry) -> str:
    """An entry as it was typed, with its kind if that is not plain."""
    room = 2 * ENTRY_MAX_CHARS
    shown = shown_prompt(entry.text, chars_max=room, bytes_max=2 * room)
    return f"“{shown}”" if entry.kind is Kind.WORD else f"“{shown}” ({entry.kind.value})"


def added_card(entry: Entry, before: Entry | None) -> ui.LayoutView:
    """Confirm an entry, with what it replaces."""
    was = "not on the list" if before is None else entry_text(before)
    lines = [
        f"**Added.** Prompts with {entry_text(entry)} are refused",
        f"-# Before: {was}. It holds from the next request on; refused prompts cost nothing.",
        "-# Members are not told which entry it was; `/imagine-admin audit` tells you.",
    ]
    return notice("\n".join(lines), colour=DONE)


def removed_card(entry: Entry) -> ui.LayoutView:
    """Confirm that an entry is off the list."""
    text = f"**Removed.** Prompts with {entry_text(entry)} are accepted"
    return notice(f"{text}\n-# It holds from the next request on.", colour=DONE)


def tried_card(prompt: str, found: Sequence[Entry]) -> ui.LayoutView:
    """Tell what a prompt would be refused for."""
    shown = shown_prompt(prompt, chars_max=500, bytes_max=1000)
    if not found:
        return notice(f"**Accepted.** No entry is in “{shown}”", colour=DONE)
    entries = ", ".join(entry_text(entry) for entry in found[:_FOUND_MAX])
    more = f" and {len(found) - _FOUND_MAX} more" if len(found) > _FOUND_MAX else ""
    return notice(f"**Refused** for {entries}{more}", small=f"“{shown}”")


def words_card(listed: Sequence[StoredEntry], number: int = 0) -> ui.LayoutView:
    """A page of the list; the last one where there are not so many."""
    box = ui.Container[ui.LayoutView](accent_colour=WAITING if listed else QUIET)
    if not listed:
        box.add_item(ui.TextDisplay("**Words:** none. `/imagine-admin words add` adds one."))
        return finished(box)
    pages = _pages([_line(stored) for stored in listed])
    number = min(number, len(pages) - 1)
    count = "1 entry" if len(listed) == 1 else f"{len(listed)} entries"
    where = f" · page {number + 1} of {len(pages)}" if len(pages) > 1 else ""
    box.add_item(ui.TextDisplay(f"**Words:** {count}{where}"))
    box.add_item(ui.TextDisplay("\n".join(pages[number])))
    if len(pages) > 1:
        box.add_item(
            Row(
                button("Previous", f"words:p:{number - 1}", is_open=number > 0),
                button("Next", f"words:n:{number + 1}", is_open=number + 1 < len(pages)),
            )
        )
    return finished(box)


def _line(stored: StoredEntry) -> str:
    since = f"<t:{stored.set_at_ms // 1000}:d>"
    line = f"{entry_text(stored.entry)} · {by_whom(stored.set_by)} on {since}"
    if not stored.reason:
        return line
    room = _REASON_CHARS_MAX
    return f"{line} · “{shown_prompt(stored.reason, chars_max=room, bytes_max=4 * room)}”"


def _pages(lines: list[str]) -> list[list[str]]:
    """Put as many lines on each page as Discord takes."""
    pages: list[list[str]] = [[]]
    chars = size = 0
    for line in lines:
        chars += len(line) + 1
        size += len(line.encode()) + 1
        if pages[-1] and (chars > _PAGE_CHARS_MAX or size > _PAGE_BYTES_MAX):
            pages.append([])
            chars, size = len(line) + 1, len(line.encode()) + 1
        pages[-1].append(line)
    return pages
