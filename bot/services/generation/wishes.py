"""Who wants which job to end, remembered for steps that are under way."""

from bot.core.jobs import Job


class Wishes:
    """Cancels that people asked for, by job, until the job has ended."""

    def __init__(self) -> None:
        self._wishes: dict[str, tuple[int, str]] = {}
        self._removed: set[str] = set()

    def want(self, job_id: str, by: int, reason: str = "") -> None:
        """Remember that a person wants a job to end; the first one counts."""
        self._wishes.setdefault(job_id, (by, reason))

    def of(self, job: Job) -> tuple[int, str] | None:
        """Who wants it to end and why, None where nobody does."""
        return self._wishes.get(job.id) if job.cancel_by is None else (job.cancel_by, "")

    def removed(self, job_id: str) -> None:
        """Remember that fal took the request out of its line, so that it never ran."""
        self._removed.add(job_id)

    def is_removed(self, job_id: str) -> bool:
        """Whether fal said that it took the request out of its line."""
        return job_id in self._removed

    def forget(self, job_id: str) -> None:
        """Drop what was remembered of a job that ended."""
        self._wishes.pop(job_id, None)
        self._removed.discard(job_id)
