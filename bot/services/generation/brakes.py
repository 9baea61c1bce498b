"""Stops the line where sending on would only lose money, and lets it go on by itself.

Theory of operation. Nothing is sent while a halt holds. After a pause one job is let through as a
probe; what it meets either opens the line or begins the next, longer pause. Halts that speak of
the way to fal (busy, key, account, outage, unclear) open with the next submit that fal accepts;
those that speak of what comes back (losses, media) open with the next pictures that arrive.

Refused prompts never stop the line, or one member could stop it for all: what those cost is
bounded for each member by itself, see `bot.services.limits.strikes`.
"""

import asyncio
import logging
from collections.abc import Callable

from bot.core.errors import Halt, Trouble
from bot.services.retry import Pauses

_log = logging.getLogger(__name__)

IN_A_ROW = 3
"""So many bad results in a row are no chance any more."""

_TROUBLES_IN_A_ROW = 5
_PAUSES_S = {Halt.BUSY: (1.0, 60.0)}
_PAUSES_OTHER_S = (30.0, 900.0)
_OF_RESULTS = frozenset({Halt.LOSSES, Halt.MEDIA})
_HALTS = {Trouble.KEY: Halt.KEY, Trouble.ACCOUNT: Halt.ACCOUNT, Trouble.OUTAGE: Halt.OUTAGE}


class Brakes:
    """The one judge of whether the line may send."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Halt | None], None]] = []
        self._halt: Halt | None = None
        self._pauses = Pauses(1, 1)
        self._next_at = 0.0
        self._probe: str | None = None
        self._unclear = 0
        self._losses = 0
        self._troubles = 0
        self._trouble: Trouble | None = None

    def listen(self, changed: Callable[[Halt | None], None]) -> None:
        """Add somebody who is told of each halt and of its end, with the halt that holds now."""
        self._listeners.append(changed)

    @property
    def halt(self) -> Halt | None:
        """What keeps the line from sending, None where nothing does."""
        return self._halt

    @property
    def wait_s(self) -> float:
        """How long to wait before something may be sent; 0 where it may be sent now."""
        return max(0.0, self._next_at - _now())

    @property
    def is_probing(self) -> bool:
        """Whether a probe is under way, so that nothing else may be sent."""
        return self._halt is not None and self._probe is not None

    def sent(self, job_id: str) -> None:
        """A job is being sent: during a halt it is the probe."""
        if self._halt is not None:
            self._probe = job_id

    def left(self, job_id: str) -> None:
        """A job went away without an answer to what the halt asks: the next one may try."""
        if self._probe == job_id:
            self._probe = None

    # What the jobs met

    def accepted(self) -> None:
        """fal took a job."""
        self._unclear = 0
        self._heard()
        if self._halt is not None and self._halt not in _OF_RESULTS:
            self._open()

    def heard(self) -> None:
        """fal said something about a job that can come from nobody else."""
        self._heard()
        if self._halt is Halt.OUTAGE:
            self._open()

    def arrived(self) -> None:
        """Pictures came."""
        self._losses = 0
        if self._halt in _OF_RESULTS:
            self._open()

    def not_sent(self, job_id: str, retry_after_s: float | None) -> None:
        """fal could not be reached, or asked to come again."""
        self._stop(Halt.BUSY, job_id, at_least_s=retry_after_s)

    def refused(self, job_id: str, trouble: Trouble) -> None:
        """fal refused a submit for the host's account or key."""
        self._stop(_HALTS[trouble], job_id)

    def unclear(self, job_id: str) -> None:
        """The answer to a submit was lost."""
        self._unclear += 1
        if self._unclear >= IN_A_ROW or self._probe == job_id:
            self._stop(Halt.UNCLEAR, job_id)

    def lost(self, job_id: str) -> None:
        """A job was paid, or may have been, and brought nothing."""
        self._losses += 1
        if self._losses >= IN_A_ROW or (self._probe == job_id and self._halt in _OF_RESULTS):
            self._stop(Halt.LOSSES, job_id)
        else:
            self.left(job_id)

    def foreign_host(self, job_id: str) -> None:
        """A picture lies on a host that may not be asked: so will the next ones."""
        self._stop(Halt.MEDIA, job_id)

    def trouble(self, trouble: Trouble | None) -> None:
        """What fal is asked about jobs that it has brings nothing usable."""
        if trouble is None:
            return
        self._troubles = self._troubles + 1 if trouble is self._trouble else 1
        self._trouble = trouble
        if self._troubles >= _TROUBLES_IN_A_ROW and self._halt is None:
            self._stop(_HALTS[trouble], None)

    def rests(self, job_id: str) -> None:
        """A probe came to nothing provable: the pause begins again, longer."""
        if self._probe == job_id and self._halt is not None:
            self._stop(self._halt, job_id)

    def _tell(self) -> None:
        for changed in self._listeners:
            changed(self._halt)

    def _heard(self) -> None:
        self._troubles, self._trouble = 0, None

    def _stop(self, halt: Halt, job_id: str | None, *, at_least_s: float | None = None) -> None:
        is_probe = job_id is not None and self._probe == job_id
        if self._halt is halt and not is_probe and self.wait_s > 0:
            # Others that were under way meet the same; that makes the pause no longer.
            return
        if halt is Halt.BUSY and self._halt is not None:
            # A probe that could not be sent says nothing about what the line stands for.
            halt = self._halt
        is_new = self._halt is not halt
        if is_new:
            self._halt = halt
            self._pauses = Pauses(*_PAUSES_S.get(halt, _PAUSES_OTHER_S))
        self._probe = None
        pause_s = at_least_s or self._pauses.next()
        self._next_at = max(self._next_at, _now() + pause_s)
        _log.log(
            logging.ERROR if halt.is_hard else logging.WARNING,
            "the line is paused",
            extra={"halt": halt.value, "pause_s": round(pause_s, 3), "job_id": job_id},
        )
        if is_new:
            self._tell()

    def _open(self) -> None:
        _log.warning("the line goes on", extra={"halt": self._halt})
        self._halt, self._probe, self._next_at = None, None, 0.0
        self._unclear = self._losses = 0
        self._tell()


def _now() -> float:
    """A clock that no correction of the time of day moves."""
    return asyncio.get_running_loop().time()
