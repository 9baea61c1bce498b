"""Handles for the people and places of the local Discord: servers, channels, roles, members."""

from dataclasses import dataclass, field

import discord

from standins.discord.model import HIDDEN_FROM_BOT, SILENT_FOR_BOT, World

BOOST_LIMITS_BYTES = {0: 10_485_760, 1: 10_485_760, 2: 52_428_800, 3: 104_857_600}
"""File limits by boost tier (constants of discord.py's guild.py)."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role of one server."""

    id: int
    name: str
    guild_id: int

    @property
    def mention(self) -> str:
        """How a text pings it."""
        return f"<@&{self.id}>"


@dataclass(frozen=True, slots=True)
class Channel:
    """A text channel; `guild_id` is None for direct messages."""

    id: int
    name: str
    guild_id: int | None

    @property
    def mention(self) -> str:
        """How a text links it."""
        return f"<#{self.id}>"


@dataclass(frozen=True, slots=True)
class Choice:
    """One suggestion of an autocomplete."""

    name: str
    value: str | int | float


@dataclass(slots=True, eq=False)
class Member:
    """A person in one server.

    Attributes:
        locale: The language of their client, sent with every interaction.
        accepts_direct_messages: False makes the bot's direct messages fail with 403, 50007.
    """

    id: int
    name: str
    guild: "Guild"
    locale: str = "en-US"
    accepts_direct_messages: bool = True

    @property
    def mention(self) -> str:
        """How a text pings them."""
        return f"<@{self.id}>"

    def give(self, role: Role) -> None:
        """Give them a role."""
        self.guild.world.give_role(self.guild.id, self.id, role.id)

    def take(self, role: Role) -> None:
        """Take a role from them."""
        self.guild.world.take_role(self.guild.id, self.id, role.id)


@dataclass(slots=True, eq=False)
class Guild:
    """A server that the bot is in.

    Attributes:
        file_limit_bytes: The largest file here; set it with `boost`.
        locale: Sent with every interaction as `guild_locale`.
    """

    id: int
    name: str
    world: World
    file_limit_bytes: int
    locale: str = "en-US"
    members: dict[int, Member] = field(default_factory=dict[int, Member])
    channels: dict[int, Channel] = field(default_factory=dict[int, Channel])

    @property
    def everyone(self) -> Role:
        """The role that every member has."""
        return Role(self.id, "@everyone", self.id)

    @property
    def all_channels(self) -> Channel:
        """What stands for every channel in the settings of commands."""
        return Channel(self.id - 1, "all channels", self.id)

    def boost(self, tier: int) -> None:
        """Raise the limit per file as boosts do."""
        self.file_limit_bytes = BOOST_LIMITS_BYTES[tier]

    def add_channel(
        self,
        name: str = "general",
        *,
        age_restricted: bool = False,
        hidden_from_bot: bool = False,
        bot_may_write: bool = True,
    ) -> Channel:
        """A text channel, perhaps one that the bot cannot see or write to."""
        denied = HIDDEN_FROM_BOT if hidden_from_bot else 0
        denied |= 0 if bot_may_write else SILENT_FOR_BOT
        model = self.world.add_channel(
            self.id, name, bot_denied=denied, age_restricted=age_restricted
        )
        channel = Channel(model.id, name, self.id)
        self.channels[channel.id] = channel
        return channel

    def hide_channel(self, channel: Channel, *seen_by: Member) -> None:
        """Let only the bot and some members see a channel."""
        ids = [self.world.bot_id, *(one.id for one in seen_by)]
        self.world.hide_channel(self.id, channel.id, ids)

    def add_role(
        self,
        name: str,
        permissions: discord.Permissions | None = None,
        *,
        mentionable: bool = False,
    ) -> Role:
        """A role with permissions for the whole server."""
        bits = permissions.value if permissions is not None else 0
        role_id = self.world.add_role(self.id, name, permissions=bits, mentionable=mentionable)
        return Role(role_id, name, self.id)

    def add_member(
        self, name: str, *roles: Role, locale: str = "en-US", user_id: int | None = None
    ) -> Member:
        """A person without any rights but those of everyone and of the roles.

        Args:
            name: The name that is shown.
            roles: What they get at once.
            locale: Of their client.
            user_id: A person who is already in another server.
        """
        identity = user_id if user_id is not None else self.world.add_user(name).id
        self.world.add_member(self.id, identity, [role.id for role in roles])
        member = Member(identity, name, self, locale)
        self.members[identity] = member
        return member

    def add_moderator(self, name: str, *, locale: str = "en-US") -> Member:
        """A person with the permission Manage Server."""
        role = self.add_role("Moderators", discord.Permissions(manage_guild=True))
        return self.add_member(name, role, locale=locale)

    def add_admin(self, name: str, *, locale: str = "en-US") -> Member:
        """A person with the permission Administrator."""
        role = self.add_role("Admins", discord.Permissions(administrator=True))
        return self.add_member(name, role, locale=locale)

    def deny_bot(self, channel: Channel, permissions: discord.Permissions | None = None) -> None:
        """Take permissions from the bot in a channel; none gives all back."""
        self.world.deny_bot(channel.id, permissions.value if permissions is not None else 0)
