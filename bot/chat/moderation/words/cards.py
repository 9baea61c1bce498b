"""Cards about the words that prompts may not hold, for moderators; and the pages of the list."""

import re
from collections.abc import Sequence
from typing import Any, Self

import discord
from discord import ui

from bot.chat.interaction.answers import answer_error
from bot.chat.interaction.layouts import DONE, QUIET, WAITING, finished, notice
from bot.chat.interaction.paging import turn
from bot.chat.interaction.permission import require_moderator
from bot.chat.interaction.services import ServicesClient
from bot.chat.texts import by_whom
from bot.core.prompts import shown_prompt
from bot.core.wordfilter.words import ENTRY_MAX_CHARS, Entry, Kind
from bot.services.limits.words import Words
from bot.storage.words import StoredEntry

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


async def read_words_page(words: Words, server_id: int, number: int = 0) -> ui.LayoutView:
    """Read a server's list and lay out a page of it."""
    return words_card(await words.listed(server_id), number)


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
        buttons = ui.ActionRow[ui.LayoutView]()
        buttons.add_item(WordsPageButton("p", number - 1, is_open=number > 0))
        buttons.add_item(WordsPageButton("n", number + 1, is_open=number + 1 < len(pages)))
        box.add_item(buttons)
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


class WordsPageButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]], template=r"words:(?P<way>[pn]):(?P<number>-?\d{1,3})"
):
    """Turns a page of the list in place."""

    def __init__(self, way: str, number: int, *, is_open: bool = True) -> None:
        button = ui.Button[ui.LayoutView](
            label="Previous" if way == "p" else "Next",
            style=discord.ButtonStyle.secondary,
            custom_id=f"words:{way}:{number}",
            disabled=not is_open,
        )
        super().__init__(button)
        self._number = number

    @classmethod
    async def from_custom_id(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[ui.LayoutView],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> Self:
        """Build the item from the id that was pressed."""
        return cls(match["way"], int(match["number"]))

    async def callback(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, interaction: discord.Interaction[ServicesClient]
    ) -> None:
        """Show another page in the place of this one."""
        try:
            await require_moderator(interaction)
            words = interaction.client.services.words
            number = max(self._number, 0)
            await turn(interaction, read_words_page(words, interaction.guild_id or 0, number))
        except Exception as error:  # noqa: BLE001 - nothing above this answers the moderator
            await answer_error(interaction, error)
