"""Rebuilds what is kept beside ledger and jobs for speed, from what it is kept of.

Totals, daily usage, daily outcomes and what is drawn of gifts are sums; entries, doubts and draws
are never touched. The callers hold the locks of all servers.
"""

from dataclasses import dataclass

from bot.storage.connection import Connection
from bot.storage.consistency_sums import KEPT, PARTS

_SENTENCES = {
    "total": "the total of {thing} is {found} and becomes {expected} (pictures / micro-dollars)",
    "usage": "usage of {thing} is {found} and becomes {expected} (jobs, cost, charge, gifts)",
    "outcome": "{found} jobs of {thing} are counted, which becomes {expected}",
    "gift": "gift {thing} says that {found} of it are drawn, which becomes {expected}",
}

_REBUILD = (
    "DELETE FROM totals",
    """
    INSERT INTO totals (server_id, account, account_id, day, images, microusd)
    SELECT server_id, 'member', member_id, day, SUM(own_images), SUM(own_microusd)
    FROM movements GROUP BY server_id, member_id, day
    UNION ALL SELECT server_id, 'channel', channel_id, day, SUM(images), SUM(microusd)
    FROM movements GROUP BY server_id, channel_id, day
    UNION ALL SELECT server_id, 'server', 0, day, SUM(images), SUM(microusd)
    FROM movements GROUP BY server_id, day
    UNION ALL SELECT 0, 'bot', 0, bot_day, SUM(images), SUM(microusd)
    FROM movements GROUP BY bot_day
    """,
    "DELETE FROM daily_usage",
    """
    INSERT INTO daily_usage (
        server_id, day, member_id, quality, jobs, images, microusd, charge_images,
        charge_microusd, gift_images, gift_microusd
    )
    SELECT server_id, day, member_id, quality, SUM(jobs), SUM(images), SUM(microusd),
        SUM(charge_images), SUM(charge_microusd), SUM(gift_images), SUM(gift_microusd)
    FROM spent GROUP BY server_id, day, member_id, quality
    """,
    "DELETE FROM daily_outcomes",
    """
    INSERT INTO daily_outcomes (server_id, day, outcome, jobs)
    SELECT server_id, day, outcome, COUNT(*) FROM outcomes GROUP BY server_id, day, outcome
    """,
    """
    UPDATE gifts SET drawn = sums.drawn FROM (
        SELECT gifts.id, CAST(COALESCE(SUM(gift_draws.amount), 0) AS BIGINT) AS drawn
        FROM gifts LEFT JOIN gift_draws ON gift_draws.gift_id = gifts.id GROUP BY gifts.id
    ) AS sums WHERE sums.id = gifts.id AND sums.drawn <> gifts.drawn
    """,
)

_SERVERS = "SELECT server_id FROM ledger_heads ORDER BY server_id"


@dataclass(frozen=True, slots=True)
class Difference:
    """A sum that is not what it should be.

    Attributes:
        server_id: 0 for a sum of the whole bot.
        sentence: What it is and what it becomes.
    """

    server_id: int
    sentence: str


async def servers(conn: Connection) -> list[int]:
    """Read the servers that have entries."""
    return [int(row["server_id"]) for row in await conn.fetch(_SERVERS)]


async def differences(conn: Connection) -> list[Difference]:
    """Name every sum that `apply` would change."""
    return [
        Difference(
            row["server_id"],
            _SENTENCES[name].format(
                thing=row["thing"], expected=row["expected"], found=row["found"]
            ),
        )
        for name in KEPT
        for row in await conn.fetch(f"{PARTS[name][1]} ORDER BY thing")
    ]


async def apply(conn: Connection) -> None:
    """Rebuild every sum.

    Raises:
        Broken: Entries or draws sum to what is impossible; the transaction is spoilt.
    """
    for statement in _REBUILD:
        await conn.execute(statement)
