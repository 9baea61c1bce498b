"""What a feature offers in Discord; the client registers all of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from discord import app_commands

from bot.chat.interaction.buttons import Button
from bot.chat.interaction.forms import Form
from bot.chat.interaction.services import Services

Build = Callable[
    [Services], app_commands.Command[Any, ..., None] | app_commands.Group | app_commands.ContextMenu
]


@dataclass(frozen=True, slots=True)
class Feature:
    """What a feature offers.

    Attributes:
        commands: Builders of commands, of groups of them, and of entries in menus.
        buttons: What buttons and menus on its cards do.
        forms: The forms that it opens.
    """

    commands: Sequence[Build]
    buttons: Sequence[type[Button]]
    forms: Sequence[Form] = ()
