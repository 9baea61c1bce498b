"""The Discord client: gateway, command tree, error handling. It decides nothing about jobs."""

import asyncio
import logging
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.chat.guild_events import GuildEvents
from bot.chat.imagine.feature import FEATURE as IMAGINE
from bot.chat.interaction.answers import answer_error, arrived, logged_if_not_taken, tell
from bot.chat.interaction.forms import take_form
from bot.chat.interaction.names import Names
from bot.chat.interaction.permission import (
    GROUP,
    CommandAccess,
    is_moderator,
    require_moderator,
)
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.feature import FEATURE as MODERATION
from bot.core.errors import DiscordRefused, NotAllowed

_log = logging.getLogger(__name__)

FEATURES = (IMAGINE, MODERATION)
"""All that is offered; something new is named in the `feature.py` of its folder."""

# This bot never speaks; discord.py would warn at each start that it could not.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False


_NOT_LET_IN = "Discord does not accept DISCORD_TOKEN."
_WHY_CLOSED = {
    4004: _NOT_LET_IN,
    4010: "Discord does not accept SHARD_IDS with this SHARD_COUNT.",
    4011: "Discord asks for more shards: raise SHARD_COUNT, or leave it empty.",
}
"""What a host can do about the gateway's close codes."""

_OUTDATED = (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)


class ImagineClient(GuildEvents):
    """A client without caches that it does not need: no members, no messages."""

    def __init__(self, *, shard_count: int | None, shard_ids: tuple[int, ...] | None) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            shard_count=shard_count,
            shard_ids=None if shard_ids is None else list(shard_ids),  # pyright: ignore[reportArgumentType]
            http_trace=self._trace(),
        )
        self.access = CommandAccess(self)
        self.names = Names()
        self.tree = ImagineTree(self)
        for feature in FEATURES:
            self.add_dynamic_items(*feature.buttons)
        self._connected_shards: set[int] = set()

    def _trace(self) -> aiohttp.TraceConfig:
        """Tell the meter of each 429; discord.py itself waits and asks again."""

        async def ended(_: object, __: object, request: aiohttp.TraceRequestEndParams) -> None:
            if request.response.status == 429:
                scope = request.response.headers.get("X-RateLimit-Scope", "")
                self.services.meter.slowed(scope)

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(ended)
        return trace

    @property
    def is_connected(self) -> bool:
        """Whether every shard of this process has a session with the gateway."""
        return bool(self.shards) and len(self._connected_shards) >= len(self.shards)

    async def open(self, token: str, services: Services) -> None:
        """Log in and register the commands; `connect` then listens.

        Raises:
            DiscordRefused: The token is wrong, or Discord cannot be reached.
        """
        self.services = services
        try:
            await self.login(token)
            _, gateway, *_ = await self.http.get_bot_gateway()
            # discord.py takes its built-in address where the number of shards is given or a
            # session is not resumed; the one that Discord just named is right in every case.
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
            for feature in FEATURES:
                for build in feature.commands:
                    self.tree.add_command(build(services))
            self.access.know(await self.tree.sync())
        except discord.LoginFailure:
            raise DiscordRefused(_NOT_LET_IN) from None
        except (discord.HTTPException, OSError, TimeoutError) as error:
            raise DiscordRefused(f"Discord cannot be reached: {error}") from error

    async def listen(self) -> None:
        """Stay connected until closed.

        Raises:
            DiscordRefused: The gateway closed for good.
        """
        try:
            await self.connect(reconnect=True)
        except discord.ConnectionClosed as error:
            other = f"Discord's gateway closed for good: {error}"
            raise DiscordRefused(_WHY_CLOSED.get(error.code, other)) from error
        except discord.GatewayNotFound as error:
            raise DiscordRefused(f"Discord's gateway is not to be found: {error}") from error
        except discord.PrivilegedIntentsRequired as error:
            raise DiscordRefused(str(error)) from error

    async def on_shard_connect(self, shard_id: int) -> None:
        """Note a new session; what the one before did not tell is read anew."""
        self._connected_shards.add(shard_id)
        self.access.forget_all()
        _log.info("gateway connected", extra={"shard": shard_id})

    async def on_shard_resumed(self, shard_id: int) -> None:
        """Note a session that goes on."""
        self._connected_shards.add(shard_id)
        _log.info("gateway resumed", extra={"shard": shard_id})

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Note a session that is interrupted; discord.py connects again by itself."""
        self._connected_shards.discard(shard_id)
        _log.info("gateway disconnected", extra={"shard": shard_id})

    async def on_interaction(self, interaction: Interaction) -> None:
        """Answer the forms, which discord.py does not keep; it sees to everything else."""
        await take_form(interaction, [form for feature in FEATURES for form in feature.forms])

    async def on_raw_app_command_permissions_update(
        self, payload: discord.RawAppCommandPermissionsUpdateEvent
    ) -> None:
        """Note that a server has changed who may use the commands."""
        self.access.forget(payload.guild.id)

    async def on_error(self, event_method: str, /, *_: object, **__: object) -> None:
        """Log what an event handler raised."""
        _log.exception("event failed", extra={"event_method": event_method})


class ImagineTree(app_commands.CommandTree[ImagineClient]):
    """The commands; everything they raise becomes a private sentence."""

    async def interaction_check(self, interaction: discord.Interaction[ImagineClient], /) -> bool:
        """Note names, and let pass what comes from a server and, if it is moderators', from one.

        Clients offer nothing in direct messages; what is sent from there all the same has no
        server to be about. Nor do they offer the moderators' group to others.
        """
        arrived(interaction)
        self.client.names.note(interaction)
        is_command = interaction.type is discord.InteractionType.application_command
        if interaction.guild_id is None:
            if is_command:
                await tell(interaction, "This works only in servers.")
            return False
        data: Any = interaction.data
        if data["name"] != GROUP:
            return True
        return await (_may_run(interaction) if is_command else _may_read(interaction))

    async def on_error(
        self,
        interaction: discord.Interaction[ImagineClient],
        error: app_commands.AppCommandError,
        /,
    ) -> None:
        """Answer with what went wrong."""
        if isinstance(error, app_commands.CommandInvokeError):
            await answer_error(interaction, error.original)
        elif isinstance(error, _OUTDATED):
            await tell(interaction, "This command has changed. Restart Discord, then try again.")
        elif isinstance(error, app_commands.TransformerError):
            # Discord has resolved what was chosen to nothing, or to something of another kind.
            await tell(
                interaction,
                "One of the options names what is not here any more, so nothing was changed. "
                "Choose it again from Discord's list.",
            )
        else:
            await answer_error(interaction, error)


async def _may_run(interaction: discord.Interaction[ImagineClient]) -> bool:
    try:
        await require_moderator(interaction)
    except NotAllowed as error:
        await answer_error(interaction, error)
        return False
    return True


async def _may_read(interaction: discord.Interaction[ImagineClient]) -> bool:
    """Discord asks for suggestions in the name of whoever types, so this asks too."""
    is_mod = await is_moderator(interaction)
    if not is_mod:
        with logged_if_not_taken("suggestions not taken"):
            await interaction.response.autocomplete([])
    return is_mod


def point_at(api_url: str) -> None:
    """Send every request of this process to another Discord, such as a local stand-in.

    discord.py keeps the address in a class attribute, so this is per process.
    """
    Route.BASE = api_url


async def close_quietly(client: ImagineClient) -> None:
    """Close the gateway and the HTTP session, whatever state they are in."""
    try:
        async with asyncio.timeout(5):
            await client.close()
    except (TimeoutError, OSError) as error:
        _log.warning("discord did not close in time", extra={"detail": str(error)})
