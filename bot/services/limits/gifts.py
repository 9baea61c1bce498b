"""What moderators give beyond the limits, until an end."""

from datetime import UTC
from zoneinfo import ZoneInfo

from bot.core.audit import Amount, Change, Fact, GiftsOf
from bot.core.codes import ModerationCode
from bot.core.errors import BadRequest
from bot.core.gifts import Gift, left_in
from bot.core.limits import Unit, local_day
from bot.core.typed.durations import parse_until
from bot.services.audit_recorder import checked_reason, record
from bot.services.ports import Clock
from bot.storage import gifts, ledger, preferences
from bot.storage.database import Database
from bot.storage.ids import new_id

GIFTS_MAX = 20
"""Gifts of one member that have something left at once; they are read at every request."""


class Gifts:
    """Gifts to members."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def give(  # noqa: PLR0913 - what a gift is made of
        self,
        server_id: int,
        member_id: int,
        unit: Unit,
        amount: int,
        until_ms: int,
        *,
        actor_id: int,
        reason: str,
    ) -> Gift:
        """Give a member something to use after what the limits allow.

        Args:
            server_id: The server.
            member_id: The member.
            unit: What is given.
            amount: Pictures, or micro-dollars where the unit is USD; more than nothing.
            until_ms: The first instant at which it is gone.
            actor_id: The moderator; 0 for the host.
            reason: The member reads it in `/quota`.

        Raises:
            BadRequest: Nothing is given, the end has passed, or the member has too many gifts.
        """
        reason = checked_reason(reason)
        if amount <= 0:
            raise BadRequest(ModerationCode.GIFT_OF_NOTHING)
        async with self._database.write(server_id) as connection:
            now_ms = self._clock.now_ms()
            if until_ms <= now_ms:
                raise BadRequest(ModerationCode.GIFT_ENDED)
            if len(await gifts.live(connection, server_id, member_id, now_ms)) >= GIFTS_MAX:
                raise BadRequest(ModerationCode.TOO_MANY_GIFTS, most=GIFTS_MAX)
            zone = ZoneInfo((await preferences.load(connection, server_id)).zone)
            days = local_day(now_ms, zone), local_day(now_ms, UTC)
            given = Gift(new_id(now_ms), unit, amount, amount, until_ms, actor_id, reason)
            await ledger.gift(connection, server_id, member_id, given, days=days, at_ms=now_ms)
            after = Amount(unit, amount, until_ms)
            change = _change("gift.give", member_id, unit, actor_id, None, after, reason)
            await record(connection, server_id, change, now_ms)
        return given

    async def take_back(
        self, server_id: int, member_id: int, unit: Unit, *, actor_id: int, reason: str
    ) -> list[Gift]:
        """End a member's gifts of a unit now; what running jobs hold of them stays held.

        Returns:
            The gifts as they were but for their end, also those with nothing left, to which
            something could have come back. Empty where there was none and nothing changed.
        """
        reason = checked_reason(reason)
        async with self._database.write(server_id) as connection:
            now_ms = self._clock.now_ms()
            ended = await gifts.end(connection, server_id, member_id, unit, now_ms)
            if ended:
                before = Amount(unit, left_in(ended, unit))
                change = _change("gift.end", member_id, unit, actor_id, before, None, reason)
                await record(connection, server_id, change, now_ms)
        return ended

    async def live(self, server_id: int, member_id: int) -> list[Gift]:
        """Read a member's gifts that have something left, the earliest end first."""
        async with self._database.read() as connection:
            return await gifts.live(connection, server_id, member_id, self._clock.now_ms())

    async def until(self, server_id: int, text: str) -> int:
        """Read an end as a moderator types it, in the server's time zone.

        Returns:
            The first instant after it.

        Raises:
            BadRequest: It is none, has passed, or is too far away.
        """
        async with self._database.read() as connection:
            zone = (await preferences.load(connection, server_id)).zone
        return parse_until(text, self._clock.now_ms(), ZoneInfo(zone))


def _change(  # noqa: PLR0913, PLR0917 - the parts of a change
    kind: str,
    member_id: int,
    unit: Unit,
    actor_id: int,
    before: Fact | None,
    after: Fact | None,
    reason: str,
) -> Change:
    return Change(
        kind=kind,
        actor_id=actor_id,
        subject=GiftsOf(member_id, unit),
        before=before,
        after=after,
        reason=reason,
        member_id=member_id,
    )
