"""Every answer that a call to fal may get: fal's own, and what stands between it and the bot.

Sources are the project's notes on fal's queue (its statuses, error families, lock texts) and on
how an end differs from a broken path.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
HTML = "text/html"


@dataclass(frozen=True)
class Reply:
    """One answer over HTTP.

    Attributes:
        failure: Instead of an answer: `connect`, `cut` or `silence`.
        request_id: The request that a submit became, where the answer tells it.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    request_id: str = ""


def answer(status: int, body: Any, *, request_id: str = "", **headers: str) -> Reply:
    """Make an answer of fal's own."""
    named = {"content-type": JSON}
    if request_id:
        named["x-fal-request-id"] = request_id
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), named)


def page(status: int, title: str, **headers: str) -> Reply:
    """Make a page of nginx or of another gateway."""
    text = f"<html><head><title>{status} {title}</title></head><body>nginx</body></html>"
    named = {"content-type": HTML, "server": "nginx"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, text.encode(), named)


def locked() -> Reply:
    """The account is locked or out of balance."""
    detail = (
        "User is locked. Reason: Exhausted balance. "
        "Top up your balance at fal.ai/dashboard/billing."
    )
    return answer(403, {"detail": detail})


def bad_key() -> Reply:
    """The key is not known."""
    return answer(401, {"detail": "No user found for Key ID and Secret"})


def framework_error(request_id: str) -> Reply:
    """An error that nobody caught in the app."""
    return answer(500, {"detail": "Internal Server Error"}, request_id=request_id)


def not_found() -> Reply:
    """fal does not know the request, or not yet, or not on this machine."""
    return answer(404, {"status": "NOT_FOUND"})


def not_ready() -> Reply:
    """The result was asked for too early."""
    return answer(400, {"detail": "Request is still in progress"})


NOISE: dict[str, Callable[[str], Reply]] = {
    "403 locked": lambda _: locked(),
    "403 page": lambda _: page(403, "Forbidden"),
    "302": lambda _: page(302, "Found", location="https://fal.ai/maintenance"),
    "401": lambda _: bad_key(),
    "402": lambda _: answer(402, {"detail": "Payment Required"}),
    "404 page": lambda _: page(404, "Not Found"),
    "404 not found": lambda _: not_found(),
    "405": lambda _: answer(405, {"detail": "Method Not Allowed"}),
    "408": lambda _: page(408, "Request Time-out"),
    "409": lambda _: page(409, "Conflict"),
    "410": lambda _: page(410, "Gone"),
    "425": lambda _: page(425, "Too Early"),
    "429": lambda _: page(429, "Too Many Requests", retry_after="3"),
    "499": lambda _: page(499, "Client Closed Request"),
    "502": lambda _: page(502, "Bad Gateway"),
    "503": lambda _: page(503, "Service Temporarily Unavailable"),
    "504": lambda _: page(504, "Gateway Time-out"),
    "200 page": lambda _: page(200, "Welcome"),
    "200 empty": lambda _: answer(200, {}),
    "202 in progress": lambda one: answer(
        202, {"status": "IN_PROGRESS", "request_id": one}, request_id=one
    ),
    "400 not ready": lambda _: not_ready(),
    "500 framework": framework_error,
    "500 page": lambda _: page(500, "Internal Server Error"),
    "cut": lambda _: Reply(failure="cut"),
    "silence": lambda _: Reply(failure="silence"),
    "connect": lambda _: Reply(failure="connect"),
}
"""What proves nothing about a job, by the name that the diary uses."""

RESULT_NOISE = tuple(NOISE)
STATUS_NOISE = tuple(name for name in NOISE if name not in ("202 in progress", "400 not ready"))
CANCEL_NOISE = ("404 not found", "404 page", "400 not ready", "502", "cut", "silence", "405")
OUTAGE_NOISE = ("502", "503", "504", "connect", "silence", "200 page", "403 page", "302")

TYPED_FAILURES: tuple[tuple[int, str], ...] = (
    (500, "internal_server_error"),
    (500, "downstream_service_unavailable"),
    (504, "generation_timeout"),
    (422, "no_media_generated"),
    (422, "image_too_large"),
)
INFRASTRUCTURE_FAILURES: tuple[tuple[int, str], ...] = (
    (504, "request_timeout"),
    (503, "runner_disconnected"),
    (502, "runner_incomplete_response"),
    (500, "internal_error"),
    (400, "bad_request"),
)


def typed_failure(status: int, kind: str, request_id: str, units: str | None) -> Reply:
    """A failure that the model or a check names."""
    headers = {} if units is None else {"x_fal_billable_units": units}
    told = {"detail": [{"loc": ["body", "prompt"], "msg": "no", "type": kind, "url": "https://x"}]}
    return answer(status, told, request_id=request_id, **headers)


def infrastructure_failure(status: int, kind: str, request_id: str) -> Reply:
    """A failure that fal's queue names."""
    told = {"detail": "failed", "error_type": kind}
    return answer(status, told, request_id=request_id, x_fal_error_type=kind)
