"""What is still to be posted to log channels, stored in the transaction that it tells of.

A server without a log channel gets none. Whoever posts them deletes them.
"""

import json
from dataclasses import dataclass
from typing import Any

from bot.storage.connection import Connection, Row
from bot.storage.ids import new_id

DROPPED = "dropped"
"""The kind of the notice that counts what was dropped in front of it."""

_ADD = """
INSERT INTO notices (id, server_id, seq, kind, body, at_ms)
SELECT $1, CAST($2 AS BIGINT),
    (SELECT COALESCE(MAX(seq), 0) + 1 FROM notices WHERE server_id = $2),
    $3, $4, CAST($5 AS BIGINT)
FROM servers WHERE server_id = $2 AND log_channel_id IS NOT NULL
"""

_COUNT = "SELECT server_id, COUNT(*) AS waiting FROM notices GROUP BY server_id ORDER BY server_id"

_SERVERS = "SELECT server_id FROM servers WHERE log_channel_id IS NOT NULL ORDER BY server_id"

_OLDEST = "SELECT * FROM notices WHERE server_id = $1 ORDER BY seq LIMIT $2"

_CLAIM = """
UPDATE notices SET batch = $3 WHERE server_id = $1 AND seq <= $2 AND batch IS NULL
"""

_DELETE_BATCH = "DELETE FROM notices WHERE server_id = $1 AND batch = $2"

_DELETE_ALL = "DELETE FROM notices WHERE server_id = $1"

_DELETE_SURPLUS = """
DELETE FROM notices WHERE server_id = $1 AND (
    at_ms < $2 OR seq <= (SELECT MAX(seq) - $3 FROM notices WHERE server_id = $1)
)
RETURNING kind, body, seq
"""

_ADD_DROPPED = """
INSERT INTO notices (id, server_id, seq, kind, body, at_ms) VALUES ($1, $2, $3, $4, $5, $6)
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a log channel is to show.

    Attributes:
        kind: Which card it becomes.
        body: What the card is made of: text, whole numbers and None by name.
        seq: Its place among the server's.
        batch: The message it was put into, None where that is not decided.
    """

    id: str
    server_id: int
    kind: str
    body: dict[str, Any]
    at_ms: int
    seq: int = 0
    batch: str | None = None


async def add(
    conn: Connection, server_id: int, kind: str, body: dict[str, Any], at_ms: int
) -> bool:
    """Note something for a server's log channel; False where it has none.

    The caller holds `write(server_id)`, which keeps the order.
    """
    text = json.dumps(body)
    return await conn.execute(_ADD, new_id(at_ms), server_id, kind, text, at_ms) == 1


async def servers(conn: Connection) -> list[int]:
    """Read which servers have a log channel."""
    return [int(row["server_id"]) for row in await conn.fetch(_SERVERS)]


async def waiting(conn: Connection) -> dict[int, int]:
    """Count what waits, by server; servers for which nothing waits are not in it."""
    return {row["server_id"]: row["waiting"] for row in await conn.fetch(_COUNT)}


async def oldest(conn: Connection, server_id: int, limit: int) -> list[Notice]:
    """Read what a server's log channel is to show next, in order."""
    return [_notice(row) for row in await conn.fetch(_OLDEST, server_id, limit)]


async def claim(conn: Connection, last: Notice, batch: str) -> None:
    """Put a server's notices up to this one into one message, but for those that have theirs."""
    await conn.execute(_CLAIM, last.server_id, last.seq, batch)


async def delete(conn: Connection, server_id: int, batch: str) -> None:
    """Forget the notices of a message, because it stands or never will."""
    await conn.execute(_DELETE_BATCH, server_id, batch)


async def delete_all(conn: Connection, server_id: int) -> int:
    """Forget all that waits for a server; returns how many there were."""
    return await conn.execute(_DELETE_ALL, server_id)


async def drop_surplus(
    conn: Connection, server_id: int, *, keep: int, since_ms: int, at_ms: int
) -> int:
    """Drop what is too old or too much, the oldest first, and put one notice of it in front.

    That notice itself goes when it is too old, so a channel that stays closed ends with nothing.

    Args:
        conn: A connection of `write(server_id)`.
        server_id: The server.
        keep: The most that may wait.
        since_ms: What is older goes.
        at_ms: Now.

    Returns:
        How many were dropped now.
    """
    rows = await conn.fetch(_DELETE_SURPLUS, server_id, since_ms, keep)
    earlier = sum(json.loads(row["body"])["count"] for row in rows if row["kind"] == DROPPED)
    dropped = sum(row["kind"] != DROPPED for row in rows)
    if dropped:
        body = json.dumps({"count": earlier + dropped})
        seq = max(row["seq"] for row in rows)
        await conn.execute(_ADD_DROPPED, new_id(at_ms), server_id, seq, DROPPED, body, at_ms)
    return dropped


def _notice(row: Row) -> Notice:
    return Notice(
        id=row["id"],
        server_id=row["server_id"],
        kind=row["kind"],
        body=json.loads(row["body"]),
        at_ms=row["at_ms"],
        seq=row["seq"],
        batch=row["batch"],
    )
