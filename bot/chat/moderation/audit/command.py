"""`/imagine-admin audit`: who changed what."""

import discord
from discord import app_commands

from bot.chat.interaction.answers import answer
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.audit.buttons import read_page
from bot.chat.moderation.audit.card import TOPICS, Filters

_KINDS = [app_commands.Choice(name=name, value=topic) for topic, name in TOPICS.items()]


def add_audit(services: Services, admin: app_commands.Group) -> None:
    """Add the command to the group."""

    @admin.command(name="audit", description="Who changed what, the newest first")
    @app_commands.choices(kind=_KINDS)
    @app_commands.describe(
        member="Only what concerns this member, also one who left", kind="Only changes of this kind"
    )
    async def audit(
        interaction: Interaction,
        member: discord.User | None = None,
        kind: str | None = None,
    ) -> None:
        filters = Filters(member.id if member else None, kind)
        server_id = interaction.guild_id or 0
        await answer(interaction, read_page(services.moderation, server_id, filters))
