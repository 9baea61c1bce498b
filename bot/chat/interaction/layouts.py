"""What every card is made of: colours, buttons, the finishing touch, and the short notice."""

import aiohttp
import discord
from discord import ui

NOT_TAKEN = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)
"""What a request to Discord can end with; what aiohttp raises is no OSError of Python's."""

WAITING = discord.Colour(0x5865F2)
WORKING = discord.Colour(0xF0B232)
DONE = discord.Colour(0x23A55A)
BAD = discord.Colour(0xDA373C)
QUIET = discord.Colour(0x80848E)


Row = ui.ActionRow[ui.LayoutView]
"""Buttons side by side, or one menu."""


def button(
    label: str,
    custom_id: str,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    *,
    is_open: bool = True,
) -> ui.Button[ui.LayoutView]:
    """A button as a card shows it; the `Button` whose template the id matches says what it does."""
    return ui.Button(label=label, custom_id=custom_id, style=style, disabled=not is_open)


def finished(box: ui.Container[ui.LayoutView]) -> ui.LayoutView:
    """Wrap a container, marked as finished so that discord.py does not keep the layout.

    What its buttons do is found by their ids, also after a restart; a layout that was kept would
    only be memory that nobody gives back.
    """
    layout = ui.LayoutView(timeout=None)
    layout.add_item(box)
    layout.stop()
    return layout


def notice(text: str, *, small: str = "", colour: discord.Colour = BAD) -> ui.LayoutView:
    """A short private answer, with small print below it if there is any."""
    box = ui.Container[ui.LayoutView](accent_colour=colour)
    box.add_item(ui.TextDisplay(text))
    if small:
        box.add_item(ui.TextDisplay(f"-# {small}"))
    return finished(box)
