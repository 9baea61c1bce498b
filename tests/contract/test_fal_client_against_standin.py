"""fal's own client, unmodified, works against the stand-in as it works against fal.

All that is set are the client's module variables for fal's addresses, which is how it is pointed
at another host. The synchronous client runs in a thread, since the stand-in shares our
event loop.
"""

import asyncio
import base64
import inspect
import io
import json

import fal_client
import fal_client.client
import httpx
import pytest
from aiohttp import web
from PIL import Image

from standins.fal.faults import Reply, Stage
from standins.fal.jobs import FalState
from standins.fal.server import StandInFal
from standins.fal.settings import RunningCancel, StandInFalSettings
from standins.fal.trouble import EXHAUSTED, named
from tests.standins.fal.samples import serving

APP = "openai/gpt-image-2"
INPUT = {
    "prompt": "a fox in a forest",
    "image_size": {"width": 1024, "height": 768},
    "quality": "low",
}


def fox():
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(buffer, "PNG")
    return buffer.getvalue()


class Client:
    """Calls the synchronous or the asynchronous client in the same words."""

    def __init__(self, real):
        self.real = real

    async def call(self, method, *arguments, **options):
        if inspect.iscoroutinefunction(method):
            return await method(*arguments, **options)
        return await asyncio.to_thread(method, *arguments, **options)

    async def submit(self, application=APP, arguments=INPUT, **options):
        return await self.call(self.real.submit, application, arguments, **options)

    async def events(self, handle):
        events = handle.iter_events(with_logs=True, interval=0.02)
        if inspect.isasyncgen(events):
            return [event async for event in events]
        return await asyncio.to_thread(list, events)

    async def close(self):
        if isinstance(self.real, fal_client.AsyncClient):
            await (await self.real._client).aclose()
        else:
            self.real._client.close()


@pytest.fixture
async def fal(monkeypatch):
    async with StandInFal(StandInFalSettings(concurrency=1)) as standin:
        standin.hold()
        monkeypatch.setattr(fal_client.client, "QUEUE_URL_FORMAT", f"{standin.queue_url}/")
        monkeypatch.setattr(fal_client.client, "REST_URL", standin.rest_url)
        monkeypatch.setattr(fal_client.client, "CDN_URL", standin.queue_url)
        yield standin


@pytest.fixture(params=[fal_client.SyncClient, fal_client.AsyncClient])
async def client(fal, request):
    real = Client(request.param(key="demo:demo"))
    yield real
    await real.close()


def test_this_is_the_release_whose_behaviour_we_know():
    assert fal_client.__version__ == "1.0.3"


async def test_a_job_is_submitted_followed_and_fetched(fal, client):
    handle = await client.submit()
    job = await fal.next_job()
    assert (handle.request_id, job.input) == (job.id, INPUT)
    assert await client.call(handle.status) == fal_client.Queued(position=0)
    await fal.start(job)
    assert await client.call(handle.status) == fal_client.InProgress(logs=None)
    await fal.finish(job)
    done = await client.call(handle.status, with_logs=True)
    assert isinstance(done, fal_client.Completed)
    assert (done.logs, done.error, set(done.metrics)) == ([], None, {"inference_time"})
    images = (await client.call(handle.get))["images"]
    async with httpx.AsyncClient(trust_env=False) as http:
        media = await http.get(images[0]["url"])
    assert Image.open(io.BytesIO(media.content)).size == (1024, 768)
    assert fal.violations == []


async def test_events_are_polled_until_the_last(fal, client):
    ahead = await client.submit()
    handle = await client.submit()
    first, job = await fal.next_job(), await fal.next_job()
    following = asyncio.create_task(client.events(handle))
    await fal.until(lambda: fal.counts["status"] >= 1)
    await fal.finish(first)
    seen = fal.counts["status"]
    await fal.until(lambda: fal.counts["status"] > seen)
    await fal.start(job)
    fal.log(job, "painting")
    seen = fal.counts["status"]
    await fal.until(lambda: fal.counts["status"] > seen)
    await fal.finish(job)
    events = await following
    assert events[0] == fal_client.Queued(position=1)
    assert fal_client.Queued(position=0) in events
    running = [event for event in events if isinstance(event, fal_client.InProgress)]
    assert [line["message"] for line in running[-1].logs or []] == ["painting"]
    assert isinstance(events[-1], fal_client.Completed)
    assert isinstance(await client.call(ahead.status), fal_client.Completed)


