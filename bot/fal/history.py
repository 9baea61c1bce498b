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
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from bot.core.catalogue import MODELS
from bot.core.errors import CannotLook, TemporaryFailure
from bot.fal.calls import Calls
from bot.fal.evidence import Call, Proof, judge
from bot.fal.failures import described
from bot.fal.wire import JsonObject, objects, order_input, text_of
from bot.services.ports import Order

EARLIER_MS = 60_000
"""How far fal's clock may be behind ours."""
LATER_MS = 180_000
"""How far fal's clock may be ahead, together with the time that a submit may take."""

_PAGE_MAX = 100
_PAGES_MAX = 20
_PAGE_BYTES_MAX = 32 * 1024 * 1024
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


class _NoSuchListError(Exception):
    """The history does not know the model."""


async def find(
    calls: Calls,
    urls: tuple[str, ...],
    order: Order,
    *,
    since_ms: int,
    known: frozenset[str],
) -> str | None:
    """Find the id of the request that an order became.

    Of several that match, the one sent nearest to our submit is taken: their inputs are equal,
    so their pictures are worth the same to whoever asked for them.

    Raises:
        CannotLook: No key may read the history.
        TemporaryFailure: The history cannot be read now.
    """
    keys = (False, True) if calls.has_admin_key else (False,)
    for as_admin in keys:
        try:
            matches = await _matches(calls, urls, as_admin, order, since_ms, known)
        except CannotLook:
            if as_admin is keys[-1]:
                raise
            continue
        return min(matches)[1] if matches else None
    raise AssertionError("there is always a last key")


async def _matches(
    calls: Calls,
    urls: tuple[str, ...],
    as_admin: bool,
    order: Order,
    since_ms: int,
    known: frozenset[str],
) -> list[tuple[int, str]]:
    """Look through all lists with one key: how far from our submit, and the request's id."""
    wanted = order_input(order)
    found: list[tuple[int, str]] = []
    missing = 0
    for url in urls:
        try:
            async for item in _items(calls, url, since_ms, as_admin=as_admin):
                request_id, sent_ms = text_of(item.get("request_id")), time_ms(item.get("sent_at"))
                if not request_id or request_id in known or sent_ms is None:
                    continue
                if not since_ms - EARLIER_MS <= sent_ms <= since_ms + LATER_MS:
                    continue
                if is_same_input(item.get("json_input"), wanted):
                    found.append((abs(sent_ms - since_ms), request_id))
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
    calls: Calls, url: str, since_ms: int, *, as_admin: bool
) -> AsyncIterator[JsonObject]:
    start = datetime.fromtimestamp((since_ms - EARLIER_MS) // 1000, UTC).strftime("%FT%TZ")
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
