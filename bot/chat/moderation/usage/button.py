"""The button that hands out a table of usage; its id names the days, the rest is looked up."""

import io
import re
from datetime import date
from typing import Self

import discord
from discord import ui

from bot.chat.interaction.answers import answer_error, answer_privately, in_time
from bot.chat.interaction.permission import require_moderator
from bot.chat.interaction.services import ServicesClient
from bot.chat.moderation.usage.card import sheet_card
from bot.core.codes import TypedCode
from bot.core.errors import BadRequest
from bot.core.typed.ranges import DAYS_MAX, Days

_DAY = r"\d{4}-\d{2}-\d{2}"


class UsageSheetButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=rf"usage_csv:(?P<first>{_DAY}):(?P<last>{_DAY})",
):
    """Hands out the usage of some days of the server that it is pressed in."""

    def __init__(self, first: str, last: str) -> None:
        button = ui.Button[ui.LayoutView](
            label="CSV",
            style=discord.ButtonStyle.secondary,
            custom_id=f"usage_csv:{first}:{last}",
        )
        super().__init__(button)
        self._first, self._last = first, last

    @classmethod
    async def from_custom_id(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls,
        interaction: discord.Interaction[ServicesClient],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[ui.LayoutView],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> Self:
        """Build the item from the id that was pressed."""
        return cls(match["first"], match["last"])

    async def callback(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, interaction: discord.Interaction[ServicesClient]
    ) -> None:
        """Answer with the file."""
        try:
            await require_moderator(interaction)
            days = self._days()
            writing = interaction.client.services.usage.sheet(
                interaction.guild_id or 0, days, interaction.filesize_limit
            )
            sheet = await in_time(interaction, writing, is_private=True)
        except Exception as error:  # noqa: BLE001 - nothing above this answers the moderator
            await answer_error(interaction, error)
        else:
            file = discord.File(io.BytesIO(sheet.data), sheet.name)
            await answer_privately(interaction, sheet_card(days, sheet), [file])

    def _days(self) -> Days:
        """Read the days; whoever makes an id by hand may write anything that looks like two."""
        try:
            days = Days(date.fromisoformat(self._first), date.fromisoformat(self._last))
        except ValueError:
            days = None
        if days is None or not 1 <= days.count <= DAYS_MAX:
            raise BadRequest(TypedCode.STALE_DAYS)
        return days


def sheet_button(days: Days) -> UsageSheetButton:
    """The button for the card of a report."""
    return UsageSheetButton(days.first.isoformat(), days.last.isoformat())
