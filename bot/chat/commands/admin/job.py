"""`/imagine-admin job`."""

from discord import app_commands

from bot.chat.desk import Desk


def add_job(desk: Desk, admin: app_commands.Group) -> None:
    """Add the command to the group."""
