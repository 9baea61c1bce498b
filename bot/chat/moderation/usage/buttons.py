"""The button that hands out a table of usage; its id names the days, the rest is looked up."""

import io
import re
from datetime import date

import discord

from bot.chat.interaction.answers import answer_privately, in_time
from bot.chat.interaction.buttons import Button
from bot.chat.interaction.services import Interaction
from bot.chat.moderation.usage.card import SHEET_ID, sheet_card
from bot.core.codes import TypedCode
from bot.core.errors import BadRequest
from bot.core.typed.ranges import DAYS_MAX, Days


class UsageSheetButton(Button, template=SHEET_ID):
    """Hands out the usage of some days of the server that it is pressed in."""

    async def pressed(self, interaction: Interaction, found: re.Match[str]) -> None:
        """Answer with the file."""
        days = read_days(found)
        writing = interaction.client.services.usage.sheet(
            interaction.guild_id or 0, days, interaction.filesize_limit
        )
        sheet = await in_time(interaction, writing, is_private=True)
        file = discord.File(io.BytesIO(sheet.data), sheet.name)
        await answer_privately(interaction, sheet_card(days, sheet), [file])


def read_days(found: re.Match[str]) -> Days:
    """Read the days; whoever makes an id by hand may write anything that looks like two.

    Raises:
        BadRequest: They are none, or too many.
    """
    try:
        days = Days(date.fromisoformat(found["first"]), date.fromisoformat(found["last"]))
    except ValueError:
        days = None
    if days is None or not 1 <= days.count <= DAYS_MAX:
        raise BadRequest(TypedCode.STALE_DAYS)
    return days
