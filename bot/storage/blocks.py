"""Members who may not make pictures in a server, some of them only until an instant."""

from dataclasses import dataclass

from bot.storage.connection import Connection, Row

_LIVE = """
SELECT * FROM blocks
WHERE server_id = $1 AND member_id = $2 AND (until_ms IS NULL OR until_ms > $3)
"""

_LISTED = """
SELECT * FROM blocks
WHERE server_id = $1 AND (until_ms IS NULL OR until_ms > $2)
ORDER BY set_at_ms DESC, member_id
"""

_FORGET_ENDED = "DELETE FROM blocks WHERE server_id = $1 AND until_ms <= $2"

_PUT = """
INSERT INTO blocks (server_id, member_id, until_ms, reason, set_by, set_at_ms)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (server_id, member_id) DO UPDATE SET
    until_ms = excluded.until_ms, reason = excluded.reason,
    set_by = excluded.set_by, set_at_ms = excluded.set_at_ms
"""

_DELETE = "DELETE FROM blocks WHERE server_id = $1 AND member_id = $2"


@dataclass(frozen=True, slots=True)
class Block:
    """A member who is kept from making pictures.

    Attributes:
        until_ms: The first instant at which it holds no more, None for no end.
        set_by: The moderator; 0 for the host.
    """

    member_id: int
    until_ms: int | None
    reason: str
    set_by: int
    set_at_ms: int


async def live(conn: Connection, server_id: int, member_id: int, now_ms: int) -> Block | None:
    """Read the block that holds for a member now, None where there is none."""
    row = await conn.fetch_one(_LIVE, server_id, member_id, now_ms)
    return _block(row) if row else None


async def listed(conn: Connection, server_id: int, now_ms: int) -> list[Block]:
    """Read the blocks of a server that hold now, the newest first."""
    return [_block(row) for row in await conn.fetch(_LISTED, server_id, now_ms)]


async def put(conn: Connection, server_id: int, block: Block) -> None:
    """Set a block, over one of the same member; those that have ended are forgotten."""
    await conn.execute(_FORGET_ENDED, server_id, block.set_at_ms)
    await conn.execute(
        _PUT,
        server_id,
        block.member_id,
        block.until_ms,
        block.reason,
        block.set_by,
        block.set_at_ms,
    )


async def delete(conn: Connection, server_id: int, member_id: int) -> None:
    """Remove a member's block, if there is one."""
    await conn.execute(_DELETE, server_id, member_id)


def _block(row: Row) -> Block:
    return Block(row["member_id"], row["until_ms"], row["reason"], row["set_by"], row["set_at_ms"])
