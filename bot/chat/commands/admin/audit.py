"""`/imagine-admin audit`: who changed what."""

import discord
from discord import app_commands

from bot.chat.answers import answer_privately, in_time
from bot.chat.audit_card import TOPICS, Filters, read_page
from bot.chat.desk import Desk, DeskClient
from bot.chat.permission import require_moderator

_KINDS = [app_commands.Choice(name=name, value=topic) for topic, name in TOPICS.items()]


def add_audit(desk: Desk, admin: app_commands.Group) -> None:
    """Add the command to the group."""

    @admin.command(name="audit", description="Who changed what, the newest first")
    @app_commands.choices(kind=_KINDS)
    @app_commands.describe(
        member="Only what concerns this member, also one who left", kind="Only changes of this kind"
    )
    async def audit(
        interaction: discord.Interaction[DeskClient],
        member: discord.User | None = None,
        kind: str | None = None,
    ) -> None:
        await require_moderator(interaction)
        filters = Filters(member.id if member else None, kind)
        reading = read_page(desk.moderation, interaction.guild_id or 0, filters)
        await answer_privately(interaction, await in_time(interaction, reading, is_private=True))
