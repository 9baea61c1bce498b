"""The local Discord: opens its sockets on the loopback address and lets tests act and read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from standins.discord.contract import Contract
from standins.discord.driver import Driver
from standins.discord.errors import ClientRefused
from standins.discord.faults import Faults
from standins.discord.gateway import Gateway
from standins.discord.interactions import SentInteraction
from standins.discord.limits import Limits
from standins.discord.messages import DiscordMessage
from standins.discord.model import Message, WorldClock
from standins.discord.page import Page
from standins.discord.people import Channel, Guild, Member, Role
from standins.discord.record import Request, Violation
from standins.discord.rest import API, Rest
from standins.discord.settings import StandInDiscordSettings
from standins.discord.state import DiscordState

HOST = "127.0.0.1"
LARGEST_REQUEST_BYTES = 256 * 1024 * 1024
_T = TypeVar("_T")


class StandInDiscord(Driver):
    """A Discord of our own.

    Use it as an asynchronous context manager; inside, point a bot at `api_url` (and discord.py's
    built-in gateway address at `gateway_url`) with the token `token`.
    """

    def __init__(self, settings: StandInDiscordSettings | None = None) -> None:
        self.settings = settings or StandInDiscordSettings()
        super().__init__(DiscordState(self.settings))
        contract = Contract(self.settings.openapi) if self.settings.openapi else None
        self.rest = Rest(self.state, contract)
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LARGEST_REQUEST_BYTES)
        app.router.add_get("/gateway", self.state.gateway.handle)
        app.router.add_get("/cdn/{path:.*}", self.rest.media)
        app.router.add_route("*", f"{API}/{{path:.*}}", self.rest.handle)
        self.add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.settings.port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        self.state.cdn.origin = f"http://{HOST}:{self.port}/cdn"
        self.state.gateway_url = self.gateway_url
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self.gateway.close(1001)
            await self._runner.cleanup()

    def add_routes(self, app: web.Application) -> None:
        """Where a subclass adds its own."""

    # ------------------------------------------------------------------ addresses

    @property
    def api_url(self) -> str:
        """What the bot is given as Discord's API, with its version."""
        return f"http://{HOST}:{self.port}{API}"

    @property
    def gateway_url(self) -> str:
        """Where the bot's WebSocket goes."""
        return f"ws://{HOST}:{self.port}/gateway"

    @property
    def token(self) -> str:
        """The bot token that is accepted."""
        return self.settings.token

    # ------------------------------------------------------------------ parts

    @property
    def clock(self) -> WorldClock:
        """The time of this Discord; `advance(seconds)` moves it."""
        return self.state.world.clock

    @property
    def faults(self) -> Faults:
        """What shall go wrong."""
        return self.state.faults

    @property
    def limits(self) -> Limits:
        """Rate limits."""
        return self.state.limits

    @property
    def gateway(self) -> Gateway:
        """The bot's sessions and how to disturb them."""
        return self.state.gateway

    @property
    def requests(self) -> list[Request]:
        """Every request of the bot, oldest first."""
        return list(self.state.requests)

    @property
    def interactions(self) -> list[SentInteraction]:
        """Every interaction that people started, oldest first."""
        return list(self.state.sent.values())

    @property
    def violations(self) -> list[Violation]:
        """What did not fit Discord's description, or is not modelled here."""
        return self.state.violations

    @property
    def commands(self) -> dict[str, dict[str, Any]]:
        """The registered global commands by name (context menus too)."""
        return {one["name"]: one for one in self.state.world.commands()}

    # ------------------------------------------------------------------ places

    def add_guild(self, name: str = "Studio", *, shard: int = 0, locale: str = "en-US") -> Guild:
        """A server with the bot in it.

        Args:
            name: Its name.
            shard: Which shard shall own it, of `settings.shard_count`.
            locale: Its preferred language.
        """
        model = self.state.world.add_guild(
            name, shard=shard, shard_count=self.settings.shard_count, locale=locale
        )
        guild = Guild(model.id, name, self.state.world, self.settings.file_limit_bytes, locale)
        self.state.guilds[guild.id] = guild
        return guild

    def kick_bot(self, guild: Guild) -> None:
        """The bot is no longer in the server."""
        for channel_id in guild.channels:
            self.state.gallery.forget_channel(channel_id)
        self.state.world.remove_guild(guild.id)

    def set_command_permissions(
        self, guild: Guild, command: str | None, lines: Mapping[Role | Member | Channel, bool]
    ) -> None:
        """An administrator sets in the server's settings who may use a command, and where.

        Args:
            guild: The server.
            command: Its name; None for all commands of the app.
            lines: True allows, False forbids; `guild.everyone` and `guild.all_channels` stand for
                all. No lines take everything back.

        Raises:
            ClientRefused: There is no such command.
        """
        world = self.state.world
        known = self.commands.get(command or "")
        if command is not None and known is None:
            raise ClientRefused(f"no command {command!r} is registered")
        target_id = world.application_id if known is None else int(known["id"])
        kinds = {Role: 1, Member: 2, Channel: 3}
        wire_lines = [
            {"id": str(one.id), "type": kinds[type(one)], "permission": allows}
            for one, allows in lines.items()
        ]
        world.set_command_permissions(guild.id, target_id, wire_lines)

    def delete_role(self, role: Role) -> None:
        """An administrator deletes a role."""
        self.state.world.delete_role(role.guild_id, role.id)

    def leave(self, member: Member) -> None:
        """A person leaves the server; they can still be named by their id."""
        self.state.world.remove_member(member.guild.id, member.id)

    def delete_channel(self, channel: Channel) -> None:
        """A moderator deletes a channel."""
        self.state.gallery.forget_channel(channel.id)
        self.state.world.delete_channel(channel.id)

    def delete_message(self, message: DiscordMessage) -> None:
        """A moderator deletes a message."""
        self.state.world.delete_message(message.channel_id, message.id)
        self.state.gallery.changed(message.channel_id, message.id)
        self.state.bell.ring()

    def say(self, member: Member, channel: Channel, content: str) -> DiscordMessage:
        """A person writes a plain message."""
        return self.state.gallery.view(self.state.world.post(channel.id, member.id, content))

    # ------------------------------------------------------------------ reading

    def messages(self, channel: Channel, viewer: Member | None = None) -> list[DiscordMessage]:
        """The messages of a channel, oldest first; all, or those that a member sees."""
        return [self.state.gallery.view(one) for one in self._seen(channel.id, viewer)]

    def _seen(self, channel_id: int, viewer: Member | None) -> Iterator[Message]:
        for model in self.state.world.messages(channel_id):
            if viewer is None or self.state.world.can_see_message(model, viewer.id):
                yield model

    def direct_channel(self, member: Member) -> Channel:
        """Where the bot and a person write to each other in private."""
        return Channel(self.state.world.dm_channel_id(member.id), f"@{member.name}", None)

    def direct_messages(self, member: Member) -> list[DiscordMessage]:
        """What the bot and a person wrote to each other in private."""
        channel_id = self.state.world.dm_channel_id(member.id)
        return [self.state.gallery.view(one) for one in self._seen(channel_id, None)]

    def page(self, channel: Channel, viewers: Sequence[Member], port: int = 0) -> Page:
        """A live page of a server, as an asynchronous context manager with a `url`.

        Args:
            channel: What it shows at once; the server's other channels can be turned to.
            viewers: Who one can be on it; the first at once.
            port: 0 takes a free one.
        """
        others = viewers[0].guild.channels.values()
        channels = [channel, *(one for one in others if one.id != channel.id)]
        return Page(self.state, channels, viewers, port)

    async def wait_for(
        self, condition: Callable[[], _T], timeout_s: float = 5.0, what: str = "the condition"
    ) -> _T:
        """Wait until a condition on this Discord holds; returns its value.

        Raises:
            NoAnswer: It did not in time.
        """
        return await self.state.bell.wait_for(condition, timeout_s, what)

    async def wait_until_ready(self, shards: int = 1, timeout_s: float = 15.0) -> None:
        """Wait until a bot has that many shards connected and its commands registered."""
        await self.wait_for(
            lambda: len(self.gateway.connected) >= shards and bool(self.commands),
            timeout_s,
            f"a bot with {shards} shards and commands",
        )
