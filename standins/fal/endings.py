"""How requests end: the model's pictures, every family of fal's errors, and what is billed.

Statuses, types and forms of the errors are those of fal's two error pages; the texts are ours,
since fal says that they must not be read by programs.
"""

from dataclasses import dataclass
from decimal import Decimal

from bot.core.models.options import Size
from bot.core.models.prices import Ask
from bot.core.money import MICROUSD_PER_USD
from standins.fal.inputs import JsonObject, Wanted
from standins.fal.jobs import Ending

UNITS_HEADER = "x-fal-billable-units"


@dataclass(frozen=True, slots=True)
class Failure:
    """One family of errors.

    Attributes:
        kind: fal's `type` or `error_type`.
        is_model_error: The body is a `detail` list; otherwise a text with an `error_type`.
        field: Where in the body a model's error points, None for the body as a whole.
        ctx: What the entry says beyond its message.
    """

    kind: str
    status: int
    message: str
    is_model_error: bool = False
    is_retryable: bool = False
    field: str | None = None
    ctx: tuple[tuple[str, object], ...] = ()


def _model(
    kind: str,
    message: str,
    *,
    status: int = 422,
    is_retryable: bool = False,
    ctx: tuple[tuple[str, object], ...] = (),
) -> Failure:
    field = None if status >= 500 or kind.startswith("downstream") else "prompt"
    return Failure(
        kind,
        status,
        message,
        is_model_error=True,
        is_retryable=is_retryable,
        field=field,
        ctx=ctx,
    )


def _infrastructure(kind: str, status: int, message: str) -> Failure:
    return Failure(kind, status, message, is_retryable=status >= 502 or kind == "internal_error")


_FLAGGED = "The content could not be processed because it was flagged by a content checker."
_PARTNER = (("extra_info", {"reason": "partner_validation_failed"}),)

FAILURES: dict[str, Failure] = {
    "content_policy_violation": _model("content_policy_violation", _FLAGGED),
    "content_policy_violation_by_partner": _model(
        "content_policy_violation", _FLAGGED, ctx=_PARTNER
    ),
    "no_media_generated": _model("no_media_generated", "The model generated no media."),
    **{
        kind: _model(kind, f"The input was refused ({kind}).")
        for kind in (
            "one_of",
            "multiple_of",
            "greater_than_equal",
            "less_than_equal",
            "sequence_too_short",
            "sequence_too_long",
            "image_too_small",
            "image_too_large",
            "image_load_error",
            "file_download_error",
            "file_too_large",
            "unsupported_image_format",
            "feature_not_supported",
        )
    },
    "internal_server_error": _model(
        "internal_server_error", "Internal server error.", status=500, is_retryable=True
    ),
    "downstream_service_error": _model(
        "downstream_service_error", "The downstream service failed.", status=400
    ),
    "downstream_service_error_500": _model(
        "downstream_service_error", "The downstream service failed.", status=500, is_retryable=True
    ),
    "downstream_service_unavailable": _model(
        "downstream_service_unavailable",
        "The downstream service is unavailable.",
        status=500,
        is_retryable=True,
    ),
    "generation_timeout": _model(
        "generation_timeout", "The generation took too long.", status=504, is_retryable=True
    ),
    **{
        kind: _infrastructure(kind, status, f"The request failed ({kind}).")
        for kind, status in (
            ("request_timeout", 504),
            ("startup_timeout", 504),
            ("runner_scheduling_failure", 503),
            ("runner_connection_timeout", 503),
            ("runner_disconnected", 503),
            ("runner_connection_refused", 503),
            ("runner_connection_error", 503),
            ("runner_incomplete_response", 502),
            ("runner_server_error", 500),
            ("internal_error", 500),
            ("bad_request", 400),
            ("client_disconnected", 499),
            ("client_cancelled", 499),
        )
    },
}
"""Every way to fail, by the name that a fault uses. The only names that are not fal's own are
those of a family with two forms."""

UNTYPED: dict[str, tuple[int, str]] = {
    "framework_500": (500, "Internal Server Error"),
    "own_400": (400, "The app refused it in its own words."),
    "own_401": (401, "The app refused it in its own words."),
    "own_404": (404, "The app refused it in its own words."),
    "gpu_503": (503, "GPU error"),
    "cancelled_499": (499, "Request cancelled by the client."),
}
"""Ends without a type: an uncaught error of the app, its own exceptions with any status, a GPU
that failed, a cancel that the app saw. They are repeated for good, with the request's id."""


def failed(name: str, *, sent: JsonObject, told_units: str | None) -> Ending:
    """Write the ending of a request that failed.

    Raises:
        KeyError: No failure has that name.
    """
    if name in UNTYPED:
        status, text = UNTYPED[name]
        return Ending(status, {"detail": text}, told_units=told_units)
    failure = FAILURES[name]
    retryable = "true" if failure.is_retryable else "false"
    if not failure.is_model_error:
        return Ending(
            failure.status,
            {"detail": failure.message, "error_type": failure.kind},
            {"X-Fal-Error-Type": failure.kind, "X-Fal-Needs-Retry": str(int(retryable == "true"))},
            error_type=failure.kind,
            told_units=told_units,
        )
    entry: JsonObject = {
        "loc": ["body", failure.field] if failure.field else ["body"],
        "msg": failure.message,
        "type": failure.kind,
        "url": f"https://docs.fal.ai/errors#{failure.kind}",
        "input": sent.get(failure.field) if failure.field else sent,
    }
    if failure.ctx:
        entry["ctx"] = dict(failure.ctx)
    return Ending(
        failure.status,
        {"detail": [entry]},
        {"X-Fal-Retryable": retryable},
        error_type=failure.kind,
        is_model_error=True,
        told_units=told_units,
    )


def timed_out() -> Ending:
    """Write the ending of a request that did not start within the time its caller set."""
    ending = failed("request_timeout", sent={}, told_units=None)
    headers = {**ending.headers, "X-Fal-Request-Timeout-Type": "user"}
    return Ending(ending.status, ending.body, headers, error_type="request_timeout")


def invalid(problems: list[object], told_units: str | None) -> Ending:
    """Write the ending of a request whose input is illegal."""
    return Ending(
        422,
        {"detail": problems},
        {"X-Fal-Retryable": "false"},
        error_type="validation_error",
        is_model_error=True,
        told_units=told_units,
    )


def unfetched(url: str, told_units: str | None) -> Ending:
    """Write the ending of a request whose picture was not had, in the words of fal's helper."""
    detail = f"Failed to download the image from {url}"
    return Ending(422, {"detail": detail}, is_model_error=True, told_units=told_units)


def cost_microusd(
    wanted: Wanted, pictures: int, inputs: tuple[Size, ...], step_microusd: int
) -> int:
    """Price pictures as the catalogue does, rounded up to the bill's step."""
    ask = Ask(wanted.size, wanted.quality, wanted.prompt, pictures, inputs)
    exact = wanted.model.price.likely_microusd(ask, pictures)
    return -(-exact // step_microusd) * step_microusd


def units_text(microusd: int, unit_microusd: int = MICROUSD_PER_USD) -> str:
    """Write an amount as `x-fal-billable-units` does: in units, of 1 USD for this model."""
    text = f"{Decimal(microusd) / unit_microusd:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
