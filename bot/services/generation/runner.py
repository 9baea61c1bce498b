"""Drives every unfinished job: takes them from the line, resumes at start, drains at stop.

A job holds a place at fal from the submit until its result is known; what rests because nothing is
proven, and what is being delivered, holds none.
"""

import asyncio
import logging
from collections.abc import Coroutine
from enum import StrEnum
from typing import Any

from bot.core.codes import JobCode, MemberCode
from bot.core.errors import (
    DatabaseUnavailable,
    Halt,
    NotAllowed,
    NotSent,
    Refused,
    StaleState,
    TooLate,
    Unproven,
)
from bot.core.jobs import Job, State, refuse_if_too_late
from bot.services.generation.job_steps import JobSteps
from bot.services.generation.kit import Kit
from bot.services.generation.places import Places
from bot.services.generation.strays import EVERY_S, Strays
from bot.services.generation.telling import Teller
from bot.services.generation.waiting import WaitingRoom
from bot.services.ports import CancelAnswer, Place
from bot.services.retry import Pauses, Seldom

_log = logging.getLogger(__name__)

_AT_FAL = frozenset({State.HELD, State.SUBMITTING, State.QUEUED})
"""A job that is held is driven only when it is its turn."""
_TRIES_MAX = 3
_STUMBLE_PAUSE_S = 1.0
_DATABASE_PAUSE_MAX_S = 60.0
_CANCEL_ANSWER_MAX_S = 1.5


class CancelOutcome(StrEnum):
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


_NEWS = {
    CancelAnswer.REMOVED: CancelOutcome.REMOVED,
    CancelAnswer.REQUESTED: CancelOutcome.STARTED,
    CancelAnswer.TOO_LATE: CancelOutcome.ENDED_AT_FAL,
    CancelAnswer.UNKNOWN: CancelOutcome.ASKED,
    None: CancelOutcome.ASKED,
}


