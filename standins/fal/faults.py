"""What can go wrong, as values, and the list of what shall go wrong next.

A few kinds of fault cover all calls; `standins.fal.trouble` gives the usual ones names. Each
fault strikes once unless it is armed for more, for some seconds or for good, and tells when it has
struck.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import TypeVar

from bot.core.models.options import Size


class Stage(StrEnum):
    """The calls of the bot that a fault can strike."""

    SUBMIT = "submit"
    STATUS = "status"
    STREAM = "stream"
    RESULT = "result"
    CANCEL = "cancel"
    MEDIA = "media"
    HISTORY = "history"
    SEARCH = "search"
    BILLING = "billing"
    PRICING = "pricing"
    USAGE = "usage"
    BALANCE = "balance"
    INITIATE = "initiate"
    UPLOAD = "upload"
    KEYS = "keys"
    META = "meta"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class Delay:
    """The call is answered late.

    Attributes:
        delay_s: None waits until the armed fault is released.
        accepted: On submit: the job is accepted before the delay, not after it.
    """

    stage: Stage
    delay_s: float | None = None
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection closes without a byte.

    Attributes:
        accepted: On submit: the job was accepted. On cancel: the cancel was heard.
    """

    stage: Stage
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """Another answer than the right one.

    Attributes:
        body: Text is sent as it is, anything else as JSON.
        accepted: On submit: the job was accepted all the same. On cancel: it was heard.
        identified: It carries `x-fal-request-id`: it comes from fal itself and not from something
            in between. Only for calls about a job that is known.
    """

    stage: Stage
    status: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    accepted: bool = False
    identified: bool = False


@dataclass(frozen=True, slots=True)
class Alter:
    """The right answer with fields of its JSON object missing or replaced."""

    stage: Stage
    without: frozenset[str] = frozenset()
    instead: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class CutStream:
    """The status stream ends after some events, before the last one."""

    after_events: int = 1


@dataclass(frozen=True, slots=True)
class SilentStream:
    """The status stream stays open and says nothing, not even a comment."""


@dataclass(frozen=True, slots=True)
class RawStream:
    """The status stream first says something else, then ends or goes on."""

    text: bytes
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class EndsWith:
    """A job ends with an error instead of pictures.

    Attributes:
        name: A key of `standins.fal.endings.FAILURES` or `UNTYPED`.
        billed: It costs as much as if it had worked.
        tells_units: Whether the result carries the units; None leaves it to the settings.
    """

    name: str
    billed: bool = False
    tells_units: bool | None = None


@dataclass(frozen=True, slots=True)
class Units:
    """The result says something else about the bill, or with None nothing."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Output:
    """A job makes other pictures than it was asked for.

    Attributes:
        count: How many, None for as many as asked for.
        instead: Fields of each picture's object to replace.
        without: Fields of each picture's object to leave out.
        only: The pictures meant by these two, from 1; None for all.
        is_black: The pictures are black, of the right size, and `has_nsfw_concepts` says why: so
            fal's toolkit ends what its safety checker stops, as a success that is billed.
    """

    count: int | None = None
    instead: Mapping[str, object] = field(default_factory=dict[str, object])
    without: frozenset[str] = frozenset()
    only: frozenset[int] | None = None
    is_black: bool = False


@dataclass(frozen=True, slots=True)
class SlowMedia:
    """A picture comes in pieces with pauses; None pauses until the fault is released."""

    pause_s: float | None = None
    piece_bytes: int = 4096


@dataclass(frozen=True, slots=True)
class HugeMedia:
    """A picture weighs far too much, with or without saying so first."""

    size_bytes: int = 256 * 1024 * 1024
    is_declared: bool = True


@dataclass(frozen=True, slots=True)
class TruncatedMedia:
    """The connection closes in the middle of a picture whose length was declared."""


@dataclass(frozen=True, slots=True)
class OtherMedia:
    """Other bytes or another type than the picture's; None keeps the right one."""

    body: bytes | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class BrokenMedia:
    """The picture's file is damaged from its middle on."""


