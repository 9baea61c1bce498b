"""The ledger: append-only entries, and totals beside them that must equal their sum.

A hold reserves the most that a job can cost. It is resolved once, by a settle (fal's bill, even
above the hold) or by a release; a unique index makes a second one impossible. An adjustment
changes a hold's outcome afterwards. Every entry counts on the days of its hold.

*Cost* counts against channel, server and bot; *charge* counts against the member. The callers
hold `write(server_id)`, and `write(server_id, 0)` where the bot's own caps are checked.

Nothing here changes or deletes an entry, and nothing else in the bot writes these tables.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from functools import cache

from bot.core.errors import LedgerBroken
from bot.core.jobs import Job
from bot.core.limits import Account, Usage
from bot.storage.connection import Connection, Row, Value
from bot.storage.ids import new_id
from bot.storage.proof import check

__all__ = [
    "Adjustment",
    "Entry",
    "Settlement",
    "adjust",
    "check",
    "entries",
    "entries_of",
    "hold",
    "net_charge",
    "release",
    "settle",
    "usage",
]

PAGE_ROWS = 500

_COLUMNS = """
    id, kind, hold_id, job_id, server_id, channel_id, member_id, images, microusd, charge_images,
    charge_microusd, source, day, bot_day, at_ms
"""

_INSERT_HOLD = f"""
INSERT INTO ledger ({_COLUMNS})
VALUES ($1, 'hold', NULL, $2, $3, $4, $5, $6, $7, $6, $7, 'held', $8, $9, $10)
ON CONFLICT DO NOTHING
"""  # noqa: S608 - column names only

# Rows are never negative here, so the CHECKs hold for the row that is tried first.
_ADD_TO_TOTALS = """
INSERT INTO totals (server_id, account, account_id, day, images, microusd) VALUES
    ($1, 'member', $2, $4, $6, $7),
    ($1, 'channel', $3, $4, $6, $7),
    ($1, 'server', 0, $4, $6, $7),
    (0, 'bot', 0, $5, $6, $7)
ON CONFLICT (server_id, account, account_id, day) DO UPDATE SET
    images = totals.images + excluded.images,
    microusd = totals.microusd + excluded.microusd
"""

# The hold is found and its resolution written in one statement; the index decides a race. Only
# what is resolved can be adjusted, so a release always finds the whole hold in the totals.
_RESOLVE = f"""
INSERT INTO ledger ({_COLUMNS})
SELECT $1, $3, hold.id, hold.job_id, hold.server_id, hold.channel_id, hold.member_id,
    COALESCE($4, hold.images), COALESCE($5, hold.microusd),
    COALESCE($6, hold.charge_images), COALESCE($7, hold.charge_microusd),
    $8, hold.day, hold.bot_day, CAST($9 AS BIGINT)
FROM ledger AS hold
WHERE hold.job_id = $2 AND hold.kind = 'hold' AND ($3 = 'adjust') = EXISTS (
    SELECT 1 FROM ledger AS done
    WHERE done.hold_id = hold.id AND done.kind IN ('settle', 'release')
)
ON CONFLICT DO NOTHING
RETURNING id
"""  # noqa: S608 - column names only

# What the entry changes is read from the view, so there is one definition of it.
_MOVE_TOTALS = """
UPDATE totals SET
    images = totals.images + change.images,
    microusd = totals.microusd + change.microusd
FROM (
    SELECT server_id, 'member' AS account, member_id AS account_id, day,
        charge_images AS images, charge_microusd AS microusd
    FROM movements WHERE id = $1
    UNION ALL SELECT server_id, 'channel', channel_id, day, images, microusd
    FROM movements WHERE id = $1
    UNION ALL SELECT server_id, 'server', 0, day, images, microusd
    FROM movements WHERE id = $1
    UNION ALL SELECT 0, 'bot', 0, bot_day, images, microusd
    FROM movements WHERE id = $1
) AS change
WHERE totals.server_id = change.server_id AND totals.account = change.account
    AND totals.account_id = change.account_id AND totals.day = change.day
"""

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

_NET_CHARGE = """
SELECT CAST(COALESCE(SUM(charge_images), 0) AS BIGINT) AS images,
    CAST(COALESCE(SUM(charge_microusd), 0) AS BIGINT) AS microusd
