"""A request in the stand-in's queue, as fal keeps it, and how one ends."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from bot.core.models.options import Size
from standins.fal.inputs import JsonObject, Wanted

_KEPT_MS = 3_600_000
_KEPT_LARGE_MS = 360_000
_LARGE_BYTES = 10_240


class FalState(StrEnum):
    """The only three states that fal has; failed and cancelled requests are COMPLETED."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a request ended: the answer that its result call repeats.

    Attributes:
        error_type: fal's name of the failure, None where it succeeded.
        is_model_error: The failure is the model's (a `detail` list), not the infrastructure's.
        told_units: The text of `x-fal-billable-units`, None where the header is missing.
    """

    status: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    error_type: str | None = None
    is_model_error: bool = False
    told_units: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookTry:
    """One try to deliver a webhook.

    Attributes:
        status: Of the answer, None where none came.
        is_final: Nothing follows it.
    """

    at_ms: int
    status: int | None
    is_final: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """The pictures of an input, as the runner got them.

    Attributes:
        sizes: Of the input pictures, in their order; the mask is not among them.
        mask: The mask's size.
        problems: The entries of the 422 list, one for each that cannot be used.
        refused_url: The first that cannot be used.
    """

    sizes: tuple[Size, ...] = ()
    mask: Size | None = None
    problems: tuple[object, ...] = ()
    refused_url: str = ""


@dataclass(slots=True, eq=False)
class FalJob:
    """An accepted submission. Times are milliseconds since 1970 on the stand-in's clock.

    Attributes:
        endpoint: What was called, with subpath; `app` is its first two parts.
        wanted: What the input asks for, None where it is illegal.
        problems: The entries of the 422 list for an illegal input.
        billed_microusd: What the stand-in bills, whatever its headers say.
        keeps_payload: False where the submit said `X-Fal-Store-IO: 0`.
        webhook_url: Who is told of the end; `webhook_tries` says what came of it.
        pictures_kept_s: How long its pictures stay; None and 0 keep them for good.
        is_erased: Its payloads were deleted on request, before their time.
        fetching: The runner fetches the input pictures of this run; its result is what it got.
        runs: How often it was started; more than once after it was sent back into the queue.
    """

    id: str
    endpoint: str
    app: str
    input: JsonObject
    wanted: Wanted | None
    problems: list[object]
    sent_at_ms: int
    headers: Mapping[str, str]
    keeps_payload: bool = True
    webhook_url: str | None = None
    pictures_kept_s: float | None = None
    state: FalState = FalState.IN_QUEUE
    started_at_ms: int | None = None
    ended_at_ms: int | None = None
    ending: Ending | None = None
    billed_microusd: int = 0
    cancel_asked: bool = False
    runs: int = 0
    is_erased: bool = False
    fetching: asyncio.Task[Fetched] | None = None
    webhook_tries: list[WebhookTry] = field(default_factory=list[WebhookTry])
    logs: list[JsonObject] = field(default_factory=list[JsonObject])

    @property
    def prompt(self) -> str:
        """The prompt as text, empty where the input has none."""
        return str(self.input.get("prompt", ""))

    @property
    def fetched(self) -> Fetched:
        """The input pictures; none before the runner has them."""
        is_done = self.fetching is not None and self.fetching.done()
        return self.fetching.result() if self.fetching is not None and is_done else Fetched()

    @property
    def run_s(self) -> float:
        """Seconds that the last run took, 0 before it ended."""
        if self.started_at_ms is None or self.ended_at_ms is None:
            return 0.0
        return (self.ended_at_ms - self.started_at_ms) / 1000

    @property
    def kept_until_ms(self) -> float:
        """Until when the result can be read: an hour, six minutes, or as long as payloads are."""
        if self.is_erased:
            return 0
        if self.keeps_payload or self.ended_at_ms is None or self.ending is None:
            return inf
        is_large = len(json.dumps(self.ending.body)) >= _LARGE_BYTES
        return self.ended_at_ms + (_KEPT_LARGE_MS if is_large else _KEPT_MS)

    @property
    def pictures_until_ms(self) -> float:
        """Until when its pictures can be fetched."""
        if not self.pictures_kept_s or self.ended_at_ms is None:
            return inf
        return self.ended_at_ms + self.pictures_kept_s * 1000
