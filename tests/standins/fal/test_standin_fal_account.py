"""Prices, usage and balance of the account, as fal's pages describe them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
import pytest

from standins.fal.server import StandInFal
from standins.fal.settings import StandInFalSettings
from standins.fal.trouble import named
from tests.end_to_end.crayon import CRAYON
from tests.standins.fal.samples import data_uri

ROOT = "/openai/gpt-image-2"
PRICING = "/v1/models/pricing"
USAGE = "/v1/models/usage"
BALANCE = "/v1/account/billing"
BILLING = "/v1/models/billing-events"
ADMIN = {"Authorization": "Key admin:admin"}
APP = {"endpoint_id": "openai/gpt-image-2"}
LOW_MICROUSD, HIGH_MICROUSD = 8090, 144_475


@pytest.fixture
async def admin(fal):
    async with httpx.AsyncClient(
        base_url=fal.queue_url, headers=ADMIN, timeout=5, trust_env=False
    ) as client:
        yield client


async def usage(admin, **query):
    answer = await admin.get(USAGE, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def costs(rows):
    return {row["endpoint_id"]: row["cost_total"] for row in rows}


async def test_a_unit_of_each_known_endpoint_costs_one_dollar(fal, http):
    answer = await http.get(PRICING, params={"endpoint_id": f"{ROOT[1:]},{ROOT[1:]}/edit"})
    assert answer.json() == {
        "prices": [
            {"endpoint_id": one, "unit_price": 1, "unit": "units", "currency": "USD"}
            for one in ("openai/gpt-image-2", "openai/gpt-image-2/edit")
        ],
        "next_cursor": None,
        "has_more": False,
    }
    unknown = await http.get(PRICING, params={"endpoint_id": "openai/gpt-image-9"})
    assert (unknown.status_code, unknown.json()["error"]["type"]) == (404, "not_found")
    assert fal.violations == []


async def test_another_model_is_billed_in_units_of_its_own():
    async with (
        StandInFal(StandInFalSettings(models=(CRAYON,))) as fal,
        httpx.AsyncClient(
            base_url=fal.queue_url, headers=ADMIN, timeout=5, trust_env=False
        ) as http,
    ):
        asked = {
            "prompt": "a fox",
            "image_size": "512x512",
            "rendering_speed": "TURBO",
            "n": 2,
            "output_format": "jpeg",
            "enable_web_search": False,
        }
        answer = await http.post(f"/{CRAYON.id}", json=asked)
        job = await fal.next_job()
        await fal.ended(job)
        result = await http.get(answer.json()["response_url"])
        [price] = (await http.get(PRICING, params={"endpoint_id": CRAYON.id})).json()["prices"]
        [event] = (await http.get(BILLING)).json()["billing_events"]
        [row] = (await usage(http, expand="summary"))["summary"]
    assert job.billed_microusd == 100_000
    assert result.headers["x-fal-billable-units"] == "2.5"
    assert [one["unit_price"] for one in (price, event, row)] == [0.04] * 3
    assert event["output_units"] == row["quantity"] == 2.5
    assert event["cost_total"] == row["cost_total"] == 0.1


async def test_payloads_are_erased_with_the_pictures(fal, http, admin, finished):
    job = await finished()
    path = f"{ROOT}/requests/{job.id}"
    links = [one["url"] for one in (await http.get(path)).json()["images"]]
    call = f"/v1/models/requests/{job.id}/payloads"
    assert (await http.delete(call)).status_code == 403
    told = (await admin.delete(call)).json()
    assert told == {"cdn_delete_results": [{"link": link, "exception": None} for link in links]}
    gone = [path, *links]
    keyless = {"Authorization": ""}
    assert [
        (await http.get(one, headers={} if one is path else keyless)).status_code for one in gone
    ] == [404] * 3
    history = {**APP, "expand": "payloads"}
    [item] = (await http.get("/v1/models/requests/by-endpoint", params=history)).json()["items"]
    assert (item["request_id"], "json_input" in item) == (job.id, False)
    unknown = await admin.delete("/v1/models/requests/nobody/payloads")
    assert (unknown.status_code, unknown.json()["error"]["type"]) == (404, "not_found")


async def test_usage_adds_up_what_was_billed(fal, admin, http, sent, finished):
    await finished()
    await finished(quality="high", num_images=1)
    edit = {**sent, "image_urls": [data_uri()]}
    await http.post(f"{ROOT}/edit", json=edit)
    job = await fal.next_job()
    await fal.finish(job)
    fal.faults.add(named("result_content_policy_violation"))
    await finished()
    both = await usage(admin, expand="time_series,summary")
    assert set(both) == {"time_series", "summary", "next_cursor", "has_more"}
    assert both["summary"][0] == {
        "endpoint_id": "openai/gpt-image-2",
        "unit": "units",
        "quantity": 0.152565,
        "unit_price": 1,
        "percent_discount": 0,
        "cost_subtotal": 0.152565,
        "cost_discount": 0,
        "cost_total": 0.152565,
        "currency": "USD",
    }
    assert costs(both["summary"])["openai/gpt-image-2/edit"] == job.billed_microusd / 1_000_000
    assert sum(costs(both["summary"]).values()) == pytest.approx(fal.billed_microusd / 1_000_000)
    assert len((await usage(admin, expand="summary", **APP))["summary"]) == 1


async def test_usage_is_cut_by_the_days_of_a_time_zone(fal, admin, finished):
    job = await finished()
    fal.advance(24 * 3600)
    await finished(quality="high", num_images=1)
    start = datetime.fromtimestamp(job.ended_at_ms / 1000 - 1, UTC).isoformat()
    zone = "Pacific/Chatham"
    series = (await usage(admin, start=start, timezone=zone))["time_series"]
    days = [datetime.fromisoformat(one["bucket"]) for one in series]
    assert [list(costs(one["results"]).values()) for one in series] == [[0.00809], [0.144475]]
    assert (days[1].date() - days[0].date()).days == 1
    assert days[0] == datetime.fromtimestamp(job.ended_at_ms / 1000, ZoneInfo(zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )


@pytest.mark.parametrize("timeframe", ["minute", "hour", "day", "week", "month"])
async def test_a_window_is_widened_to_whole_steps_unless_that_is_declined(
    fal, admin, finished, timeframe
):
    job = await finished()
    after = datetime.fromtimestamp((job.ended_at_ms + 1) / 1000, UTC).isoformat()
    end = datetime.fromtimestamp((job.ended_at_ms + 2) / 1000, UTC).isoformat()
    query = {"start": after, "end": end, "timeframe": timeframe, "expand": "summary"}
    exact = await usage(admin, **query, bound_to_timeframe="false")
    assert exact["summary"] == []
    if job.ended_at_ms // 60_000 == (job.ended_at_ms + 2) // 60_000:
        assert costs((await usage(admin, **query))["summary"]) == {ROOT[1:]: 0.00809}


async def test_the_balance_goes_down_by_what_was_spent(fal, admin, finished):
    assert (await admin.get(BALANCE)).json() == {"username": "stand-in"}
    await finished(quality="high", num_images=1)
    answer = (await admin.get(BALANCE, params={"expand": "credits"})).json()
    assert answer["credits"] == {"current_balance": 99.855525, "currency": "USD"}


async def test_a_discount_is_in_bill_usage_and_balance_but_not_in_the_units(sent):
    settings = StandInFalSettings(
        discount_percent=10, credits_microusd=1_000_000, billing_tells_units=False
    )
    headers = {"Authorization": "Key demo:demo"}
    async with StandInFal(settings) as fal, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(fal.queue_url + ROOT, json=sent, headers=headers)
        await fal.ended(await fal.next_job())
        result = await http.get(answer.json()["response_url"], headers=headers)

        async def told(path, **query):
            return (await http.get(fal.queue_url + path, params=query, headers=ADMIN)).json()

        [event] = (await told(BILLING))["billing_events"]
        [row] = (await told(USAGE, expand="summary"))["summary"]
        left = (await told(BALANCE, expand="credits"))["credits"]["current_balance"]
    assert result.headers["x-fal-billable-units"] == "0.00809"
    assert (event["cost_subtotal"], event["cost_total"]) == (0.00809, 0.007281)
    assert event["cost_estimate_nano_usd"] == 7_281_000
    assert [event[key] for key in ("output_units", "unit_price", "percent_discount")] == [None] * 3
    assert (row["percent_discount"], row["cost_total"], left) == (10, 0.007281, 0.992719)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (PRICING, {}),
        (PRICING, {**APP, "expand": "all"}),
        (USAGE, {"timeframe": "year"}),
        (USAGE, {"timezone": "Mars/Olympus"}),
        (USAGE, {"timezone": "../etc"}),
        (USAGE, {"start": "2026-01-02", "end": "2026-01-01"}),
        (USAGE, {"bound_to_timeframe": "perhaps"}),
        (USAGE, {"endpoint_id": ",".join(map(str, range(51)))}),
        (USAGE, {"group": "day"}),
        (BALANCE, {"show": "credits"}),
    ],
)
async def test_queries_that_the_pages_do_not_allow_are_refused(fal, admin, path, query):
    answer = await admin.get(path, params=query)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "validation_error")
    assert len(fal.violations) == 1


async def test_prices_are_for_every_key_and_the_rest_for_admins(fal, http):
    codes = [(await http.get(path, params=APP)).status_code for path in (PRICING, USAGE)]
    balance = await http.get(BALANCE)
    assert [*codes, balance.status_code] == [200, 403, 403]
    assert balance.json()["error"]["type"] == "authorization_error"
    strange = await http.get(PRICING, params=APP, headers={"Authorization": "Key a:b"})
    assert strange.status_code == 401


async def test_prices_usage_and_balance_can_fail(fal, admin):
    for path, name in ((PRICING, "pricing"), (USAGE, "usage"), (BALANCE, "balance")):
        fal.faults.add(named(f"{name}_503"))
        assert (await admin.get(path, params=APP)).status_code == 503


def test_a_discount_of_more_than_all_is_refused():
    with pytest.raises(ValueError, match="0 to 100 percent"):
        StandInFalSettings(discount_percent=101)
