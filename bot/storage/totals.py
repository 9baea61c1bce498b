"""What accounts have used, by day: kept beside the ledger for speed, equal to its movements' sum.

A CHECK keeps every total from falling below zero. Only `ledger` and `doubts` move them.
"""

from collections.abc import Collection
from functools import cache

from bot.core.limits import Account, Usage
from bot.storage.connection import Connection

# Rows are never negative here, so the CHECKs hold for the row that is tried first.
_ADD = """
INSERT INTO totals (server_id, account, account_id, day, images, microusd) VALUES
    ($1, 'member', $2, $4, $8, $9),
    ($1, 'channel', $3, $4, $6, $7),
    ($1, 'server', 0, $4, $6, $7),
    (0, 'bot', 0, $5, $6, $7)
ON CONFLICT (server_id, account, account_id, day) DO UPDATE SET
    images = totals.images + excluded.images,
    microusd = totals.microusd + excluded.microusd
"""

# What a row changes is read from the view, so there is one definition of it.
_MOVE = """
UPDATE totals SET
    images = totals.images + change.images,
    microusd = totals.microusd + change.microusd
FROM (
    SELECT server_id, 'member' AS account, member_id AS account_id, day,
        own_images AS images, own_microusd AS microusd
    FROM {view} WHERE id = $1
    UNION ALL SELECT server_id, 'channel', channel_id, day, images, microusd
    FROM {view} WHERE id = $1
    UNION ALL SELECT server_id, 'server', 0, day, images, microusd
    FROM {view} WHERE id = $1
    UNION ALL SELECT 0, 'bot', 0, bot_day, images, microusd
    FROM {view} WHERE id = $1
) AS change
WHERE totals.server_id = change.server_id AND totals.account = change.account
    AND totals.account_id = change.account_id AND totals.day = change.day
"""

MOVE_BY_ENTRY = _MOVE.format(view="entry_movements")
"""Add what the entry `$1` of the ledger changes."""

MOVE_BY_DOUBT = _MOVE.format(view="movements")
"""Add what the doubt `$1` changes; also an entry, but slower."""

_USAGE = """
WITH asked AS (VALUES {rows})
SELECT asked.column1 AS account, asked.column4 AS first_day,
    CAST(SUM(totals.images) AS BIGINT) AS images,
    CAST(SUM(totals.microusd) AS BIGINT) AS microusd
FROM asked JOIN totals
    ON totals.server_id = asked.column2 AND totals.account = asked.column1
    AND totals.account_id = asked.column3 AND totals.day >= asked.column4
GROUP BY asked.column1, asked.column4
"""


async def add_hold(
    conn: Connection,
    place: tuple[int, int, int],
    days: tuple[str, str],
    amounts: tuple[int, int],
    own: tuple[int, int],
) -> None:
    """Count a hold on all four accounts.

    Args:
        conn: A connection of `write(server_id)`.
        place: Server, member, and the channel whose budget counts.
        days: Its local day and the bot's.
        amounts: Pictures and micro-dollars.
        own: What of them the member's own limits pay.
    """
    await conn.execute(_ADD, *place, *days, *amounts, *own)


async def move(conn: Connection, text: str, row_id: str) -> bool:
    """Add what a row changes; False, with the transaction spoilt, where a total is missing.

    Args:
        conn: A connection of `write(server_id)`.
        text: `MOVE_BY_ENTRY` or `MOVE_BY_DOUBT`.
        row_id: The row.
    """
    if await conn.execute(text, row_id) == len(Account):
        return True
    conn.spoil()
    return False


async def usage(
    conn: Connection,
    *,
    server_id: int,
    member_id: int,
    channel_id: int,
    periods: Collection[tuple[Account, str]],
) -> dict[tuple[Account, str], Usage]:
    """Sum what accounts have used, hold, and may have lost.

    Args:
        conn: Where to read; inside `write(server_id)` where a decision depends on it.
        server_id: The server.
        member_id: Whose member account is meant.
        channel_id: Which channel account is meant.
        periods: Accounts with the first day of each period, `YYYY-MM-DD`.

    Returns:
        An entry for each period, also where nothing was used.
    """
    found = dict.fromkeys(periods, Usage())
    if not found:
        return found
    keys = {
        Account.MEMBER: (server_id, member_id),
        Account.CHANNEL: (server_id, channel_id),
        Account.SERVER: (server_id, 0),
        Account.BOT: (0, 0),
    }
    asked = [
        value
        for account, first_day in sorted(found)
        for value in (account.value, *keys[account], first_day)
    ]
    for row in await conn.fetch(_usage_text(len(found)), *asked):
        found[Account(row["account"]), row["first_day"]] = Usage(row["images"], row["microusd"])
    return found


@cache
def _usage_text(count: int) -> str:
    """Write the query for a number of periods; there are at most a few dozen."""
    rows = ", ".join(
        f"(CAST(${n} AS TEXT), CAST(${n + 1} AS BIGINT), CAST(${n + 2} AS BIGINT),"
        f" CAST(${n + 3} AS TEXT))"
        for n in range(1, 4 * count, 4)
    )
    return _USAGE.format(rows=rows)
