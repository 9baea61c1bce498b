"""Faults on demand: what Discord, or the way to it, may do to a request."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from standins.discord.routes import NAMES, RouteName

Method = Literal["*", "GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    Without `status` the request takes effect; `lost_answer` then closes the connection without a
    byte and `delay_s` makes the answer late. With `status` it takes no effect.

    Attributes:
        route: Which route; "*" is any.
        method: Which method; "*" is any.
        status: HTTP status to answer instead.
        code: Discord's error code in the body.
        message: The sentence in the body.
        times: How many requests it hits; None is all until it is removed.
        skip: How many matching requests pass first.
        delay_s: Seconds from the effect (or the refusal) to the answer.
        delay_before_s: Seconds before the request takes effect.
        lost_answer: Close the connection with no byte of an answer.
        lost_request: Close the connection before the request takes effect.
        retry_after_s: For 429: what the answer says.
        scope: For 429: who is limited.
        via: False is an answer from Cloudflare: no `Via` header and no JSON.
        channel_id: Only requests for this channel.
        hits: How many requests it hit.
    """

    route: RouteName | Literal["*"] = "*"
    method: Method = "*"
    status: int | None = None
    code: int = 0
    message: str = "fault on demand"
    times: int | None = 1
    skip: int = 0
    delay_s: float = 0.0
    delay_before_s: float = 0.0
    lost_answer: bool = False
    lost_request: bool = False
    retry_after_s: float = 1.0
    scope: Literal["user", "global", "shared"] = "user"
    via: bool = True
    channel_id: int | None = None
    hits: int = 0

    def __post_init__(self) -> None:
        """A misspelt route would never hit: refuse it here."""
        if self.route != "*" and self.route not in NAMES:
            raise ValueError(f"unknown route {self.route!r}; one of {', '.join(NAMES)}")
        if self.method not in get_args(Method):
            raise ValueError(f"unknown method {self.method!r}")

    def wants(self, route: str, method: str, channel_id: int | None) -> bool:
        """Whether this request is meant."""
        return (
            self.route in ("*", route)
            and self.method in ("*", method)
            and self.channel_id in (None, channel_id)
        )


@dataclass(slots=True)
class Faults:
    """The faults that wait for their request, first added first taken."""

    waiting: list[Fault] = field(default_factory=list[Fault])

    def add(self, fault: Fault) -> Fault:
        """Set a fault; returns it, so that its `hits` can be read."""
        self.waiting.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Take a fault away again; nothing happens if it is used up."""
        self.waiting = [one for one in self.waiting if one is not fault]

    def clear(self) -> None:
        """Everything works again."""
        self.waiting.clear()

    def take(self, route: str, method: str, channel_id: int | None) -> Fault | None:
        """The fault for this request, if there is one."""
        for fault in self.waiting:
            if not fault.wants(route, method, channel_id):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.hits += 1
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.remove(fault)
            return fault
        return None
