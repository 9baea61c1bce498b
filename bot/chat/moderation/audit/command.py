"""`/imagine-admin audit`: who changed what."""

import discord
from discord import app_commands

from bot.chat.interaction.answers import answer_privately, in_time
from bot.chat.interaction.permission import require_moderator
from bot.chat.interaction.services import Services, ServicesClient
from bot.chat.moderation.audit.card import TOPICS, Filters, read_page

_KINDS = [app_commands.Choice(name=name, value=topic) for topic, name in TOPICS.items()]


def add_audit(services: Services, admin: app_commands.Group) -> None:
    """Add the command to the group."""

    @admin.command(name="audit", description="Who changed what, the newest first")
    @app_commands.choices(kind=_KINDS)
    @app_commands.describe(
        member="Only what concerns this member, also one who left", kind="Only changes of this kind"
    )
    async def audit(
        interaction: discord.Interaction[ServicesClient],
        member: discord.User | None = None,
        kind: str | None = None,
    ) -> None:
        await require_moderator(interaction)
        filters = Filters(member.id if member else None, kind)
        reading = read_page(services.moderation, interaction.guild_id or 0, filters)
        await answer_privately(interaction, await in_time(interaction, reading, is_private=True))
