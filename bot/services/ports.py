"""What the use cases need of the outside, as Protocols; each has two implementations.

`ImageQueue` is fal (`bot.fal`) and the scripted queue of the tests; `Courier` is Discord
(`bot.chat`) and the recording one, and so is `LogPoster`; `Clock` is the system's and a manual one;
`Meter` is the log (`bot.ops`) and the recording one.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bot.core.errors import Halt
from bot.core.gifts import Gift
from bot.core.jobs import Job, Picture, PictureLink, Progress, Rendering, State, Ticket
from bot.core.limits import Standing
from bot.core.models.gpt_image_2 import GPT_IMAGE_2
from bot.core.models.options import Format, Size
from bot.storage.notices import Notice


class Clock(Protocol):
    """The time of day."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """What is sent to fal for one job.

    Attributes:
        model: The name by which the model is asked.
        inputs: Where fal can fetch the input pictures.
    """

    job_id: str
    prompt: str
    size: Size
    quality: str
    count: int
    format: Format
    model: str = GPT_IMAGE_2.id
    inputs: tuple[str, ...] = ()


class CancelAnswer(StrEnum):
    """What fal says to a cancel."""

    REMOVED = "removed"
    """It was waiting and never runs."""
    REQUESTED = "requested"
    """It runs; it may still finish and be billed."""
    TOO_LATE = "too_late"
    """It had already ended."""
    UNKNOWN = "unknown"
    """fal does not know it."""


class ImageQueue(Protocol):
    """A paid queue that makes pictures. Every error is an `Upstream` of the core."""

    async def submit(self, order: Order) -> Ticket:
        """Send a job once.

        Raises:
            NotSent: It is certain that no job was made; the submit may be repeated later.
            SubmitUnclear: A job may have been made; the submit must not be repeated. So it is
                for every answer that is not plainly the queue's own.
            AccountLocked, KeyRejected, BadParameter, ContentRefused: No job was made, and none
                will be.
        """
        ...

    async def find(
        self, order: Order, *, at_ms: int, from_ms: int, until_ms: int | None
    ) -> tuple[Ticket, ...]:
        """Look for a job whose submit got no answer, in the queue's own history.

        Nothing found means "not found yet": when a request appears there is not known.

        Args:
            order: What was sent.
            at_ms: When it was sent, by our clock.
            from_ms: What was sent earlier, by the queue's clock, is not ours.
            until_ms: What was sent later is not ours; None where it may be.

        Returns:
            The requests that ask for just the same, the one sent nearest to `at_ms` first; other
            jobs may own them.

        Raises:
            CannotLook: No key may read the history, so that nothing is known.
            TemporaryFailure: The history cannot be read now.
        """
        ...

    def follow(self, ticket: Ticket) -> AsyncGenerator[Progress, None]:
        """Report each change of a request until it has ended; the last report says ENDED.

        It survives cut, refused and silent streams and failures that pass within a minute by
        itself. What it raises says nothing certain about the job: it may be followed again.

        Raises:
            Unproven: Nothing proper was heard of the request for so long, or the key is refused;
                or the queue said repeatedly that it does not know it, and then with a word.
        """
        ...

    async def result(self, ticket: Ticket) -> Rendering:
        """Fetch what an ended request made. What may pass at once is repeated inside.

        Raises:
            ContentRefused, BadParameter, TemporaryFailure, CancelledAtFal: What the request ended
                with, in the queue's own words; each with its cost where the queue tells it.
            Unproven: Everything else, for the caller to ask again: with a word where it is the
                end once it has stayed the same over minutes, without one where it never is.
        """
        ...

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        """Ask to end a request, once.

        Raises:
            Unproven: The queue could not be asked, or what it answered is not understood: the
                cancel may have been heard or not.
        """
        ...

    async def fetch(self, link: PictureLink) -> Picture:
        """Fetch one picture and check host, size and type. No failure is for good.

        Raises:
            ForeignHost: It lies on a host that is not on the host's list, or leads there.
            MediaRejected: It is missing, broken or too large; files are kept for days, so it may
                be asked for again in hours.
            TemporaryFailure: It could not be fetched now; a try in minutes may succeed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job waits or works, for its card.

    Attributes:
        in_line: Its position in our own line, 1 for the next; None once it was sent.
        progress: fal's last report, None before there is one.
        running_since_ms: When fal was first seen to work on it.
        halt: What keeps our line from sending, None where it moves.
        is_unheard: Whether fal has it and nothing that was heard of it is of use.
    """

    in_line: int | None = None
    progress: Progress | None = None
    running_since_ms: int | None = None
    halt: Halt | None = None
    is_unheard: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """What delivery achieved."""

    message_id: int
    channel_id: int
    route: str


@dataclass(frozen=True, slots=True)
class Balance:
    """A member's own limits and gifts at an instant, for footers and cards."""

    pots: list[Standing]
    now_ms: int
    gifts: list[Gift] = field(default_factory=list[Gift])


