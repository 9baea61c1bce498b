"""Looks for a lost submit in fal's request history.

The normal key may read it, says fal's own schema of the platform API; where it may not, the
host's admin key is tried. Under which of a model's two ids a request is stored is not said
anywhere, so both are looked through, each by a call of its own: an id that the history does not
know must not hide what the other one holds.

`GET {api}/models/requests/by-endpoint` answers `{items, next_cursor, has_more}`; an item has
`request_id`, `endpoint_id`, `sent_at` and `started_at`, and with `expand=payloads` the input as
it was sent (fal's page of that call, and clients generated from fal's schema). `limit` is at most
100. `start` is inclusive; which of the times it means is not said, so it is set early and the
times are compared here. No `end` is sent, because a request may end long after it was sent.

Nothing says when a request appears, or whether one that still waits does: not found means "not
found yet". A request without a stored input never matches.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from bot.core.catalogue import MODELS
from bot.core.errors import CannotLook, TemporaryFailure
from bot.fal.calls import Calls
from bot.fal.evidence import Call, Proof, judge
from bot.fal.failures import described
from bot.fal.wire import JsonObject, objects, order_input, text_of
from bot.services.ports import Order

_PAGE_MAX = 100
_PAGES_MAX = 20
_PAGE_BYTES_MAX = 32 * 1024 * 1024
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """When a request may have been sent, in Unix milliseconds; see `ports.ImageQueue.find`."""

    at_ms: int
    from_ms: int
    until_ms: int | None


class _NoSuchListError(Exception):
    """The history does not know the model."""


async def find(calls: Calls, urls: tuple[str, ...], order: Order, span: Span) -> tuple[str, ...]:
    """Find the ids of the requests that an order may have become, the likeliest first.

    Of several that match, the one sent nearest to our submit is the likeliest. Their inputs are
    equal, so their pictures are worth the same to whoever asked for them.

    Raises:
        CannotLook: No key may read the history.
        TemporaryFailure: The history cannot be read now.
    """
    keys = (False, True) if calls.has_admin_key else (False,)
    for as_admin in keys:
        try:
            matches = await _matches(calls, urls, as_admin, order, span)
        except CannotLook:
            if as_admin is keys[-1]:
                raise
            continue
        return tuple(request_id for _, request_id in sorted(matches))
    raise AssertionError("there is always a last key")


async def _matches(
    calls: Calls,
    urls: tuple[str, ...],
    as_admin: bool,
    order: Order,
    span: Span,
) -> set[tuple[int, str]]:
    """Look through all lists with one key: how far from our submit, and the request's id."""
    wanted = order_input(order)
    found: set[tuple[int, str]] = set()
    missing = 0
    for url in urls:
        try:
            async for item in _items(calls, url, span.from_ms, as_admin=as_admin):
                request_id, sent_ms = text_of(item.get("request_id")), time_ms(item.get("sent_at"))
                if not request_id or sent_ms is None or sent_ms < span.from_ms:
                    continue
                if span.until_ms is not None and sent_ms > span.until_ms:
                    continue
                if is_same_input(item.get("json_input"), wanted):
                    found.add((abs(sent_ms - span.at_ms), request_id))
        except _NoSuchListError as error:
            missing += 1
            if missing == len(urls):
                raise TemporaryFailure(str(error)) from None
    return found


def list_urls(api_url: str, model: str) -> tuple[str, ...]:
    """The addresses of a model's history under each of its ids, without window and cursor."""
    model = model.strip("/")
    others = [alias for alias in MODELS if alias != model] if model in MODELS else []
    return tuple(
        f"{api_url.rstrip('/')}/models/requests/by-endpoint?"
        f"endpoint_id={quote(name, safe='')}&expand=payloads&limit={_PAGE_MAX}"
        for name in (model, *others)
    )


async def _items(
    calls: Calls, url: str, from_ms: int, *, as_admin: bool
) -> AsyncIterator[JsonObject]:
    start = datetime.fromtimestamp(from_ms // 1000, UTC).strftime("%FT%TZ")
    cursor = ""
    for _ in range(_PAGES_MAX):
        query = {"start": start, **({"cursor": cursor} if cursor else {})}
        page = await _page(calls, f"{url}&{urlencode(query)}", as_admin=as_admin)
        for item in objects(page.get("items")):
            yield item
        following = text_of(page.get("next_cursor"))
        if not following or following == cursor:
            return
        cursor = following


async def _page(calls: Calls, url: str, *, as_admin: bool) -> JsonObject:
    answer = await calls.ask_platform(url, as_admin=as_admin, bytes_max=_PAGE_BYTES_MAX)
    proves = judge(Call.HISTORY, answer).proves
    if proves is Proof.LISTED:
        return answer.object() or {}
    detail = f"the request history cannot be read: {described(answer)}"
    if proves is Proof.CANNOT_LOOK:
        raise CannotLook(detail)
    if proves is Proof.NO_LIST:
        raise _NoSuchListError(detail)
    raise TemporaryFailure(detail)


def is_same_input(found: object, wanted: JsonObject) -> bool:
    """Whether a stored input is what we sent; fields that fal added are ignored where empty."""
    if not isinstance(found, dict):
        return False
    stored: dict[object, object] = found  # pyright: ignore[reportUnknownVariableType]  # any JSON
    extra = (value for name, value in stored.items() if name not in wanted)
    return all(stored.get(name) == value for name, value in wanted.items()) and not any(extra)


def time_ms(value: object) -> int | None:
    """Read an ISO 8601 time, UTC where it names no zone; None for anything else."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
        zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return int(zoned.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