@pytest.mark.parametrize(("with_callback", "requests"), [(False, 6), (True, 7)])
async def test_subscribe_makes_as_many_requests_as_is_known(fal, client, with_callback, requests):
    updates = []
    options = {"on_queue_update": updates.append} if with_callback else {}
    subscribed = asyncio.create_task(
        client.call(client.real.subscribe, APP, INPUT, interval=0.1, **options)
    )
    job = await fal.next_job()
    await fal.until(lambda: fal.counts["status"] == 3)
    await fal.finish(job)
    answer = await subscribed
    assert len(answer["images"]) == 1
    assert sum(fal.counts.values()) == len(fal.requests) == requests
    assert (fal.counts["submit"], fal.counts["result"]) == (1, 1)
    assert len(updates) == (4 if with_callback else 0)


async def test_a_handle_made_from_an_id_finds_the_request(fal, client):
    uri = "data:image/png;base64," + base64.b64encode(fox()).decode()
    handle = await client.submit(f"{APP}/edit", {**INPUT, "image_urls": [uri]})
    job = await fal.next_job()
    assert job.endpoint == f"{APP}/edit"
    assert f"/{APP}/requests/" in handle.status_url
    await fal.finish(job)
    status = await client.call(client.real.status, f"{APP}/edit", job.id)
    assert isinstance(status, fal_client.Completed)
    answer = await client.call(client.real.result, f"{APP}/edit", job.id)
    assert answer["images"][0]["width"] == 1024


async def test_cancel_is_silent_once_and_raises_the_second_time(fal, client):
    handle = await client.submit()
    job = await fal.next_job()
    await client.call(client.real.cancel, APP, job.id)
    assert job.state is FalState.COMPLETED
    with pytest.raises(fal_client.FalClientHTTPError) as again:
        await client.call(handle.cancel)
    assert again.value.status_code == 400
    with pytest.raises(fal_client.FalClientHTTPError) as ended:
        await client.call(handle.get)
    assert (ended.value.status_code, ended.value.error_type) == (499, "client_cancelled")
    with pytest.raises(fal_client.FalClientHTTPError) as unknown:
        await client.call(client.real.cancel, APP, "no-such-id")
    assert unknown.value.status_code == 404


async def test_a_cancelled_running_job_finishes(fal, client):
    handle = await client.submit()
    job = await fal.next_job()
    await fal.start(job)
    await client.call(handle.cancel)
    await fal.finish(job)
    assert len((await client.call(handle.get))["images"]) == 1


async def test_a_cancelled_running_job_ends_where_the_app_listens(monkeypatch):
    settings = StandInFalSettings(running_cancel=RunningCancel.ENDS)
    async with StandInFal(settings) as fal:
        monkeypatch.setattr(fal_client.client, "QUEUE_URL_FORMAT", f"{fal.queue_url}/")
        fal.hold()
        client = Client(fal_client.AsyncClient(key="demo:demo"))
        handle = await client.submit()
        await fal.start(await fal.next_job())
        await client.call(handle.cancel)
        with pytest.raises(fal_client.FalClientHTTPError) as ended:
            await client.call(handle.get)
        await client.close()
    assert ended.value.status_code == 499


async def test_the_headers_and_the_query_of_a_submit_arrive(fal, client):
    await client.submit(
        hint="warm",
        priority="low",
        start_timeout=30,
        headers={"X-Fal-Store-IO": "0"},
        webhook_url="https://bot.invalid/hook?a=1&b=2",
    )
    headers = fal.requests[0].headers
    assert headers["x-fal-runner-hint"] == "warm"
    assert headers["x-fal-queue-priority"] == "low"
    assert headers["x-fal-request-timeout"] == "30.0"
    assert headers["x-fal-store-io"] == "0"
    assert headers["user-agent"] == "fal-client/1.0.3 (python)"
    assert fal.requests[0].query == {"fal_webhook": "https://bot.invalid/hook?a=1&b=2"}
    assert fal.jobs[0].webhook_url == "https://bot.invalid/hook?a=1&b=2"


async def test_a_webhook_is_told_what_the_client_is_told(fal, client):
    told = []

    async def hear(request):
        told.append(await request.json())
        return web.Response()

    async with serving(hear) as url:
        handle = await client.submit(webhook_url=f"{url}/hook?a=1&b=2")
        await fal.finish(await fal.next_job())
        await fal.until(lambda: bool(fal.jobs[0].webhook_tries))
    [body] = told
    assert (body["request_id"], body["status"]) == (handle.request_id, "OK")
    assert body["payload"] == await client.call(handle.get)


