"""Drives every unfinished job: keeps the line, resumes at start, drains at stop.

At most `concurrency` jobs are at fal at once. A job holds its place there from the submit until
its result is known; delivery happens outside it.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

from bot.core.errors import (
    BotError,
    KeyRejected,
    NotAllowed,
    NotReady,
    NotSent,
    Refused,
    StaleState,
    TooLate,
    Unreachable,
)
from bot.core.jobs import Job, State, refuse_if_too_late
from bot.core.line import Line
from bot.services.books import Books
from bot.services.drive import Drive
from bot.services.ports import CancelAnswer, Clock, Courier, Place
from bot.storage.database import DatabaseUnavailable

_log = logging.getLogger(__name__)

_AT_FAL = frozenset({State.HELD, State.SUBMITTING, State.QUEUED})
"""A job that is held is driven only when it is its turn."""
_PAUSE_FIRST_S = 1.0
_PAUSE_MAX_S = 60.0
_TRIES_MAX = 3
_STUMBLE_PAUSE_S = 1.0
_DATABASE_PAUSE_S = 5.0
_CANCEL_ANSWER_MAX_S = 1.5
_UNTOLD_MAX_MS = 24 * 3600 * 1000
_STRAYS_EVERY_S = 60.0
_STRAY_AFTER_MS = 120 * 1000
"""An accepted job is put into the line as soon as its card stands; by then long ago."""


_UNTOLD = frozenset({State.FAILED, State.CANCELLED})


class CancelNews(StrEnum):
    """What a cancel achieved, for the person who pressed it."""

    CANCELLED = "cancelled"
    """It ended; nothing is charged."""
    ASKED = "asked"
    """It is being sent or fal has not answered yet; the cancel follows."""
    REMOVED = "removed"
    """fal took it out of its line."""
    STARTED = "started"
    """fal had started it: it may still finish, and is then paid for and delivered."""
    ENDED_AT_FAL = "ended_at_fal"
    """fal had finished it: the pictures are on their way."""


class Runner:
    """The one owner of all running jobs of this process."""

    def __init__(
        self,
        *,
        books: Books,
        drive: Drive,
        courier: Courier,
        clock: Clock,
        concurrency: int,
        owns: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._books = books
        self._drive = drive
        self._courier = courier
        self._clock = clock
        self._concurrency = concurrency
        self._owns = owns
        self._line = Line()
        self._jobs: dict[str, Job] = {}
        self._at_fal: set[str] = set()
        self._cancelled_early: set[str] = set()
        self._telling: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._pause_s = 0.0
        self._next_try_at = 0.0
        self._is_stopping = False

    @property
    def waiting(self) -> int:
        """Jobs in our own line."""
        return len(self._line)

    @property
    def at_fal(self) -> int:
        """Jobs that hold a place at fal."""
        return len(self._at_fal)

    def refuse_if_stopping(self) -> None:
        """Refuse new work while the bot shuts down.

        Raises:
            Refused: It is shutting down.
        """
        if self._is_stopping:
            raise Refused("The bot is restarting. Nothing was charged; try again in a minute.")

    def position_for(self, member_id: int) -> int:
        """Tell the place in line that a member's next job would get, 0 where it is sent at once."""
        free = self._concurrency - len(self._at_fal)
        return max(0, self._line.ahead_of_new(member_id) + 1 - free)

    def add(self, job: Job) -> None:
        """Put an accepted job, whose card stands, into the line; others are left alone."""
        is_cancelled = job.id in self._cancelled_early
        self._cancelled_early.discard(job.id)
        if is_cancelled or job.state is not State.HELD or job.id in self._jobs:
            return
        self._jobs[job.id] = job
        self._line.add(job.id, job.member_id)
        self._wake.set()

    async def resume(self) -> int:
        """Take up every unfinished job of this process's servers; returns how many."""
        found = [job for job in await self._books.unfinished() if self._owns(job.server_id)]
        for job in found:
            if job.cancel_by is not None:
                self._drive.wants_cancel(job.id, job.cancel_by)
            if job.state is State.HELD:
                self.add(job)
            else:
                self._jobs[job.id] = job
                self._start(job)
        since_ms = self._clock.now_ms() - _UNTOLD_MAX_MS
        for job in await self._books.untold(since_ms):
            if self._owns(job.server_id):
                self._start_telling(job)
        return len(found)

    async def run(self) -> None:
        """Send waiting jobs as places at fal come free, until cancelled."""
        looking = asyncio.create_task(self._look_for_strays(), name="strays")
        try:
            await self._send()
        finally:
            looking.cancel()

    async def adopt_strays(self) -> None:
        """Take up accepted jobs that nobody put into the line, so that no hold stays open.

        Their command stumbled, or the commit came through although its answer did not.
        """
        before_ms = self._clock.now_ms() - _STRAY_AFTER_MS
        for job in await self._books.unfinished():
            is_old = job.state is State.HELD and job.created_at_ms < before_ms
            if is_old and job.id not in self._jobs and self._owns(job.server_id):
                _log.warning("stray job taken up", extra={"job_id": job.id})
                self.add(job)

    async def _look_for_strays(self) -> None:
        while True:
            await asyncio.sleep(_STRAYS_EVERY_S)
            try:
                await self.adopt_strays()
            except BotError as error:
                _log.warning("no look for strays", extra={"detail": str(error)})

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(max(0.0, self._next_try_at - asyncio.get_running_loop().time()))
            while not self._is_stopping and len(self._at_fal) < self._concurrency:
                job_id = self._line.take()
                if job_id is None:
                    break
                self._start(self._jobs[job_id])
                if self._pause_s:
                    break
            self._show_places()

    async def stop(self, grace_s: float) -> None:
        """Take nothing new, let what can finish finish, and leave the rest to the next start."""
        self._is_stopping = True
        tasks = set(self._tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def cancel(
        self,
        job_id: str,
        by: int,
        *,
        is_moderator: bool,
        server_id: int | None = None,
        reason: str = "",
    ) -> CancelNews:
        """End a job for the member who asked for it, or for a moderator.

        Args:
            job_id: The job.
            by: Who asks.
            is_moderator: Whether they may cancel what others asked for.
            server_id: Where they are a moderator; None where no server is known.
            reason: Why, for the audit.

        Raises:
            NotAllowed: It is somebody else's job.
            TooLate: It has ended, or its pictures are made.
        """
        job = await self._books.get(job_id)
        if job is None or (server_id or job.server_id) != job.server_id:
            raise TooLate("That job is not known any more.")
        if by != job.member_id and not is_moderator:
            raise NotAllowed("Only the member who asked for it and moderators can cancel it.")
        if job.state is State.HELD:
            try:
                cancelled = await self._books.cancel(job, by, reason)
            except StaleState:
                return await self._cancel_sent(job_id, by, reason)
            if job_id not in self._jobs:
                # Its card has just been posted and `add` is still to come.
                self._cancelled_early.add(job_id)
            self.ended(cancelled)
            return CancelNews.CANCELLED
        return await self._cancel_sent(job_id, by, reason)

    async def _cancel_sent(self, job_id: str, by: int, reason: str) -> CancelNews:
        job = await self._books.get(job_id)
        assert job is not None
        refuse_if_too_late(job)
        self._drive.wants_cancel(job_id, by, reason)
        job = await self._books.request_cancel(job, by, reason)
        # It may have been overtaken on the way.
        refuse_if_too_late(job)
        if job.state is not State.QUEUED:
            return CancelNews.ASKED
        try:
            async with asyncio.timeout(_CANCEL_ANSWER_MAX_S):
                answer = await self._drive.ask_to_cancel(job)
        except TimeoutError:
            answer = None
        self._courier.show(job, Place())
        return {
            CancelAnswer.REMOVED: CancelNews.REMOVED,
            CancelAnswer.REQUESTED: CancelNews.STARTED,
            CancelAnswer.TOO_LATE: CancelNews.ENDED_AT_FAL,
            CancelAnswer.UNKNOWN: CancelNews.ASKED,
            None: CancelNews.ASKED,
        }[answer]

    def ended(self, job: Job) -> None:
        """Take a job that ended while it waited here out of the line, and tell its member."""
        self._forget(job)
        self._show_places()
        # Whoever ended it is answered at once, however long Discord takes for the card.
        self._start_telling(job)

    def _start_telling(self, job: Job) -> None:
        task = asyncio.create_task(self._tell(job), name=f"tell {job.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, job: Job) -> None:
        """Tell an end without pictures once; a job without its token was told already."""
        is_told = job.state not in _UNTOLD or job.interaction_token is None
        if is_told or job.id in self._telling:
            return
        self._telling.add(job.id)
        try:
            await self._drive.tell_end(job)
        except Exception as error:  # noqa: BLE001 - the job has ended; nothing else depends on it
            _log.exception("end not told", extra=_about(job, error))
        finally:
            self._telling.discard(job.id)

    def _start(self, job: Job) -> None:
        if job.state in _AT_FAL:
            self._at_fal.add(job.id)
        task = asyncio.create_task(self._guard(job), name=f"job {job.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, job: Job) -> None:
        """Drive a job; what nobody foresaw is tried again from the stored state, then given up."""
        stumbles = 0
        while stumbles < _TRIES_MAX:
            try:
                await self._drive_to_end(job)
            except DatabaseUnavailable as error:
                _log.error("job waits for the database", extra=_about(job, error))
            except StaleState as error:
                stumbles += 1
                _log.warning("job changed meanwhile", extra=_about(job, error))
            except Exception as error:  # noqa: BLE001 - no hold may stay open for ever
                stumbles += 1
                _log.exception("job stumbled", extra=_about(job, error))
            else:
                return
            await asyncio.sleep(_STUMBLE_PAUSE_S)
            job = await self._stored(job)
            if job.state.is_ended:
                self._forget(job)
                await self._tell(job)
                return
        await self._give_up(job)

    async def _stored(self, job: Job) -> Job:
        """Read a job again, however long the database takes."""
        while True:
            try:
                return await self._books.get(job.id) or job
            except DatabaseUnavailable as error:
                _log.error("job waits for the database", extra=_about(job, error))
                await asyncio.sleep(_DATABASE_PAUSE_S)

    async def _drive_to_end(self, job: Job) -> None:
        state: State | None = None
        try:
            while not job.state.is_ended:
                if self._is_stopping and job.state is State.HELD:
                    return
                self._jobs[job.id] = job
                if job.state is not state:
                    self._open_line(state)
                    state = job.state
                    self._take_place(job)
                try:
                    job = await self._drive.step(job)
                except (KeyRejected, NotReady, Unreachable) as error:
                    # Others need not wait for what may take hours; fal has its own line.
                    self._leave_fal(job.id)
                    await self._drive.rest(job, error)
        except NotSent as error:
            self._put_back(job, error)
            return
        self._open_line(state)
        self._forget(job)
        await self._tell(job)

    def _open_line(self, left: State | None) -> None:
        """fal answered a submit: after a pause the line need not go one by one any more."""
        if left is State.HELD and self._pause_s:
            self._pause_s = 0.0
            self._wake.set()

    def _take_place(self, job: Job) -> None:
        if job.state in _AT_FAL:
            self._at_fal.add(job.id)
        else:
            self._leave_fal(job.id)

    def _put_back(self, job: Job, error: NotSent) -> None:
        """fal was not reached, or asked to come again: everything waits, longer each time."""
        now = asyncio.get_running_loop().time()
        if now >= self._next_try_at:
            pause_s = error.retry_after_s or self._pause_s * 2 or _PAUSE_FIRST_S
            self._pause_s = min(pause_s, _PAUSE_MAX_S)
            self._next_try_at = now + self._pause_s
        _log.warning("not sent", extra={"job_id": job.id, "detail": error.detail})
        self._jobs[job.id] = job
        self._line.add_first(job.id, job.member_id)
        self._leave_fal(job.id)

    async def _give_up(self, job: Job) -> None:
        """End a job that cannot be driven, so that no hold stays for ever."""
        try:
            job = await self._drive.give_up(job)
        except Exception as error:  # noqa: BLE001 - its place at fal must come free all the same
            _log.exception("job cannot be ended", extra=_about(job, error))
        self._forget(job)
        await self._tell(job)

    def _leave_fal(self, job_id: str) -> None:
        self._at_fal.discard(job_id)
        self._wake.set()

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        self._line.remove(job.id)
        self._drive.forget(job.id)
        self._leave_fal(job.id)

    def _show_places(self) -> None:
        for job_id in list(self._line):
            ahead = self._line.ahead(job_id) or 0
            self._courier.show(self._jobs[job_id], Place(in_line=ahead + 1))


def _about(job: Job, error: Exception) -> dict[str, str]:
    return {"job_id": job.id, "state": job.state.value, "detail": str(error)}
