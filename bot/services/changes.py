"""How every change by a moderator is noted: in the audit and for the log channel, with the change.

The row is written in the transaction of the change, so there is never one without the other; the
log channel hears of it afterwards and can hold nothing up.
"""

from dataclasses import asdict

from bot.core.errors import BadRequest
from bot.storage import audit, notices
from bot.storage.audit import Change
from bot.storage.database import Connection

REASON_MAX_CHARS = 200


async def record(connection: Connection, server_id: int, change: Change, now_ms: int) -> None:
    """Note a change in the caller's transaction."""
    await audit.append(connection, server_id, change, now_ms)
    await notices.add(connection, server_id, "change", asdict(change), now_ms)


def checked_reason(reason: str) -> str:
    """Prepare what somebody typed as a reason: one line without controls.

    Raises:
        BadRequest: It is too long.
    """
    text = " ".join(reason.replace("\x00", "").split())
    if len(text) > REASON_MAX_CHARS:
        raise BadRequest(f"The reason may have at most {REASON_MAX_CHARS} characters.")
    return text.encode("utf-8", "replace").decode()
