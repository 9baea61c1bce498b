"""Options and entries of menus that several of the moderators' commands have."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import discord
from discord import app_commands

from bot.chat.interaction.answers import sentence_for
from bot.chat.interaction.forms import UNTIL_CHARS_MAX
from bot.chat.interaction.services import Interaction, Services, Suggest
from bot.core.errors import BadRequest
from bot.core.limits import Unit
from bot.texts.amounts import duration

UNITS = [
    app_commands.Choice(name="pictures", value=Unit.IMAGES.value),
    app_commands.Choice(name="USD", value=Unit.USD.value),
]

TypedDays = app_commands.Range[str, 1, 60]
Until = app_commands.Range[str, 1, UNTIL_CHARS_MAX]
_CHOICE_NAME_MAX = 100
_USUAL = ("1 day", "3 days", "1 week", "2 weeks", "1 month", "3 months")


def complete_until(services: Services) -> Suggest:
    """Suggest ends; what is typed is judged while it is typed."""

    async def complete(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        if not typed.strip():
            return [app_commands.Choice(name=one, value=one) for one in _USUAL]
        value = typed[:UNTIL_CHARS_MAX]
        try:
            until_ms = await services.gifts.until(interaction.guild_id or 0, value)
        except BadRequest as error:
            name = f"✗ {sentence_for(error)}"
            return [app_commands.Choice(name=name[:_CHOICE_NAME_MAX], value=value)]
        name = f"{value} · ends in {duration(until_ms - services.clock.now_ms())}"
        return [app_commands.Choice(name=name, value=value)]

    return complete


def complete_period(names: Iterable[str]) -> Suggest:
    """Suggest the named periods, or else what is typed."""

    async def complete(_: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        wanted = typed.strip().casefold()
        found = [name for name in names if wanted in name] or [typed.strip()[:60]]
        return [app_commands.Choice(name=name.capitalize(), value=name) for name in found]

    return complete


def menu_entry(
    name: str,
    callback: Callable[..., Coroutine[Any, Any, None]],
    *,
    is_for_all: bool = False,
) -> app_commands.ContextMenu:
    """Make an entry in the menu of members or messages; a server can show it to others.

    Args:
        name: As people read it.
        callback: What is done; discord.py reads from its second parameter which menu it is.
        is_for_all: Whether Discord offers it to everybody.
    """
    entry = app_commands.ContextMenu(
        name=name,
        callback=callback,
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        allowed_installs=app_commands.AppInstallationType(guild=True),
    )
    if not is_for_all:
        entry.default_permissions = discord.Permissions(manage_guild=True)
    return entry
