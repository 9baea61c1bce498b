"""Faults that last, and answers that are fal's own or somebody's in between."""

import pytest

from standins.fal.endings import UNTYPED
from standins.fal.faults import EndsWith, Reply, Stage
from standins.fal.trouble import NAMED, named

ROOT = "/openai/gpt-image-2"


def of(job, tail=""):
    return f"{ROOT}/requests/{job.id}{tail}"


async def codes(http, url, count):
    return [(await http.get(url)).status_code for _ in range(count)]


async def test_a_fault_lasts_for_seconds_from_its_first_strike_on(fal, http, finished):
    job = await finished()
    armed = fal.faults.add(named("result_gateway_404"), for_s=30)
    fal.advance(60)
    assert await codes(http, of(job), 2) == [404, 404]
    fal.advance(15)
    assert await codes(http, of(job), 1) == [404]
    fal.advance(16)
    assert await codes(http, of(job), 2) == [200, 200]
    assert (armed.strikes, len(fal.faults)) == (3, 0)


async def test_a_fault_lasts_for_good_until_it_is_removed(fal, http, finished):
    job = await finished()
    armed = fal.faults.add(named("result_302"), times=None)
    assert await codes(http, of(job), 5) == [302] * 5
    fal.faults.remove(armed)
    assert await codes(http, of(job), 1) == [200]


async def test_a_driver_arms_a_fault_for_seconds(fal, http, finished):
    job = await finished()
    sent = {"name": "status_404", "seconds": 30}
    assert (await http.post("/_standin/faults", json=sent)).status_code == 200
    assert await codes(http, of(job, "/status"), 2) == [404, 404]
    await http.post("/_standin/advance", json={"seconds": 31})
    assert await codes(http, of(job, "/status"), 1) == [200]
    refused = await http.post("/_standin/faults", json={"name": "status_404", "seconds": -1})
    assert refused.status_code == 400


async def test_a_request_can_be_unknown_for_a_while_although_it_exists(fal, http, submit):
    job = await submit()
    for stage in ("status", "stream", "result"):
        fal.faults.add(named(f"{stage}_404"), for_s=30)
    for tail in ("/status", "/status/stream", ""):
        answer = await http.get(of(job, tail))
        assert (answer.status_code, answer.json()) == (404, {"status": "NOT_FOUND"})
    fal.advance(31)
    assert await codes(http, of(job, "/status"), 1) == [202]
    assert await codes(http, of(job), 1) == [400]


@pytest.mark.parametrize("name", sorted(UNTYPED))
async def test_an_untyped_end_stays_and_has_the_requests_id(fal, http, finished, name):
    fal.faults.add(EndsWith(name))
    job = await finished()
    status, text = UNTYPED[name]
    for _ in range(3):
        answer = await http.get(of(job))
        assert (answer.status_code, answer.json()) == (status, {"detail": text})
        assert answer.headers["x-fal-request-id"] == job.id
        assert "x-fal-error-type" not in answer.headers
    told = (await http.get(of(job, "/status"))).json()
    assert told["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("name", "status", "has_id"),
    [
        ("result_too_early", 400, True),
        ("result_in_progress", 202, True),
        ("result_passing_500", 500, True),
        ("result_500", 500, False),
        ("result_499", 499, False),
        ("result_402", 402, False),
        ("result_405", 405, False),
        ("result_locked", 403, False),
        ("result_gateway_410", 410, False),
        ("result_not_json", 200, False),
    ],
)
async def test_a_passing_answer_has_the_id_only_where_fal_speaks(
    fal, http, finished, name, status, has_id
):
    fal.faults.add(named(name))
    job = await finished()
    answer = await http.get(of(job))
    assert answer.status_code == status
    assert answer.headers.get("x-fal-request-id") == (job.id if has_id else None)
    again = await http.get(of(job))
    assert (again.status_code, again.headers["x-fal-request-id"]) == (200, job.id)


async def test_a_cancel_is_identified_too(fal, http, submit):
    job = await submit()
    answer = await http.put(of(job, "/cancel"))
    assert answer.headers["x-fal-request-id"] == job.id
    fal.faults.add(Reply(Stage.CANCEL, 400, {"status": "ALREADY_COMPLETED"}, identified=True))
    answer = await http.put(of(job, "/cancel"))
    assert answer.headers["x-fal-request-id"] == job.id
    unknown = await http.put(f"{ROOT}/requests/unknown/cancel")
    assert "x-fal-request-id" not in unknown.headers


async def test_one_picture_alone_can_be_without_an_address(fal, http, finished):
    fal.faults.add(named("result_one_without_url"))
    images = (await http.get(of(await finished(num_images=3)))).json()["images"]
    assert ["url" in image for image in images] == [False, True, True]


async def test_a_picture_can_move_on_the_same_host(fal, http, finished):
    job = await finished()
    [image, _] = (await http.get(of(job))).json()["images"]
    fal.faults.add(named("media_moved"))
    moved = await http.get(image["url"], headers={"Authorization": ""})
    assert moved.status_code == 302
    there = await http.get(moved.url.join(moved.headers["location"]))
    assert there.headers["content-type"] == "image/png"


@pytest.mark.parametrize("stage", ["status", "stream", "result", "submit", "cancel", "media"])
def test_each_call_has_the_answers_of_something_in_between(stage):
    for tail in ("302", "402", "405", "499", "locked", "gateway_404", "gateway_410", "not_json"):
        assert f"{stage}_{tail}" in NAMED
