"""The life of a job: its states, the events that move it, and the one table of transitions.

Theory of operation. A job is accepted together with its hold and starts as HELD. Before anything
is sent to fal the runner commits SUBMITTING, so that a crash leaves a trace of what may have been
sent. An answer with a request id makes it QUEUED; no answer that decides makes it UNCLEAR, and
what is unclear is never sent again. A known result makes it RENDERED and settles the hold in the
same transaction; after that only delivery is left. FAILED and CANCELLED return the hold.

What fal made is never written off by an end: a job that FAILED or was CANCELLED may still learn its
ticket (ACCEPT) and be brought back with its pictures (RESCUE), and pictures may follow the others
of a DELIVERED job (ADD). Nobody is charged for what comes that way.

The diagram in `docs/architecture.md` is generated from `TRANSITIONS`; a pair that is not in it is
illegal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.core.codes import JobCode
from bot.core.errors import StaleState, TooLate
from bot.core.models.gpt_image_2 import GPT_IMAGE_2
from bot.core.models.options import Format, Size


class State(StrEnum):
    """Where a job stands. See design: life of a request."""

    HELD = "held"
    SUBMITTING = "submitting"
    UNCLEAR = "unclear"
    QUEUED = "queued"
    RENDERED = "rendered"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_ended(self) -> bool:
        """Whether the runner has nothing left to do with the job."""
        return self in _ENDED


_ENDED = frozenset({State.DELIVERED, State.UNDELIVERED, State.FAILED, State.CANCELLED})


class Event(StrEnum):
    """What happened to a job."""

    SUBMIT = "submit"
    """The runner is about to send it."""
    RETURN = "return"
    """Nothing was sent, or fal asked to come again: back into our line."""
    ACCEPT = "accept"
    """fal has it; its id and addresses are known."""
    LOSE = "lose"
    """It may have been sent, and no answer decides."""
    RENDER = "render"
    """The result and the cost are known."""
    DELIVER = "deliver"
    """The member has the pictures."""
    STRAND = "strand"
    """Every route to the member is closed."""
    FAIL = "fail"
    """It ended without pictures."""
    CANCEL = "cancel"
    """It ended because a person wanted it to."""
    RESCUE = "rescue"
    """It ended without pictures, and they were found after all."""
    ADD = "add"
    """Pictures came after the others were delivered."""


class Hitch(StrEnum):
    """What the bot itself notes at a step, where nobody outside said anything."""

    NOTHING_SENT = "nothing_sent"
    """The trace of a submit was written, and nothing was sent."""
    STOPPED = "stopped"
    """It was stopped while it was submitting."""
    NO_PICTURE = "no_picture"
    """No picture could be fetched yet."""
    GAVE_UP = "gave_up"
    """The delivery stumbled again and again."""


TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.HELD, Event.SUBMIT): State.SUBMITTING,
        (State.HELD, Event.CANCEL): State.CANCELLED,
        (State.HELD, Event.FAIL): State.FAILED,
        (State.SUBMITTING, Event.ACCEPT): State.QUEUED,
        (State.SUBMITTING, Event.RETURN): State.HELD,
        (State.SUBMITTING, Event.LOSE): State.UNCLEAR,
        (State.SUBMITTING, Event.FAIL): State.FAILED,
        (State.UNCLEAR, Event.ACCEPT): State.QUEUED,
        (State.UNCLEAR, Event.FAIL): State.FAILED,
        (State.QUEUED, Event.RENDER): State.RENDERED,
        (State.QUEUED, Event.FAIL): State.FAILED,
        (State.QUEUED, Event.CANCEL): State.CANCELLED,
        (State.RENDERED, Event.DELIVER): State.DELIVERED,
        (State.RENDERED, Event.STRAND): State.UNDELIVERED,
        (State.RENDERED, Event.FAIL): State.FAILED,
        (State.UNDELIVERED, Event.DELIVER): State.DELIVERED,
        (State.DELIVERED, Event.ADD): State.DELIVERED,
        (State.FAILED, Event.ACCEPT): State.FAILED,
        (State.FAILED, Event.RESCUE): State.RENDERED,
        (State.CANCELLED, Event.ACCEPT): State.CANCELLED,
        (State.CANCELLED, Event.RESCUE): State.RENDERED,
    }
)


def next_state(state: State, event: Event) -> State:
    """Look the transition up.

    Raises:
        StaleState: The event is illegal in that state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise StaleState(f"a job that is {state} cannot {event}") from None


class Reason(StrEnum):
    """Why a job ended without pictures, or with a member's charge returned."""

    CONTENT = "content"
    PARAMETER = "parameter"
    ACCOUNT = "account"
    KEY = "key"
    TEMPORARY = "temporary"
    GONE = "gone"
    LOST = "lost"
    SILENT = "silent"
    MEDIA = "media"
    TOO_OLD = "too_old"
    STRIKES = "strikes"
    UNANSWERED = "unanswered"
    BOT_LEFT = "bot_left"
    MEMBER = "member"
    MODERATOR = "moderator"
    UNDELIVERABLE = "undeliverable"
    UNEXPECTED = "unexpected"