class Courier(Protocol):
    """Carries news and pictures to the member."""

    def show(self, job: Job, place: Place) -> None:
        """Bring the card up to date soon, at a rate that Discord allows; best effort."""
        ...

    async def deliver(self, job: Job, pictures: list[Picture], balance: Balance) -> Delivered:
        """Post the pictures by the first open route.

        Args:
            job: The job in state RENDERED.
            pictures: At least one.
            balance: What the member has left after it.

        Raises:
            Undeliverable: Every route is closed.
            RouteBusy: Discord cannot be reached now.
        """
        ...

    async def bring(self, job: Job, pictures: list[Picture], balance: Balance) -> Delivered:
        """Post pictures that come late in a message of their own, which names the member.

        Args:
            job: RENDERED where it had ended without pictures, DELIVERED where others came before.
            pictures: At least one; nobody pays for them.
            balance: What the member has left.

        Raises:
            Undeliverable: Every route is closed.
            RouteBusy: Discord cannot be reached now.
        """
        ...

    async def end(self, job: Job, balance: Balance) -> None:
        """Tell the member how a job ended that brings no pictures, if any route is open.

        Raises:
            RouteBusy: Discord cannot be reached now.
        """
        ...


class LogPoster(Protocol):
    """Posts to servers' log channels."""

    async def post(
        self, server_id: int, channel_id: int, notices: Sequence[Notice], nonce: str
    ) -> None:
        """Post one message.

        Args:
            server_id: Whose log channel it is.
            channel_id: The log channel.
            notices: At least one, all of one kind; several only of changes.
            nonce: At most 25 characters; what was posted with it lately is not posted again.

        Raises:
            RouteBusy: Not now, or not before somebody opens the channel; try later.
            Undeliverable: Never.
        """
        ...


class Takedowns(Protocol):
    """Carries out in Discord what moderators decided; each of it may safely be repeated."""

    async def clear(self, job: Job, reason: str) -> None:
        """Take a job's pictures and prompt out of its message, and say there why.

        A message that is gone already is as good.

        Raises:
            RouteBusy: Discord cannot be reached now.
            Undeliverable: Discord does not let the bot change the message.
        """
        ...

    async def warn(self, job: Job, reason: str, nonce: str) -> None:
        """Warn a job's member in private.

        Args:
            job: The pictures that the warning is about.
            reason: What the member reads.
            nonce: At most 25 characters; what was sent with it lately is not sent again.

        Raises:
            RouteBusy: Discord cannot be reached now.
            Undeliverable: The member takes no direct messages.
        """
        ...


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a job's state that is committed.

    Attributes:
        job: As it is now, `job.state` the state that it came to.
        before: The state that it left; None for a job that was just accepted.
        at_ms: When, as the job's history has it.
    """

    job: Job
    before: State | None
    at_ms: int

    @property
    def age_s(self) -> float:
        """How long after its acceptance, by the time of day."""
        return (self.at_ms - self.job.created_at_ms) / 1000


class Meter:
    """Is told what happens, to count it or to write it down; this one does neither.

    Whoever wants to know overrides what matters to them. Each is told at one place in the code,
    after the fact, and must return at once. A job holds its prompt and a token: neither may be
    shown.
    """

    def moved(self, move: Move) -> None:
        """A job was accepted or changed its state, in a transaction that is committed.

        At most once for each change: a commit whose answer was lost is not told.
        """

    def refused(self, model: str, reason: str) -> None:
        """A request was refused, for a reason such as `limit`, `budget` or `words`."""

    def called(self, call: str, outcome: str, seconds: float) -> None:
        """A call of `ImageQueue` has ended: `ok`, `cancelled`, or the name of the error."""

    def answered(self, model: str, seconds: float) -> None:
        """The card of an accepted request stands, so long after the request was taken up."""

    def delivered(self, model: str, route: str, seconds: float) -> None:
        """The member has the pictures of a job, so long after it was accepted."""

    def slowed(self, scope: str) -> None:
        """Discord answered 429; its scope is `user`, `global` or `shared`, or empty."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside, as everything is built on it."""

    queue: ImageQueue
    courier: Courier
    takedowns: Takedowns
    log_poster: LogPoster
    meters: tuple[Meter, ...] = ()
