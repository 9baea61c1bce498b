"""Budgets that fill up: each line that is crossed is told once in a run of the window.

Theory of operation. A cap has lines at 50, 80 and 100 %, measured on what is spent and held. After
each hold the lines of its caps that are reached are marked in the transaction of the hold; whoever
inserts the mark tells of it, so of ten jobs that cross together one does. A settle above its hold
moves a cap too: the next hold sees it, or the refusal that comes instead.

Two more marks are for what a cap refuses: the first request that does not fit, and, because that
may be a large one early in the window, the first from 80 % on, where the cap is as good as spent.

The whole bot's cap has its marks under server 0, because its window runs once over all servers.
It is told in the log channel of the server whose request crossed the line, as a share only: its
amounts, and what other servers use, are the host's business. The host reads a line in the log.
"""

import logging
from collections import OrderedDict
from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.errors import DatabaseUnavailable, OverLimit
from bot.core.jobs import Job
from bot.core.limits import Account, Standing, Subject, Unit, period
from bot.services.limits.allowance import Allowance
from bot.storage import alerts, notices, preferences
from bot.storage.database import Connection, Database

_log = logging.getLogger(__name__)

LINES = (50, 80, 100)
REFUSED = "refused"
STOPPED = "stopped"
_STOPPED_FROM = 80

_KNOWN_MAX = 10_000

_Known = tuple[int, Standing, str]


class Alerts:
    """Notes crossed lines. What is known to be marked costs no statement any more."""

    def __init__(self) -> None:
        self._known: OrderedDict[_Known, None] = OrderedDict()

    async def note_crossed(
        self, connection: Connection, allowance: Allowance, job: Job, now_ms: int
    ) -> None:
        """Note the lines of caps that a job's hold reaches, in the transaction of the hold.

        Of several lines of one cap only the highest is told.

        Args:
            connection: Of `write(job.server_id)`.
            allowance: As it was before the hold.
            job: What was held.
            now_ms: Now.
        """
        for before in allowance.standings:
            if before.account is Account.MEMBER or not before.rule.amount:
                continue
            asked = job.count if before.rule.unit is Unit.IMAGES else job.held_microusd
            after = replace(before, used=before.used + asked)
            new = [
                line
                for line in LINES
                if after.used * 100 >= after.rule.amount * line
                and await self._is_new(
                    connection, job.server_id, after, str(line), allowance.preferences.zone, now_ms
                )
            ]
            if new:
                await _tell(connection, job.server_id, after, str(new[-1]), None, now_ms)

    async def note_refused(
        self, database: Database, server_id: int, error: OverLimit, now_ms: int
    ) -> None:
        """Note that a cap refused a request; nothing to do for a member's own limit.

        A database that is away loses the notice, never the refusal. A cap of nothing is a wish,
        which needs no alert.
        """
        standing = error.standing
        rule = standing.rule
        if standing.account is Account.MEMBER or not rule.amount:
            return
        line = STOPPED if standing.used * 100 >= rule.amount * _STOPPED_FROM else REFUSED
        if _key(server_id, standing, line) in self._known:
            return
        try:
            async with database.write(server_id) as connection:
                zone = (await preferences.load(connection, server_id)).zone
                if await self._is_new(connection, server_id, standing, line, zone, now_ms):
                    await _tell(connection, server_id, standing, line, error.asked, now_ms)
        except DatabaseUnavailable as away:
            _log.warning("refusal not noted", extra={"detail": str(away)})

    async def _is_new(
        self,
        connection: Connection,
        server_id: int,
        standing: Standing,
        line: str,
        zone: str,
        now_ms: int,
    ) -> bool:
        """Mark a line; what is marked already is remembered.

        A mark of our own is not: its transaction may still be rolled back.
        """
        key = _key(server_id, standing, line)
        if key in self._known:
            return False
        rule = standing.rule
        # The run that was decided by, not that of now: a refusal may be noted after its end.
        run = period(
            rule.window,
            standing.resets_at_ms - 1,
            UTC if standing.account is Account.BOT else ZoneInfo(zone),
        )
        if await alerts.mark(
            connection, server_id, rule, first_day=run.first_day, line=line, at_ms=now_ms
        ):
            return True
        self._known[key] = None
        if len(self._known) > _KNOWN_MAX:
            self._known.popitem(last=False)
        return False


def _key(server_id: int, standing: Standing, line: str) -> _Known:
    """A run of a window is known by its end, which every standing carries."""
    is_bot = standing.account is Account.BOT
    return 0 if is_bot else server_id, replace(standing, used=0), line


async def _tell(
    connection: Connection,
    server_id: int,
    standing: Standing,
    line: str,
    asked: int | None,
    now_ms: int,
) -> None:
    if standing.account is Account.BOT:
        _log.warning("the bot's budget fills up", extra=_for_the_host(server_id, standing, line))
    await notices.add(connection, server_id, "alert", _body(standing, line, asked), now_ms)


def _for_the_host(server_id: int, standing: Standing, line: str) -> dict[str, Any]:
    return {
        "line": line,
        "server_id": server_id,
        "used_microusd": standing.used,
        "amount_microusd": standing.rule.amount,
    }


def _body(standing: Standing, line: str, asked: int | None) -> dict[str, Any]:
    """What the card is made of; of the whole bot's cap no amounts."""
    rule = standing.rule
    is_secret = rule.subject is Subject.BOT
    return {
        "line": line,
        "subject": rule.subject.value,
        "subject_id": rule.subject_id,
        "is_host": rule.is_host,
        "unit": rule.unit.value,
        "window": rule.window.value,
        "percent": standing.used * 100 // rule.amount if rule.amount else 100,
        "amount": None if is_secret else rule.amount,
        "used": None if is_secret else standing.used,
        "asked": None if is_secret else asked,
        "resets_at_ms": standing.resets_at_ms,
    }
