"""Jobs that ended without pictures though fal may have made them: asked about again for days."""

from bot.core.errors import StaleState
from bot.core.jobs import Job
from bot.storage.connection import Connection
from bot.storage.job_rows import job_of

_SELECT_DUE = """
SELECT * FROM jobs
WHERE search_due_ms IS NOT NULL AND (search_due_ms <= $1 OR search_due_ms > $3)
ORDER BY search_due_ms, id LIMIT $2
"""

_AHEAD_MAX_MS = 24 * 3600 * 1000
"""Nobody puts a look off so far: where it stands so, the clock was wrong then and is right now."""

_NEXT_DUE = "SELECT MIN(search_due_ms) AS due_ms FROM jobs WHERE search_due_ms IS NOT NULL"

_AGAIN = """
UPDATE jobs SET search_due_ms = $2, search_tries = search_tries + 1
WHERE id = $1 AND search_until_ms IS NOT NULL
"""

_STOP = "UPDATE jobs SET search_until_ms = NULL, search_due_ms = NULL WHERE id = $1"

_REFUTED = """
UPDATE jobs SET search_until_ms = NULL, search_due_ms = NULL,
    cost_microusd = COALESCE($2, cost_microusd)
WHERE id = $1
"""

_DAY_MAX_MS = 26 * 3600 * 1000
"""A local day is never longer, whatever the clocks do."""

_LOSSES_BESIDE = """
SELECT COUNT(*) AS losses FROM jobs AS own
    JOIN ledger AS own_hold ON own_hold.job_id = own.id AND own_hold.kind = 'hold'
    JOIN jobs ON jobs.server_id = own.server_id AND jobs.member_id = own.member_id
        AND jobs.created_at_ms >= own.created_at_ms - $2
    JOIN ledger AS held ON held.job_id = jobs.id AND held.kind = 'hold'
        AND held.day = own_hold.day
WHERE own.id = $1
    AND jobs.state IN ('failed', 'cancelled', 'undelivered')
    AND (jobs.cost_microusd > 0 OR jobs.possible_loss_microusd > 0)
"""

_COUNT_LOSSES = """
SELECT COUNT(*) AS losses FROM jobs JOIN ledger AS held
    ON held.job_id = jobs.id AND held.kind = 'hold'
WHERE jobs.server_id = $1 AND jobs.member_id = $2 AND jobs.created_at_ms >= $3 AND held.day = $4
    AND jobs.state IN ('failed', 'cancelled', 'undelivered')
    AND (jobs.cost_microusd > 0 OR jobs.possible_loss_microusd > 0)
"""


async def search_due(conn: Connection, now_ms: int, limit: int) -> list[Job]:
    """Read the jobs that fal is to be asked about now, those that wait longest first.

    One whose search has passed its end is among them, so that somebody ends it.
    """
    return [
        job_of(row) for row in await conn.fetch(_SELECT_DUE, now_ms, limit, now_ms + _AHEAD_MAX_MS)
    ]


async def next_search_ms(conn: Connection) -> int | None:
    """When fal is to be asked about a job next, None where nobody looks for any."""
    row = await conn.fetch_one(_NEXT_DUE)
    return row["due_ms"] if row else None


async def search_again(conn: Connection, job_id: str, due_ms: int) -> None:
    """Note that fal was asked about a job, and when it is asked next.

    Raises:
        StaleState: Nobody looks for it any more, or there is none; nothing was changed.
    """
    if await conn.execute(_AGAIN, job_id, due_ms) != 1:
        raise StaleState(f"nobody looks for the pictures of job {job_id}")


async def stop_search(conn: Connection, job_id: str) -> None:
    """Look for a job's pictures no more."""
    await conn.execute(_STOP, job_id)


async def refuted(conn: Connection, job_id: str, *, cost_microusd: int | None) -> None:
    """Note that a job which had ended made no pictures, and what it cost if that is known now."""
    await conn.execute(_REFUTED, job_id, cost_microusd)


async def losses_beside(conn: Connection, job_id: str) -> int:
    """Count the member's losses of the day on which a job was accepted; see `count_losses`."""
    row = await conn.fetch_one(_LOSSES_BESIDE, job_id, _DAY_MAX_MS)
    return int(row["losses"]) if row else 0


async def count_losses(
    conn: Connection, *, server_id: int, member_id: int, now_ms: int, day: str
) -> int:
    """Count a member's jobs of a local day that cost the host, or may have, and brought nothing.

    Args:
        conn: Where to read.
        server_id: The server.
        member_id: The member.
        now_ms: Now; jobs older than a day are not read.
        day: The day of the holds, `YYYY-MM-DD`.
    """
    row = await conn.fetch_one(_COUNT_LOSSES, server_id, member_id, now_ms - _DAY_MAX_MS, day)
    return int(row["losses"]) if row else 0