FROM movements WHERE job_id = $1
"""

_SELECT_PAGE = "SELECT * FROM ledger WHERE id > $1 ORDER BY id LIMIT $2"
_SELECT_PAGE_OF_SERVER = """
SELECT * FROM ledger WHERE server_id = $3 AND id > $1 ORDER BY id LIMIT $2
"""
_SELECT_OF_JOB = """
SELECT * FROM ledger WHERE job_id = $1
ORDER BY at_ms, CASE kind WHEN 'hold' THEN 0 WHEN 'adjust' THEN 2 ELSE 1 END, id
"""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a job came to.

    Attributes:
        cost_microusd: What fal bills, or what it most likely bills.
        images: Pictures that were made.
        charge_images: Pictures that the member pays for.
        is_computed: fal did not say the cost.
    """

    cost_microusd: int
    images: int
    charge_images: int
    charge_microusd: int
    is_computed: bool


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What is added to a job's outcome; each part may be negative."""

    images: int
    microusd: int
    charge_images: int
    charge_microusd: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger, as it is exported. See the module for its two sides."""

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
    source: str
    day: str
    bot_day: str
    at_ms: int


async def hold(conn: Connection, job: Job, *, day: str, bot_day: str, at_ms: int) -> None:
    """Hold the most that a job can cost against its member, channel, server and the bot.

    Args:
        conn: A connection of `write(job.server_id)`.
        job: The job, stored already or later in the same transaction.
        day: Today in the server's time zone, `YYYY-MM-DD`.
        bot_day: Today in UTC.
        at_ms: Now.

    Raises:
        LedgerBroken: The job has a hold already; nothing was changed.
    """
    amounts = (job.count, job.held_microusd)
    place = (job.server_id, job.channel_id, job.member_id)
    if not await conn.execute(
        _INSERT_HOLD, new_id(at_ms), job.id, *place, *amounts, day, bot_day, at_ms
    ):
        raise LedgerBroken(f"job {job.id} has a hold already")
    await conn.execute(
        _ADD_TO_TOTALS, job.server_id, job.member_id, job.channel_id, day, bot_day, *amounts
    )


async def settle(conn: Connection, job_id: str, settlement: Settlement, at_ms: int) -> None:
    """Resolve a job's hold with what it came to, which may be more than was held.

    Raises:
        LedgerBroken: There is no hold, or it is resolved already; nothing was changed.
    """
    await _append(
        conn,
        job_id,
        (
            "settle",
            settlement.images,
            settlement.cost_microusd,
            settlement.charge_images,
            settlement.charge_microusd,
            "computed" if settlement.is_computed else "billed",
        ),
        at_ms,
    )


async def release(conn: Connection, job_id: str, at_ms: int) -> None:
    """Resolve a job's hold by giving all of it back.

    Raises:
        LedgerBroken: There is no hold, or it is resolved already; nothing was changed.
    """
    await _append(conn, job_id, ("release", None, None, None, None, "none"), at_ms)


async def adjust(conn: Connection, job_id: str, adjustment: Adjustment, at_ms: int) -> None:
    """Change the outcome of a job, on the days of its hold.

    Raises:
        LedgerBroken: There is no hold, or it is not resolved yet; nothing was changed. Also where
            a total would become negative, which spoils the transaction.
    """
    await _append(
        conn,
        job_id,
        (
            "adjust",
            adjustment.images,
            adjustment.microusd,
            adjustment.charge_images,
            adjustment.charge_microusd,
            "none",
        ),
        at_ms,
    )


async def _append(
    conn: Connection, job_id: str, kind_amounts_source: tuple[Value, ...], at_ms: int
) -> None:
    entry_id = new_id(at_ms)
    row = await conn.fetch_one(_RESOLVE, entry_id, job_id, *kind_amounts_source, at_ms)
    if row is None:
        kind = kind_amounts_source[0]
        missing = "resolved" if kind == "adjust" else "open"
        raise LedgerBroken(f"job {job_id} has no {missing} hold, so there can be no {kind}")
    if await conn.execute(_MOVE_TOTALS, entry_id) != len(Account):
        conn.spoil()
        raise LedgerBroken(f"the totals that the hold of job {job_id} counts in are missing")


async def usage(
    conn: Connection,
    *,
    server_id: int,
    member_id: int,
    channel_id: int,
    periods: Collection[tuple[Account, str]],
) -> dict[tuple[Account, str], Usage]:
    """Sum what accounts have used and hold.

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


async def net_charge(conn: Connection, job_id: str) -> Usage:
    """Sum what a job counts against its member now; nothing for an unknown job."""
    row = await conn.fetch_one(_NET_CHARGE, job_id)
    return Usage(row["images"], row["microusd"]) if row else Usage()


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
            yield _entry(row)
        if len(rows) < PAGE_ROWS:
            return
        after = rows[-1]["id"]


async def entries_of(conn: Connection, job_id: str) -> list[Entry]:
    """Read the entries of one job, the hold first."""
    return [_entry(row) for row in await conn.fetch(_SELECT_OF_JOB, job_id)]


def _entry(row: Row) -> Entry:
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
        source=row["source"],
        day=row["day"],
        bot_day=row["bot_day"],
        at_ms=row["at_ms"],
    )
