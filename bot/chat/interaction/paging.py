"""Turning a card over: what a button shows takes the place of the card that it stands on."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import discord
from discord import ui

from bot.chat.interaction.layouts import NOT_TAKEN

_log = logging.getLogger(__name__)

_FIRST_ANSWER_MAX_S = 1.5


async def turn(
    interaction: discord.Interaction[Any], work: Coroutine[Any, Any, ui.LayoutView]
) -> None:
    """Replace the message that was pressed on; never raises for Discord.

    Raises:
        BotError: What the work raised; it is answered in private by the caller.
    """
    doing = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({doing}, timeout=_FIRST_ANSWER_MAX_S)
    try:
        if not done:
            await interaction.response.defer()
        view = await doing
        if interaction.response.is_done():
            await interaction.edit_original_response(view=view)
        else:
            await interaction.response.edit_message(view=view)
    except (*NOT_TAKEN, discord.InteractionResponded) as failed:
        _log.warning("card not turned", extra={"detail": str(failed)})
