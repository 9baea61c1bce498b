"""The entries of the ledger, read one by one; `ledger` is the only one that writes them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.storage.connection import Connection, Row

PAGE_ROWS = 500

_SELECT_PAGE = "SELECT * FROM ledger WHERE id > $1 ORDER BY id LIMIT $2"
_SELECT_PAGE_OF_SERVER = """
SELECT * FROM ledger WHERE server_id = $3 AND id > $1 ORDER BY id LIMIT $2
"""
_SELECT_OF_JOB = """
SELECT * FROM ledger WHERE job_id = $1
ORDER BY at_ms, CASE kind WHEN 'hold' THEN 0 WHEN 'adjust' THEN 2 ELSE 1 END, id
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger, as it is exported. See `ledger` for its two sides."""

    id: str
    kind: str
    hold_id: str | None
    job_id: str | None
    server_id: int
    channel_id: int | None
    member_id: int
    images: int
    microusd: int
    charge_images: int
    charge_microusd: int
    gift_images: int
    gift_microusd: int
    source: str
    day: str
    bot_day: str
    at_ms: int


async def entries(
    conn: Connection, *, after: str = "", server_id: int | None = None
) -> AsyncIterator[Entry]:
    """Go through the ledger in the order of its ids, with a page of it in memory.

    Args:
        conn: Where to read.
        after: The id of the last entry that is known already.
        server_id: None for every server.
    """
    while True:
        if server_id is None:
            rows = await conn.fetch(_SELECT_PAGE, after, PAGE_ROWS)
        else:
            rows = await conn.fetch(_SELECT_PAGE_OF_SERVER, after, PAGE_ROWS, server_id)
        for row in rows:
            yield entry_of(row)
        if len(rows) < PAGE_ROWS:
            return
        after = rows[-1]["id"]


async def entries_of(conn: Connection, job_id: str) -> list[Entry]:
    """Read the entries of one job, the hold first."""
    return [entry_of(row) for row in await conn.fetch(_SELECT_OF_JOB, job_id)]


def entry_of(row: Row) -> Entry:
    """Make an entry of a row of the table."""
    return Entry(
        id=row["id"],
        kind=row["kind"],
        hold_id=row["hold_id"],
        job_id=row["job_id"],
        server_id=row["server_id"],
        channel_id=row["channel_id"],
        member_id=row["member_id"],
        images=row["images"],
        microusd=row["microusd"],
        charge_images=row["charge_images"],
        charge_microusd=row["charge_microusd"],
        gift_images=row["gift_images"],
        gift_microusd=row["gift_microusd"],
        source=row["source"],
        day=row["day"],
        bot_day=row["bot_day"],
        at_ms=row["at_ms"],
    )
