"""What is noted when a request is refused; nothing was held, and the member is told anyway."""

from bot.core.errors import ForbiddenPrompt, OverLimit, Refused
from bot.core.jobs import Request
from bot.core.prompts import clip
from bot.services.alerts import Alerts
from bot.services.changes import record
from bot.storage.audit import Change
from bot.storage.database import Database

_PROMPT_CHARS_MAX = 300


async def note_refusal(
    database: Database, alerts: Alerts, request: Request, error: Refused, now_ms: int
) -> None:
    """Note a refusal in a transaction of its own."""
    if isinstance(error, OverLimit):
        await alerts.note_refused(database, request.server_id, error, now_ms)
    if not isinstance(error, ForbiddenPrompt):
        return
    async with database.write(request.server_id) as connection:
        await record(connection, request.server_id, _forbidden(request, error), now_ms)


def _forbidden(request: Request, error: ForbiddenPrompt) -> Change:
    bound = _PROMPT_CHARS_MAX
    return Change(
        kind="words.refused",
        actor_id=request.member_id,
        subject=f"prompt “{clip(request.prompt, chars_max=bound, bytes_max=4 * bound)}”",
        before=None,
        after=None,
        reason=f"entry {error.entry}",
        member_id=request.member_id,
    )
