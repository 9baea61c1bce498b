"""The stand-in answers submit, status, result, cancel and media as the reference says."""

import asyncio
import io
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from bot.core.models.gpt_image_2 import GPT_IMAGE_2, Quality
from bot.core.models.options import Size
from bot.core.models.prices import Ask
from standins.fal.jobs import FalState
from standins.fal.server import StandInFal
from standins.fal.settings import QueuedCancel, RunningCancel, StandInFalSettings

ROOT = "/openai/gpt-image-2"


def of(job, tail=""):
    return f"{ROOT}/requests/{job.id}{tail}"


async def test_submit_answers_with_the_id_and_addresses_of_the_app(fal, http, sent):
    answer = await http.post(ROOT, json=sent)
    job = await fal.next_job()
    root = f"{fal.queue_url}/openai/gpt-image-2/requests/{job.id}"
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "IN_QUEUE",
        "request_id": job.id,
        "response_url": root,
        "status_url": f"{root}/status",
        "cancel_url": f"{root}/cancel",
        "queue_position": 0,
    }
    assert job.input == sent


async def test_the_alias_and_the_edit_endpoint_are_known(fal, http, sent):
    alias = await http.post("/fal-ai/gpt-image-2", json=sent)
    edit = await http.post(f"{ROOT}/edit", json={**sent, "image_urls": ["https://a.invalid/1.png"]})
    jobs = fal.jobs
    assert [job.endpoint for job in jobs] == ["fal-ai/gpt-image-2", "openai/gpt-image-2/edit"]
    assert "/fal-ai/gpt-image-2/requests/" in alias.json()["status_url"]
    assert f"{ROOT}/requests/{jobs[1].id}/status" in edit.json()["status_url"]
    assert (await http.get(edit.json()["status_url"])).status_code == 202


async def test_status_is_202_while_a_job_lives_and_200_once_it_has_ended(fal, http, submit):
    first, second = await submit(), await submit()
    await fal.start(first)
    third = await submit()
    waiting = await http.get(of(third, "/status"))
    running = await http.get(of(first, "/status?logs=1"))
    assert (waiting.status_code, running.status_code) == (202, 202)
    assert waiting.json()["queue_position"] == 1
    assert waiting.json()["logs"] is None
    assert running.json()["status"] == "IN_PROGRESS"
    assert running.json()["logs"] == []
    assert "queue_position" not in running.json()
    assert running.json()["metrics"] == {}
    await fal.finish(first)
    ended = await http.get(of(first, "/status"))
    assert ended.status_code == 200
    assert ended.json()["status"] == "COMPLETED"
    assert "inference_time" in ended.json()["metrics"]
    assert (await http.get(of(second, "/status"))).json()["queue_position"] == 0


async def test_at_most_so_many_jobs_run_at_once_in_order(sent):
    settings = StandInFalSettings(concurrency=2, run_s=60)
    async with StandInFal(settings) as fal, httpx.AsyncClient(trust_env=False) as http:
        for _ in range(4):
            headers = {"Authorization": "Key demo:demo"}
            await http.post(fal.queue_url + ROOT, json=sent, headers=headers)
        states = [job.state for job in fal.jobs]
        assert states == [FalState.IN_PROGRESS] * 2 + [FalState.IN_QUEUE] * 2
        await fal.finish(fal.jobs[1])
        assert fal.jobs[2].state is FalState.IN_PROGRESS
        fal.concurrency = 3
        assert fal.jobs[3].state is FalState.IN_PROGRESS


async def test_jobs_end_by_themselves_after_their_run_time(fal, submit):
    fal.run_s = lambda given: 0.01 if given["quality"] == "low" else 60.0
    quick = await submit()
    fal.release()
    await fal.ended(quick)
    slow = await submit(quality="high")
    assert slow.state is FalState.IN_PROGRESS


async def test_a_running_job_can_be_sent_back_into_the_queue(fal, http, submit):
    job, behind = await submit(), await submit()
    await fal.start(job)
    await fal.requeue(job)
    assert (await http.get(of(behind, "/status"))).json()["queue_position"] == 1
    back = await http.get(of(job, "/status"))
    assert (back.json()["status"], back.json()["queue_position"]) == ("IN_QUEUE", 0)
    await fal.finish(job)
    assert job.runs == 2


