"""The queue itself: who waits, who runs, and for how long.

At most `concurrency` jobs run at once, in the order they came. Time passes by itself, or, after
`hold`, only when the caller says so: then jobs stay where they are.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from standins.fal.clock import Changes, FalClock
from standins.fal.jobs import Ending, FalJob, FalState
from standins.fal.settings import RunTime


class Runner(Protocol):
    """What happens to a job while it moves."""

    def started(self, job: FalJob) -> None:
        """It runs from now on."""
        ...

    def decide(self, job: FalJob) -> Ending:
        """Say how it ends after it has run, and note what it costs."""
        ...

    def ended(self, job: FalJob) -> None:
        """It has ended, in whatever way."""
        ...


class Line:
    """Moves jobs from waiting through running to their ending.

    Attributes:
        jobs: Every accepted submission by its id, in order.
    """

    def __init__(
        self,
        clock: FalClock,
        changes: Changes,
        runner: Runner,
        *,
        run_s: RunTime,
        concurrency: int,
    ) -> None:
        self.jobs: dict[str, FalJob] = {}
        self._clock = clock
        self._changes = changes
        self._runner = runner
        self._run_s = run_s
        self._concurrency = concurrency
        self._waiting: list[FalJob] = []
        self._running: dict[str, FalJob] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._is_held = False

    @property
    def run_s(self) -> RunTime:
        """How long a job runs; a change counts for jobs that start later."""
        return self._run_s

    @run_s.setter
    def run_s(self, run_s: RunTime) -> None:
        self._run_s = run_s

    @property
    def concurrency(self) -> int:
        """How many jobs run at once."""
        return self._concurrency

    @concurrency.setter
    def concurrency(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._fill()

    @property
    def waiting_count(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    @property
    def running_count(self) -> int:
        """How many jobs run."""
        return len(self._running)

    def position(self, job: FalJob) -> int:
        """How many requests are ahead of a waiting one; 0 is the next."""
        return self._waiting.index(job)

    def accept(self, job: FalJob) -> int:
        """Put a job at the end of the line and say how many are ahead of it."""
        self.jobs[job.id] = job
        ahead = len(self._waiting)
        self._waiting.append(job)
        self._fill()
        self._changes.notify()
        return ahead

    def hold(self) -> None:
        """Stop time for every job."""
        self._is_held = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def release(self) -> None:
        """Let time pass again; what runs gets its whole run time anew."""
        self._is_held = False
        for job in list(self._running.values()):
            self._set_timer(job)
        self._fill()

    def start(self, job: FalJob) -> None:
        """Start a waiting job out of turn.

        Raises:
            ValueError: It does not wait, or as many as may run are running.
        """
        if job not in self._waiting:
            raise ValueError(f"the job is {job.state}, not waiting")
        if len(self._running) >= self._concurrency:
            raise ValueError(f"{self._concurrency} jobs run already")
        self._waiting.remove(job)
        self._run(job)
        self._changes.notify()

    def finish(self, job: FalJob) -> None:
        """End a job now as it would end by itself, starting it first where it waits.

        Raises:
            ValueError: It has ended, or cannot start.
        """
        if job.state is FalState.IN_QUEUE:
            self.start(job)
        if job.state is not FalState.IN_PROGRESS:
            raise ValueError("the job has ended")
        self.end(job, self._runner.decide(job))

    def requeue(self, job: FalJob) -> None:
        """Send a running job back to the front of the line, as fal does when a runner is lost.

        Raises:
            ValueError: It does not run.
        """
        if job.state is not FalState.IN_PROGRESS:
            raise ValueError(f"the job is {job.state}, not running")
        self._leave(job)
        job.state = FalState.IN_QUEUE
        job.started_at_ms = None
        self._waiting.insert(0, job)
        if not self._is_held:
            # Not at once: otherwise it would run again before anyone could see it wait.
            asyncio.get_running_loop().call_later(0.05, self._fill)
        self._changes.notify()

    def end(self, job: FalJob, ending: Ending) -> None:
        """End a job in a given way, whether it waits or runs."""
        self._leave(job)
        job.state = FalState.COMPLETED
        job.ending = ending
        job.ended_at_ms = self._clock.now_ms()
        self._runner.ended(job)
        self._fill()
        self._changes.notify()

    def close(self) -> None:
        """Forget all timers, because the stand-in stops."""
        self.hold()

    def _leave(self, job: FalJob) -> None:
        timer = self._timers.pop(job.id, None)
        if timer is not None:
            timer.cancel()
        self._running.pop(job.id, None)
        if job in self._waiting:
            self._waiting.remove(job)

    def _fill(self) -> None:
        while not self._is_held and self._waiting and len(self._running) < self._concurrency:
            self._run(self._waiting.pop(0))
        self._changes.notify()

    def _run(self, job: FalJob) -> None:
        job.state = FalState.IN_PROGRESS
        job.started_at_ms = self._clock.now_ms()
        job.runs += 1
        self._running[job.id] = job
        self._runner.started(job)
        if not self._is_held:
            self._set_timer(job)

    def _set_timer(self, job: FalJob) -> None:
        run_s = _run_s(self._run_s, job.input)
        loop = asyncio.get_running_loop()
        self._timers[job.id] = loop.call_later(run_s, self._time_up, job, job.runs)

    def _time_up(self, job: FalJob, run: int) -> None:
        """End a run whose time is up, once its runner has the pictures of the input."""
        if job.state is not FalState.IN_PROGRESS or job.runs != run or self._is_held:
            return
        if job.fetching is None or job.fetching.done():
            self.finish(job)
        else:
            job.fetching.add_done_callback(lambda _: self._time_up(job, run))


def _run_s(run_s: RunTime, sent: Mapping[str, object]) -> float:
    return run_s(sent) if callable(run_s) else run_s
