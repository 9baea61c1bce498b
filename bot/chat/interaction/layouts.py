"""What every card is made of: colours, the finishing touch, and the short notice."""

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


def finished(box: ui.Container[ui.LayoutView]) -> ui.LayoutView:
    """Wrap a container, marked as finished so that discord.py does not keep the layout.

    Its buttons are dynamic items, which are found by their ids, also after a restart; a layout
    that was kept would only be memory that nobody gives back.
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
