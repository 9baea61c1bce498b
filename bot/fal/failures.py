"""Turns what the table says of an answer into the errors of the core. Pure.

Messages of the model are left out of `detail`, because they may repeat a member's prompt.
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
    NotSent,
    SubmitUnclear,
    TemporaryFailure,
    Unproven,
    Upstream,
)
from bot.core.jobs import Ticket
from bot.fal.clues import Mark, clues, kind_of, word_of
from bot.fal.evidence import Call, Final, Proof, Row, judge
from bot.fal.wire import Answer, JsonObject, billed_microusd, objects, text_of

_ENDS: Mapping[Proof, type[Upstream]] = MappingProxyType(
    {
        Proof.REFUSED: ContentRefused,
        Proof.UNACCEPTABLE: BadParameter,
        Proof.FAILED: TemporaryFailure,
        Proof.CANCELLED: CancelledAtFal,
        Proof.UNKNOWN: Gone,
    }
)
_REFUSALS: Mapping[Proof, type[Upstream]] = MappingProxyType(
    {
        Proof.KEY_REFUSED: KeyRejected,
        Proof.LOCKED: AccountLocked,
        Proof.REFUSED: ContentRefused,
        Proof.UNACCEPTABLE: BadParameter,
    }
)
_RETRY_AFTER_MAX_S = 3600.0
_DETAIL_MAX_CHARS = 200


def submit_failure(answer: Answer, model: str) -> Upstream:
    """The error of an answer to a submit that does not accept it."""
    row, detail = judge(Call.SUBMIT, answer), described(answer)
    if row.proves is Proof.NOT_SENT:
        return NotSent(detail, retry_after_s=retry_after_s(answer.headers))
    refusal = _REFUSALS.get(row.proves)
    if refusal is None:
        return SubmitUnclear(detail)
    return refusal(detail, cost_microusd=billed_microusd(answer.headers, model))


def read_failure(row: Row, answer: Answer, ticket: Ticket) -> Upstream:
    """The error of an answer about a request that brings no news and no pictures.

    Args:
        row: What the table says of it.
        answer: What came.
        ticket: Which request was asked about.

    Returns:
        How the request ended where that is final at once, else `Unproven`.
    """
    detail = described(answer, ticket.request_id)
    kind = _ENDS.get(row.proves)
    if kind is None or row.final is Final.NEVER:
        return Unproven(detail, trouble=row.trouble)
    billed = billed_microusd(answer.headers, ticket.model)
    end = kind(detail, cost_microusd=billed, may_be_billed=billed is None and not _is_free(answer))
    if row.final is Final.AT_ONCE:
        return end
    return Unproven(detail, trouble=row.trouble, word=word_of(answer), end=end)


def _is_free(answer: Answer) -> bool:
    """Whether fal bills nothing for a failure although its units are missing.

    fal never bills a 5xx (FAQ), and leaves the units out of a model's own 422 only where they are
    zero (FAL-API). For all else a missing header may mean the endpoint's default units.
    """
    return answer.status >= 500 or (answer.status == 422 and Mark.LIST in clues(answer).marks)


def described(answer: Answer, request_id: str | None = None) -> str:
    """Say what fal said, for logs: status, type and place, and a gateway's own text.

    Texts of an answer that is the app's own (it names the request) are left out: an app may
    quote its input in them.
    """
    told: JsonObject = answer.object() or {}
    entries = objects(told.get("detail"))
    parts = [str(answer.status)]
    if kind := kind_of(answer):
        parts.append(kind)
    if entries:
        parts.append(f"at {_place(entries[0].get('loc'))}")
    elif Mark.OURS in clues(answer, request_id).marks:
        parts.append("by the request's own answer")
    elif detail := text_of(told.get("detail")):
        parts.append(plain(detail))
    elif word := text_of(told.get("status")):
        parts.append(plain(word[:40]))
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