async def test_the_result_is_the_bare_answer_with_its_bill(fal, http, finished):
    job = await finished()
    answer = await http.get(of(job))
    cost = GPT_IMAGE_2.price.likely_microusd(Ask(Size(1024, 768), Quality.LOW, job.prompt), 2)
    assert answer.status_code == 200
    assert answer.headers["x-fal-request-id"] == job.id
    assert answer.headers["x-fal-billable-units"] == "0.00809"
    assert fal.billed_microusd == job.billed_microusd == cost == 8090
    images = answer.json()["images"]
    assert len(images) == 2
    assert set(images[0]) == {"url", "content_type", "file_name", "width", "height"}
    assert images[0]["url"].startswith(f"http://{fal.media_host}/files/")
    assert (await http.get(of(job, "/response"))).json() == answer.json()


async def test_a_result_asked_for_too_early_is_400(fal, http, submit):
    job = await submit()
    for _ in range(2):
        early = await http.get(of(job))
        assert early.status_code == 400
        assert early.json() == {"detail": "Request is still in progress"}
        if job.state is FalState.IN_QUEUE:
            await fal.start(job)


@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
async def test_pictures_have_exactly_the_asked_size_and_format(fal, http, finished, name):
    job = await finished(output_format=name, image_size={"width": 1040, "height": 656})
    answer = (await http.get(of(job))).json()
    for image in answer["images"]:
        async with httpx.AsyncClient(trust_env=False) as keyless:
            media = await keyless.get(image["url"])
        picture = Image.open(io.BytesIO(media.content))
        picture.load()
        assert media.headers["content-type"] == image["content_type"] == f"image/{name}"
        assert (picture.format, picture.size) == (name.upper(), (1040, 656))
    assert fal.violations == []


async def test_unknown_requests_are_not_found_and_a_bad_key_is_told_first(fal, http):
    path = f"{ROOT}/requests/{uuid4()}"
    for tail in ("", "/status", "/status/stream"):
        answer = await http.get(path + tail)
        assert (answer.status_code, answer.json()) == (404, {"status": "NOT_FOUND"})
    bad = await http.get(f"{path}/status", headers={"Authorization": "Key demo:wrong"})
    assert bad.status_code == 401
    assert bad.json() == {"detail": "No user found for Key ID and Secret"}
    malformed = await http.get(f"{path}/status", headers={"Authorization": "Key demo"})
    assert malformed.status_code == 401
    assert malformed.json()["detail"].startswith("Invalid Key Authorization header format")


async def test_the_other_app_does_not_know_a_request(http, submit):
    job = await submit()
    answer = await http.get(f"/fal-ai/gpt-image-2/requests/{job.id}/status")
    assert answer.status_code == 404


