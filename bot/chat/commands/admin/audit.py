"""`/imagine-admin audit`: who changed what."""

import discord
from discord import app_commands

from bot.chat.admin_cards import audit_card
from bot.chat.answers import answer_privately, in_time
from bot.chat.desk import Desk, DeskClient
from bot.chat.permission import require_moderator


def add_audit(desk: Desk, admin: app_commands.Group) -> None:
    """Add the command to the group."""

    @admin.command(name="audit", description="Who changed what, the newest first")
    @app_commands.describe(member="Only what concerns this member")
    async def audit(
        interaction: discord.Interaction[DeskClient], member: discord.Member | None = None
    ) -> None:
        await require_moderator(interaction)
        reading = desk.moderation.audit_page(
            interaction.guild_id or 0, member_id=member.id if member else None
        )
        rows = await in_time(interaction, reading, is_private=True)
        await answer_privately(interaction, audit_card(rows))
