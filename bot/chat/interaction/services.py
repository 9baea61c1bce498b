"""How commands and buttons reach the services: by their client."""

from collections.abc import Callable, Coroutine
from typing import Any

import discord
from discord import app_commands

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


Interaction = discord.Interaction[ServicesClient]
"""What commands, buttons and forms are called with."""

Suggest = Callable[[Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]
"""Makes suggestions from what was typed so far."""
