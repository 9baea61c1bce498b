"""SimCord's world of servers, messages and permissions; with stage.py all that touches SimCord.

SimCord 3.2.1 is pinned because most names used here are private. Everything else in this package
speaks to `World`. It must never open a socket and never keep a copy of the state.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, cast

import discord
from simcord import intents as simcord_intents
from simcord._clock import Clock
from simcord.backend import Backend, serializers
from simcord.backend.access import channel_accessible, message_accessible
from simcord.backend.command_access import command_access
from simcord.backend.errors import BackendError, OptionError
from simcord.backend.models import Channel, Guild, Interaction, Message, Overwrite, User
from simcord.components import ComponentValidationError, walk_components
from simcord.enums import ChannelType, OverwriteType
from simcord.http import router, routes
from simcord.interactions import base_payload

from standins.discord.cdn import Cdn
from standins.discord.errors import ApiError

__all__ = [
    "Channel",
    "Guild",
    "Interaction",
    "Message",
    "Upload",
    "User",
    "World",
    "WorldClock",
    "walk_components",
]

# importing the package is what fills SimCord's route table
_REGISTERED = routes.__all__

HIDDEN_FROM_BOT = discord.Permissions(view_channel=True).value
SILENT_FOR_BOT = discord.Permissions(send_messages=True).value


class WorldClock:
    """The time of this Discord: the wall clock, which a test may move forward but never back.

    It has the shape of SimCord's clock. Its `elapsed` runs with the real time, so that a page that
    waits for a slow bot does not make this Discord's time run twice as fast.
    """

    def __init__(self) -> None:
        self._start = datetime.now(UTC)
        # the name bound at import: SimCord replaces `time.monotonic` while its page is open
        self._start_s = monotonic()
        self._advanced_s = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since this Discord was made, with all that was advanced."""
        return monotonic() - self._start_s + self._advanced_s

    def now(self) -> datetime:
        """The present, in UTC."""
        return self._start + timedelta(seconds=self.elapsed)

    def advance(self, seconds: float) -> None:
        """Move this Discord's time forward; the bot's own clock does not follow."""
        self._advanced_s += seconds


@dataclass(slots=True)
class Upload:
    """One file part of a multipart request, in the shape in which SimCord reads it."""

    filename: str
    data: bytes
    description: str | None = None

    @property
    def fp(self) -> "Upload":
        """SimCord reads `file.fp.read()`."""
        return self

    def read(self) -> bytes:
        """The bytes, not copied."""
        return self.data


