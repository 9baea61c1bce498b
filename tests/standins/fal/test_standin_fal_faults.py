"""Every fault does what it says, once, and only where it is meant to."""

import asyncio
import json

import httpx
import pytest

from standins.fal.endings import FAILURES
from standins.fal.faults import (
    CutStream,
    Delay,
    Drop,
    EndsWith,
    Reply,
    Stage,
)
from standins.fal.jobs import FalState
from standins.fal.server import StandInFal
from standins.fal.settings import StandInFalSettings
from standins.fal.trouble import EXHAUSTED, FOREIGN, NAMED, named

ROOT = "/openai/gpt-image-2"
GONE = (httpx.RemoteProtocolError, httpx.ReadError)


def of(job, tail=""):
    return f"{ROOT}/requests/{job.id}{tail}"


async def events(http, job):
    """Read a whole status stream: the data lines, and whether it ended in good order."""
    lines = []
    try:
        async with http.stream("GET", of(job, "/status/stream")) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            async for line in response.aiter_lines():
                lines.append(line)
    except GONE:
        return lines, False
    return lines, True


async def test_a_submit_whose_answer_is_lost_was_accepted_once(fal, http, sent):
    armed = fal.faults.add(named("submit_lost"))
    with pytest.raises(GONE):
        await http.post(ROOT, json=sent)
    assert armed.strikes == 1
    assert [job.input for job in fal.jobs] == [sent]
    assert (await http.post(ROOT, json=sent)).status_code == 200


async def test_a_connection_closed_before_acceptance_leaves_no_job(fal, http, sent):
    fal.faults.add(named("submit_closed"))
    with pytest.raises(GONE):
        await http.post(ROOT, json=sent)
    assert fal.jobs == []


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_server_errors_at_submit_come_with_and_without_a_job(fal, http, sent, code):
    fal.faults.add(named(f"submit_{code}"))
    assert (await http.post(ROOT, json=sent)).status_code == code
    assert fal.jobs == []
    fal.faults.add(named(f"submit_{code}_accepted"))
    assert (await http.post(ROOT, json=sent)).status_code == code
    assert len(fal.jobs) == 1


@pytest.mark.parametrize(
    ("name", "code", "detail"),
    [
        ("submit_401", 401, "No user found for Key ID and Secret"),
        ("submit_locked", 403, EXHAUSTED),
        ("submit_403", 403, "This key may not call this model"),
        ("submit_404", 404, "Application not found"),
        ("submit_429", 429, "Too many requests"),
    ],
)
async def test_refusals_at_submit_leave_no_job(fal, http, sent, name, code, detail):
    fal.faults.add(named(name))
    answer = await http.post(ROOT, json=sent)
    assert (answer.status_code, answer.json()) == (code, {"detail": detail})
    assert "retry-after" not in answer.headers
    assert fal.jobs == []


async def test_retry_after_is_told_on_demand(fal, http, sent):
    fal.faults.add(named("submit_429_retry_after"))
    assert (await http.post(ROOT, json=sent)).headers["retry-after"] == "1"


async def test_answers_to_a_submit_can_be_mangled(fal, http, sent):
    fal.faults.add(named("submit_garbled"))
    with pytest.raises(json.JSONDecodeError):
        (await http.post(ROOT, json=sent)).json()
    fal.faults.add(named("submit_without_id"))
    fal.faults.add(named("submit_foreign_urls"))
    assert "request_id" not in (await http.post(ROOT, json=sent)).json()
    foreign = (await http.post(ROOT, json=sent)).json()
    assert foreign["status_url"].startswith(FOREIGN)
    assert foreign["request_id"] == fal.jobs[2].id


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_stalled_submit_is_answered_when_it_is_released(fal, http, sent, accepted):
    armed = fal.faults.add(Delay(Stage.SUBMIT, accepted=accepted))
    call = asyncio.create_task(http.post(ROOT, json=sent))
    await armed.struck.wait()
    if accepted:
        await fal.next_job()
    assert len(fal.jobs) == int(accepted)
    assert not call.done()
    armed.release()
    assert (await call).status_code == 200
    assert len(fal.jobs) == 1


async def test_a_delay_ends_by_itself(fal, http, submit):
    fal.faults.add(Delay(Stage.STATUS, 0.01))
    assert (await http.get(of(await submit(), "/status"))).status_code == 202


async def test_a_fault_strikes_as_often_as_asked_and_only_the_jobs_meant(fal, http, submit):
    dragon, fox = await submit(prompt="a dragon"), await submit()
    armed = fal.faults.add(
        Reply(Stage.STATUS, 500, {}), times=None, where=lambda given: "dragon" in given["prompt"]
    )
    fal.faults.add(Reply(Stage.STATUS, 503, {}), times=2)
    first = [(await http.get(of(dragon, "/status"))).status_code for _ in range(2)]
    second = [(await http.get(of(fox, "/status"))).status_code for _ in range(3)]
    fal.faults.remove(armed)
    assert (first, second) == ([500, 500], [503, 503, 202])
    assert (await http.get(of(dragon, "/status"))).status_code == 202
    assert len(fal.faults) == 0


