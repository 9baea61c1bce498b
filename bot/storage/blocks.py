"""Members who may not make pictures in a server, some of them only until an instant."""

from dataclasses import dataclass

from bot.storage.connection import Connection, Row

_LIVE = """
SELECT * FROM blocks
WHERE server_id = $1 AND member_id = $2 AND (until_ms IS NULL OR until_ms > $3)
"""


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


def _block(row: Row) -> Block:
    return Block(row["member_id"], row["until_ms"], row["reason"], row["set_by"], row["set_at_ms"])
