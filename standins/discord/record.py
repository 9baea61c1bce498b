"""What happened: every request of the bot, and a bell that rings whenever anything changed."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from standins.discord.errors import NoAnswer
from standins.discord.routes import RouteName

NEWEST_KEPT = 2000
_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class Request:
    """One HTTP request of the bot; tokens are not in it.

    Attributes:
        method: HTTP method.
        name: The name of its route.
        route: The path with names for its parts.
        at_s: When it arrived, on `time.monotonic`.
        status: Of the answer; None while it runs and when the answer was lost.
        took_s: From arrival to answer.
        interaction_id: The interaction that its token belongs to.
        channel_id: From the path.
        message_id: From the path or the answer.
        body: The JSON body (None when not strict).
        files: Name and size in bytes of each upload.
        code: Discord's error code, if it was refused with one.
    """

    method: str
    name: RouteName
    route: str
    at_s: float = field(default_factory=time.monotonic)
    status: int | None = None
    took_s: float | None = None
    interaction_id: int | None = None
    channel_id: int | None = None
    message_id: int | None = None
    body: Any = None
    files: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that the real Discord, or its description, would not have.

    Attributes:
        where: "request" (the bot's doing), "answer" (ours) or "route" (not modelled here).
        route: Method and path template.
        detail: What is wrong, with its place in the body.
    """

    where: str
    route: str
    detail: str


class Bell:
    """Wakes everybody who waits for a change."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Something changed."""
        rung, self._event = self._event, asyncio.Event()
        rung.set()

    def next_ring(self) -> asyncio.Event:
        """The event of the next change; take it before looking at what may change."""
        return self._event

    async def wait_for(
        self, condition: Callable[[], _T], timeout_s: float, what: str = "the condition"
    ) -> _T:
        """Wait until a condition holds; returns its value.

        Raises:
            NoAnswer: It did not in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not (value := condition()):
                    await self._event.wait()
        except TimeoutError:
            raise NoAnswer(f"{what} did not come true within {timeout_s} s") from None
        return value


def new_log(*, strict: bool) -> deque[Request]:
    """A log of requests; without strictness only the newest are kept."""
    return deque(maxlen=None if strict else NEWEST_KEPT)
