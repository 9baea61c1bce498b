"""`/quota`: what the member has left, which limit says so, and when it starts anew."""

from typing import Any, cast

import discord
from discord import app_commands

from bot.chat.imagine.cards import quota_card
from bot.chat.interaction.answers import answer_privately, in_time
from bot.chat.interaction.permission import asker
from bot.chat.interaction.services import Services, ServicesClient


def build_quota(services: Services) -> app_commands.Command[Any, ..., None]:
    """Build the command."""

    @app_commands.command(name="quota", description="What you may still make, and when it resets")
    @app_commands.guild_install()
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def quota(interaction: discord.Interaction[ServicesClient]) -> None:
        asking = services.quota.of(asker(interaction, interaction.user))
        allowance = await in_time(interaction, asking, is_private=True)
        await answer_privately(interaction, quota_card(allowance))

    return cast("app_commands.Command[Any, ..., None]", quota)
