"""Who may do what moderators do; Discord's own hiding of commands is only a default of clients.

Whoever may manage the server may. Others may where the server's own settings give them
`/imagine-admin` or, for what a menu does, that menu's entry. Those settings are read from Discord,
kept for a minute at most, and forgotten as soon as Discord says that they changed.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from bot.chat.interaction.layouts import NOT_TAKEN
from bot.core.access import Overwrite, Person, Target, grants
from bot.core.codes import AccessCode
from bot.core.errors import NotAllowed
from bot.services.limits.allowance import Asker

_log = logging.getLogger(__name__)

GROUP = "imagine-admin"
"""The command whose settings say who is a moderator here."""

Gate = Callable[[discord.Interaction[Any]], Awaitable[None]]
"""Refuses whoever may not, by raising."""

KEPT_S = 60.0
_READ_MAX_S = 1.2
"""The first answer must come within 3 s, and a form can only be the first answer."""
_SERVERS_MAX = 1000


class CommandAccess:
    """What servers say in their settings about this bot's commands."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._ids: dict[str, int] = {}
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._reading: dict[int, asyncio.Task[list[Overwrite]]] = {}

    def know(self, commands: Iterable[app_commands.AppCommand]) -> None:
        """Learn the ids that Discord gave the commands."""
        self._ids = {command.name: command.id for command in commands}

    def forget(self, server_id: int) -> None:
        """Read a server's settings anew at the next question; they have changed."""
        self._kept.pop(server_id, None)
        self._reading.pop(server_id, None)

    def forget_all(self) -> None:
        """The same for every server; changes may have been missed."""
        self._kept.clear()
        self._reading.clear()

    async def allows(self, person: Person, names: Iterable[str]) -> bool | None:
        """Tell whether one of some commands is given to a person by name.

        Returns:
            None where Discord does not say what the settings are.
        """
        application_id = self._client.application_id
        ids = [self._ids[name] for name in names if name in self._ids]
        if application_id is None or not ids:
            return False
        try:
            overwrites = await self._overwrites(person.server_id)
        except NOT_TAKEN as error:
            detail = f"{type(error).__name__}: {error}"
            extra = {"server_id": person.server_id, "detail": detail}
            _log.warning("command permissions not read", extra=extra)
            return None
        return any(grants(overwrites, one, application_id, person) for one in ids)

    async def _overwrites(self, server_id: int) -> list[Overwrite]:
        kept = self._kept.get(server_id)
        if kept is not None and kept.until_s > asyncio.get_running_loop().time():
            return kept.overwrites
        task = self._reading.get(server_id)
        if task is None:
            task = asyncio.create_task(self._read(server_id), name="command permissions")
            self._reading[server_id] = task
            task.add_done_callback(lambda done: self._has_read(server_id, done))
        async with asyncio.timeout(_READ_MAX_S):
            return await asyncio.shield(task)

    async def _read(self, server_id: int) -> list[Overwrite]:
        http = self._client.http
        assert self._client.application_id is not None
        try:
            found = await http.get_guild_application_command_permissions(
                self._client.application_id, server_id
            )
        except discord.NotFound:
            return []
        return [
            Overwrite(
                command_id=int(command["id"]),
                target=Target(line["type"]),
                target_id=int(line["id"]),
                allows=line["permission"],
            )
            for command in found
            for line in command["permissions"]
        ]

    def _has_read(self, server_id: int, done: asyncio.Task[list[Overwrite]]) -> None:
        """Keep what was read, unless it was forgotten meanwhile and so may be the old state."""
        error = None if done.cancelled() else done.exception()
        if self._reading.get(server_id) is not done:
            return
        del self._reading[server_id]
        if done.cancelled() or error is not None:
            return
        until_s = asyncio.get_running_loop().time() + KEPT_S
        self._kept[server_id] = _Kept(done.result(), until_s)
        self._kept.move_to_end(server_id)
        if len(self._kept) > _SERVERS_MAX:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    overwrites: list[Overwrite]
    until_s: float


async def require_moderator(
    interaction: discord.Interaction[Any], *, menu: str | None = None
) -> None:
    """Refuse whoever may not use `/imagine-admin` here, nor the menu's entry if one is named.

    Raises:
        NotAllowed: The person may not, or Discord does not say so in time.
    """
    answer = await _may(interaction, menu)
    if not answer:
        raise NotAllowed(AccessCode.NOT_READ if answer is None else AccessCode.NOT_MODERATOR)


async def anyone(_: discord.Interaction[Any]) -> None:
    """Let everybody pass; what is done for them then says itself who may."""


async def is_moderator(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether the person may use `/imagine-admin` here."""
    return bool(await _may(interaction, None))


async def _may(interaction: discord.Interaction[Any], menu: str | None) -> bool | None:
    if interaction.guild_id is None:
        return False
    if interaction.permissions.administrator or interaction.permissions.manage_guild:
        return True
    access: CommandAccess = interaction.client.access
    names = [GROUP] if menu is None else [GROUP, menu]
    return await access.allows(_person(interaction, interaction.guild_id), names)


def _person(interaction: discord.Interaction[Any], server_id: int) -> Person:
    """Who calls; where buttons and forms stand is not where the command was called."""
    channel_id = _budget_channel_id(interaction)
    is_command = interaction.type is discord.InteractionType.application_command
    user = interaction.user
    return Person(
        server_id=server_id,
        member_id=user.id,
        role_ids=role_ids(user),
        channel_id=channel_id if is_command else None,
    )


def asker(interaction: discord.Interaction[Any], member: discord.User | discord.Member) -> Asker:
    """Say whose limits are asked for, and where: a thread has its parent's."""
    return Asker(
        server_id=interaction.guild_id or 0,
        channel_id=_budget_channel_id(interaction) or 0,
        member_id=member.id,
        role_ids=role_ids(member),
    )


def _budget_channel_id(interaction: discord.Interaction[Any]) -> int | None:
    """Name the channel whose budget and settings hold: a thread's is its parent."""
    return getattr(interaction.channel, "parent_id", None) or interaction.channel_id


def role_ids(member: discord.User | discord.Member) -> frozenset[int]:
    """Read the roles that came with the interaction."""
    if not isinstance(member, discord.Member):
        return frozenset()
    # The ids come with the interaction; the roles themselves may not be cached.
    return frozenset(member._roles)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
