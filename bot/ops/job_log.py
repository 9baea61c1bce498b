"""One line in the log for each job that ends: what came of it, never what was asked for."""

import logging

from bot.services.ports import Meter, Move

_log = logging.getLogger(__name__)


class JobLog(Meter):
    """Writes the lines."""

    def moved(self, move: Move) -> None:
        """Write a line where a job has just ended."""
        job = move.job
        if not job.state.is_ended or move.before is job.state:
            return
        about = {
            "job_id": job.id,
            "server_id": job.server_id,
            "state": job.state.value,
            "reason": None if job.reason is None else job.reason.value,
            "model": job.model,
            "size": str(job.size),
            "quality": job.quality,
            "pictures": job.pictures,
            "cost_microusd": job.cost_microusd,
            "seconds": round(move.age_s, 3),
        }
        _log.info("job ended", extra=about)
