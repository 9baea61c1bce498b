"""The calls of fal's platform API about the account: prices, usage, balance.

Their queries and answers are those of fal's pages `models/pricing`, `models/usage` and
`account/billing` (2026). Usage without a timeframe is by the day: fal chooses by the length of the
window, in a way that its page does not give.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web

from bot.core.money import MICROUSD_PER_USD
from standins.fal.faults import Stage
from standins.fal.inputs import JsonObject
from standins.fal.jobs import FalJob
from standins.fal.query import (
    DAY_MS,
    IDS_MAX,
    BadQuery,
    check_names,
    cost_fields,
    failure,
    listed,
    window,
)
from standins.fal.wire import answer, struck
from standins.fal.world import World

_LAST_PAGE: JsonObject = {"next_cursor": None, "has_more": False}
_TIMEFRAMES = ("minute", "hour", "day", "week", "month")
_USAGE_QUERY = frozenset(
    {
        "limit",
        "cursor",
        "start",
        "end",
        "timezone",
        "timeframe",
        "bound_to_timeframe",
        "endpoint_id",
        "api_key_id",
        "expand",
    }
)


async def pricing(world: World, request: web.Request) -> web.StreamResponse:
    """Tell what a unit of some endpoints costs: one dollar for `openai/gpt-image-2`."""
    trouble = await struck(world.faults, Stage.PRICING, request, {})
    if trouble is not None:
        return trouble
    try:
        check_names(request.query, frozenset({"endpoint_id"}))
        endpoints = _endpoints(request, least=1)
    except BadQuery as error:
        return _refused(world, request, error)
    unknown = sorted(one for one in endpoints if world.model(one) is None)
    if unknown:
        return failure(404, "not_found", f"Endpoint {unknown[0]!r} is not known")
    prices: list[JsonObject] = [
        {
            "endpoint_id": one,
            "unit_price": world.unit_microusd(one) / MICROUSD_PER_USD,
            "unit": "units",
            "currency": "USD",
        }
        for one in endpoints
    ]
    return answer({"prices": prices, **_LAST_PAGE})


async def balance(world: World, request: web.Request) -> web.StreamResponse:
    """Tell what is left of the account's credits, where the query asks for them."""
    trouble = await struck(world.faults, Stage.BALANCE, request, {})
    if trouble is not None:
        return trouble
    try:
        check_names(request.query, frozenset({"expand"}))
    except BadQuery as error:
        return _refused(world, request, error)
    account: JsonObject = {"username": "stand-in"}
    if "credits" in listed(request, "expand"):
        billed = sum(job.billed_microusd for job in world.line.jobs.values())
        spent = billed * (100 - world.settings.discount_percent) / 100
        left = (world.settings.credits_microusd - spent) / MICROUSD_PER_USD
        account["credits"] = {"current_balance": left, "currency": "USD"}
    return answer(account)


async def usage(world: World, request: web.Request) -> web.StreamResponse:
    """Add up what was billed, by time and endpoint."""
    trouble = await struck(world.faults, Stage.USAGE, request, {})
    if trouble is not None:
        return trouble
    try:
        check_names(request.query, _USAGE_QUERY)
        zone, timeframe = _grid(request)
        jobs = _billed_jobs(world, request, zone, timeframe)
    except BadQuery as error:
        return _refused(world, request, error)
    wanted = set(listed(request, "expand")) or {"time_series"}
    told: JsonObject = {}
    if "time_series" in wanted:
        buckets: defaultdict[datetime, list[FalJob]] = defaultdict(list)
        for job in jobs:
            buckets[_bucket(job.ended_at_ms or 0, zone, timeframe)].append(job)
        told["time_series"] = [
            {"bucket": moment.isoformat(), "results": _rows(world, buckets[moment])}
            for moment in sorted(buckets)
        ]
    if "summary" in wanted:
        told["summary"] = _rows(world, jobs)
    return answer(told | _LAST_PAGE)


def _grid(request: web.Request) -> tuple[ZoneInfo, str]:
    """Read by which time zone and which steps usage is added up."""
    name = request.query.get("timezone", "UTC")
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadQuery(f"timezone: {name!r} is none") from None
    timeframe = request.query.get("timeframe", "day")
    if timeframe not in _TIMEFRAMES:
        raise BadQuery(f"timeframe: one of {', '.join(_TIMEFRAMES)}")
    return zone, timeframe


def _billed_jobs(
    world: World, request: web.Request, zone: ZoneInfo, timeframe: str
) -> list[FalJob]:
    """The billed jobs of the window, which is widened to whole steps unless that is declined."""
    start_ms, end_ms = window(world, request.query, DAY_MS)
    widens = request.query.get("bound_to_timeframe", "true")
    if widens not in ("true", "false"):
        raise BadQuery("bound_to_timeframe: true or false")
    if widens == "true":
        start_ms = round(_bucket(start_ms, zone, timeframe).timestamp() * 1000)
        last = _bucket(end_ms - 1, zone, timeframe)
        end_ms = round(_next_bucket(last, timeframe).timestamp() * 1000)
    endpoints = _endpoints(request, least=0)
    return [
        job
        for job in world.line.jobs.values()
        if job.billed_microusd > 0
        and job.ended_at_ms is not None
        and start_ms <= job.ended_at_ms < end_ms
        and (not endpoints or job.endpoint in endpoints)
    ]


def _endpoints(request: web.Request, *, least: int) -> list[str]:
    endpoints = listed(request, "endpoint_id")
    if not least <= len(endpoints) <= IDS_MAX:
        raise BadQuery(f"endpoint_id: {least} to {IDS_MAX} are possible")
    return endpoints


def _rows(world: World, jobs: list[FalJob]) -> list[JsonObject]:
    billed: defaultdict[str, int] = defaultdict(int)
    for job in jobs:
        billed[job.endpoint] += job.billed_microusd
    return [
        {
            "endpoint_id": endpoint,
            "unit": "units",
            "quantity": microusd / (unit_microusd := world.unit_microusd(endpoint)),
            **cost_fields(world, microusd, unit_microusd),
            "currency": "USD",
        }
        for endpoint, microusd in sorted(billed.items())
    ]


def _bucket(time_ms: int, zone: ZoneInfo, timeframe: str) -> datetime:
    """When the step of a moment began."""
    moment = datetime.fromtimestamp(time_ms / 1000, zone).replace(second=0, microsecond=0)
    if timeframe == "minute":
        return moment
    moment = moment.replace(minute=0)
    if timeframe == "hour":
        return moment
    moment = moment.replace(hour=0, fold=0)
    if timeframe == "week":
        return moment - timedelta(days=moment.weekday())
    return moment.replace(day=1) if timeframe == "month" else moment


def _next_bucket(moment: datetime, timeframe: str) -> datetime:
    """When the step after one begins, by the clock on the wall."""
    if timeframe == "month":
        return (moment + timedelta(days=32)).replace(day=1)
    if timeframe in ("day", "week"):
        return moment + timedelta(days=1 if timeframe == "day" else 7)
    step_ms = 60_000 if timeframe == "minute" else 3_600_000
    later_s = moment.timestamp() + step_ms / 1000
    return datetime.fromtimestamp(later_s, moment.tzinfo)


def _refused(world: World, request: web.Request, error: BadQuery) -> web.Response:
    world.frown(request, str(error))
    return failure(400, "validation_error", str(error))
