"""The entries in the menus of members and of messages."""

from typing import Any

from discord import app_commands

from bot.chat.desk import Desk


def build_menus(desk: Desk) -> list[app_commands.ContextMenu]:  # noqa: ARG001
    """Build the entries."""
    menus: list[Any] = []
    return menus
