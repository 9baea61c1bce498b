"""Gifts and what is drawn from them; only the ledger moves their amounts.

The callers hold `write(server_id)`, so what a gift has left cannot change beside them.
"""

from collections.abc import Sequence

from bot.core.gifts import Draw, Gift
from bot.core.limits import Unit
from bot.storage.connection import Connection, Row

_INSERT = """
INSERT INTO gifts (
    id, server_id, member_id, unit, amount, drawn, until_ms, given_by, given_at_ms, reason
) VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9)
"""

_SELECT_UNENDED = """
SELECT * FROM gifts
WHERE server_id = $1 AND member_id = $2 AND until_ms > $3
ORDER BY until_ms, id
"""

_SELECT_LIVE = _SELECT_UNENDED.replace("ORDER", "AND drawn < amount ORDER")

_INSERT_DRAW = "INSERT INTO gift_draws (entry_id, gift_id, amount) VALUES ($1, $2, $3)"
_MOVE = "UPDATE gifts SET drawn = drawn + $2 WHERE id = $1"

_SELECT_DRAWN = """
SELECT gifts.id, gifts.unit, CAST(SUM(gift_draws.amount) AS BIGINT) AS amount
FROM ledger
JOIN gift_draws ON gift_draws.entry_id = ledger.id
JOIN gifts ON gifts.id = gift_draws.gift_id
WHERE ledger.job_id = $1
GROUP BY gifts.id, gifts.unit, gifts.until_ms
HAVING SUM(gift_draws.amount) > 0
ORDER BY gifts.until_ms DESC, gifts.id DESC
"""

_END = """
UPDATE gifts SET until_ms = $4
WHERE server_id = $1 AND member_id = $2 AND unit = $3 AND until_ms > $4
RETURNING *
"""


async def insert(
    conn: Connection, server_id: int, member_id: int, gift: Gift, *, given_at_ms: int
) -> None:
    """Store a gift beside its entry in the ledger; only `ledger.gift` calls this."""
    await conn.execute(
        _INSERT,
        gift.id,
        server_id,
        member_id,
        gift.unit.value,
        gift.amount,
        gift.until_ms,
        gift.given_by,
        given_at_ms,
        gift.reason,
    )


async def live(conn: Connection, server_id: int, member_id: int, now_ms: int) -> list[Gift]:
    """Read a member's gifts that have neither ended nor run out, the earliest end first."""
    return [_gift(row) for row in await conn.fetch(_SELECT_LIVE, server_id, member_id, now_ms)]


async def unended(conn: Connection, server_id: int, member_id: int, now_ms: int) -> list[Gift]:
    """Read a member's gifts that have not ended, also those with nothing left."""
    return [_gift(row) for row in await conn.fetch(_SELECT_UNENDED, server_id, member_id, now_ms)]


async def drawn_by(conn: Connection, job_id: str) -> list[Draw]:
    """Read what a job has drawn, without what came back; the gift that ends last first."""
    rows = await conn.fetch(_SELECT_DRAWN, job_id)
    return [Draw(row["id"], Unit(row["unit"]), row["amount"]) for row in rows]


async def end(
    conn: Connection, server_id: int, member_id: int, unit: Unit, now_ms: int
) -> list[Gift]:
    """End a member's gifts of a unit now, and return them.

    Those with nothing left end too, so that what comes back to them later is gone.
    """
    rows = await conn.fetch(_END, server_id, member_id, unit.value, now_ms)
    return [_gift(row) for row in rows]


async def take(conn: Connection, entry_id: str, draws: Sequence[Draw]) -> None:
    """Take out of gifts what a hold draws.

    Raises:
        Broken: A gift has less left; the transaction is spoilt.
    """
    for draw in draws:
        await _move(conn, entry_id, draw.gift_id, draw.amount)


async def put_back(conn: Connection, entry_id: str, job_id: str, unit: Unit, amount: int) -> None:
    """Put a part of what a job drew back, into the gift that ends last before the others."""
    for draw in await drawn_by(conn, job_id) if amount else ():
        part = min(amount, draw.amount) if draw.unit is unit else 0
        if part:
            await _move(conn, entry_id, draw.gift_id, -part)
            amount -= part
    if amount:
        conn.spoil()
    assert amount == 0


async def _move(conn: Connection, entry_id: str, gift_id: str, amount: int) -> None:
    await conn.execute(_INSERT_DRAW, entry_id, gift_id, amount)
    await conn.execute(_MOVE, gift_id, amount)


def _gift(row: Row) -> Gift:
    return Gift(
        id=row["id"],
        unit=Unit(row["unit"]),
        amount=row["amount"],
        left=row["amount"] - row["drawn"],
        until_ms=row["until_ms"],
        given_by=row["given_by"],
        reason=row["reason"],
    )
