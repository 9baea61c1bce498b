"""One job's way from our line to the member, a step for each state.

Each step ends with a committed change of state, so the same loop drives a new job and one that a
restart found half-way. A step that is cut leaves a state from which the loop goes on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.core.errors import Trouble, Unproven
from bot.core.jobs import Job, State
from bot.services.generation.delivering import Deliverer
from bot.services.generation.following import Follower
from bot.services.generation.kit import Kit
from bot.services.generation.sending import Sender
from bot.services.ports import CancelAnswer
from bot.services.retry import Pauses, Seldom

_log = logging.getLogger(__name__)


class JobSteps:
    """Takes jobs through their states. It holds nothing of a job between two steps."""

    def __init__(self, kit: Kit, sender: Sender, follower: Follower, deliverer: Deliverer) -> None:
        self._kit = kit
        self._sender = sender
        self._follower = follower
        self._deliverer = deliverer
        self._rests: dict[str, tuple[Pauses, Seldom]] = {}
        self._steps: dict[State, Callable[[Job], Awaitable[Job]]] = {
            State.HELD: sender.submit,
            State.SUBMITTING: sender.lose,
            State.UNCLEAR: sender.look_for,
            State.QUEUED: follower.follow,
            State.RENDERED: deliverer.deliver,
        }

    async def step(self, job: Job) -> Job:
        """Take a job one state further.

        Raises:
            NotSent: It is back in our line.
            Unproven: How it ended at fal is not proven; see `rest`.
        """
        return await self._steps[job.state](job)

    async def rest(self, job: Job, error: Unproven) -> None:
        """Wait before a job at fal is looked at again, longer each time."""
        first_s, most_s = self._kit.times.rest_first_s, self._kit.times.rest_max_s
        pauses, seldom = self._rests.setdefault(job.id, (Pauses(first_s, most_s), Seldom()))
        if seldom.is_due():
            about = {"job_id": job.id, "detail": error.detail, "trouble": error.trouble}
            _log.warning("result not to be had", extra=about)
        pause_s = pauses.next()
        # A rejected key is the host's to mend, which takes minutes at least.
        await asyncio.sleep(most_s if error.trouble is Trouble.KEY else pause_s)

    async def give_up(self, job: Job) -> Job:
        """End a job that cannot be driven, so that no hold stays for ever; pictures are kept."""
        if job.state is State.RENDERED:
            return await self._deliverer.give_up(job)
        return await self._follower.give_up(job)

    async def ask_to_cancel(self, job: Job) -> CancelAnswer | None:
        """Ask fal to end a job; None where fal cannot be asked now."""
        return await self._follower.ask_to_cancel(job)

    async def drain(self, hurry: asyncio.Event) -> None:
        """Wait for the answers to submits that are under way."""
        await self._sender.drain(hurry)

    def wants_cancel(self, job_id: str, by: int, reason: str = "") -> None:
        """Remember that a person wants a job to end, for steps that are under way."""
        self._kit.wishes.want(job_id, by, reason)

    def forget(self, job_id: str) -> None:
        """Drop what was remembered of a job that ended."""
        self._kit.wishes.forget(job_id)
        self._follower.forget(job_id)
        self._rests.pop(job_id, None)
