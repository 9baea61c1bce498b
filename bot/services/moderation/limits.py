"""What moderators change and ask: limits, and who changed them.

Every change and its row in the audit are one transaction. Two moderators who change the same thing
at once are both in the audit, and the later one's value stands.
"""

from dataclasses import dataclass, replace

from bot.core.audit import Amount, AuditRow, Change, Fact, LimitOf
from bot.core.codes import ModerationCode
from bot.core.errors import BadRequest
from bot.core.gifts import Gift
from bot.core.limits import Rule, Standing, Subject, overruled
from bot.services.audit_recorder import checked_reason, record
from bot.services.limits.allowance import Asker, HostLimits, load_allowance
from bot.services.ports import Clock
from bot.storage import audit, blocks, rules
from bot.storage.blocks import Block
from bot.storage.database import Database

RULES_MAX = 200
"""Rules in one server; more than that nobody can read, and each costs time at every request."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A limit that applies to a member, and the rules that it goes before."""

    standing: Standing
    overruled: list[Rule]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some rows of the audit, the newest first, and whether there are others beside them."""

    rows: list[AuditRow]
    has_newer: bool
    has_older: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """All that decides what a member may still make.

    Attributes:
        limits: Pots first, then caps.
        gifts: Those with something left, the earliest end first.
        block: What keeps the member from making pictures, None where nothing does.
    """

    limits: list[Explained]
    gifts: list[Gift]
    block: Block | None


class Moderation:
    """The use cases of moderators; who may call them is decided where they are called from."""

    def __init__(self, database: Database, clock: Clock, limits: HostLimits) -> None:
        self._database = database
        self._clock = clock
        self._host_rules = limits.rules()

    async def set_limit(
        self, server_id: int, rule: Rule, *, actor_id: int, reason: str
    ) -> int | None:
        """Set a limit, over one of the same subject, unit and window.

        Returns:
            The amount before, None where there was none.

        Raises:
            BadRequest: The server has too many limits already.
        """
        reason = checked_reason(reason)
        async with self._database.write(server_id) as connection:
            # Read inside, so that the audit has the order in which changes took their turn.
            now_ms = self._clock.now_ms()
            known, _ = await rules.load(connection, server_id)
            before = next((r.amount for r in known if limit_of(r) == limit_of(rule)), None)
            if before is None and len(known) >= RULES_MAX:
                raise BadRequest(ModerationCode.TOO_MANY_LIMITS, most=RULES_MAX)
            await rules.put(
                connection, server_id, rule, reason=reason, set_by=actor_id, at_ms=now_ms
            )
            change = limit_change("limit.set", rule, actor_id, before, rule.amount, reason)
            await record(connection, server_id, change, now_ms)
        return before

    async def clear_limit(
        self,
        server_id: int,
        rule: Rule,
        *,
        actor_id: int,
        reason: str = "",
        cause: Fact | None = None,
    ) -> int | None:
        """Clear the limit of a subject, unit and window; the rule's amount does not matter.

        Args:
            server_id: The server.
            rule: Of which subject, unit and window.
            actor_id: Who wants it, 0 for the host.
            reason: What they typed.
            cause: What led to it where nobody typed a reason.

        Returns:
            The amount it had, None where there was no such limit and nothing changed.
        """
        reason = checked_reason(reason)
        async with self._database.write(server_id) as connection:
            now_ms = self._clock.now_ms()
            before = await rules.clear(
                connection,
                server_id,
                subject=rule.subject,
                subject_id=rule.subject_id,
                unit=rule.unit,
                window=rule.window,
            )
            if before is not None:
                change = limit_change("limit.clear", rule, actor_id, before, None, reason)
                await record(connection, server_id, replace(change, cause=cause), now_ms)
        return before

    async def limits(self, server_id: int) -> list[Rule]:
        """Read a server's limits, and below them the host's."""
        async with self._database.read() as connection:
            known, _ = await rules.load(connection, server_id)
        return [*known, *self._host_rules]

    async def explain(self, asker: Asker) -> list[Explained]:
        """Tell which limits apply to a member in a channel, and which rules they go before."""
        return (await self.overview(asker)).limits

    async def overview(self, asker: Asker) -> Overview:
        """Tell what applies to a member in a channel: limits, gifts, a block."""
        now_ms = self._clock.now_ms()
        async with self._database.read() as connection:
            known, _ = await rules.load(connection, asker.server_id)
            allowance = await load_allowance(connection, asker, self._host_rules, now_ms)
            block = await blocks.live(connection, asker.server_id, asker.member_id, now_ms)
        everything = [*known, *self._host_rules]
        explained = [
            Explained(
                standing,
                overruled(
                    standing.rule,
                    everything,
                    member_id=asker.member_id,
                    role_ids=asker.role_ids,
                ),
            )
            for standing in allowance.standings
        ]
        return Overview(explained, allowance.gifts, block)

    async def audit_page(
        self,
        server_id: int,
        *,
        member_id: int | None = None,
        topic: str | None = None,
        before_id: str | None = None,
        after_id: str | None = None,
        limit: int = 10,
    ) -> AuditPage:
        """Read a page of changes of a server, the newest first.

        Args:
            server_id: The server.
            member_id: Only what concerns this member.
            topic: Only one kind of change, such as `limit`.
            before_id: The last row of the page that is turned to older ones.
            after_id: The first row of the page that is turned to newer ones.
            limit: Rows on a page; where fewer are newer, the newest page is read.
        """

        async def read(limit: int, before: str | None, after: str | None) -> list[AuditRow]:
            return await audit.page(
                connection,
                server_id=server_id,
                member_id=member_id,
                topic=topic,
                before_id=before,
                after_id=after,
                limit=limit,
            )

        async with self._database.read() as connection:
            if after_id is not None:
                rows = await read(limit + 1, None, after_id)
                if len(rows) >= limit:
                    return AuditPage(rows[-limit:], has_newer=len(rows) > limit, has_older=True)
            rows = await read(limit + 1, before_id if after_id is None else None, None)
            newer = await read(1, None, rows[0].id if rows else before_id) if before_id else []
        return AuditPage(rows[:limit], has_newer=bool(newer), has_older=len(rows) > limit)


def limit_of(rule: Rule) -> LimitOf:
    """What a rule limits, whatever the amount."""
    return LimitOf(rule.subject, rule.subject_id, rule.unit, rule.window)


def limit_change(
    kind: str, rule: Rule, actor_id: int, before: int | None, after: int | None, reason: str
) -> Change:
    """What is noted of a limit whose amount changed; None is no limit."""
    return Change(
        kind=kind,
        actor_id=actor_id,
        subject=limit_of(rule),
        before=None if before is None else Amount(rule.unit, before),
        after=None if after is None else Amount(rule.unit, after),
        reason=reason,
        member_id=rule.subject_id if rule.subject is Subject.MEMBER else None,
    )
