"""The places at fal: how many jobs may be there at once, and who has one."""

import asyncio


class Places:
    """Counts jobs at fal. A job that fal works on has a place, even above the number allowed."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._taken: set[str] = set()
        self.changed = asyncio.Event()

    @property
    def taken(self) -> int:
        """How many jobs have a place."""
        return len(self._taken)

    @property
    def free(self) -> int:
        """How many more jobs may be sent; never below 0."""
        return max(0, self._concurrency - len(self._taken))

    def take(self, job_id: str) -> None:
        """Give a job a place; one that has one keeps it."""
        self._taken.add(job_id)

    def leave(self, job_id: str) -> None:
        """Take the place of a job back."""
        self._taken.discard(job_id)
        self.changed.set()
