"""The option `until` of gifts and blocks: what is typed is judged while it is typed."""

from collections.abc import Callable, Coroutine
from typing import Any

import discord
from discord import app_commands

from bot.chat.interaction.answers import sentence_for
from bot.chat.interaction.permission import is_moderator
from bot.chat.interaction.services import Services, ServicesClient
from bot.core.errors import BadRequest
from bot.texts.amounts import duration

Complete = Callable[
    [discord.Interaction[ServicesClient], str],
    Coroutine[Any, Any, list[app_commands.Choice[str]]],
]

UNTIL_CHARS_MAX = 60
_CHOICE_NAME_MAX = 100
_USUAL = ("1 day", "3 days", "1 week", "2 weeks", "1 month", "3 months")


def complete_until(services: Services) -> Complete:
    """Build the suggestions of an option that takes an end."""

    async def complete(
        interaction: discord.Interaction[ServicesClient], typed: str
    ) -> list[app_commands.Choice[str]]:
        if not await is_moderator(interaction):
            return []
        if not typed.strip():
            return [app_commands.Choice(name=one, value=one) for one in _USUAL]
        value = typed[:UNTIL_CHARS_MAX]
        try:
            until_ms = await services.gifts.until(interaction.guild_id or 0, value)
        except BadRequest as error:
            return [
                app_commands.Choice(name=f"✗ {sentence_for(error)}"[:_CHOICE_NAME_MAX], value=value)
            ]
        name = f"{value} · ends in {duration(until_ms - services.clock.now_ms())}"
        return [app_commands.Choice(name=name, value=value)]

    return complete