async def test_status_can_lie_about_a_living_request(fal, http, submit):
    job = await submit()
    for name in ("status_404", "status_not_json", "status_unknown_word", "status_null_urls"):
        fal.faults.add(named(name))
    lost, html, word, urls = [await http.get(of(job, "/status")) for _ in range(4)]
    assert (lost.status_code, lost.json()) == (404, {"status": "NOT_FOUND"})
    assert html.text.startswith("<html>")
    assert word.json()["status"] == "FAILED"
    assert urls.json()["response_url"] is None


async def test_the_stream_tells_each_change_and_closes_after_the_last(fal, http, submit):
    ahead, job = await submit(), await submit()
    reading = asyncio.create_task(events(http, job))
    await fal.until(lambda: fal.counts["stream"] == 1)
    await fal.finish(ahead)
    await fal.start(job)
    await fal.requeue(job)
    await fal.finish(job)
    lines, whole = await reading
    told = [json.loads(line.removeprefix("data: ")) for line in lines if line]
    assert whole
    assert all(line == "" or line.startswith("data: ") for line in lines)
    assert told[-1]["status"] == "COMPLETED"
    assert all(one["request_id"] == job.id for one in told)


async def test_the_stream_tells_positions_and_logs_as_they_come(fal, http, submit):
    ahead, job = await submit(), await submit()
    async with http.stream("GET", of(job, "/status/stream?logs=1")) as response:
        lines = response.aiter_lines()

        async def following():
            while not (line := await anext(lines)):
                continue
            return json.loads(line.removeprefix("data: "))

        assert (await following())["queue_position"] == 1
        await fal.start(ahead)
        assert (await following())["queue_position"] == 0
        await fal.finish(ahead)
        await fal.start(job)
        assert (await following())["status"] == "IN_PROGRESS"
        fal.log(job, "step 1")
        assert (await following())["logs"][0]["message"] == "step 1"
        await fal.requeue(job)
        assert (await following())["status"] == "IN_QUEUE"
        await fal.finish(job)
        assert (await following())["status"] == "COMPLETED"


async def test_comments_keep_a_stream_alive(sent):
    auth = {"Authorization": "Key demo:demo"}
    settings = StandInFalSettings(ping_s=0.01)
    async with StandInFal(settings) as fal, httpx.AsyncClient(headers=auth) as http:
        fal.hold()
        await http.post(fal.queue_url + ROOT, json=sent)
        job = await fal.next_job()
        async with http.stream("GET", fal.queue_url + of(job, "/status/stream")) as response:
            lines = response.aiter_lines()
            assert (await anext(lines)).startswith("data: ")
            assert await anext(lines) == ""
            assert await anext(lines) == ": ping"


@pytest.mark.parametrize("code", [404, 405, 500])
async def test_a_stream_can_be_refused(fal, http, submit, code):
    fal.faults.add(named(f"stream_{code}"))
    assert (await http.get(of(await submit(), "/status/stream"))).status_code == code


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_a_stream_can_be_cut_after_some_events(fal, http, submit, count):
    job = await submit()
    fal.faults.add(CutStream(count))
    reading = asyncio.create_task(events(http, job))
    await fal.until(lambda: fal.counts["stream"] == 1)
    while not reading.done() and job.state is not FalState.COMPLETED:
        fal.log(job, "tick")
        await (fal.start(job) if job.state is FalState.IN_QUEUE else fal.finish(job))
        await asyncio.wait([reading], timeout=0.05)
    lines, whole = await reading
    assert not whole
    assert len([line for line in lines if line]) == count


async def test_a_silent_stream_says_nothing_until_it_is_released(fal, http, submit):
    job = await submit()
    armed = fal.faults.add(named("stream_silent"))
    reading = asyncio.create_task(events(http, job))
    await armed.struck.wait()
    await fal.finish(job)
    assert not reading.done()
    armed.release()
    assert await reading == ([], False)


async def test_a_stream_can_begin_with_garbage_or_something_huge(fal, http, finished):
    job = await finished()
    for name in ("stream_garbled", "stream_huge", "stream_garbled_and_cut"):
        fal.faults.add(named(name))
    garbled, _ = await events(http, job)
    huge, _ = await events(http, job)
    cut, _ = await events(http, job)
    assert "nonsense" in garbled
    assert json.loads(garbled[-2].removeprefix("data: "))["status"] == "COMPLETED"
    assert max(map(len, huge)) > 4_000_000
    assert [line for line in cut if line] == ["data: {not json"]


