"""Who may do what moderators do; Discord's own hiding of commands is only a default of clients."""

from typing import Any

import discord

from bot.core.errors import NotAllowed


async def require_moderator(interaction: discord.Interaction[Any]) -> None:
    """Refuse whoever may not use `/imagine-admin` here.

    Raises:
        NotAllowed: The person may not.
    """
    if not await is_moderator(interaction):
        raise NotAllowed("Only members who may manage the server can do this.")


async def is_moderator(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether the person may use `/imagine-admin` here."""
    return interaction.permissions.manage_guild
