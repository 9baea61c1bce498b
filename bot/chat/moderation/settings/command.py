"""`/imagine-admin settings`: the panel for what the server prefers."""

from discord import app_commands

from bot.chat.interaction.answers import answer_privately, in_time
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.settings.card import Page, settings_card
from bot.chat.moderation.settings.panel import panel_of


def add_settings(services: Services, admin: app_commands.Group) -> None:
    """Add the command to the group."""

    @admin.command(name="settings", description="Sizes, channels, time zone, spoilers, and a pause")
    async def settings(interaction: Interaction) -> None:
        reading = services.preferences.read(interaction.guild_id or 0)
        known = await in_time(interaction, reading, is_private=True)
        await answer_privately(
            interaction, settings_card(panel_of(interaction, known), Page.OVERVIEW)
        )
