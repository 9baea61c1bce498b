"""What the calls of fal's platform API have in common: queries, pages, errors, amounts.

Lists come in pages with a cursor, times in ISO 8601, `end` is exclusive.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

from aiohttp import web

from bot.core.money import MICROUSD_PER_USD
from standins.fal.inputs import JsonObject
from standins.fal.wire import answer
from standins.fal.world import World

DAY_MS = 86_400_000
IDS_MAX = 50
Row = TypeVar("Row")


class BadQuery(ValueError):
    """The query is not one that fal's page allows."""


def failure(status: int, kind: str, message: str) -> web.Response:
    """Answer with an error in the platform's form."""
    body = {
        "error": {
            "type": kind,
            "message": message,
            "docs_url": "https://docs.fal.ai/platform-apis",
            "request_id": uuid4().hex,
        }
    }
    return answer(body, status)


def cost_fields(world: World, microusd: int, unit_microusd: int) -> JsonObject:
    """Write the price of a unit, and an amount before and after the account's discount."""
    percent = world.settings.discount_percent
    discount_microusd = microusd * percent // 100
    return {
        "unit_price": unit_microusd / MICROUSD_PER_USD,
        "percent_discount": percent,
        "cost_subtotal": microusd / MICROUSD_PER_USD,
        "cost_discount": discount_microusd / MICROUSD_PER_USD,
        "cost_total": (microusd - discount_microusd) / MICROUSD_PER_USD,
    }


def check_names(query: Mapping[str, str], known: frozenset[str]) -> None:
    """Refuse a parameter that fal's page does not have."""
    strange = sorted(set(query) - known)
    if strange:
        raise BadQuery(f"unknown parameter {strange[0]!r}")


def listed(request: web.Request, name: str) -> list[str]:
    """Read a parameter that may be repeated or have commas."""
    values = request.query.getall(name, [])
    return [part for value in values for part in value.split(",") if part]


def window(world: World, query: Mapping[str, str], default_ms: int) -> tuple[int, int]:
    """Read `start` and the exclusive `end`, in milliseconds since 1970."""
    now = world.clock.now_ms()
    end = _moment(query["end"]) if "end" in query else now + 1
    start = _moment(query["start"]) if "start" in query else now - default_ms
    if start >= end:
        raise BadQuery("start must lie before end")
    return start, end


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuery(f"{text!r} is no date of ISO 8601") from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def page(
    rows: list[Row], query: Mapping[str, str], *, limit_default: int, limit_max: int
) -> tuple[list[Row], str | None]:
    """Cut one page out; the cursor is the page's number in base64, as in fal's example."""
    text = query.get("limit", str(limit_default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= limit_max:
        raise BadQuery(f"limit: 1 to {limit_max}")
    limit = int(text)
    number = _page_number(query["cursor"]) if "cursor" in query else 1
    has_more = len(rows) > number * limit
    cursor = base64.b64encode(str(number + 1).encode()).decode() if has_more else None
    return rows[(number - 1) * limit : number * limit], cursor


def _page_number(cursor: str) -> int:
    try:
        number = int(base64.b64decode(cursor, validate=True))
    except (binascii.Error, ValueError):
        raise BadQuery("cursor: not one of ours") from None
    if number < 1:
        raise BadQuery("cursor: not one of ours")
    return number
