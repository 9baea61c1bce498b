"""Jobs that ended without pictures though fal may have made them: asked about again for days."""

from bot.core.errors import StaleState
from bot.core.jobs import Job
from bot.storage.connection import Connection
from bot.storage.job_rows import job_of

_SELECT_DUE = """
SELECT * FROM jobs WHERE search_due_ms IS NOT NULL AND search_due_ms <= $1
ORDER BY search_due_ms, id LIMIT $2
"""

_AGAIN = """
UPDATE jobs SET search_due_ms = $2, search_tries = search_tries + 1
WHERE id = $1 AND search_until_ms IS NOT NULL
"""


async def search_due(conn: Connection, now_ms: int, limit: int) -> list[Job]:
    """Read the jobs that fal is to be asked about now, those that wait longest first.

    One whose search has passed its end is among them, so that somebody ends it.
    """
    return [job_of(row) for row in await conn.fetch(_SELECT_DUE, now_ms, limit)]


async def search_again(conn: Connection, job_id: str, due_ms: int) -> None:
    """Note that fal was asked about a job, and when it is asked next.

    Raises:
        StaleState: Nobody looks for it any more, or there is none; nothing was changed.
    """
    if await conn.execute(_AGAIN, job_id, due_ms) != 1:
        raise StaleState(f"nobody looks for the pictures of job {job_id}")