@pytest.mark.parametrize("name", sorted(FAILURES))
async def test_every_family_of_errors_ends_a_job_with_its_status_and_form(
    fal, http, finished, name
):
    fal.faults.add(EndsWith(name))
    job = await finished()
    failure = FAILURES[name]
    answer = await http.get(of(job))
    status = await http.get(of(job, "/status"))
    assert answer.status_code == failure.status
    assert (status.status_code, status.json()["status"]) == (200, "COMPLETED")
    assert answer.headers["x-fal-billable-units"] == "0"
    assert job.billed_microusd == 0
    if failure.is_model_error:
        entry = answer.json()["detail"][0]
        assert entry["type"] == failure.kind
        assert {"loc", "msg", "type", "url", "input"} <= set(entry)
        assert "error" not in status.json()
    else:
        assert answer.json()["error_type"] == status.json()["error_type"] == failure.kind
        assert answer.headers["x-fal-error-type"] == failure.kind


async def test_the_partner_is_named_where_it_refused(fal, http, finished):
    fal.faults.add(named("result_content_policy_violation_by_partner"))
    entry = (await http.get(of(await finished()))).json()["detail"][0]
    assert entry["type"] == "content_policy_violation"
    assert entry["ctx"] == {"extra_info": {"reason": "partner_validation_failed"}}


async def test_refusals_bill_nothing_something_or_say_nothing(fal, http, finished):
    fal.faults.add(EndsWith("generation_timeout", billed=True))
    billed = await finished()
    assert (await http.get(of(billed))).headers["x-fal-billable-units"] == "0.00809"
    assert billed.billed_microusd == 8090
    fal.faults.add(EndsWith("generation_timeout", tells_units=False))
    assert "x-fal-billable-units" not in (await http.get(of(await finished()))).headers


async def test_a_result_may_lie_about_its_bill_or_say_nothing(fal, http, finished):
    fal.faults.add(named("result_units_missing"))
    silent = await finished()
    assert "x-fal-billable-units" not in (await http.get(of(silent))).headers
    assert silent.billed_microusd == 8090
    fal.faults.add(named("result_units_garbled"))
    told = (await http.get(of(await finished()))).headers["x-fal-billable-units"]
    assert told == "about three"


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("result_fewer", lambda images: len(images) == 1),
        ("result_more", lambda images: len(images) == 5),
        ("result_none", lambda images: images == []),
        ("result_foreign_host", lambda images: images[0]["url"].startswith(FOREIGN)),
        ("result_wrong_size", lambda images: images[1]["width"] == 1),
        ("result_null_size", lambda images: images[1]["height"] is None),
        ("result_without_size", lambda images: "width" not in images[0]),
        ("result_without_url", lambda images: "url" not in images[0]),
        ("result_without_type", lambda images: "content_type" not in images[0]),
    ],
)
async def test_pictures_can_be_too_few_foreign_or_mislabelled(fal, http, finished, name, look):
    fal.faults.add(named(name))
    job = await finished()
    images = (await http.get(of(job))).json()["images"]
    assert look(images)
    assert job.billed_microusd == pytest.approx(4045 * len(images), abs=0)


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("result_without_images", lambda answer: "images" not in answer.json()),
        ("result_null_images", lambda answer: answer.json() == {"images": None}),
        ("result_garbled", lambda answer: answer.text == '{"status": "IN_QU'),
        ("result_nginx_502", lambda answer: answer.status_code == 502),
        ("result_429", lambda answer: answer.status_code == 429),
    ],
)
async def test_a_result_can_lack_its_pictures_or_its_form_once(fal, http, finished, name, look):
    job = await finished()
    fal.faults.add(named(name))
    assert look(await http.get(of(job)))
    assert len((await http.get(of(job))).json()["images"]) == 2


async def test_a_cancel_can_be_heard_without_an_answer_or_answered_without_effect(
    fal, http, submit
):
    heard, unheard = await submit(), await submit()
    fal.faults.add(named("cancel_lost"))
    with pytest.raises(GONE):
        await http.put(of(heard, "/cancel"))
    assert heard.state is FalState.COMPLETED
    fal.faults.add(named("cancel_500"))
    assert (await http.put(of(unheard, "/cancel"))).status_code == 500
    fal.faults.add(Drop(Stage.CANCEL))
    with pytest.raises(GONE):
        await http.put(of(unheard, "/cancel"))
    assert unheard.state is FalState.IN_QUEUE


def test_every_named_fault_begins_with_the_call_that_it_strikes():
    stages = {"webhook", *(stage.value for stage in Stage)}
    for name, fault in NAMED.items():
        stage = name.partition("_")[0]
        assert stage in stages
        assert getattr(fault, "stage", stage) == stage
