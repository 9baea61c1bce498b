"""What Discord tells of changes in servers: deleted roles and channels, and the bot's own removal.

A server in an outage is told apart by discord.py: it is not removed, and nothing is done.
"""

import logging

import discord

from bot.chat.interaction.services import ServicesClient

_log = logging.getLogger(__name__)


class GuildEvents(ServicesClient):
    """The part of the client that follows its servers."""

    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """Clear what hangs on the role."""
        await self.services.housekeeping.role_deleted(role.guild.id, role.id, role.name)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Clear what hangs on the channel."""
        await self.services.housekeeping.channel_deleted(channel.guild.id, channel.id, channel.name)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """End what waits for the server."""
        await self.services.housekeeping.server_left(guild.id)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Note a new server."""
        _log.info("server joined", extra={"server_id": guild.id})
