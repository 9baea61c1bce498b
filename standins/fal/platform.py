"""The two calls of fal's platform API that the bot needs: request history and billing events.

Their queries and answers are those of fal's pages `models/requests/by-endpoint` and
`models/billing-events` (2026): lists in pages with a cursor, times in ISO 8601, `end` exclusive.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

from aiohttp import web

from bot.core.money import MICROUSD_PER_USD
from standins.fal.clock import iso
from standins.fal.faults import Stage
from standins.fal.inputs import JsonObject
from standins.fal.jobs import FalJob, FalState
from standins.fal.settings import HistoryShows
from standins.fal.wire import answer, struck
from standins.fal.world import World

_DAY_MS = 86_400_000
_SPAN_MAX_MS = 90 * _DAY_MS
_IDS_MAX = 50
_HISTORY_QUERY = frozenset(
    {
        "limit",
        "cursor",
        "endpoint_id",
        "start",
        "end",
        "status",
        "request_id",
        "expand",
        "sort_by",
    }
)
_BILLING_QUERY = frozenset(
    {"limit", "cursor", "endpoint_id", "start", "end", "request_id", "expand", "api_key_id"}
)
_OUTCOMES = ("success", "user_error", "error")


class _BadQueryError(ValueError):
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


def refused(world: World, key: str, stage: Stage) -> web.Response | None:
    """Check a key of the platform API; None where it may make the call."""
    settings = world.settings
    if settings.admin_key is not None and key == settings.admin_key:
        return None
    if key != settings.key:
        return failure(401, "authentication_error", "The key is not known")
    if stage is Stage.BILLING or settings.history_needs_admin:
        return failure(403, "authorization_error", "This call needs a key with the scope ADMIN")
    return None


async def history(world: World, request: web.Request) -> web.StreamResponse:
    """List requests of some endpoints, newest end first."""
    trouble = await struck(world.faults, Stage.HISTORY, request, {})
    if trouble is not None:
        return trouble
    try:
        jobs = _history_jobs(world, request)
        rows, cursor = _page(jobs, request.query, limit_default=50, limit_max=100)
    except _BadQueryError as error:
        world.frown(request, str(error))
        return failure(400, "validation_error", str(error))
    with_payloads = "payloads" in _listed(request, "expand")
    items = [_history_item(job, with_payloads=with_payloads) for job in rows]
    return answer({"items": items, "next_cursor": cursor, "has_more": cursor is not None})


def _history_jobs(world: World, request: web.Request) -> list[FalJob]:
    query = request.query
    _check_names(query, _HISTORY_QUERY)
    endpoints = _listed(request, "endpoint_id")
    if not 1 <= len(endpoints) <= _IDS_MAX:
        raise _BadQueryError(f"endpoint_id: 1 to {_IDS_MAX} are needed")
    wanted_id = query.get("request_id")
    start, end = _window(world, query, 90 * _DAY_MS if wanted_id else _DAY_MS)
    outcome = query.get("status")
    if outcome is not None and outcome not in _OUTCOMES:
        raise _BadQueryError(f"status: one of {', '.join(_OUTCOMES)}")
    order = query.get("sort_by", "ended_at")
    if order not in ("ended_at", "duration"):
        raise _BadQueryError("sort_by: ended_at or duration")
    jobs = [
        job
        for job in world.line.jobs.values()
        if job.endpoint in endpoints
        and start <= job.sent_at_ms < end
        and wanted_id in (None, job.id)
        and outcome in (None, _outcome(job))
        and _is_shown(world, job)
    ]
    if order == "duration":
        return sorted(jobs, key=lambda job: job.run_s, reverse=True)
    later = end + world.clock.now_ms()
    return sorted(jobs, key=lambda job: job.ended_at_ms or later, reverse=True)


def _is_shown(world: World, job: FalJob) -> bool:
    shows = world.settings.history_shows
    if shows is HistoryShows.ENDED:
        return job.state is FalState.COMPLETED
    return shows is HistoryShows.ALL or job.state is not FalState.IN_QUEUE


def _outcome(job: FalJob) -> str | None:
    if job.ending is None:
        return None
    if job.ending.status < 400:
        return "success"
    return "user_error" if job.ending.status < 500 else "error"


def _history_item(job: FalJob, *, with_payloads: bool) -> JsonObject:
    item: JsonObject = {
        "request_id": job.id,
        "endpoint_id": job.endpoint,
        "sent_at": iso(job.sent_at_ms),
        "started_at": iso(job.started_at_ms),
    }
    if job.ending is not None:
        item |= {
            "ended_at": iso(job.ended_at_ms),
            "status_code": job.ending.status,
            "duration": job.run_s,
        }
    if with_payloads and job.keeps_payload:
        item["json_input"] = job.input
        if job.ending is not None:
            item["json_output"] = job.ending.body
    return item


async def billing(world: World, request: web.Request) -> web.StreamResponse:
    """List what was billed, newest first."""
    trouble = await struck(world.faults, Stage.BILLING, request, {})
    if trouble is not None:
        return trouble
    try:
        jobs = _billed_jobs(world, request)
        rows, cursor = _page(jobs, request.query, limit_default=1000, limit_max=10_000)
    except _BadQueryError as error:
        world.frown(request, str(error))
        return failure(400, "validation_error", str(error))
    events = [event for job in rows if (event := _billing_event(world, job)) is not None]
    return answer({"billing_events": events, "next_cursor": cursor, "has_more": cursor is not None})


def _billed_jobs(world: World, request: web.Request) -> list[FalJob]:
    _check_names(request.query, _BILLING_QUERY)
    ids, endpoints = _listed(request, "request_id"), _listed(request, "endpoint_id")
    if max(len(ids), len(endpoints)) > _IDS_MAX:
        raise _BadQueryError(f"at most {_IDS_MAX} ids are possible")
    start, end = _window(world, request.query, _DAY_MS)
    if end - start > _SPAN_MAX_MS:
        raise _BadQueryError("start, end: at most 90 days are possible")
    jobs = [
        job
        for job in world.line.jobs.values()
        if job.billed_microusd > 0
        and job.ended_at_ms is not None
        and start <= job.ended_at_ms < end
        and (not ids or job.id in ids)
        and (not endpoints or job.endpoint in endpoints)
    ]
    return jobs[::-1]


def _billing_event(world: World, job: FalJob) -> JsonObject | None:
    """Write an event; before its time nothing, or a placeholder that costs nothing."""
    settings = world.settings
    due_ms = (job.ended_at_ms or 0) + round(settings.billing_delay_s * 1000)
    microusd = job.billed_microusd
    if world.clock.now_ms() < due_ms:
        if not settings.billing_placeholder:
            return None
        microusd = 0
    cost = microusd / MICROUSD_PER_USD
    return {
        "request_id": job.id,
        "endpoint_id": job.endpoint,
        "timestamp": iso(job.ended_at_ms),
        "output_units": cost,
        "unit_price": 1,
        "percent_discount": 0,
        "cost_subtotal": cost,
        "cost_discount": 0,
        "cost_total": cost,
        "cost_estimate_nano_usd": microusd * 1000,
    }


def _check_names(query: Mapping[str, str], known: frozenset[str]) -> None:
    strange = sorted(set(query) - known)
    if strange:
        raise _BadQueryError(f"unknown parameter {strange[0]!r}")


def _listed(request: web.Request, name: str) -> list[str]:
    """Read a parameter that may be repeated or have commas."""
    values = request.query.getall(name, [])
    return [part for value in values for part in value.split(",") if part]


def _window(world: World, query: Mapping[str, str], default_ms: int) -> tuple[int, int]:
    """Read `start` and the exclusive `end`, in milliseconds since 1970."""
    now = world.clock.now_ms()
    end = _moment(query["end"]) if "end" in query else now + 1
    start = _moment(query["start"]) if "start" in query else now - default_ms
    if start >= end:
        raise _BadQueryError("start must lie before end")
    return start, end


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _BadQueryError(f"{text!r} is no date of ISO 8601") from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def _page(
    jobs: list[FalJob], query: Mapping[str, str], *, limit_default: int, limit_max: int
) -> tuple[list[FalJob], str | None]:
    """Cut one page out; the cursor is the page's number in base64, as in fal's example."""
    text = query.get("limit", str(limit_default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= limit_max:
        raise _BadQueryError(f"limit: 1 to {limit_max}")
    limit = int(text)
    number = _page_number(query["cursor"]) if "cursor" in query else 1
    rows = jobs[(number - 1) * limit : number * limit]
    has_more = len(jobs) > number * limit
    cursor = base64.b64encode(str(number + 1).encode()).decode() if has_more else None
    return rows, cursor


def _page_number(cursor: str) -> int:
    try:
        number = int(base64.b64decode(cursor, validate=True))
    except (binascii.Error, ValueError):
        raise _BadQueryError("cursor: not one of ours") from None
    if number < 1:
        raise _BadQueryError("cursor: not one of ours")
    return number