@dataclass(frozen=True, slots=True)
class ResizedMedia:
    """The picture has other sides than asked for."""

    size: Size = field(default_factory=lambda: Size(640, 480))


@dataclass(frozen=True, slots=True)
class Rude:
    """A webhook does not come once, at once, and as it was signed.

    Attributes:
        times: How often it comes although it was heard; 0 loses it.
        is_late: It comes when the armed fault is released.
        is_forged: Signed with a key that nobody knows.
        age_s: How old it says it is; below zero it is of the future.
        is_bare: It says that the payload was no JSON.
        error: How a failure is named; two wordings have been seen.
    """

    times: int = 1
    is_late: bool = False
    is_forged: bool = False
    age_s: int = 0
    is_bare: bool = False
    error: str = "Invalid status code"


Fault = (
    Delay
    | Drop
    | Reply
    | Alter
    | CutStream
    | SilentStream
    | RawStream
    | EndsWith
    | Units
    | Output
    | SlowMedia
    | HugeMedia
    | TruncatedMedia
    | OtherMedia
    | BrokenMedia
    | ResizedMedia
    | Rude
)
Where = Callable[[Mapping[str, object]], bool]
"""Chooses by the input of the job; calls without a job show an empty one."""

_Kind = TypeVar("_Kind", bound=Fault)


@dataclass(slots=True, eq=False)
class Armed:
    """A fault that waits to strike, or has.

    Attributes:
        times: How often it will still strike, None for always.
        for_s: How long after its first strike it still does, on the stand-in's clock; None for
            as long as `times` says.
        strikes: How often it has.
    """

    fault: Fault
    times: int | None
    where: Where | None
    for_s: float | None = None
    strikes: int = 0
    until_ms: float = inf
    struck: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """End the waiting of a fault that waits."""
        self.released.set()

    async def pause(self, seconds: float | None) -> None:
        """Wait for a time, or with None for the release; a release ends both."""
        try:
            async with asyncio.timeout(seconds):
                await self.released.wait()
        except TimeoutError:
            return


class Faults:
    """The armed faults, first in first struck.

    Args:
        now_ms: The stand-in's time of day.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._armed: list[Armed] = []
        self._spent: list[Armed] = []

    def __len__(self) -> int:
        return len(self._armed)

    def add(
        self,
        fault: Fault,
        *,
        times: int | None = 1,
        for_s: float | None = None,
        where: Where | None = None,
    ) -> Armed:
        """Arm a fault.

        Args:
            fault: What shall go wrong.
            times: How often; None until it is removed.
            for_s: Instead of `times`: for so many seconds from the first strike on.
            where: Only for jobs with such an input.
        """
        armed = Armed(fault, times if for_s is None else None, where, for_s)
        self._armed.append(armed)
        return armed

    def remove(self, armed: Armed) -> None:
        """Disarm a fault and end what it holds up."""
        if armed in self._armed:
            self._armed.remove(armed)
        armed.release()

    def clear(self) -> None:
        """Disarm all faults and end what they hold up."""
        for armed in [*self._armed, *self._spent]:
            armed.release()
        self._armed.clear()
        self._spent.clear()

    def take(
        self, kind: type[_Kind], sent: Mapping[str, object], stage: Stage | None = None
    ) -> tuple[_Kind, Armed] | None:
        """Strike with the first armed fault of a kind, if there is one for this call."""
        now_ms = self._now_ms()
        for armed in list(self._armed):
            fault = armed.fault
            if now_ms >= armed.until_ms:
                self._spend(armed)
                continue
            if not isinstance(fault, kind) or getattr(fault, "stage", stage) is not stage:
                continue
            if armed.where is not None and not armed.where(sent):
                continue
            self._strike(armed)
            return fault, armed
        return None

    def _strike(self, armed: Armed) -> None:
        if armed.for_s is not None and not armed.strikes:
            armed.until_ms = self._now_ms() + armed.for_s * 1000
        armed.strikes += 1
        armed.struck.set()
        if armed.times is None:
            return
        armed.times -= 1
        if armed.times <= 0:
            self._spend(armed)

    def _spend(self, armed: Armed) -> None:
        self._armed.remove(armed)
        self._spent.append(armed)
