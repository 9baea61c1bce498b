"""The Cancel button of a job's cards."""

import re

from bot.chat.imagine.cards import CANCEL_ID
from bot.chat.interaction.answers import in_time, tell
from bot.chat.interaction.buttons import Button
from bot.chat.interaction.layouts import QUIET
from bot.chat.interaction.permission import anyone, is_moderator
from bot.chat.interaction.services import Interaction
from bot.core.errors import NotAllowed
from bot.services.generation.runner import CancelOutcome

NEWS = {
    CancelOutcome.CANCELLED: "Cancelled before it was sent. Nothing was charged.",
    CancelOutcome.ASKED: "Cancelling. The card will say how it ended.",
    CancelOutcome.REMOVED: "fal took it out of its line. Nothing will be charged.",
    CancelOutcome.STARTED: (
        "fal had already started it. It may still be finished: then the pictures come here and "
        "count; if not, nothing is charged. The card will say."
    ),
    CancelOutcome.ENDED_AT_FAL: "Too late: fal has finished it, and the pictures are on their way.",
}
"""What the person who cancelled reads."""


class CancelButton(Button, template=CANCEL_ID, gate=anyone):
    """Ends a job; works for the member who asked for it and for moderators."""

    async def pressed(self, interaction: Interaction, found: re.Match[str]) -> None:
        """Cancel the job and tell the person who pressed what that achieved."""
        cancelling = _cancel(interaction, found["job_id"])
        news = await in_time(interaction, cancelling, is_private=True)
        await tell(interaction, NEWS[news], colour=QUIET)


async def _cancel(interaction: Interaction, job_id: str) -> CancelOutcome:
    """Cancel as the member who asked; only who is refused so is asked for more rights."""
    runner, by = interaction.client.services.runner, interaction.user.id
    server_id = interaction.guild_id
    try:
        return await runner.cancel(job_id, by, is_moderator=False, server_id=server_id)
    except NotAllowed:
        if not await is_moderator(interaction):
            raise
    return await runner.cancel(job_id, by, is_moderator=True, server_id=server_id)