async def test_cancel_removes_a_waiting_request_at_once(fal, http, submit):
    first, second = await submit(), await submit()
    answer = await http.put(of(first, "/cancel"))
    assert (answer.status_code, answer.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
    assert first.state is FalState.COMPLETED
    assert first.runs == 0
    assert first.billed_microusd == 0
    assert (await http.get(of(second, "/status"))).json()["queue_position"] == 0
    assert (await http.get(of(first))).status_code == 499
    again = await http.put(of(first, "/cancel"))
    assert (again.status_code, again.json()) == (400, {"status": "ALREADY_COMPLETED"})
    unknown = await http.put(f"{ROOT}/requests/{uuid4()}/cancel")
    assert (unknown.status_code, unknown.json()) == (404, {"status": "NOT_FOUND"})


async def test_a_running_request_ignores_its_cancel_and_bills(fal, http, submit):
    job = await submit()
    await fal.start(job)
    assert (await http.put(of(job, "/cancel"))).status_code == 202
    assert (job.state, job.cancel_asked) == (FalState.IN_PROGRESS, True)
    await fal.finish(job)
    assert (await http.get(of(job))).status_code == 200
    assert job.billed_microusd > 0


@pytest.mark.parametrize(
    ("choice", "code", "body"),
    [(QueuedCancel.OK, 200, {"status": "OK"}), (QueuedCancel.SUCCESS, 200, {"success": True})],
)
async def test_both_ways_to_cancel_are_at_hand(sent, choice, code, body):
    settings = StandInFalSettings(queued_cancel=choice, running_cancel=RunningCancel.ENDS)
    auth = {"Authorization": "Key demo:demo"}
    async with StandInFal(settings) as fal:
        fal.hold()
        async with httpx.AsyncClient(base_url=fal.queue_url, headers=auth, trust_env=False) as http:
            await http.post(ROOT, json=sent)
            await http.post(ROOT, json=sent)
            waiting, running = fal.jobs
            answer = await http.put(of(waiting, "/cancel"))
            assert (answer.status_code, answer.json()) == (code, body)
            await fal.start(running)
            assert (await http.put(of(running, "/cancel"))).status_code == 202
            ended = await http.get(of(running))
    assert ended.status_code == 499
    assert ended.json()["error_type"] == "client_cancelled"
    assert ended.headers["x-fal-error-type"] == "client_cancelled"
    assert running.billed_microusd == 0


async def test_results_are_forgotten_after_an_hour_only_without_stored_payloads(fal, http, sent):
    kept = await http.post(ROOT, json=sent)
    unkept = await http.post(ROOT, json=sent, headers={"X-Fal-Store-IO": "0"})
    for job in fal.jobs:
        await fal.finish(job)
    fal.advance(3599)
    assert (await http.get(unkept.json()["response_url"])).status_code == 200
    fal.advance(2)
    assert (await http.get(unkept.json()["response_url"])).status_code == 404
    assert (await http.get(kept.json()["response_url"])).status_code == 200


async def test_a_request_that_does_not_start_in_time_ends_with_504(fal, http, sent):
    answer = await http.post(ROOT, json=sent, headers={"X-Fal-Request-Start-Timeout": "0.2"})
    await fal.ended(await fal.next_job())
    ended = await http.get(answer.json()["response_url"])
    assert ended.status_code == 504
    assert ended.json()["error_type"] == "request_timeout"
    assert ended.headers["x-fal-request-timeout-type"] == "user"


async def test_a_longest_queue_can_be_asked_for(http, submit, sent):
    await submit()
    await submit()
    assert (await http.post(f"{ROOT}?fal_max_queue_length=1", json=sent)).status_code == 429
    assert (await http.post(f"{ROOT}?fal_max_queue_length=2", json=sent)).status_code == 200


async def test_sync_mode_answers_with_data_but_is_frowned_upon(fal, http, finished):
    job = await finished(sync_mode=True)
    images = (await http.get(of(job))).json()["images"]
    assert all(image["url"].startswith("data:image/png;base64,") for image in images)
    assert any("sync_mode" in violation for violation in fal.violations)


async def test_every_request_is_recorded_without_its_key(fal, http, sent):
    await http.post(ROOT, json=sent, headers={"X-Fal-Tags": "job=1"})
    await http.get("/nonsense")
    first, second = fal.requests
    assert (first.call, first.method, first.path) == ("submit", "POST", ROOT)
    assert first.headers["authorization"] == "Key ***"
    assert first.headers["x-fal-tags"] == "job=1"
    assert second.call == "unknown"
    assert fal.counts == {"submit": 1, "unknown": 1}


async def test_waiting_for_a_job_that_never_comes_ends_with_a_timeout(fal):
    with pytest.raises(TimeoutError):
        await fal.next_job(timeout_s=0.01)


async def test_stopping_ends_what_is_held_open(sent):
    auth = {"Authorization": "Key demo:demo"}
    async with httpx.AsyncClient(headers=auth, trust_env=False) as http:
        async with StandInFal() as fal:
            fal.hold()
            await http.post(fal.queue_url + ROOT, json=sent)
            url = f"{fal.queue_url}{of(fal.jobs[0], '/status/stream')}"
            reader = asyncio.create_task(http.get(url))
            await fal.until(lambda: fal.counts["stream"] == 1)
        assert (await reader).text.startswith("data: ")


def test_it_refuses_to_listen_beyond_loopback():
    with pytest.raises(ValueError, match="loopback"):
        StandInFalSettings(host="0.0.0.0")
