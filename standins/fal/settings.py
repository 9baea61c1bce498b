"""What a caller can choose about the stand-in fal before it starts.

Each switch that stands for something fal does not document says so; both sides of such a switch
are worth a test.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from bot.core.models.model import Model

RunTime = float | Callable[[Mapping[str, object]], float]
"""Seconds that a job runs: the same for all, or computed from the job's input."""


class QueuedCancel(StrEnum):
    """How the cancel of a waiting request is answered; fal's pages disagree."""

    REQUESTED = "requested"
    """202 `{"status": "CANCELLATION_REQUESTED"}`."""
    OK = "ok"
    """200 `{"status": "OK"}`."""
    SUCCESS = "success"
    """200 `{"success": true}`."""


class RunningCancel(StrEnum):
    """What the cancel of a running request does; unknown for this model."""

    FINISHES = "finishes"
    """The model ignores the signal, finishes and bills."""
    ENDS = "ends"
    """The request ends at once with 499 and bills nothing."""


class HistoryShows(StrEnum):
    """Which requests the platform's history lists; fal does not say."""

    ENDED = "ended"
    STARTED = "started"
    """Running and ended ones: the answer's schema demands a start time."""
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInFalSettings:
    """The stand-in's choices.

    Attributes:
        port: 0 lets the system choose.
        key: The host's key, `id:secret`.
        admin_key: The key of the platform API, None where the account has none.
        run_s: How long a job runs, after it waited.
        concurrency: Jobs that run at once; a new account runs 2.
        ping_s: Seconds between the comments that keep a status stream alive.
        response_suffix: Hand out result addresses that end in `/response`, as one page shows.
        status_tells_model_errors: A status also names an error of the model; undocumented.
        tells_units: Results carry `x-fal-billable-units`.
        refusals_tell_units: Failed results carry it too.
        units_step_microusd: The bill is rounded up to this: 1, 100 (0.0001 USD) or 10,000 (a cent).
        history_needs_admin: Only the admin key reads the history; fal's schema says that any key
            does, and an integrator who uses a normal one agrees.
        billing_delay_s: Seconds on the stand-in's clock until a billing event appears.
        billing_placeholder: Until then an event of zero cost is shown.
        billing_tells_units: Billing events carry units, price and discount; fal's may be null.
        discount_percent: What the account pays less. Bill and usage show it; the units of a result
            and `billed_microusd` are before it.
        credits_microusd: The account's balance before the first request.
        input_bytes_max: The largest input picture; fal's download helper stops there.
        data_uri_bytes_max: The longest `data:` address; one of fal's people names 10 MB, another
            reader 3 MB, and no page anything.
        inputs_fail_in_words: What is wrong with an input picture is told as a text that quotes its
            address, as fal's helper does, and not as a list.
        checks_mask: A mask must be a PNG with alpha and as large as the first picture: OpenAI's
            rule, of which fal's page says nothing.
        bills_mask: A mask costs as much as an input picture; undocumented.
        webhook_tries: How often a webhook is tried; an older page says 10.
        webhook_pause_s: Before the second try, on the stand-in's clock; it doubles, up to ten
            minutes. fal only says that the pauses grow.
        webhook_timeouts_s: How long the first and each later try wait for an answer.
        picture_bytes_min: Pictures are padded, inside the file format, to this weight.
        reuse_pictures: Draw one picture per size and format and serve it for every job.
        models: Further models that it has, beside `openai/gpt-image-2` and its edit endpoint.
        record_max: Requests that are remembered in full; later ones are only counted.
    """

    host: str = "127.0.0.1"
    port: int = 0
    key: str = "demo:demo"
    admin_key: str | None = "admin:admin"
    run_s: RunTime = 0.0
    concurrency: int = 2
    ping_s: float = 15.0
    queued_cancel: QueuedCancel = QueuedCancel.REQUESTED
    running_cancel: RunningCancel = RunningCancel.FINISHES
    response_suffix: bool = False
    status_tells_model_errors: bool = False
    tells_units: bool = True
    refusals_tell_units: bool = True
    units_step_microusd: int = 1
    history_shows: HistoryShows = HistoryShows.STARTED
    history_needs_admin: bool = False
    billing_delay_s: float = 0.0
    billing_placeholder: bool = False
    billing_tells_units: bool = True
    discount_percent: int = 0
    credits_microusd: int = 100_000_000
    input_bytes_max: int = 50 * 1024 * 1024
    data_uri_bytes_max: int = 10_000_000
    inputs_fail_in_words: bool = False
    checks_mask: bool = True
    bills_mask: bool = False
    webhook_tries: int = 31
    webhook_pause_s: float = 10.0
    webhook_timeouts_s: tuple[float, float] = (15.0, 120.0)
    picture_bytes_min: int = 0
    reuse_pictures: bool = False
    models: tuple[Model, ...] = ()
    record_max: int = 20_000

    def __post_init__(self) -> None:
        """Refuse what the stand-in must never do.

        Raises:
            ValueError: The address is not loopback, nothing could ever run, or there is no such
                discount.
        """
        if not ip_address(self.host).is_loopback:
            raise ValueError(f"the stand-in listens on loopback only, not on {self.host}")
        if self.concurrency < 1:
            raise ValueError("at least one job must be able to run")
        if not 0 <= self.discount_percent <= 100:
            raise ValueError("a discount is 0 to 100 percent")