@dataclass(frozen=True, slots=True)
class Request:
    """What a member asked for; None where the server's preferences are to say it.

    Attributes:
        interaction_token: Discord's token that edits the first answer; a secret for 15 minutes.
        file_limit_bytes: The largest file Discord takes for this interaction.
        parent_channel_id: The channel that a thread hangs on, None outside threads.
        is_age_restricted: Whether the channel is.
        model: One of the names of a model, see `bot.core.models.registry`; None for the host's.
        inputs: Input pictures, by our own ids.
    """

    server_id: int
    channel_id: int
    member_id: int
    role_ids: frozenset[int]
    prompt: str
    size: Size | None
    quality: str | None
    count: int | None
    format: Format
    private: bool
    interaction_token: str
    file_limit_bytes: int
    parent_channel_id: int | None = None
    is_age_restricted: bool = False
    model: str | None = None
    inputs: tuple[str, ...] = ()

    @property
    def budget_channel_id(self) -> int:
        """The channel whose budget and permissions hold: a thread's is its parent."""
        return self.parent_channel_id or self.channel_id

    def __repr__(self) -> str:
        return f"Request(member_id={self.member_id}, size={self.size}, count={self.count})"


@dataclass(frozen=True, slots=True)
class Ticket:
    """fal's answer to a submit: the request's id and the addresses that it handed out.

    Attributes:
        model: The name by which the model was asked; its units have its price.
    """

    request_id: str
    status_url: str
    response_url: str
    cancel_url: str
    model: str = GPT_IMAGE_2.id


@dataclass(frozen=True, slots=True)
class PictureLink:
    """One picture of a result. Sides are 0 where fal does not say them.

    Attributes:
        arrived: Whether the member has it.
    """

    url: str
    content_type: str
    width: int
    height: int
    arrived: bool = False


@dataclass(frozen=True, slots=True)
class Rendering:
    """The result of a job.

    Attributes:
        pictures: In fal's order; may be fewer than asked for, and is never empty.
        billed_microusd: What fal says it bills, None where it does not say.
        nameless: Pictures that fal lists without an address: made, billed and not to be had.
    """

    pictures: tuple[PictureLink, ...]
    billed_microusd: int | None
    nameless: int = 0

    @property
    def made(self) -> int:
        """How many pictures fal made, with or without an address."""
        return len(self.pictures) + self.nameless


@dataclass(frozen=True, slots=True)
class Picture:
    """A fetched and checked picture.

    Attributes:
        format: What the bytes are, whatever was asked for.
    """

    data: bytes
    format: Format
    size: Size


class Phase(StrEnum):
    """What fal says of a request."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Progress:
    """One report on a request at fal.

    Attributes:
        position: Requests ahead of it at fal, 0 for the next; None unless waiting.
    """

    phase: Phase
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is stored. Times are milliseconds since 1970.

    Attributes:
        role_ids: The member's roles when it was accepted, for the quota in the footer.
        pictures: Pictures that reached the member, None before the job ended.
        links: Where the pictures can be fetched, empty before RENDERED.
        cost_microusd: What fal bills for it, None before that is known.
        possible_loss_microusd: What fal may bill for a job of which nobody knows the end.
        cancel_by: The person who asked to cancel it, None where nobody did.
        parent_channel_id: The channel that a thread hangs on, None outside threads.
        spoiler: Whether the pictures are veiled until somebody taps them.
        message_channel_id: Where the message stands, None for the job's own channel.
        removed_by: The moderator who removed the pictures, None where they stand.
        made: Pictures that fal made, with or without an address; None before that is known.
        free_pictures: Those of `pictures` that came late, for which nobody pays.
        search_until_ms: When the search for its late pictures ends, None where nobody looks.
        search_due_ms: When fal is asked for them next.
        search_tries: How often fal was asked for them.
        quality: Empty where the model has no choice of it.
        model: The name by which the model is asked, see `bot.core.models.registry`.
        inputs: Input pictures, by our own ids.
    """

    id: str
    state: State
    server_id: int
    channel_id: int
    member_id: int
    prompt: str
    size: Size
    quality: str
    count: int
    format: Format
    private: bool
    held_microusd: int
    created_at_ms: int
    interaction_token: str | None
    file_limit_bytes: int
    role_ids: frozenset[int] = frozenset()
    message_id: int | None = None
    ticket: Ticket | None = None
    links: tuple[PictureLink, ...] = ()
    cost_microusd: int | None = None
    cost_is_computed: bool = False
    possible_loss_microusd: int = 0
    pictures: int | None = None
    reason: Reason | None = None
    cancel_by: int | None = None
    submitted_at_ms: int | None = None
    rendered_at_ms: int | None = None
    ended_at_ms: int | None = None
    parent_channel_id: int | None = None
    spoiler: bool = False
    message_channel_id: int | None = None
    removed_by: int | None = None
    removed_at_ms: int | None = None
    made: int | None = None
    free_pictures: int = 0
    search_until_ms: int | None = None
    search_due_ms: int | None = None
    search_tries: int = 0
    model: str = GPT_IMAGE_2.id
    inputs: tuple[str, ...] = ()

    @property
    def budget_channel_id(self) -> int:
        """The channel whose budget the job counts against: a thread's is its parent."""
        return self.parent_channel_id or self.channel_id

    @property
    def is_rescued(self) -> bool:
        """Whether its pictures were found after its member had been told that there are none."""
        return self.reason is not None and self.state in (State.RENDERED, State.DELIVERED)

    def __repr__(self) -> str:
        return f"Job(id={self.id!r}, state={self.state.value!r})"


def refuse_if_too_late(job: Job) -> None:
    """Refuse to cancel what has ended or is made.

    Raises:
        TooLate: The code says which.
    """
    if job.state.is_ended:
        raise TooLate(JobCode.ENDED, names=(job.state,))
    if job.state is State.RENDERED:
        raise TooLate(JobCode.MADE)
