"""What is noted when a request is refused; nothing was held, and the member is told anyway."""

import logging
from collections import OrderedDict
from dataclasses import replace
from zoneinfo import ZoneInfo

from bot.core.audit import Change, Code, Prompt
from bot.core.errors import (
    Blocked,
    ForbiddenPrompt,
    NotOffered,
    OverLimit,
    Paused,
    Refused,
    StorageTrouble,
)
from bot.core.jobs import Request
from bot.core.limits import Account, local_day
from bot.core.prompts import clip
from bot.core.wordfilter.words import Entry, Kind
from bot.services.audit_recorder import record
from bot.services.limits.alerts import Alerts
from bot.storage import preferences, usage
from bot.storage.database import Database

_log = logging.getLogger(__name__)

_PROMPT_CHARS_MAX = 300

_REASONS: tuple[tuple[type[Refused], str], ...] = (
    (Blocked, "blocked"),
    (ForbiddenPrompt, "words"),
    (Paused, "paused"),
    (NotOffered, "not_offered"),
)


_AUDITED_MAX = 5
_AUDITED_PER_MS = 3600 * 1000
_MEMBERS_MAX = 10_000
"""Whoever repeats forbidden prompts fills neither the audit, of which no row is ever deleted, nor
the log channel: so many rows an hour show what happens, the count of refusals shows how often."""


class Refusals:
    """Notes what was refused."""

    def __init__(self, database: Database, alerts: Alerts) -> None:
        self._database = database
        self._alerts = alerts
        self._audited: OrderedDict[tuple[int, int], list[int]] = OrderedDict()

    async def note(self, request: Request, error: Refused, now_ms: int) -> None:
        """Note a refusal in a transaction of its own; the member is told even where that fails."""
        server_id = request.server_id
        try:
            if isinstance(error, OverLimit):
                await self._alerts.note_refused(self._database, server_id, error, now_ms)
            async with self._database.write(server_id) as connection:
                zone = (await preferences.load(connection, server_id)).zone
                day = local_day(now_ms, ZoneInfo(zone))
                await usage.add_refusal(connection, server_id, day=day, reason=reason_of(error))
                if isinstance(error, ForbiddenPrompt) and self._may_audit(request, now_ms):
                    change = _forbidden(request, error)
                    # Moderators may look a private prompt up; a channel tells it to all who read.
                    told = replace(change, subject=Prompt(None)) if request.private else change
                    await record(connection, server_id, change, now_ms, told=told)
        except StorageTrouble as away:
            _log.warning("refusal not noted", extra={"detail": str(away)})

    def _may_audit(self, request: Request, now_ms: int) -> bool:
        key = (request.server_id, request.member_id)
        since_ms = now_ms - _AUDITED_PER_MS
        # A clock that was set back leaves times of the future, which count no more than old ones.
        times = [at_ms for at_ms in self._audited.pop(key, []) if since_ms < at_ms <= now_ms]
        self._audited[key] = times
        if len(self._audited) > _MEMBERS_MAX:
            self._audited.popitem(last=False)
        if len(times) >= _AUDITED_MAX:
            return False
        times.append(now_ms)
        return True


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
        subject=Prompt(clip(request.prompt, chars_max=bound, bytes_max=4 * bound)),
        before=Code("asked_for"),
        after=Entry(Kind(error.kind), error.text),
        member_id=request.member_id,
    )
