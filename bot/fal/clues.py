"""Reads the marks in an answer by which the table of `bot.fal.evidence` judges it. Pure.

The order is fal's advice: `detail[].type`, then `error_type`, then the header; never a message,
except the texts of a locked account and of a refused key, which have no type.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from bot.fal.kinds import ALL_KINDS, CONTENT
from bot.fal.wire import Answer, JsonObject, is_request_id, links_in, objects, text_of

REQUEST_ID_HEADER = "x-fal-request-id"
KIND_HEADER = "x-fal-error-type"
TIMEOUT_HEADER = "x-fal-request-timeout-type"

_LOCKED = "user is locked"
_KEY_TEXTS = (
    "no user found for key id",
    "invalid key authorization header",
    "authentication is required",
)
_KIND = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DIGEST_CHARS = 12


class Mark(StrEnum):
    """What an answer can have on it."""

    OBJECT = "a JSON object"
    FORM = "`detail`, a text or a list with types: the form of all errors of fal"
    LIST = "`detail` is such a list: a model's own error"
    OURS = "names this very request: header, `request_id` or an address of it"
    OTHERS = "names another request"
    TYPED = "a family of errors that is not in our list, named in fal's own place"
    OUR_LIMIT = "the time-out was the one that the submit asked for"
    LOCKED = "the text of a locked account"
    KEY = "a text about the key"
    TICKET = "a usable `request_id`"
    IMAGES = "`images` is a list"
    PICTURES = "at least one entry of `images` has a usable address"
    ITEMS = "`items` is a list"
    PLATFORM = "`error.type`: the form of the platform API's errors"
    DONE = "`success` is true"
    UNDONE = "`success` is false"


@dataclass(frozen=True, slots=True)
class Clues:
    """What an answer shows.

    Attributes:
        kind: fal's name for the error's family, None where it names none.
        word: The text of `status`, None where there is none.
    """

    status: int
    marks: frozenset[Mark]
    kind: str | None
    word: str | None


def clues(answer: Answer, request_id: str | None = None) -> Clues:
    """Read an answer.

    Args:
        answer: Any answer at all.
        request_id: Which request it should be about, None where that is not known yet.
    """
    told = answer.object()
    body = told or {}
    kind = kind_of(answer)
    word = body.get("status")
    found = {
        Mark.OBJECT: told is not None,
        Mark.LIST: bool(_kinds(body)),
        Mark.FORM: bool(_kinds(body)) or isinstance(body.get("detail"), str),
        Mark.TYPED: kind is not None and kind not in ALL_KINDS,
        Mark.OUR_LIMIT: answer.headers.get(TIMEOUT_HEADER, "").strip().casefold() == "user",
        Mark.LOCKED: _says(body, _LOCKED),
        Mark.KEY: any(_says(body, text) for text in _KEY_TEXTS),
        Mark.TICKET: is_request_id(text_of(body.get("request_id"))),
        Mark.IMAGES: isinstance(body.get("images"), list),
        Mark.PICTURES: bool(links_in(body)),
        Mark.ITEMS: isinstance(body.get("items"), list),
        Mark.PLATFORM: any(_kind(error.get("type")) for error in objects([body.get("error")])),
        Mark.DONE: body.get("success") is True,
        Mark.UNDONE: body.get("success") is False,
        **_identity(answer.headers, body, request_id),
    }
    marks = frozenset(mark for mark, is_there in found.items() if is_there)
    return Clues(answer.status, marks, kind, word if isinstance(word, str) else None)


def _identity(
    headers: Mapping[str, str], body: JsonObject, request_id: str | None
) -> dict[Mark, bool]:
    if request_id is None:
        return {}
    named = {headers.get(REQUEST_ID_HEADER, "").strip(), text_of(body.get("request_id")).strip()}
    others = {name for name in named if name and name.casefold() != request_id.casefold()}
    addresses = (text_of(body.get(name)) for name in ("status_url", "response_url", "cancel_url"))
    is_named = bool(named - {""}) or any(request_id in url.split("/") for url in addresses)
    return {Mark.OTHERS: bool(others), Mark.OURS: is_named and not others}


def _says(body: JsonObject, text: str) -> bool:
    return text_of(body.get("detail")).strip().casefold().startswith(text)


def kind_of(answer: Answer) -> str | None:
    """Name the family of an error, None where fal does not name one."""
    told = answer.object() or {}
    kinds = _kinds(told)
    # Of several entries one that is known decides, and a content refusal before all.
    for wanted in (*CONTENT, *kinds):
        if wanted in kinds and wanted in ALL_KINDS:
            return wanted
    if kinds:
        return kinds[0]
    # A refused direct call has its name in `type`, as have many errors that are not fal's.
    if (top := text_of(told.get("type"))) in ALL_KINDS:
        return top
    return _kind(told.get("error_type")) or _kind(answer.headers.get(KIND_HEADER))


def _kinds(told: JsonObject) -> list[str]:
    return [kind for entry in objects(told.get("detail")) if (kind := _kind(entry.get("type")))]


def _kind(value: object) -> str | None:
    return value if isinstance(value, str) and _KIND.fullmatch(value) else None


def word_of(answer: Answer) -> str:
    """Name an answer so that equal ones have equal names; nothing of the body can be read in it."""
    digest = sha256(answer.body).hexdigest()[:_DIGEST_CHARS]
    return f"{answer.status} {kind_of(answer) or 'untyped'} {digest}"