class Runner:
    """The one owner of all running jobs of this process."""

    def __init__(self, kit: Kit, steps: JobSteps, teller: Teller, concurrency: int) -> None:
        self._kit = kit
        self._steps = steps
        self._teller = teller
        self._places = Places(concurrency)
        self._room = WaitingRoom(courier=kit.courier, brakes=kit.brakes, places=self._places)
        self._jobs: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        kit.brakes.listen(lambda _: self._places.changed.set())
        self._strays = Strays(
            kit,
            is_telling=teller.is_telling,
            tell=self._start_telling,
            is_known=self._jobs.__contains__,
            add=self.add,
            take=self.take,
        )

    @property
    def waiting(self) -> int:
        """Jobs in our own line."""
        return len(self._room)

    @property
    def at_fal(self) -> int:
        """Jobs that hold a place at fal."""
        return self._places.taken

    @property
    def halt(self) -> Halt | None:
        """What keeps the line from sending, None where it moves."""
        return self._kit.brakes.halt

    def refuse_if_stopping(self) -> None:
        """Refuse new work while the bot shuts down.

        Raises:
            Refused: It is shutting down.
        """
        if self._is_stopping:
            raise Refused(MemberCode.RESTARTING)

    def position_for(self, member_id: int) -> int:
        """Tell the place in line that a member's next job would get, 0 where it is sent at once."""
        return self._room.position_for(member_id)

    def add(self, job: Job) -> None:
        """Put an accepted job, whose card stands, into the line; others are left alone."""
        if job.state is State.HELD and job.id not in self._jobs:
            self._jobs.add(job.id)
            self._room.add(job)

    def take(self, job: Job) -> None:
        """Drive a job on whose pictures were found late."""
        if job.id not in self._jobs and not self._is_stopping:
            self._jobs.add(job.id)
            self._start(job)

    async def resume(self) -> int:
        """Take up every unfinished job of this process's servers; returns how many."""
        found = [job for job in await self._kit.books.unfinished() if self._kit.owns(job.server_id)]
        for job in found:
            if job.state is State.HELD:
                await self._strays.settle(job)
            else:
                self.take(job)
        await self._strays.tell_untold()
        return len(found)

    async def run(self) -> None:
        """Send waiting jobs as places at fal come free, until cancelled."""
        await self._room.send(self._start, lambda: self._is_stopping)

    async def look_for_strays(self) -> None:
        """Take up or give back accepted jobs that nobody put into the line, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.adopt_strays()

    async def adopt_strays(self) -> None:
        """Look once; see `Strays`."""
        await self._strays.look()

    async def stop(self, grace_s: float, hurry: asyncio.Event | None = None) -> None:
        """Take nothing new, let what can finish finish, and leave the rest to the next start.

        Args:
            grace_s: So long jobs may go on.
            hurry: Ends the wait for fal's answers to submits, which alone outlast the grace.
        """
        self._is_stopping = True
        tasks = set(self._tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._steps.drain(hurry or asyncio.Event())

    # Cancels

    async def cancel(
        self,
        job_id: str,
        by: int,
        *,
        is_moderator: bool,
        server_id: int | None = None,
        reason: str = "",
    ) -> CancelOutcome:
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
        job = await self._kit.books.get(job_id)
        if job is None or (server_id or job.server_id) != job.server_id:
            raise TooLate(JobCode.UNKNOWN)
        if by != job.member_id and not is_moderator:
            raise NotAllowed(JobCode.NOT_YOURS)
        if job.state is State.HELD:
            try:
                cancelled = await self._kit.books.cancel(job, by, reason)
            except StaleState:
                return await self._cancel_sent(job_id, by, reason)
            self.ended(cancelled)
            return CancelOutcome.CANCELLED
        return await self._cancel_sent(job_id, by, reason)

    async def _cancel_sent(self, job_id: str, by: int, reason: str) -> CancelOutcome:
        job = await self._kit.books.get(job_id)
        assert job is not None
        refuse_if_too_late(job)
        self._steps.wants_cancel(job_id, by, reason)
        job = await self._kit.books.request_cancel(job, by, reason)
        if job.state.is_ended and job_id not in self._jobs:
            # It ended in between, and nobody will drive it to where the wish is dropped.
            self._steps.forget(job_id)
        # It may have been overtaken on the way.
        refuse_if_too_late(job)
        if job.state is not State.QUEUED:
            return CancelOutcome.ASKED
        try:
            async with asyncio.timeout(_CANCEL_ANSWER_MAX_S):
                answer = await self._steps.ask_to_cancel(job)
        except TimeoutError:
            answer = None
        self._kit.courier.show(job, Place())
        return _NEWS[answer]

    def ended(self, job: Job) -> None:
        """Take a job that ended while it waited here out of the line, and tell its member."""
        self._forget(job)
        self._room.show_places()
        # Whoever ended it is answered at once, however long Discord takes for the card.
        self._start_telling(job)

    # Driving

    def _start_telling(self, job: Job) -> None:
        self._begin(self._teller.tell(job), f"tell {job.id}")

    def _start(self, job: Job) -> None:
        if job.state in _AT_FAL:
            self._places.take(job.id)
        self._begin(self._guard(job), f"job {job.id}")

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, job: Job) -> None:
        """Drive a job; what nobody foresaw is tried again from the stored state, then given up."""
        stumbles, state = 0, job.state
        pauses, seldom = Pauses(_STUMBLE_PAUSE_S, _DATABASE_PAUSE_MAX_S), Seldom()
        while stumbles < _TRIES_MAX:
            failure = await self._failure(job)
            if failure is None:
                return
            is_away = isinstance(failure, DatabaseUnavailable)
            if not is_away:
                stumbles += 1
                _log.error("job stumbled", extra=_about(job, failure), exc_info=failure)
            elif seldom.is_due():
                _log.error("job waits for the database", extra=_about(job, failure))
            await asyncio.sleep(pauses.next() if is_away else _STUMBLE_PAUSE_S)
            job = await self._stored(job)
            if job.state.is_ended:
                self._forget(job)
                await self._teller.tell(job)
                return
            if isinstance(failure, StaleState) and job.state is not state:
                # It has moved on: a commit came through although its answer did not.
                stumbles -= 1
            state = job.state
        await self._give_up(job)

    async def _failure(self, job: Job) -> Exception | None:
        """Drive a job as far as it goes; what it stumbled over, None at its end."""
        try:
            await self._drive_to_end(job)
        except Exception as error:  # noqa: BLE001 - no hold may stay open for ever
            return error
        return None

    async def _stored(self, job: Job) -> Job:
        """Read a job again, however long the database takes."""
        pauses, seldom = Pauses(_STUMBLE_PAUSE_S, _DATABASE_PAUSE_MAX_S), Seldom()
        while True:
            try:
                return await self._kit.books.get(job.id) or job
            except DatabaseUnavailable as error:
                if seldom.is_due():
                    _log.error("job waits for the database", extra=_about(job, error))
                await asyncio.sleep(pauses.next())

    async def _drive_to_end(self, job: Job) -> None:
        try:
            while not job.state.is_ended:
                if self._is_stopping and job.state is State.HELD:
                    return
                if job.state in _AT_FAL:
                    self._places.take(job.id)
                else:
                    self._places.leave(job.id)
                try:
                    job = await self._steps.step(job)
                except Unproven as error:
                    # Others need not wait for what may take hours; fal has its own line.
                    self._places.leave(job.id)
                    self._kit.brakes.rests(job.id)
                    await self._steps.rest(job, error)
        except NotSent as error:
            _log.warning("not sent", extra={"job_id": job.id, "detail": error.detail})
            self._room.put_back(await self._stored(job))
            self._places.leave(job.id)
            return
        self._forget(job)
        await self._teller.tell(job)

    async def _give_up(self, job: Job) -> None:
        """End a job that cannot be driven, so that no hold stays for ever."""
        try:
            job = await self._steps.give_up(job)
        except Exception as error:  # noqa: BLE001 - its place at fal must come free all the same
            _log.exception("job cannot be ended", extra=_about(job, error))
        self._forget(job)
        await self._teller.tell(job)

    def _forget(self, job: Job) -> None:
        self._jobs.discard(job.id)
        self._room.remove(job.id)
        self._steps.forget(job.id)
        self._kit.brakes.left(job.id)
        self._places.leave(job.id)


def _about(job: Job, error: Exception) -> dict[str, object]:
    return {"job_id": job.id, "state": job.state.value, "detail": str(error)}
