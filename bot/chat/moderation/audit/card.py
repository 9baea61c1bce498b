"""The audit as moderators read it: pages of changes, and the buttons that turn them.

A button carries the row that its page starts from and the filters, so it works after a restart and
its page stays what it is while rows are added.
"""

import logging
import re
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import ui

from bot.chat.interaction.answers import answer_error
from bot.chat.interaction.layouts import QUIET, WAITING, finished
from bot.chat.interaction.paging import turn
from bot.chat.interaction.permission import require_moderator
from bot.chat.interaction.services import ServicesClient
from bot.chat.moderation.audit.texts import Room, reason_of, subject_of, values_of
from bot.chat.texts import by_whom, named_kind
from bot.core.audit import AuditRow
from bot.services.moderation.limits import AuditPage, Moderation

_log = logging.getLogger(__name__)

ROWS_ON_PAGE = 8

TOPICS = {
    "limit": "limits",
    "gift": "gifts",
    "block": "blocks",
    "words": "words",
    "settings": "settings",
    "pause": "pauses",
    "cancel": "cancels",
    "image": "removed pictures",
    "report": "reports",
    "member": "warnings",
    "loss": "losses",
    "repair": "repairs",
}
"""Names of the kinds of change, by what stands before the dot in a kind."""

_ROOM = Room(subject=90, value=60, reason=90)
"""Eight rows fit Discord's 4,000 characters whatever stands in them."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the audit is shown; None for everything."""

    member_id: int | None = None
    topic: str | None = None


async def read_page(
    moderation: Moderation,
    server_id: int,
    filters: Filters,
    *,
    before_id: str | None = None,
    after_id: str | None = None,
) -> ui.LayoutView:
    """Read a page of a server's audit and lay it out."""
    page = await moderation.audit_page(
        server_id,
        member_id=filters.member_id,
        topic=filters.topic,
        before_id=before_id,
        after_id=after_id,
        limit=ROWS_ON_PAGE,
    )
    return audit_card(page, filters)


def audit_card(page: AuditPage, filters: Filters) -> ui.LayoutView:
    """A page of changes, the newest first, with the time that it spans."""
    box = ui.Container[ui.LayoutView](accent_colour=WAITING if page.rows else QUIET)
    box.add_item(ui.TextDisplay(_heading(page, filters)))
    for row in page.rows:
        box.add_item(ui.TextDisplay(_row_text(row)))
    if page.rows and (page.has_newer or page.has_older):
        buttons = ui.ActionRow[ui.LayoutView]()
        newest, oldest = page.rows[0].id, page.rows[-1].id
        buttons.add_item(PageButton("n", newest, filters, is_open=page.has_newer))
        buttons.add_item(PageButton("o", oldest, filters, is_open=page.has_older))
        box.add_item(buttons)
    return finished(box)


def _heading(page: AuditPage, filters: Filters) -> str:
    parts = ["**Audit**"]
    if filters.topic:
        parts.append(TOPICS.get(filters.topic, filters.topic))
    if filters.member_id:
        parts.append(f"about <@{filters.member_id}>")
    title = " · ".join(parts)
    if not page.rows:
        is_filtered = filters != Filters()
        return f"{title}\nNothing {'like this ' if is_filtered else ''}was changed yet."
    newest, oldest = page.rows[0].at_ms // 1000, page.rows[-1].at_ms // 1000
    which = "" if page.has_newer else "the newest, "
    return f"{title}\n-# {which}<t:{oldest}:f> to <t:{newest}:f>"


def _row_text(row: AuditRow) -> str:
    change = row.change
    lines = [f"**{named_kind(change.kind[:40])}** · {subject_of(change, _ROOM)}"]
    values = values_of(change, _ROOM)
    if values is not None:
        lines.append(f"was {values[0]} → **{values[1]}**")
    reason = reason_of(change, _ROOM)
    small = [f"<t:{row.at_ms // 1000}:f>", by_whom(change.actor_id), *([reason] if reason else [])]
    lines.append(f"-# {' · '.join(small)}")
    return "\n".join(lines)


class PageButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=r"audit:(?P<way>[no]):(?P<row_id>[0-9a-z]{16}):(?P<member>\d{1,20}):(?P<topic>[a-z]{0,20})",
):
    """Turns a page of the audit in place."""

    def __init__(self, way: str, row_id: str, filters: Filters, *, is_open: bool = True) -> None:
        label = "Newer" if way == "n" else "Older"
        button = ui.Button[ui.LayoutView](
            label=label,
            style=discord.ButtonStyle.secondary,
            custom_id=f"audit:{way}:{row_id}:{filters.member_id or 0}:{filters.topic or ''}",
            disabled=not is_open,
        )
        super().__init__(button)
        self._way = way
        self._row_id = row_id
        self._filters = filters

    @classmethod
    async def from_custom_id(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[ui.LayoutView],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> Self:
        """Build the item from the id that was pressed."""
        filters = Filters(int(match["member"]) or None, match["topic"] or None)
        return cls(match["way"], match["row_id"], filters)

    async def callback(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, interaction: discord.Interaction[ServicesClient]
    ) -> None:
        """Show the next page in the place of this one."""
        try:
            await require_moderator(interaction)
            is_newer = self._way == "n"
            reading = read_page(
                interaction.client.services.moderation,
                interaction.guild_id or 0,
                self._filters,
                before_id=None if is_newer else self._row_id,
                after_id=self._row_id if is_newer else None,
            )
            await turn(interaction, reading)
        except Exception as error:  # noqa: BLE001 - nothing above this answers the moderator
            await answer_error(interaction, error)
