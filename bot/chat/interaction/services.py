"""How commands and buttons reach the services: by their client."""

import discord

from bot.chat.interaction.names import Names
from bot.chat.interaction.permission import CommandAccess
from bot.services.container import Services

__all__ = ["Services", "ServicesClient"]


class ServicesClient(discord.AutoShardedClient):
    """A client that commands and buttons find the services by."""

    services: Services
    """Set once, before the client connects."""
    names: Names
    """The members' names that were seen last."""

    access: CommandAccess
    """What servers say in their settings about who may use the commands."""
