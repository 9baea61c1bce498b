"""Budgets that fill up: each line that is crossed is told once in a run of the window."""

from bot.core.jobs import Job
from bot.services.allowance import Allowance
from bot.storage.database import Connection


async def note_crossed(connection: Connection, allowance: Allowance, job: Job, now_ms: int) -> None:
    """Note the lines of caps that a job's hold reaches, in the transaction of the hold.

    Args:
        connection: Of `write(job.server_id)`.
        allowance: As it was before the hold.
        job: What was held.
        now_ms: Now.
    """
