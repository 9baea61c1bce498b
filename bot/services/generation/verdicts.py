"""When what fal says of a job is its end: at once, after it has stayed the same, or never."""

import asyncio
from dataclasses import dataclass

from bot.core.errors import Unproven, Upstream
from bot.services.generation.times import Times


@dataclass(slots=True)
class _Heard:
    """What was heard of one job in this process; times are the loop's."""

    asked_at: float
    meant_at: float
    word: str | None = None
    word_at: float = 0.0
    word_count: int = 0
    cancelled_at: float | None = None


class Verdicts:
    """Keeps count of answers that prove nothing, by job, on a clock that nobody can set.

    Bounds restart with the process, so that no job is given up for the time that the bot was away
    or for a clock that was moved.
    """

    def __init__(self, times: Times) -> None:
        self._times = times
        self._heard: dict[str, _Heard] = {}

    def asked(self, job_id: str, *, is_cancelled: bool) -> None:
        """A job is looked at; `is_cancelled` says that somebody wants it to end."""
        now = _now()
        heard = self._heard.setdefault(job_id, _Heard(now, now))
        if is_cancelled and heard.cancelled_at is None:
            heard.cancelled_at = now

    def meant(self, job_id: str) -> None:
        """fal said that it waits with the job or works on it."""
        heard = self._heard.get(job_id)
        if heard is not None:
            heard.meant_at = _now()
            heard.word = None

    def end_of(self, job_id: str, error: Unproven) -> Upstream | None:
        """Tell how a job ended whose answer has stayed the same; None while it may be noise."""
        heard = self._heard.get(job_id)
        if heard is None or error.word is None:
            # Noise between two equal words does not make them differ.
            return None
        now = _now()
        if heard.word != error.word:
            heard.word, heard.word_at, heard.word_count = error.word, now, 0
        heard.word_count += 1
        is_same = now - heard.word_at >= self._times.same_s
        return error.end if is_same and heard.word_count >= self._times.same_count else None

    def is_silent(self, job_id: str) -> bool:
        """Whether nothing was proven for so long that the member is to be told."""
        heard = self._heard.get(job_id)
        if heard is None:
            return False
        now = _now()
        since = heard.cancelled_at
        if since is not None and now - max(since, heard.meant_at) >= self._times.cancel_max_s:
            return True
        return now - heard.meant_at >= self._times.silence_max_s

    def left_s(self, job_id: str) -> float:
        """How long fal may still wait with a job and work on it."""
        heard = self._heard.get(job_id)
        return self._times.at_fal_max_s - (_now() - heard.asked_at if heard else 0.0)

    def forget(self, job_id: str) -> None:
        """Drop what was heard of a job that is at fal no more."""
        self._heard.pop(job_id, None)


def _now() -> float:
    return asyncio.get_running_loop().time()
