"""Buttons that outlive a restart: the id names the job, everything else is looked up.

discord.py only logs what a dynamic item raises, and the member sees "interaction failed"; so the
callbacks here catch everything and answer themselves.
"""

import logging
import re
from typing import Any, Self

import discord
from discord import ui

from bot.chat.interaction.answers import answer_error, in_time, tell
from bot.chat.interaction.layouts import QUIET
from bot.chat.interaction.permission import is_moderator
from bot.chat.interaction.services import ServicesClient
from bot.core.errors import NotAllowed
from bot.services.generation.runner import CancelNews

_log = logging.getLogger(__name__)

NEWS = {
    CancelNews.CANCELLED: "Cancelled before it was sent. Nothing was charged.",
    CancelNews.ASKED: "Cancelling. The card will say how it ended.",
    CancelNews.REMOVED: "fal took it out of its line. Nothing will be charged.",
    CancelNews.STARTED: (
        "fal had already started it. It may still be finished: then the pictures come here and "
        "count; if not, nothing is charged. The card will say."
    ),
    CancelNews.ENDED_AT_FAL: "Too late: fal has finished it, and the pictures are on their way.",
}
"""What the person who cancelled reads."""


class CancelButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]], template=r"cancel:(?P<job_id>[0-9a-z]{16})"
):
    """Ends a job; works for the member who asked for it and for moderators."""

    def __init__(self, job_id: str) -> None:
        button = ui.Button[ui.LayoutView](
            label="Cancel", style=discord.ButtonStyle.secondary, custom_id=f"cancel:{job_id}"
        )
        super().__init__(button)
        self._job_id = job_id

    @classmethod
    async def from_custom_id(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls,
        interaction: discord.Interaction[ServicesClient],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[ui.LayoutView],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> Self:
        """Build the item from the id that was pressed."""
        return cls(match["job_id"])

    async def callback(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, interaction: discord.Interaction[ServicesClient]
    ) -> None:
        """Cancel the job and tell the person who pressed what that achieved."""
        try:
            news = await in_time(interaction, self._cancel(interaction), is_private=True)
        except Exception as error:  # noqa: BLE001 - nothing above this answers the member
            await answer_error(interaction, error)
        else:
            await tell(interaction, NEWS[news], colour=QUIET)

    async def _cancel(self, interaction: discord.Interaction[ServicesClient]) -> CancelNews:
        """Cancel as the member who asked; only who is refused so is asked for more rights."""
        runner, by = interaction.client.services.runner, interaction.user.id
        server_id = interaction.guild_id
        try:
            return await runner.cancel(self._job_id, by, is_moderator=False, server_id=server_id)
        except NotAllowed:
            if not await is_moderator(interaction):
                raise
        return await runner.cancel(self._job_id, by, is_moderator=True, server_id=server_id)


def cancel_button(job_id: str) -> CancelButton:
    """The button for a job's card."""
    return CancelButton(job_id)


def has_cancel_button(message: discord.Message, job_id: str) -> bool:
    """Whether a message is the card of this job."""
    wanted = f"cancel:{job_id}"
    waiting: list[Any] = list(message.components)
    while waiting:
        part = waiting.pop()
        if getattr(part, "custom_id", None) == wanted:
            return True
        waiting += getattr(part, "children", ())
    return False
