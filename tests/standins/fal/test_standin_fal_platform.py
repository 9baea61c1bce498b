"""History and bill of the platform API, as fal's pages describe them."""

import httpx
import pytest

from standins.fal.clock import iso
from standins.fal.server import StandInFal
from standins.fal.settings import HistoryShows, StandInFalSettings
from standins.fal.trouble import named

ROOT = "/openai/gpt-image-2"
HISTORY = "/v1/models/requests/by-endpoint"
BILLING = "/v1/models/billing-events"
ADMIN = {"Authorization": "Key admin:admin"}
APP = {"endpoint_id": "openai/gpt-image-2"}


@pytest.fixture
async def admin(fal):
    async with httpx.AsyncClient(
        base_url=fal.queue_url, headers=ADMIN, timeout=5, trust_env=False
    ) as client:
        yield client


async def listed(admin, **query):
    answer = await admin.get(HISTORY, params={**APP, **query})
    assert answer.status_code == 200, answer.text
    return [item["request_id"] for item in answer.json()["items"]]


async def test_the_history_holds_the_input_of_a_job_whose_answer_was_lost(fal, http, admin, sent):
    fal.faults.add(named("submit_lost"))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await http.post(ROOT, json=sent)
    job = await fal.next_job()
    await fal.start(job)
    url = f"{fal.api_url}/models/requests/by-endpoint"
    running = (await admin.get(url, params={**APP, "expand": "payloads"})).json()
    assert running == {
        "items": [
            {
                "request_id": job.id,
                "endpoint_id": "openai/gpt-image-2",
                "sent_at": iso(job.sent_at_ms),
                "started_at": iso(job.started_at_ms),
                "json_input": sent,
            }
        ],
        "next_cursor": None,
        "has_more": False,
    }
    await fal.finish(job)
    ended = (await admin.get(url, params={**APP, "expand": "payloads"})).json()["items"][0]
    assert (ended["status_code"], ended["ended_at"]) == (200, iso(job.ended_at_ms))
    assert len(ended["json_output"]["images"]) == 2
    assert "json_input" not in (await admin.get(url, params=APP)).json()["items"][0]


async def test_the_history_is_filtered_sorted_and_paged(fal, admin, submit):
    good, refused, broken, running = [await submit(prompt=str(n)) for n in range(4)]
    await fal.finish(good)
    fal.faults.add(named("result_content_policy_violation"))
    await fal.finish(refused)
    fal.faults.add(named("result_runner_disconnected"))
    fal.advance(10)
    await fal.finish(broken)
    await fal.start(running)
    every = await listed(admin)
    assert every[:2] == [running.id, broken.id]
    assert set(every[2:]) == {refused.id, good.id}
    assert set(await listed(admin, sort_by="duration")) == set(every)
    assert await listed(admin, status="success") == [good.id]
    assert await listed(admin, status="user_error") == [refused.id]
    assert await listed(admin, status="error") == [broken.id]
    assert await listed(admin, request_id=good.id) == [good.id]
    assert await listed(admin, endpoint_id="fal-ai/gpt-image-2") == []
    both = "fal-ai/gpt-image-2,openai/gpt-image-2"
    assert len(await listed(admin, endpoint_id=both)) == 4
    page = (await admin.get(HISTORY, params={**APP, "limit": 3})).json()
    assert (len(page["items"]), page["next_cursor"], page["has_more"]) == (3, "Mg==", True)
    whole = (await admin.get(HISTORY, params={**APP, "limit": 4})).json()
    assert (len(whole["items"]), whole["next_cursor"], whole["has_more"]) == (4, None, False)
    last = (await admin.get(HISTORY, params={**APP, "limit": 3, "cursor": "Mg=="})).json()
    assert (len(last["items"]), last["next_cursor"], last["has_more"]) == (1, None, False)


async def test_the_history_reaches_back_a_day_unless_it_is_told_otherwise(fal, admin, finished):
    old = await finished()
    fal.advance(90_000)
    new = await finished()
    assert await listed(admin) == [new.id]
    assert await listed(admin, request_id=old.id) == [old.id]
    start, end = iso(old.sent_at_ms), iso(new.sent_at_ms)
    assert await listed(admin, start=start, end=end) == [old.id]
    assert set(await listed(admin, start=start)) == {old.id, new.id}


@pytest.mark.parametrize(
    ("shows", "count"),
    [(HistoryShows.ENDED, 0), (HistoryShows.STARTED, 1), (HistoryShows.ALL, 2)],
)
async def test_which_requests_the_history_shows_can_be_chosen(sent, shows, count):
    settings = StandInFalSettings(history_shows=shows, concurrency=1, run_s=60)
    async with StandInFal(settings) as fal, httpx.AsyncClient(trust_env=False) as http:
        for _ in range(2):
            headers = {"Authorization": "Key demo:demo"}
            await http.post(fal.queue_url + ROOT, json=sent, headers=headers)
        answer = await http.get(fal.queue_url + HISTORY, params=APP, headers=ADMIN)
    assert len(answer.json()["items"]) == count