async def test_a_422_list_is_passed_through_as_the_message(fal, client):
    handle = await client.submit(arguments={**INPUT, "num_images": 9})
    await fal.finish(await fal.next_job())
    assert isinstance(await client.call(handle.status), fal_client.Completed)
    with pytest.raises(fal_client.FalClientHTTPError) as refused:
        await client.call(handle.get)
    assert refused.value.status_code == 422
    assert json.loads(json.dumps(refused.value.message))[0]["type"] == "less_than_equal"


async def test_an_infrastructure_error_names_its_type(fal, client):
    fal.faults.add(named("result_runner_disconnected"))
    handle = await client.submit()
    await fal.finish(await fal.next_job())
    status = await client.call(handle.status)
    assert status.error_type == "runner_disconnected"
    with pytest.raises(fal_client.FalClientHTTPError) as ended:
        await client.call(handle.get)
    assert (ended.value.status_code, ended.value.error_type) == (503, "runner_disconnected")


async def test_a_locked_account_and_a_wrong_key_speak_as_fal_does(fal, client):
    fal.faults.add(named("submit_locked"))
    with pytest.raises(fal_client.FalClientHTTPError) as locked:
        await client.submit()
    assert (locked.value.status_code, locked.value.message) == (403, EXHAUSTED)
    stranger = fal_client.AsyncClient(key="demo:wrong")
    with pytest.raises(fal_client.FalClientHTTPError) as refused:
        await stranger.submit(APP, INPUT)
    await (await stranger._client).aclose()
    assert refused.value.status_code == 401
    assert refused.value.message == "No user found for Key ID and Secret"
    assert fal.jobs == []


@pytest.mark.parametrize("code", [408, 409, 429])
async def test_these_statuses_are_tried_again(fal, client, code):
    handle = await client.submit()
    for stage in (Stage.STATUS, Stage.RESULT, Stage.CANCEL):
        fal.faults.add(Reply(stage, code, {"detail": "later"}))
    await client.call(handle.cancel)
    with pytest.raises(fal_client.FalClientHTTPError) as ended:
        await client.call(handle.get)
    assert ended.value.status_code == 499
    assert fal.counts == {"submit": 1, "status": 2, "result": 2, "cancel": 2}


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_server_errors_are_raised_at_once(fal, client, code):
    handle = await client.submit()
    fal.faults.add(named(f"status_{code}"))
    with pytest.raises(fal_client.FalClientHTTPError) as raised:
        await client.call(handle.status)
    assert raised.value.status_code == code
    assert fal.counts["status"] == 1


async def test_an_error_of_the_proxy_is_tried_again(fal, client):
    handle = await client.submit()
    fal.faults.add(named("status_nginx_502"))
    assert await client.call(handle.status) == fal_client.Queued(position=0)
    assert fal.counts["status"] == 2


async def test_a_lost_answer_makes_this_client_pay_twice(fal, client):
    fal.faults.add(named("submit_lost"))
    await client.submit()
    assert [job.input for job in fal.jobs] == [INPUT, INPUT]


async def brought(client, repository):
    return await client.call(
        client.real.upload, fox(), "image/png", "fox.png",
        repository=repository, lifecycle=fal_client.StorageSettings(expires_in="1h"),
    )  # fmt: skip


async def test_a_picture_is_brought_read_by_the_model_and_gone_in_time(fal, client):
    urls = [await brought(client, "fal")]
    if isinstance(client.real, fal_client.AsyncClient):  # the other never closes what it opens
        urls.append(await brought(client, "fal_v3"))
    handle = await client.submit(f"{APP}/edit", {**INPUT, "image_urls": urls})
    await fal.finish(await fal.next_job())
    assert len((await client.call(handle.get))["images"]) == 1
    fal.advance(3601)
    late = await client.submit(f"{APP}/edit", {**INPUT, "image_urls": urls})
    await fal.finish(await fal.next_job())
    with pytest.raises(fal_client.client.FalClientHTTPError, match="file_download_error"):
        await client.call(late.get)
    # fal's own client has its key on every request; ours is to be more careful
    [sentence] = fal.violations
    assert sentence.endswith("the key was sent to the address of an upload")
