"""Money in doubt: what fal may have billed for a job that was given back to its member.

One row opens a doubt, one closes it; both are only ever added. An open doubt counts against
channel, server and bot, not the member, on the days of its job's hold, and the job's own
`possible_loss_microusd` says the same.
The callers hold `write(server_id)`.
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.errors import LedgerBroken
from bot.storage import totals
from bot.storage.connection import Connection, Row
from bot.storage.ids import new_id
from bot.storage.seals import DOUBT_SEAL, next_number, sealed_insert


class Outcome(StrEnum):
    """What became of a doubt."""

    FOUND = "found"
    """The bill is known and counts in the ledger."""
    REFUTED = "refuted"
    """fal billed nothing."""
    WRITTEN_OFF = "written_off"
    """The host counts it no longer, though nobody knows."""


_COLUMNS = (
    "id, kind, job_id, server_id, channel_id, member_id, microusd, day, bot_day, at_ms, by_id,"
    " reason"
)

_OPEN = sealed_insert(
    "doubts",
    _COLUMNS,
    DOUBT_SEAL,
    f"""
    SELECT CAST($1 AS TEXT) AS id, 'open' AS kind, held.job_id, held.server_id, held.channel_id,
        held.member_id, CAST($3 AS BIGINT) AS microusd, held.day, held.bot_day,
        CAST($4 AS BIGINT) AS at_ms, 0 AS by_id, '' AS reason,
        {next_number("doubts", "held.server_id")} AS seq
    FROM ledger AS held
    WHERE held.job_id = $2 AND held.kind = 'hold'
        AND NOT EXISTS (SELECT 1 FROM doubts WHERE doubts.job_id = $2)
    """,  # noqa: S608 - column names only
    "ON CONFLICT (job_id) WHERE kind = 'open' DO NOTHING RETURNING microusd",
)

_CLOSE = sealed_insert(
    "doubts",
    _COLUMNS,
    DOUBT_SEAL,
    f"""
    SELECT CAST($1 AS TEXT) AS id, CAST($3 AS TEXT) AS kind, opened.job_id, opened.server_id,
        opened.channel_id, opened.member_id, -opened.microusd AS microusd, opened.day,
        opened.bot_day, CAST($4 AS BIGINT) AS at_ms, CAST($5 AS BIGINT) AS by_id,
        CAST($6 AS TEXT) AS reason, {next_number("doubts", "opened.server_id")} AS seq
    FROM doubts AS opened
    WHERE opened.job_id = $2 AND opened.kind = 'open' AND NOT EXISTS (
        SELECT 1 FROM doubts AS closed WHERE closed.job_id = $2 AND closed.kind <> 'open'
    )
    """,  # noqa: S608 - column names only
    "ON CONFLICT (job_id) WHERE kind <> 'open' DO NOTHING RETURNING -microusd AS microusd",
)

_NOTE = "UPDATE jobs SET possible_loss_microusd = $2 WHERE id = $1"

_AMOUNT = """
SELECT CAST(COALESCE(SUM(microusd), 0) AS BIGINT) AS microusd FROM doubts WHERE job_id = $1
"""

_OPEN_ONES = """
FROM doubts JOIN jobs ON jobs.id = doubts.job_id
WHERE doubts.kind = 'open' AND NOT EXISTS (
    SELECT 1 FROM doubts AS closed WHERE closed.job_id = doubts.job_id AND closed.kind <> 'open'
)
"""

_LIST = f"SELECT doubts.*, jobs.reason AS why {_OPEN_ONES}"
_ORDER = "ORDER BY doubts.at_ms, doubts.server_id, doubts.seq"

_TOTAL = "SELECT CAST(COALESCE(SUM(microusd), 0) AS BIGINT) AS microusd FROM doubts"


@dataclass(frozen=True, slots=True)
class Doubt:
    """An open doubt.

    Attributes:
        microusd: What fal may have billed.
        since_ms: When it was opened.
        why: The reason for which the job ended, see `Reason`; None where the job has none.
    """

    job_id: str
    server_id: int
    channel_id: int
    member_id: int
    microusd: int
    since_ms: int
    why: str | None


async def open_doubt(conn: Connection, job_id: str, microusd: int, at_ms: int) -> None:
    """Count what fal may have billed for a job.

    Args:
        conn: A connection of `write(server_id)`.
        job_id: A job whose hold goes back.
        microusd: The most that it may be, above zero.
        at_ms: Now.

    Raises:
        LedgerBroken: The job has no hold, had a doubt before, or the amount is not above zero. In
            the last case the transaction is spoilt.
    """
    doubt_id = new_id(at_ms)
    if await conn.fetch_one(_OPEN, doubt_id, job_id, microusd, at_ms) is None:
        raise LedgerBroken(f"job {job_id} has no hold, or was in doubt before")
    await _count(conn, doubt_id, job_id, microusd)


async def close_doubt(
    conn: Connection, job_id: str, outcome: Outcome, *, by: int, reason: str, at_ms: int
) -> int:
    """Count a doubt no longer.

    Args:
        conn: A connection of `write(server_id)`.
        job_id: The job.
        outcome: What became of it; what was found is the caller's to book.
        by: Who closed it; 0 for the bot itself and the host.
        reason: Why.
        at_ms: Now.

    Returns:
        The amount that counts no longer.

    Raises:
        LedgerBroken: No doubt of the job is open; nothing was changed.
    """
    doubt_id = new_id(at_ms)
    row = await conn.fetch_one(_CLOSE, doubt_id, job_id, outcome.value, at_ms, by, reason)
    if row is None:
        raise LedgerBroken(f"no doubt of job {job_id} is open")
    await _count(conn, doubt_id, job_id, 0)
    return int(row["microusd"])


async def _count(conn: Connection, doubt_id: str, job_id: str, microusd: int) -> None:
    if not await totals.move(conn, totals.MOVE_BY_DOUBT, doubt_id):
        raise LedgerBroken(f"the totals that the hold of job {job_id} counts in are missing")
    await conn.execute(_NOTE, job_id, microusd)


async def amount_of(conn: Connection, job_id: str) -> int:
    """Read what a job is in doubt with; 0 where no doubt of it is open."""
    row = await conn.fetch_one(_AMOUNT, job_id)
    return int(row["microusd"]) if row else 0


async def listed(conn: Connection, *, server_id: int | None = None) -> list[Doubt]:
    """Read the open doubts of a server, or of all, the oldest first."""
    if server_id is None:
        rows = await conn.fetch(f"{_LIST} {_ORDER}")
    else:
        rows = await conn.fetch(f"{_LIST} AND doubts.server_id = $1 {_ORDER}", server_id)
    return [_doubt(row) for row in rows]


async def total(conn: Connection) -> int:
    """Sum up all open doubts."""
    row = await conn.fetch_one(_TOTAL)
    return int(row["microusd"]) if row else 0


def _doubt(row: Row) -> Doubt:
    return Doubt(
        job_id=row["job_id"],
        server_id=row["server_id"],
        channel_id=row["channel_id"],
        member_id=row["member_id"],
        microusd=row["microusd"],
        since_ms=row["at_ms"],
        why=row["why"],
    )
