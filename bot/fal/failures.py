"""Turns fal's refusals and failures into the errors of the core. Pure.

The order of evidence is fal's advice: `detail[].type`, then `error_type`, then the header, then
the status; never a message, except the text of a locked account, which has no type. Messages of
the model are left out of `detail`, because they may repeat a member's prompt.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from bot.core.errors import (
    AccountLocked,
    BadParameter,
    CancelledAtFal,
    ContentRefused,
    Gone,
    KeyRejected,
    NotReady,
    NotSent,
    SubmitUnclear,
    TemporaryFailure,
    Upstream,
)
from bot.fal.wire import Answer, JsonObject, billed_microusd, objects, text_of

KINDS: Mapping[str, type[Upstream]] = MappingProxyType(
    {
        "content_policy_violation": ContentRefused,
        # fal marks it "do not retry", and we do not; but it blames nobody: the model ended
        # without a picture, and the same words may well bring one for the member next time.
        "no_media_generated": TemporaryFailure,
        **dict.fromkeys(
            (
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
                "bad_request",
            ),
            BadParameter,
        ),
        **dict.fromkeys(
            (
                "internal_server_error",
                "downstream_service_error",
                "downstream_service_unavailable",
                "generation_timeout",
                "request_timeout",
                "startup_timeout",
                "runner_scheduling_failure",
                "runner_connection_timeout",
                "runner_disconnected",
                "runner_connection_refused",
                "runner_connection_error",
                "runner_incomplete_response",
                "runner_server_error",
                "internal_error",
                "concurrent_requests_limit",
            ),
            TemporaryFailure,
        ),
        "client_disconnected": CancelledAtFal,
        "client_cancelled": CancelledAtFal,
    }
)
"""fal's error types and what they mean here, whatever status comes with them."""

_STATUSES: Mapping[int, type[Upstream]] = MappingProxyType(
    {
        401: KeyRejected,
        # 402 is claimed by one catalogue and was never seen; it can only mean the balance.
        402: AccountLocked,
        403: KeyRejected,
        404: Gone,
        410: Gone,
        408: TemporaryFailure,
        425: TemporaryFailure,
        429: TemporaryFailure,
        499: CancelledAtFal,
    }
)
_LOCKED = "user is locked"
_KIND = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_RETRY_AFTER_MAX_S = 3600.0
_DETAIL_MAX_CHARS = 200


def kind_of(answer: Answer) -> str | None:
    """Name the family of an error, None where fal does not name one."""
    told = answer.object() or {}
    kinds = [kind for entry in objects(told.get("detail")) if (kind := _kind(entry.get("type")))]
    # Of several entries one that is known decides, and a content refusal before all.
    for wanted in ("content_policy_violation", *kinds):
        if wanted in kinds and wanted in KINDS:
            return wanted
    if kinds:
        return kinds[0]
    # A refused direct call has its name in `type`; nothing else uses that key at the top.
    for told_kind in (told.get("error_type"), told.get("type")):
        if kind := _kind(told_kind):
            return kind
    return _kind(answer.headers.get("x-fal-error-type"))


def _kind(value: object) -> str | None:
    return value if isinstance(value, str) and _KIND.fullmatch(value) else None


def is_locked(answer: Answer) -> bool:
    """Whether a 403 says that the account is locked or out of balance."""
    detail = text_of((answer.object() or {}).get("detail"))
    return answer.status == 403 and detail.strip().casefold().startswith(_LOCKED)


def is_not_found(answer: Answer) -> bool:
    """Whether it is fal itself that does not know a request, and not something in between."""
    return answer.status == 404 and (answer.object() or {}).get("status") == "NOT_FOUND"


def submit_failure(answer: Answer) -> Upstream:
    """Judge an answer to a submit that is not 2xx."""
    status, detail = answer.status, described(answer)
    if status == 429:
        return NotSent(detail, retry_after_s=retry_after_s(answer.headers))
    # A 5xx comes from whoever broke: a proxy may have lost the answer of a queue that accepted,
    # and the queue may have failed after it did. 408 and 409 leave the same doubt.
    if status >= 500 or status < 300 or status in (408, 409):
        return SubmitUnclear(detail)
    if status in (401, 402, 403):
        return _by_status(answer, detail)
    if KINDS.get(kind_of(answer) or "") is ContentRefused:
        return ContentRefused(detail, cost_microusd=billed_microusd(answer.headers))
    # 404 is an unknown model, 3xx a wrong address: the host's to repair, like any other 4xx.
    return BadParameter(detail, cost_microusd=billed_microusd(answer.headers))


def result_failure(answer: Answer) -> Upstream:
    """Judge a result that is not 2xx: the model's own error, or fal's, repeated."""
    kind, detail = kind_of(answer), described(answer)
    found = KINDS.get(kind or "")
    if found is not None:
        return found(detail, cost_microusd=billed_microusd(answer.headers))
    if answer.status == 400 and kind is None:
        # The one untyped 400: the request has not ended yet.
        return NotReady(detail)
    return _by_status(answer, detail)


def _by_status(answer: Answer, detail: str) -> Upstream:
    status = answer.status
    found = AccountLocked if is_locked(answer) else _STATUSES.get(status)
    if found is None:
        found = BadParameter if 400 <= status < 500 else TemporaryFailure
    return found(detail, cost_microusd=billed_microusd(answer.headers))


def may_pass(answer: Answer) -> bool:
    """Whether the same GET may bring something better in a moment.

    An error with fal's name on it is the request's end and stays; one without comes from
    something in between. A 404 may be a request that is not yet known everywhere.
    """
    if answer.status in (404, 408, 425, 429):
        return True
    return answer.status >= 500 and kind_of(answer) is None


def described(answer: Answer) -> str:
    """Say what fal said, for logs: status, type and place, and fal's own text without a type."""
    told: JsonObject = answer.object() or {}
    entries = objects(told.get("detail"))
    parts = [str(answer.status)]
    if kind := kind_of(answer):
        parts.append(kind)
    if entries:
        parts.append(f"at {_place(entries[0].get('loc'))}")
    elif detail := text_of(told.get("detail")):
        parts.append(plain(detail))
    return " ".join(parts)


def _place(loc: object) -> str:
    if not isinstance(loc, list) or not loc:
        return "the whole body"
    parts = cast("list[object]", loc)[:6]
    return plain(".".join(str(part)[:40] for part in parts))


def plain(text: str) -> str:
    """Shorten a text from outside to one printable line."""
    return "".join(c if c.isprintable() else " " for c in text[:_DETAIL_MAX_CHARS])


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After` in seconds; its other form, a date, is not worth a clock here."""
    text = headers.get("retry-after", "").strip()
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII):
        return None
    return min(float(text), _RETRY_AFTER_MAX_S)
