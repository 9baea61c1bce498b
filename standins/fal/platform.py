"""The calls of fal's platform API about single requests: their history and their billing events.

Their queries and answers are those of fal's pages `models/requests/by-endpoint` and
`models/billing-events` (2026): lists in pages with a cursor, times in ISO 8601, `end` exclusive.
"""

from aiohttp import web

from standins.fal.clock import iso
from standins.fal.faults import Stage
from standins.fal.inputs import JsonObject
from standins.fal.jobs import FalJob, FalState
from standins.fal.query import (
    DAY_MS,
    IDS_MAX,
    BadQuery,
    check_names,
    cost_fields,
    failure,
    listed,
    page,
    window,
)
from standins.fal.settings import HistoryShows
from standins.fal.wire import answer, struck
from standins.fal.world import World

_SPAN_MAX_MS = 90 * DAY_MS
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
_SEARCH_QUERY = _HISTORY_QUERY - {"start", "end", "status", "sort_by"}
_BILLING_QUERY = frozenset(
    {
        "limit",
        "cursor",
        "endpoint_id",
        "start",
        "end",
        "request_id",
        "expand",
        "api_key_id",
        "login_username",
    }
)
CALLS = frozenset(
    {
        Stage.HISTORY,
        Stage.SEARCH,
        Stage.BILLING,
        Stage.PRICING,
        Stage.USAGE,
        Stage.BALANCE,
        Stage.ERASE,
    }
)
_FOR_ADMINS = frozenset({Stage.BILLING, Stage.USAGE, Stage.BALANCE, Stage.ERASE})
_OUTCOMES = ("success", "user_error", "error")


def refused(world: World, key: str, stage: Stage) -> web.Response | None:
    """Check a key of the platform API; None where it may make the call."""
    settings = world.settings
    if settings.admin_key is not None and key == settings.admin_key:
        return None
    if key != settings.key:
        return failure(401, "authorization_error", "The key is not known")
    if stage in _FOR_ADMINS or (
        stage in (Stage.HISTORY, Stage.SEARCH) and settings.history_needs_admin
    ):
        return failure(403, "authorization_error", "This call needs a key with the scope ADMIN")
    return None


async def history(world: World, request: web.Request) -> web.StreamResponse:
    """List requests of some endpoints, newest end first."""
    trouble = await struck(world.faults, Stage.HISTORY, request, {})
    if trouble is not None:
        return trouble
    try:
        jobs = _history_jobs(world, request)
        rows, cursor = page(jobs, request.query, limit_default=50, limit_max=100)
    except BadQuery as error:
        world.frown(request, str(error))
        return failure(400, "validation_error", str(error))
    with_payloads = "payloads" in listed(request, "expand")
    items = [_history_item(job, with_payloads=with_payloads) for job in rows]
    return answer({"items": items, "next_cursor": cursor, "has_more": cursor is not None})


async def search(world: World, request: web.Request) -> web.StreamResponse:
    """List requests of all endpoints, the newest first; it takes no dates."""
    trouble = await struck(world.faults, Stage.SEARCH, request, {})
    if trouble is not None:
        return trouble
    query = request.query
    try:
        check_names(query, _SEARCH_QUERY)
        endpoints, wanted_id = listed(request, "endpoint_id"), query.get("request_id")
        jobs = [
            job
            for job in reversed(world.line.jobs.values())
            if (not endpoints or job.endpoint in endpoints)
            and wanted_id in (None, job.id)
            and _is_shown(world, job)
        ]
        rows, cursor = page(jobs, query, limit_default=50, limit_max=100)
    except BadQuery as error:
        world.frown(request, str(error))
        return failure(400, "validation_error", str(error))
    with_payloads = "payloads" in listed(request, "expand")
    results = [_history_item(job, with_payloads=with_payloads) for job in rows]
    return answer({"results": results, "next_cursor": cursor, "has_more": cursor is not None})


def _history_jobs(world: World, request: web.Request) -> list[FalJob]:
    query = request.query
    check_names(query, _HISTORY_QUERY)
    endpoints = listed(request, "endpoint_id")
    if not 1 <= len(endpoints) <= IDS_MAX:
        raise BadQuery(f"endpoint_id: 1 to {IDS_MAX} are needed")
    wanted_id = query.get("request_id")
    start, end = window(world, query, 90 * DAY_MS if wanted_id else DAY_MS)
    outcome = query.get("status")
    if outcome is not None and outcome not in _OUTCOMES:
        raise BadQuery(f"status: one of {', '.join(_OUTCOMES)}")
    order = query.get("sort_by", "ended_at")
    if order not in ("ended_at", "duration"):
        raise BadQuery("sort_by: ended_at or duration")
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
    if with_payloads and job.keeps_payload and not job.is_erased:
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
        rows, cursor = page(jobs, request.query, limit_default=1000, limit_max=10_000)
    except BadQuery as error:
        world.frown(request, str(error))
        return failure(400, "validation_error", str(error))
    events = [event for job in rows if (event := _billing_event(world, job)) is not None]
    return answer({"billing_events": events, "next_cursor": cursor, "has_more": cursor is not None})


def _billed_jobs(world: World, request: web.Request) -> list[FalJob]:
    check_names(request.query, _BILLING_QUERY)
    ids, endpoints = listed(request, "request_id"), listed(request, "endpoint_id")
    if max(len(ids), len(endpoints)) > IDS_MAX:
        raise BadQuery(f"at most {IDS_MAX} ids are possible")
    start, end = window(world, request.query, DAY_MS)
    if end - start > _SPAN_MAX_MS:
        raise BadQuery("start, end: at most 90 days are possible")
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
    unit_microusd = world.unit_microusd(job.endpoint)
    event: JsonObject = {
        "request_id": job.id,
        "endpoint_id": job.endpoint,
        "timestamp": iso(job.ended_at_ms),
        "output_units": microusd / unit_microusd,
        **cost_fields(world, microusd, unit_microusd),
        "cost_estimate_nano_usd": microusd * (100 - settings.discount_percent) * 10,
    }
    if not settings.billing_tells_units:
        event |= dict.fromkeys(("output_units", "unit_price", "percent_discount"))
    return event


async def meta(world: World, request: web.Request) -> web.StreamResponse:
    """Tell from which addresses webhooks come; anybody may ask."""
    trouble = await struck(world.faults, Stage.META, request, {})
    return trouble or answer({"webhook_ip_ranges": ["127.0.0.0/8", "::1/128"]})


async def keys(world: World, request: web.Request) -> web.StreamResponse:
    """Hand out the keys that may have signed a webhook; anybody may keep them for a day."""
    trouble = await struck(world.faults, Stage.KEYS, request, {})
    return trouble or answer(world.webhooks.key_set(), headers={"Cache-Control": "max-age=86400"})


async def erase(world: World, request: web.Request) -> web.StreamResponse:
    """Forget the payloads of a request, and the pictures that came of it; the inputs stay."""
    job = world.line.jobs.get(request.match_info["request_id"])
    trouble = await struck(world.faults, Stage.ERASE, request, job.input if job else {})
    if trouble is not None:
        return trouble
    if job is None or job.ending is None:
        return failure(404, "not_found", "No such request has ended")
    job.is_erased = True
    links = [world.base_url + path for path in world.gallery.remove(job)]
    return answer({"cdn_delete_results": [{"link": link, "exception": None} for link in links]})
