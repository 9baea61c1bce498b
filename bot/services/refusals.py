"""What is noted when a request is refused; nothing was held, and the member is told anyway."""

import logging
from dataclasses import replace
from zoneinfo import ZoneInfo

from bot.core.errors import Blocked, ForbiddenPrompt, NotOffered, OverLimit, Paused, Refused
from bot.core.jobs import Request
from bot.core.limits import Account, local_day
from bot.core.prompts import clip
from bot.services.alerts import Alerts
from bot.services.changes import record
from bot.storage import preferences, usage
from bot.storage.audit import Change
from bot.storage.database import Database, DatabaseUnavailable

_log = logging.getLogger(__name__)

_PROMPT_CHARS_MAX = 300

_PRIVATE_PROMPT = "a private prompt, which stands in the audit only"
"""Moderators may look a private prompt up; a channel does not tell it to whoever reads there."""

_REASONS: tuple[tuple[type[Refused], str], ...] = (
    (Blocked, "blocked"),
    (ForbiddenPrompt, "words"),
    (Paused, "paused"),
    (NotOffered, "not_offered"),
)


async def note_refusal(
    database: Database, alerts: Alerts, request: Request, error: Refused, now_ms: int
) -> None:
    """Note a refusal in a transaction of its own; the member is told even where that fails."""
    try:
        if isinstance(error, OverLimit):
            await alerts.note_refused(database, request.server_id, error, now_ms)
        async with database.write(request.server_id) as connection:
            zone = (await preferences.load(connection, request.server_id)).zone
            day = local_day(now_ms, ZoneInfo(zone))
            await usage.add_refusal(connection, request.server_id, day=day, reason=reason_of(error))
            if isinstance(error, ForbiddenPrompt):
                change = _forbidden(request, error)
                told = replace(change, subject=_PRIVATE_PROMPT) if request.private else change
                await record(connection, request.server_id, change, now_ms, told=told)
    except DatabaseUnavailable as away:
        _log.warning("refusal not noted", extra={"detail": str(away)})


def reason_of(error: Refused) -> str:
    """Name why a request was refused, as it is counted: `limit`, `budget`, `words` and so on."""
    if isinstance(error, OverLimit):
        return "limit" if error.standing.account is Account.MEMBER else "budget"
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "other")


def _forbidden(request: Request, error: ForbiddenPrompt) -> Change:
    bound = _PROMPT_CHARS_MAX
    return Change(
        kind="words.refused",
        actor_id=request.member_id,
        subject=f"prompt “{clip(request.prompt, chars_max=bound, bytes_max=4 * bound)}”",
        before="asked for",
        after=f"refused for {error.entry}",
        reason="",
        member_id=request.member_id,
    )
