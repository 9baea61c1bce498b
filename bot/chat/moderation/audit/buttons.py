"""The buttons that turn the pages of the audit."""

import re

from discord import ui

from bot.chat.interaction.answers import turn
from bot.chat.interaction.buttons import Button
from bot.chat.interaction.services import Interaction
from bot.chat.moderation.audit.card import PAGE_ID, ROWS_ON_PAGE, Filters, audit_card
from bot.services.moderation.limits import Moderation


class AuditPageButton(Button, template=PAGE_ID):
    """Turns a page of the audit in place."""

    async def pressed(self, interaction: Interaction, found: re.Match[str]) -> None:
        """Show the page before the row, or after it."""
        is_newer = found["way"] == "n"
        reading = read_page(
            interaction.client.services.moderation,
            interaction.guild_id or 0,
            Filters(int(found["member"]) or None, found["topic"] or None),
            before_id=None if is_newer else found["row_id"],
            after_id=found["row_id"] if is_newer else None,
        )
        await turn(interaction, reading)


async def read_page(
    moderation: Moderation,
    server_id: int,
    filters: Filters,
    *,
    before_id: str | None = None,
    after_id: str | None = None,
) -> ui.LayoutView:
    """Read a page of a server's audit and lay it out; the newest one unless a row is named."""
    page = await moderation.audit_page(
        server_id,
        member_id=filters.member_id,
        topic=filters.topic,
        before_id=before_id,
        after_id=after_id,
        limit=ROWS_ON_PAGE,
    )
    return audit_card(page, filters)
