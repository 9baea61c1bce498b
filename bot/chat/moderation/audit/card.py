"""The audit as moderators read it: pages of changes, and the buttons that turn them.

A button carries the row that its page starts from and the filters, so its page stays what it is
while rows are added.
"""

from dataclasses import dataclass

from discord import ui

from bot.chat.interaction.layouts import QUIET, WAITING, Row, button, finished
from bot.chat.moderation.audit.texts import Room, reason_of, subject_of, values_of
from bot.chat.texts import by_whom, named_kind
from bot.core.audit import AuditRow
from bot.services.moderation.limits import AuditPage

ROWS_ON_PAGE = 8

PAGE_ID = (
    r"audit:(?P<way>[no]):(?P<row_id>[0-9a-z]{16}):(?P<member>\d{1,20}):(?P<topic>[a-z]{0,20})"
)

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


def audit_card(page: AuditPage, filters: Filters) -> ui.LayoutView:
    """A page of changes, the newest first, with the time that it spans."""
    box = ui.Container[ui.LayoutView](accent_colour=WAITING if page.rows else QUIET)
    box.add_item(ui.TextDisplay(_heading(page, filters)))
    for row in page.rows:
        box.add_item(ui.TextDisplay(_row_text(row)))
    if page.rows and (page.has_newer or page.has_older):
        newer = _page_id("n", page.rows[0].id, filters)
        older = _page_id("o", page.rows[-1].id, filters)
        box.add_item(
            Row(
                button("Newer", newer, is_open=page.has_newer),
                button("Older", older, is_open=page.has_older),
            )
        )
    return finished(box)


def _page_id(way: str, row_id: str, filters: Filters) -> str:
    return f"audit:{way}:{row_id}:{filters.member_id or 0}:{filters.topic or ''}"


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
