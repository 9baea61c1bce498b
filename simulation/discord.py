"""Discord at the courier's port: what members get, and how the way to them fails.

A message of a job is posted once however often it is tried, because the real courier edits the
same message or gives its nonce; only pictures that came later may stand in a second one.
"""

from dataclasses import dataclass, field

from bot.core.errors import RouteBusy, Undeliverable
from bot.core.jobs import Job, Picture
from bot.services.ports import Balance, Delivered, Place
from simulation.wires import mark_of
from simulation.world import World

_BUSY_ODDS = 0.5
_LOST_ODDS = 0.5
_CALL_S = 0.3


@dataclass
class Inbox:
    """What one job brought its member.

    Attributes:
        posts: For each message the marks of its pictures.
        told_s: When the member first learned how it ended.
        is_confirmed: The bot was told that a post of pictures stands.
    """

    posts: list[list[str]] = field(default_factory=list)
    shown: int = 0
    ends: list[str] = field(default_factory=list)
    told_s: float | None = None
    is_closed: bool = False
    is_confirmed: bool = False

    @property
    def marks(self) -> set[str]:
        """The pictures that the member has."""
        return {mark for post in self.posts for mark in post}


class Discord:
    """Implements the courier port; outlives the bot's processes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.inboxes: dict[str, Inbox] = {}
        self.away: list[tuple[float, float]] = []

    def inbox(self, job_id: str) -> Inbox:
        """What a job brought."""
        if job_id not in self.inboxes:
            world, found = self._world, Inbox()
            found.is_closed = world.strikes("discord closed", 0.6 * world.weather.odds)
            self.inboxes[job_id] = found
        return self.inboxes[job_id]

    def show(self, job: Job, place: Place) -> None:
        """See `ports.Courier`."""
        self.inbox(job.id).shown += 1

    async def deliver(self, job: Job, pictures: list[Picture], balance: Balance) -> Delivered:
        """See `ports.Courier`."""
        return await self._post(job, pictures, is_new=False)

    async def _post(self, job: Job, pictures: list[Picture], *, is_new: bool) -> Delivered:
        await self._reach(f"pictures of {job.id}")
        inbox = self.inbox(job.id)
        if inbox.is_closed:
            raise Undeliverable(["channel: HTTP 403, code 50013"])
        marks = [mark_of(picture.data) for picture in pictures]
        if not is_new and inbox.posts:
            # The card is edited once more, with all that is there by now.
            inbox.posts[0] = marks
        elif marks not in inbox.posts:
            inbox.posts.append(marks)
        self._told(inbox)
        self._world.tell(f"job {job.id}: member gets {', '.join(marks)}")
        await self._answer(f"pictures of {job.id}")
        inbox.is_confirmed = True
        return Delivered(1000 + len(inbox.posts), job.channel_id, "answer")

    async def bring(self, job: Job, pictures: list[Picture], balance: Balance) -> Delivered:
        """See `ports.Courier`."""
        return await self._post(job, pictures, is_new=True)

    async def end(self, job: Job, balance: Balance) -> None:
        """See `ports.Courier`."""
        await self._reach(f"end of {job.id}")
        inbox = self.inbox(job.id)
        inbox.ends.append(job.reason.value if job.reason else job.state.value)
        self._told(inbox)
        self._world.tell(f"job {job.id}: member is told {inbox.ends[-1]}")
        await self._answer(f"end of {job.id}")

    def _told(self, inbox: Inbox) -> None:
        if inbox.told_s is None:
            inbox.told_s = self._world.now_s

    async def _reach(self, what: str) -> None:
        world = self._world
        await world.cross(_CALL_S)
        if any(start <= world.now_s < end for start, end in self.away):
            world.fired.add("discord busy")
            raise RouteBusy("answer: HTTP 503")
        if world.strikes("discord busy", _BUSY_ODDS * world.weather.odds):
            world.tell(f"discord is busy: {what}")
            raise RouteBusy("answer: HTTP 429")

    async def _answer(self, what: str) -> None:
        world = self._world
        await world.cross(_CALL_S)
        if world.strikes("discord answer lost", _LOST_ODDS * world.weather.odds):
            world.tell(f"discord's answer is lost: {what}")
            raise RouteBusy("answer: TimeoutError")
