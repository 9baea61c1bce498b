"""Our line before fal: who waits, who is next, and what their cards say of it."""

import asyncio
from collections.abc import Callable

from bot.core.errors import Halt
from bot.core.fair_queue import Line
from bot.core.jobs import Job
from bot.services.generation.brakes import Brakes
from bot.services.generation.places import Places
from bot.services.ports import Courier, Place


class WaitingRoom:
    """The line, its loop and its cards."""

    def __init__(self, *, courier: Courier, brakes: Brakes, places: Places) -> None:
        self._courier = courier
        self._brakes = brakes
        self._places = places
        self._line = Line()
        self._jobs: dict[str, Job] = {}
        self._shown: dict[str, tuple[int, Halt | None]] = {}

    def __len__(self) -> int:
        return len(self._line)

    def position_for(self, member_id: int) -> int:
        """Tell the place that a member's next job would get, 0 where it is sent at once."""
        ahead = self._line.ahead_of_new(member_id) + 1
        return ahead if self._brakes.halt is not None else max(0, ahead - self._places.free)

    def add(self, job: Job) -> None:
        """Put a job at the end of its member's queue."""
        self._jobs[job.id] = job
        self._line.add(job.id, job.member_id)
        self._places.changed.set()

    def put_back(self, job: Job) -> None:
        """Put a job back before everything else, as one that had its turn in vain."""
        self._jobs[job.id] = job
        self._line.add_first(job.id, job.member_id)
        self._places.changed.set()

    def remove(self, job_id: str) -> None:
        """Take a job out; one that does not wait here is no problem."""
        self._line.remove(job_id)
        self._jobs.pop(job_id, None)
        self._shown.pop(job_id, None)

    async def send(self, start: Callable[[Job], None], is_stopping: Callable[[], bool]) -> None:
        """Start waiting jobs as places come free, for good.

        Args:
            start: Begins to drive a job, which has its place by the time this returns.
            is_stopping: Whether nothing new may be sent.
        """
        changed = self._places.changed
        while True:
            await self._until_changed(changed)
            while not is_stopping() and self._may_send():
                job_id = self._line.take()
                if job_id is None:
                    break
                job = self._jobs.pop(job_id)
                self._shown.pop(job_id, None)
                self._brakes.sent(job_id)
                start(job)
            self.show_places()

    async def _until_changed(self, changed: asyncio.Event) -> None:
        """Wait for news, or for the end of the pause of a line that stands."""
        pause_s = self._brakes.wait_s if self._line else 0.0
        try:
            async with asyncio.timeout(pause_s if pause_s > 0 else None):
                await changed.wait()
        except TimeoutError:
            return
        changed.clear()

    def _may_send(self) -> bool:
        if self._places.free == 0 or self._brakes.is_probing:
            return False
        return self._brakes.wait_s == 0

    def show_places(self) -> None:
        """Bring the cards of those whose place has changed up to date."""
        halt = self._brakes.halt
        for place, job_id in enumerate(self._line.places(), 1):
            if self._shown.get(job_id) != (place, halt):
                self._shown[job_id] = (place, halt)
                self._courier.show(self._jobs[job_id], Place(in_line=place, halt=halt))
