"""How every change by a moderator is noted: in the audit and for the log channel, with the change.

The row is written in the transaction of the change, so there is never one without the other; the
log channel hears of it afterwards and can hold nothing up.
"""

from bot.core.audit import Change
from bot.core.codes import ModerationCode
from bot.core.errors import BadRequest
from bot.core.prompts import has_seen_characters
from bot.storage import audit, notices
from bot.storage.database import Connection

REASON_MAX_CHARS = 200


async def record(
    connection: Connection,
    server_id: int,
    change: Change,
    now_ms: int,
    *,
    told: Change | None = None,
) -> None:
    """Note a change in the caller's transaction.

    Args:
        connection: Of `write(server_id)`.
        server_id: The server.
        change: What the audit keeps.
        now_ms: Now.
        told: What the log channel tells, where that is less.
    """
    await audit.append(connection, server_id, change, now_ms)
    shown = told or change
    head = {"kind": shown.kind, "actor_id": shown.actor_id, "reason": shown.reason}
    await notices.add(connection, server_id, "change", {**head, **shown.facts}, now_ms)


def checked_reason(reason: str) -> str:
    """Prepare what somebody typed as a reason: one line without controls, or nothing.

    Raises:
        BadRequest: It is too long.
    """
    text = " ".join(reason.replace("\x00", "").split())
    if not has_seen_characters(text):
        return ""
    if len(text) > REASON_MAX_CHARS:
        raise BadRequest(ModerationCode.REASON_TOO_LONG, most=REASON_MAX_CHARS)
    return text.encode("utf-8", "replace").decode()
