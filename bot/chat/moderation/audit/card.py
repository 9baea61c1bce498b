"""The audit as moderators read it: pages of changes, and the buttons that turn them.

A button carries the row that its page starts from and the filters, so its page stays what it is
while rows are added.
"""

import re
from dataclasses import dataclass

from discord import ui

from bot.chat.interaction.layouts import QUIET, WAITING, Row, button, finished
from bot.chat.texts import named_kind
from bot.core.prompts import shown_prompt
from bot.services.moderation.limits import AuditPage
from bot.storage.audit import HOST, AuditRow

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

_SUBJECT_ROOM, _VALUE_ROOM, _REASON_ROOM = 90, 60, 90
"""Characters, and half of the bytes: eight rows fit Discord's 4,000 whatever stands in them."""

_ID_IN_WORDS = re.compile(r"\b(member|role|channel|user) (\d{15,20})(?!\d)")
_MARKS = {"member": "@", "user": "@", "role": "@&", "channel": "#"}


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
    lines = [f"**{named_kind(change.kind[:40])}** · {_named(change.subject, _SUBJECT_ROOM)}"]
    if change.before is not None or change.after is not None:
        lines.append(f"was {_value(change.before)} → **{_value(change.after)}**")
    actor = "the host" if change.actor_id == HOST else f"<@{change.actor_id}>"
    reason = f" · “{_clipped(change.reason, _REASON_ROOM)}”" if change.reason else ""
    lines.append(f"-# <t:{row.at_ms // 1000}:f> · {actor}{reason}")
    return "\n".join(lines)


def _named(text: str, room: int) -> str:
    """Write a text with a name for the first id in it; a mention here pings nobody."""
    shown = _clipped(text, room)
    return _ID_IN_WORDS.sub(lambda found: f"{found[1]} <{_MARKS[found[1]]}{found[2]}>", shown, 1)


def _value(text: str | None) -> str:
    return _named(text or "", _VALUE_ROOM) or "nothing"


def _clipped(text: str, room: int) -> str:
    return shown_prompt(text, chars_max=room, bytes_max=2 * room)
