"""Delivered pictures: marked as removed, and what a member has made."""

from dataclasses import dataclass

from bot.core.jobs import Job
from bot.storage.connection import Connection
from bot.storage.job_rows import job_of

_MARK_REMOVED = """
UPDATE jobs SET removed_by = $2, removed_at_ms = $3
WHERE id = $1 AND state = 'delivered' AND removed_by IS NULL
RETURNING *
"""

_MADE = """
SELECT
    CAST(COALESCE(SUM(pictures), 0) AS BIGINT) AS images,
    CAST(COALESCE(SUM(cost_microusd), 0) AS BIGINT) AS microusd,
    COUNT(*) AS jobs
FROM jobs
WHERE server_id = $1 AND member_id = $2 AND created_at_ms >= $3 AND pictures IS NOT NULL
"""

_OPEN = """
SELECT
    CAST(COALESCE(SUM(count), 0) AS BIGINT) AS images,
    CAST(COALESCE(SUM(held_microusd), 0) AS BIGINT) AS microusd,
    COUNT(*) AS jobs
FROM jobs
WHERE server_id = $1 AND member_id = $2
    AND state IN ('held', 'submitting', 'unclear', 'queued', 'rendered')
"""


@dataclass(frozen=True, slots=True)
class Made:
    """Some jobs of a member, in pictures and in what fal bills or may bill for them."""

    jobs: int
    images: int
    microusd: int


async def mark_removed(conn: Connection, job_id: str, by: int, at_ms: int) -> Job | None:
    """Note that pictures are removed; None where they are not delivered, or removed already."""
    row = await conn.fetch_one(_MARK_REMOVED, job_id, by, at_ms)
    return job_of(row) if row else None


async def made_since(conn: Connection, server_id: int, member_id: int, since_ms: int) -> Made:
    """Sum up the jobs that a member asked for since an instant and that have ended."""
    row = await conn.fetch_one(_MADE, server_id, member_id, since_ms)
    return Made(row["jobs"], row["images"], row["microusd"]) if row else Made(0, 0, 0)


async def held_now(conn: Connection, server_id: int, member_id: int) -> Made:
    """Sum up a member's jobs that have not ended, with the most that they can cost."""
    row = await conn.fetch_one(_OPEN, server_id, member_id)
    return Made(row["jobs"], row["images"], row["microusd"]) if row else Made(0, 0, 0)
