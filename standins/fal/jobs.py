"""A request in the stand-in's queue, as fal keeps it, and how one ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from standins.fal.inputs import JsonObject, Wanted


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


@dataclass(slots=True, eq=False)
class FalJob:
    """An accepted submission. Times are milliseconds since 1970 on the stand-in's clock.

    Attributes:
        endpoint: What was called, with subpath; `app` is its first two parts.
        wanted: What the input asks for, None where it is illegal.
        problems: The entries of the 422 list for an illegal input.
        billed_microusd: What the stand-in bills, whatever its headers say.
        keeps_payload: False where the submit said `X-Fal-Store-IO: 0`.
        webhook_url: Only noted; the stand-in calls nobody.
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
    state: FalState = FalState.IN_QUEUE
    started_at_ms: int | None = None
    ended_at_ms: int | None = None
    ending: Ending | None = None
    billed_microusd: int = 0
    cancel_asked: bool = False
    runs: int = 0
    logs: list[JsonObject] = field(default_factory=list[JsonObject])

    @property
    def prompt(self) -> str:
        """The prompt as text, empty where the input has none."""
        return str(self.input.get("prompt", ""))

    @property
    def run_s(self) -> float:
        """Seconds that the last run took, 0 before it ended."""
        if self.started_at_ms is None or self.ended_at_ms is None:
            return 0.0
        return (self.ended_at_ms - self.started_at_ms) / 1000
