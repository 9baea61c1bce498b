"""Short private answers, and the one place where an error becomes a sentence."""

import logging
import secrets
from typing import Any

import discord

from bot.chat.layouts import BAD, NOT_TAKEN, notice
from bot.chat.texts import why_refused
from bot.core.errors import OverLimit, Refused

_log = logging.getLogger(__name__)


def sentence_for(error: Exception) -> str:
    """Turn an error into what the person may read; what nobody foresaw gets an id for the log."""
    if isinstance(error, OverLimit):
        return why_refused(error)
    if isinstance(error, Refused):
        return error.sentence
    code = secrets.token_hex(3)
    _log.error("command failed", exc_info=error, extra={"code": code})
    return f"Something went wrong inside the bot. The host finds it in the log as `{code}`."


async def answer_error(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Answer an interaction with what went wrong, privately."""
    await tell(interaction, sentence_for(error))


async def tell(
    interaction: discord.Interaction[Any], text: str, *, colour: discord.Colour = BAD
) -> None:
    """Answer privately, whatever was or was not answered before; never raises for Discord."""
    view = notice(text, colour=colour)
    try:
        if interaction.response.is_done():
            await interaction.followup.send(view=view, ephemeral=True)
        else:
            await interaction.response.send_message(view=view, ephemeral=True)
    except (*NOT_TAKEN, discord.InteractionResponded) as failed:
        _log.warning("answer not taken", extra={"detail": str(failed)})
