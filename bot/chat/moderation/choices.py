"""Choices that several commands offer."""

from discord import app_commands

from bot.core.limits import Unit

UNITS = [
    app_commands.Choice(name="pictures", value=Unit.IMAGES.value),
    app_commands.Choice(name="USD", value=Unit.USD.value),
]
