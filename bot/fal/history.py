"""Looks for a lost submit in fal's request history, with the host's admin key.

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

from bot.core.errors import TemporaryFailure
from bot.fal.calls import Calls
from bot.fal.failures import described
from bot.fal.wire import Answer, JsonObject, objects, order_input, text_of
from bot.services.ports import Order

EARLIER_MS = 60_000
"""How far fal's clock may be behind ours."""
LATER_MS = 180_000
"""How far fal's clock may be ahead, together with the time that a submit may take."""

_PAGE_MAX = 100
_PAGES_MAX = 20
_PAGE_BYTES_MAX = 32 * 1024 * 1024
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


async def find(
    calls: Calls, list_url: str, order: Order, *, since_ms: int, known: frozenset[str]
) -> str | None:
    """Find the id of the request that an order became.

    Of several that match, the one sent nearest to our submit is taken: their inputs are equal,
    so their pictures are worth the same to whoever asked for them.

    Raises:
        TemporaryFailure: The history cannot be read now.
    """
    wanted = order_input(order)
    best: tuple[int, str] | None = None
    async for item in _items(calls, list_url, since_ms):
        request_id, sent_ms = text_of(item.get("request_id")), time_ms(item.get("sent_at"))
        if not request_id or request_id in known or sent_ms is None:
            continue
        if not since_ms - EARLIER_MS <= sent_ms <= since_ms + LATER_MS:
            continue
        if is_same_input(item.get("json_input"), wanted):
            candidate = (abs(sent_ms - since_ms), request_id)
            best = candidate if best is None else min(best, candidate)
    return best[1] if best is not None else None


def list_url(api_url: str, model: str) -> str:
    """The address of a model's history, without the window and the cursor."""
    return (
        f"{api_url.rstrip('/')}/models/requests/by-endpoint?"
        f"endpoint_id={quote(model.strip('/'), safe='')}&expand=payloads&limit={_PAGE_MAX}"
    )


async def _items(calls: Calls, list_url: str, since_ms: int) -> AsyncIterator[JsonObject]:
    start = datetime.fromtimestamp((since_ms - EARLIER_MS) // 1000, UTC).strftime("%FT%TZ")
    cursor = ""
    for _ in range(_PAGES_MAX):
        query = {"start": start, **({"cursor": cursor} if cursor else {})}
        answer = await calls.ask_platform(
            f"{list_url}&{urlencode(query)}", bytes_max=_PAGE_BYTES_MAX
        )
        page = _page(answer)
        for item in objects(page.get("items")):
            yield item
        following = text_of(page.get("next_cursor"))
        if not following or following == cursor:
            return
        cursor = following


def _page(answer: Answer) -> JsonObject:
    page = answer.object() if answer.is_good else None
    if page is None or not isinstance(page.get("items"), list):
        # A refused admin key too: the host can repair it while the job waits to be found.
        raise TemporaryFailure(f"the request history cannot be read: {described(answer)}")
    return page


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