async def test_payloads_that_were_not_stored_are_not_in_the_history(fal, http, admin, sent):
    await http.post(ROOT, json=sent, headers={"X-Fal-Store-IO": "0"})
    await fal.finish(await fal.next_job())
    item = (await admin.get(HISTORY, params={**APP, "expand": "payloads"})).json()["items"][0]
    assert "json_input" not in item
    assert "json_output" not in item


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (HISTORY, {}),
        (HISTORY, {**APP, "limit": "101"}),
        (HISTORY, {**APP, "limit": "none"}),
        (HISTORY, {**APP, "cursor": "nonsense"}),
        (HISTORY, {**APP, "cursor": "MA=="}),
        (HISTORY, {**APP, "status": "failed"}),
        (HISTORY, {**APP, "sort_by": "cost"}),
        (HISTORY, {**APP, "start": "yesterday"}),
        (HISTORY, {**APP, "start": "2026-01-02", "end": "2026-01-01"}),
        (HISTORY, {**APP, "expand_payloads": "true"}),
        (BILLING, {"start": "2025-01-01", "end": "2026-01-01"}),
        (BILLING, {"request_id": ",".join(map(str, range(51)))}),
        (BILLING, {"start_date": "2026-01-01"}),
    ],
)
async def test_queries_that_the_pages_do_not_allow_are_refused(fal, admin, path, query):
    answer = await admin.get(path, params=query)
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"type", "message", "docs_url", "request_id"}
    assert len(fal.violations) == 1


async def test_the_bill_needs_the_admin_key_and_the_history_only_where_it_is_closed(sent):
    closed = StandInFalSettings(history_needs_admin=True)
    no_admin = StandInFalSettings(admin_key=None)
    for settings, codes in ((closed, (403, 403)), (no_admin, (200, 403))):
        async with StandInFal(settings) as fal, httpx.AsyncClient(trust_env=False) as http:
            for path, code in zip((HISTORY, BILLING), codes, strict=True):
                url = fal.queue_url + path
                own = await http.get(url, params=APP, headers={"Authorization": "Key demo:demo"})
                assert own.status_code == code
                strange = await http.get(url, params=APP, headers={"Authorization": "Key a:b"})
                assert strange.status_code == 401
                assert strange.json()["error"]["type"] == "authorization_error"


async def test_the_bill_shows_what_a_request_cost(fal, admin, finished):
    first, second = await finished(), await finished(quality="high", num_images=1)
    fal.faults.add(named("result_content_policy_violation"))
    free = await finished()
    answer = (await admin.get(BILLING, params={"request_id": second.id})).json()
    assert answer["has_more"] is False
    assert answer["next_cursor"] is None
    event = answer["billing_events"][0]
    assert event == {
        "request_id": second.id,
        "endpoint_id": "openai/gpt-image-2",
        "timestamp": iso(second.ended_at_ms),
        "output_units": 0.144475,
        "unit_price": 1,
        "percent_discount": 0,
        "cost_subtotal": 0.144475,
        "cost_discount": 0,
        "cost_total": 0.144475,
        "cost_estimate_nano_usd": 144_475_000,
    }
    every = (await admin.get(BILLING)).json()["billing_events"]
    assert {one["request_id"] for one in every} == {first.id, second.id}
    both = (await admin.get(BILLING, params={"request_id": f"{first.id},{free.id}"})).json()
    assert [one["request_id"] for one in both["billing_events"]] == [first.id]
    total = sum(one["cost_estimate_nano_usd"] for one in every)
    assert total == fal.billed_microusd * 1000


@pytest.mark.parametrize("placeholder", [True, False])
async def test_a_bill_may_come_late_with_or_without_a_placeholder(sent, placeholder):
    settings = StandInFalSettings(billing_delay_s=60, billing_placeholder=placeholder)
    async with StandInFal(settings) as fal, httpx.AsyncClient(trust_env=False) as http:
        headers = {"Authorization": "Key demo:demo"}
        await http.post(fal.queue_url + ROOT, json=sent, headers=headers)
        await fal.ended(await fal.next_job())
        url = fal.queue_url + BILLING
        early = (await http.get(url, headers=ADMIN)).json()["billing_events"]
        fal.advance(61)
        late = (await http.get(url, headers=ADMIN)).json()["billing_events"]
    assert [event["cost_total"] for event in early] == ([0] if placeholder else [])
    assert [event["cost_total"] for event in late] == [0.00809]


async def test_the_bill_can_be_rounded_up_and_left_untold(sent):
    settings = StandInFalSettings(units_step_microusd=10_000, tells_units=False)
    async with StandInFal(settings) as fal, httpx.AsyncClient(trust_env=False) as http:
        headers = {"Authorization": "Key demo:demo"}
        answer = await http.post(fal.queue_url + ROOT, json=sent, headers=headers)
        job = await fal.next_job()
        await fal.ended(job)
        ended = await http.get(answer.json()["response_url"], headers=headers)
    assert "x-fal-billable-units" not in ended.headers
    assert job.billed_microusd == 10_000


async def test_history_and_bill_can_fail(fal, admin):
    fal.faults.add(named("history_503"))
    fal.faults.add(named("billing_429"))
    assert (await admin.get(HISTORY, params=APP)).status_code == 503
    assert (await admin.get(BILLING)).status_code == 429
    assert (await admin.get(BILLING)).status_code == 200


async def test_a_search_finds_requests_of_all_endpoints_without_dates(fal, http, admin, finished):
    old = await finished()
    fal.advance(40 * 24 * 3600)
    new = await finished(prompt="a dog")
    url = "/v1/models/requests/search"
    found = (await http.get(url, params={"expand": "payloads"})).json()
    assert [one["request_id"] for one in found["results"]] == [new.id, old.id]
    assert found["results"][0]["json_input"]["prompt"] == "a dog"
    first = (await http.get(url, params={"limit": 1})).json()
    rest = (await http.get(url, params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [one["request_id"] for one in rest["results"]] == [old.id]
    assert fal.violations == []
    dated = await http.get(url, params={"start": "2026-01-01"})
    assert (dated.status_code, dated.json()["error"]["type"]) == (400, "validation_error")