class World:
    """SimCord's backend behind names of our own."""

    def __init__(self, cdn: Cdn, clock: WorldClock, *, bot_name: str) -> None:
        self.clock = clock
        self.backend = Backend(clock=cast("Clock", clock))
        self.backend.edit_bot_profile(bot_name)
        # a CDN of the same shape that gives signed loopback addresses
        self.backend.cdn = cdn  # pyright: ignore[reportAttributeAccessIssue]
        self.age_restricted: set[int] = set()
        self._command_permissions: dict[tuple[int, int], dict[str, Any]] = {}

    # ------------------------------------------------------------------ who and where

    @property
    def bot_id(self) -> int:
        """The user id of the bot."""
        return self.backend.bot_user.id

    @property
    def application_id(self) -> int:
        """The application id, which is also the webhook id of interactions."""
        return self.backend.application_id

    def add_user(self, name: str, *, global_name: str | None = None) -> User:
        """A person."""
        return self.backend.make_user(name, global_name=global_name or name)

    def add_guild(self, name: str, *, shard: int, shard_count: int, locale: str) -> Guild:
        """A server that the bot is in; its id belongs to the given shard."""
        return self.backend.create_guild(
            name, shard_id=shard, shard_count=shard_count, preferred_locale=locale
        )

    def add_role(self, guild_id: int, name: str, *, permissions: int, mentionable: bool) -> int:
        """A role; returns its id."""
        role = self.backend.create_role(
            guild_id, name, permissions=permissions, mentionable=mentionable
        )
        return role.id

    def add_member(self, guild_id: int, user_id: int, roles: Iterable[int]) -> None:
        """Let a person into a server."""
        self.backend.add_member(guild_id, user_id, roles=roles, announce=True)

    def give_role(self, guild_id: int, user_id: int, role_id: int) -> None:
        """Give a member a role."""
        self.backend.add_member_role(guild_id, user_id, role_id)

    def take_role(self, guild_id: int, user_id: int, role_id: int) -> None:
        """Take a role from a member."""
        self.backend.remove_member_role(guild_id, user_id, role_id)

    def add_channel(
        self, guild_id: int, name: str, *, bot_denied: int = 0, age_restricted: bool = False
    ) -> Channel:
        """A text channel; `bot_denied` are permission bits that the bot does not have there."""
        overwrites = (
            [Overwrite(self.bot_id, OverwriteType.MEMBER, deny=bot_denied)] if bot_denied else []
        )
        channel = self.backend.create_channel(
            guild_id, name, type=ChannelType.TEXT, overwrites=overwrites, announce=False
        )
        if age_restricted:
            self.age_restricted.add(channel.id)
        self.backend.emit("CHANNEL_CREATE", serializers.channel_payload(self.backend, channel))
        return channel

    def deny_bot(self, channel_id: int, bits: int) -> None:
        """Take permissions from the bot in one channel (0 gives all back)."""
        self.backend.set_overwrite(
            channel_id, Overwrite(self.bot_id, OverwriteType.MEMBER, deny=bits)
        )

    def hide_channel(self, guild_id: int, channel_id: int, seen_by: Iterable[int]) -> None:
        """Let only some members see a channel."""
        bits = discord.Permissions(view_channel=True).value
        # the role @everyone has the server's own id
        everyone = Overwrite(guild_id, OverwriteType.ROLE, deny=bits)
        members = [Overwrite(one, OverwriteType.MEMBER, allow=bits) for one in seen_by]
        for overwrite in (everyone, *members):
            self.backend.set_overwrite(channel_id, overwrite)

    def delete_role(self, guild_id: int, role_id: int) -> None:
        """Delete a role; its members lose it."""
        self.backend.delete_role(guild_id, role_id)

    def remove_member(self, guild_id: int, user_id: int) -> None:
        """A person leaves a server, or is removed from it."""
        self.backend.remove_member(guild_id, user_id)

    def is_member(self, guild_id: int, user_id: int) -> bool:
        """Whether a person is in a server."""
        guild = self.backend.guilds.get(guild_id)
        return guild is not None and user_id in guild.members

    def shares_guild(self, user_id: int) -> bool:
        """Whether a person is in any server that the bot is in."""
        return any(user_id in guild.members for guild in self.backend.guilds.values())

    def delete_channel(self, channel_id: int) -> None:
        """Delete a channel with all its messages."""
        self.backend.delete_channel(channel_id)

    def remove_guild(self, guild_id: int) -> None:
        """Kick the bot from a server."""
        self.backend.remove_guild(guild_id)

    def dm_channel_id(self, user_id: int) -> int:
        """The channel between a person and the bot; made on first use."""
        return self.backend.get_dm_channel(user_id).id

    def channel(self, channel_id: int) -> Channel | None:
        """A channel, or None if it is gone."""
        return self.backend.channels.get(channel_id)

    def guild(self, guild_id: int) -> Guild | None:
        """A server, or None if the bot is not in it."""
        return self.backend.guilds.get(guild_id)

    def permissions(self, guild_id: int, user_id: int, channel_id: int) -> int:
        """The permission bits of a member in a channel."""
        return self.backend.compute_permissions(guild_id, user_id, channel_id)

    def can_see_channel(self, channel_id: int, user_id: int) -> bool:
        """Whether a person (or the bot) may see a channel."""
        return channel_accessible(self.backend, channel_id, user_id)

    # ------------------------------------------------------------------ messages

    def message(self, channel_id: int, message_id: int) -> Message | None:
        """A message, or None if it is gone."""
        return self.backend.messages.get(channel_id, {}).get(message_id)

    def messages(self, channel_id: int) -> Sequence[Message]:
        """All messages of a channel, oldest first."""
        return list(self.backend.messages.get(channel_id, {}).values())

    def can_see_message(self, message: Message, user_id: int) -> bool:
        """Whether a person may see a message (ephemeral ones are for one person)."""
        return message_accessible(self.backend, message.channel_id, message, user_id)

    def post(self, channel_id: int, user_id: int, content: str) -> Message:
        """A person writes a message."""
        return self.backend.create_message(channel_id, user_id, content)

    def delete_message(self, channel_id: int, message_id: int) -> None:
        """A person deletes a message."""
        self.backend.delete_message(channel_id, message_id)

    # ------------------------------------------------------------------ payloads

    def user_payload(self, user_id: int) -> dict[str, Any]:
        """A user object."""
        return dict(serializers.user_payload(self.backend.get_user(user_id)))

    def member_payload(self, guild_id: int, user_id: int) -> dict[str, Any]:
        """A member object without its user, as in `resolved`."""
        guild = self.backend.get_guild(guild_id)
        member = guild.members[user_id]
        return dict(serializers.member_payload(self.backend, guild, member, with_user=False))

    def role_payload(self, guild_id: int, role_id: int) -> dict[str, Any]:
        """A role object."""
        return dict(serializers.role_payload(self.backend.get_role(guild_id, role_id)))

    def channel_payload(self, channel_id: int) -> dict[str, Any]:
        """A channel object."""
        return dict(serializers.channel_payload(self.backend, self.backend.get_channel(channel_id)))

    def message_payload(self, message: Message) -> dict[str, Any]:
        """A message object."""
        return dict(serializers.message_payload(self.backend, message))

    def guild_payload(self, guild: Guild, intents: discord.Intents) -> dict[str, Any]:
        """GUILD_CREATE as a bot with these intents gets it."""
        payload = dict(serializers.guild_create_payload(self.backend, guild))
        simcord_intents.prune_guild_create(payload, intents, self.bot_id)
        return payload

    def intent_of(self, event: str, payload: Mapping[str, Any]) -> str | None:
        """The intent that an event needs, or None if every bot gets it."""
        return simcord_intents.required_intent(event, payload)

    def censor(self, payload: dict[str, Any]) -> None:
        """Take the content out of a message event, as without the message content intent."""
        simcord_intents.censor_message(payload, self.bot_id, backend=self.backend)

    # ------------------------------------------------------------------ interactions, commands

    def interaction(self, interaction_id: int) -> Interaction | None:
        """The state of an interaction."""
        return self.backend.interactions.get(interaction_id)

    def interaction_of_token(self, token: str) -> Interaction | None:
        """The interaction that a token belongs to, however old."""
        found = self.backend.interaction_tokens.get(token)
        return None if found is None else self.backend.interactions[found]

    def new_interaction(
        self, kind: int, channel_id: int, user_id: int, data: dict[str, Any]
    ) -> tuple[Interaction, dict[str, Any]]:
        """A new interaction and its INTERACTION_CREATE payload; nothing is sent."""
        channel = self.backend.get_channel(channel_id)
        return base_payload(
            self.backend,
            type=kind,
            channel_id=channel_id,
            guild_id=channel.guild_id,
            user_id=user_id,
            data=data,
        )

    def command(self, name: str, guild_id: int | None, kind: int = 1) -> dict[str, Any] | None:
        """A registered command of a kind (1 slash, 2 user, 3 message)."""
        return self.backend.find_command(name, guild_id, type=kind)

    def commands(self, guild_id: int | None = None) -> list[dict[str, Any]]:
        """All registered commands of a scope."""
        return list(self.backend.commands.get(guild_id, {}).values())

    def register_commands(
        self, guild_id: int | None, commands: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Replace all commands of a scope; ids of known names stay."""
        return self.backend.register_commands(guild_id, commands)

    def command_permissions(self, guild_id: int) -> list[dict[str, Any]]:
        """What a server has set for the app's commands, as Discord lists it."""
        return [one for (owner, _), one in self._command_permissions.items() if owner == guild_id]

    def set_command_permissions(
        self, guild_id: int, target_id: int, lines: list[dict[str, Any]]
    ) -> None:
        """Set what a server says of a command, or of the whole app; no lines take all back.

        SimCord lets a line that allows @everyone go before what a command asks for by default;
        Discord does not (discord-api-docs, issue 5356), so that line is kept from it.
        """
        payload: dict[str, Any] = {
            "id": str(target_id),
            "application_id": str(self.application_id),
            "guild_id": str(guild_id),
            "permissions": lines,
        }
        everyone = {"id": str(guild_id), "type": 1, "permission": True}
        known = [line for line in lines if line != everyone]
        self.backend.set_command_permissions(guild_id, target_id, known)
        self._command_permissions[guild_id, target_id] = payload
        if not lines:
            del self._command_permissions[guild_id, target_id]
        self.backend.emit("APPLICATION_COMMAND_PERMISSIONS_UPDATE", payload)

    def why_no_command(self, command: dict[str, Any], user_id: int, channel_id: int) -> str | None:
        """Why the person's client does not show a command there, or None if it does."""
        access = command_access(self.backend, command, user_id=user_id, channel_id=channel_id)
        return None if access.allowed else access.reason or "not allowed"

    def snowflake(self) -> int:
        """A new id."""
        return self.backend.snowflake()

    # ------------------------------------------------------------------ the two seams

    def subscribe(self, listener: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Call a listener with every gateway event."""
        self.backend.subscribers.append(listener)

    def dispatch(
        self, method: str, path: str, body: Any, query: dict[str, Any], files: list[Upload]
    ) -> Any:
        """Let SimCord answer a REST request.

        Raises:
            ApiError: It refused, or does not know the route or a field (status 501).
        """
        # its own records grow with every request and hold every payload
        self.backend.http_requests.clear()
        self.backend.transcript.clear()
        try:
            return router.dispatch(
                self.backend, method, path, json=body, params=query, files=list(files)
            )
        except (router.RouteNotImplemented, router.UnsupportedField) as error:
            raise ApiError(501, 0, f"not modelled: {method} {path}: {error}") from error
        except BackendError as error:
            raise ApiError(error.status, error.code, error.message) from error
        except (ComponentValidationError, OptionError, KeyError, TypeError, ValueError) as error:
            raise ApiError(400, 50035, f"Invalid Form Body: {error}") from error
