"""What the host does about sums that do not fit: look at them, and have them made anew."""

from collections import Counter
from dataclasses import dataclass

from bot.core.audit import Change, Code, Wrong
from bot.services.audit_recorder import record
from bot.services.ports import Clock
from bot.storage import audit, consistency, repair
from bot.storage.audit import HOST
from bot.storage.database import Connection, Database

_BOT = 0
"""Stands for the whole bot where others are servers."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a repair found.

    Attributes:
        damage: What is wrong with the entries themselves. Sums of such entries would be no better
            than those that are there, so then nothing is changed.
        differences: The sums that change, or changed, one sentence each.
    """

    damage: list[str]
    differences: list[str]


class Repairs:
    """Makes the sums anew that are kept beside the ledger; never touches an entry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def look(self) -> Findings:
        """Find what would change."""
        async with self._database.read() as connection:
            damage = await consistency.damage(connection)
            found = await repair.differences(connection)
        return Findings(damage, [one.sentence for one in found])

    async def mend(self) -> Findings:
        """Change it, unless entries are damaged; each server's audit tells of it.

        The bot may run meanwhile: its bookings wait.
        """
        async with self._database.read() as connection:
            servers = await repair.servers(connection)
        async with self._database.write(_BOT, *servers) as connection:
            damage = await consistency.damage(connection)
            found = await repair.differences(connection)
            if found and not damage:
                await repair.apply(connection)
                await self._record(connection, found)
        return Findings(damage, [one.sentence for one in found])

    async def _record(self, connection: Connection, found: list[repair.Difference]) -> None:
        now_ms = self._clock.now_ms()
        for server_id, count in sorted(Counter(one.server_id for one in found).items()):
            change = Change(
                kind="repair.sums",
                actor_id=HOST,
                subject=Code("sums"),
                before=Wrong(count),
                after=Code("made_anew"),
            )
            if server_id == _BOT:
                await audit.append(connection, server_id, change, now_ms)
            else:
                await record(connection, server_id, change, now_ms)
