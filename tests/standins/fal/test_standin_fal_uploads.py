"""Pictures that a client brings: announced, put, found, read by the model, and gone in time."""

import json

import httpx
import pytest

from standins.fal.trouble import named
from tests.standins.fal.samples import data_uri, picture

ROOT = "/openai/gpt-image-2"
INITIATE = "/storage/upload/initiate?storage_type=fal-cdn-v3"
PNG = {"content_type": "image/png", "file_name": "fox.png"}


@pytest.fixture
async def stranger(fal):
    """A client without a key, as who puts a file or looks at one."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        yield client


@pytest.fixture
def brought(http, stranger):
    """Upload bytes; returns the address under which they are found."""

    async def bring(data=None, headers=None):
        urls = (await http.post(INITIATE, json=PNG, headers=headers or {})).json()
        put = await stranger.put(
            urls["upload_url"], content=data or picture(), headers={"Content-Type": "image/png"}
        )
        assert put.status_code == 200
        return urls["file_url"]

    return bring


@pytest.fixture
def edited(fal, http, sent):
    """Edit pictures; returns the answer of the result call."""

    async def edit(*urls, **more):
        answer = await http.post(f"{ROOT}/edit", json={**sent, "image_urls": urls, **more})
        await fal.finish(await fal.next_job())
        return await http.get(answer.json()["response_url"])

    return edit


async def test_a_picture_is_announced_put_found_and_read(fal, http, stranger, brought, edited):
    url = await brought()
    found = await stranger.get(url)
    assert (found.content, found.headers["Content-Type"]) == (picture(), "image/png")
    assert url.endswith("/fox.png")
    assert url.startswith(fal.rest_url)
    assert (await edited(url)).status_code == 200
    assert fal.violations == []
    assert fal.counts["initiate"] == fal.counts["upload"] == 1


async def test_a_picture_is_gone_when_its_time_is_over(fal, stranger, brought, edited):
    life = {"X-Fal-Object-Lifecycle": json.dumps({"expiration_duration_seconds": 3600})}
    forever = {"X-Fal-Object-Lifecycle": json.dumps({"expiration_duration_seconds": 0})}
    short, long = await brought(headers=life), await brought(headers=forever)
    fal.advance(3601)
    assert [(await stranger.get(url)).status_code for url in (short, long)] == [404, 200]
    answer = await edited(long, short)
    [entry] = answer.json()["detail"]
    assert (answer.status_code, entry["type"]) == (422, "file_download_error")
    assert (entry["loc"], entry["input"]) == (["body", "image_urls", 1], short)
    assert answer.headers["x-fal-billable-units"] == "0"
    assert fal.billed_microusd == 0


async def test_what_was_announced_but_not_put_is_not_there(http, stranger, edited):
    urls = (await http.post(INITIATE, json=PNG)).json()
    assert (await stranger.get(urls["file_url"])).status_code == 404
    answer = await edited(urls["file_url"])
    assert answer.json()["detail"][0]["type"] == "file_download_error"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"no picture", "image_load_error"),
        (picture()[:-40], "image_load_error"),
        (picture("GIF"), "unsupported_image_format"),
    ],
)
async def test_bytes_that_are_no_picture_are_refused_by_the_model(brought, edited, data, kind):
    answer = await edited(await brought(data))
    assert [one["type"] for one in answer.json()["detail"]] == [kind]


async def test_a_data_uri_is_read(edited):
    assert (await edited(data_uri())).status_code == 200
    for wrong in ("data:image/png;base64,?", "data:image/png,raw"):
        assert (await edited(wrong)).json()["detail"][0]["type"] == "file_download_error"


async def test_what_an_honest_client_does_not_do_is_a_violation(fal, http, stranger):
    keyless = await stranger.post(fal.rest_url + INITIATE, json=PNG)
    assert keyless.status_code == 401
    assert (await http.post(INITIATE, json={"file_name": "a/b"})).status_code == 422
    broken = {"X-Fal-Object-Lifecycle": "an hour"}
    assert (await http.post(INITIATE, json=PNG, headers=broken)).status_code == 422
    urls = (await http.post(INITIATE.partition("?")[0], json=PNG)).json()
    with_key = {"Content-Type": "image/png"}
    assert (await http.put(urls["upload_url"], content=b"", headers=with_key)).status_code == 200
    other = {"Content-Type": "image/webp"}
    refused = await stranger.put(urls["upload_url"], content=b"", headers=other)
    assert refused.status_code == 403
    sentences = [one.partition(": ")[2] for one in fal.violations]
    assert sentences == [
        "no key, or one of the wrong form",
        "content_type and file_name are needed",
        "X-Fal-Object-Lifecycle is no JSON object of seconds",
        "storage_type: fal-cdn-v3 or gcs is needed",
        "the key was sent to the address of an upload",
        "Content-Type: image/png was announced",
    ]


async def test_a_token_lets_files_in_for_an_hour(fal, http, stranger):
    told = (await http.post("/storage/auth/token?storage_type=fal-cdn-v3", json={})).json()
    assert set(told) == {"token", "token_type", "base_url", "expires_at"}
    url = f"{told['base_url']}/files/upload"
    headers = {
        "Authorization": f"{told['token_type']} {told['token']}",
        "Content-Type": "image/png",
        "X-Fal-File-Name": "fox.png",
        "X-Fal-Object-Lifecycle": json.dumps({"expiration_duration_seconds": 7200}),
    }
    sent = await stranger.post(url, content=picture(), headers=headers)
    found = sent.json()["access_url"]
    assert (await stranger.get(found)).content == picture()
    assert fal.violations == []
    fal.advance(3601)
    assert (await stranger.post(url, content=b"", headers=headers)).status_code == 401
    fal.advance(3600)
    assert (await stranger.get(found)).status_code == 404
    assert (await http.post("/files/upload", content=b"")).status_code == 401
    assert fal.violations == ["POST /files/upload: the key was sent to the host of the media"]


async def test_both_steps_can_fail(fal, http, stranger):
    fal.faults.add(named("initiate_503"))
    assert (await http.post(INITIATE, json=PNG)).status_code == 503
    urls = (await http.post(INITIATE, json=PNG)).json()
    fal.faults.add(named("upload_closed"))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await stranger.put(urls["upload_url"], content=picture())
    assert (await stranger.put(f"{fal.rest_url}/uploads/x", content=b"")).status_code == 404


async def test_pictures_that_were_made_go_when_the_submit_said_so(fal, http, stranger, sent):
    name = "X-Fal-Object-Lifecycle-Preference"
    for text in ('{"expiration_duration_seconds": 60}', "a minute"):
        await http.post(ROOT, json=sent, headers={name: text})
    urls = []
    for job in fal.jobs:
        await fal.finish(job)
        urls.append((await http.get(f"{ROOT}/requests/{job.id}")).json()["images"][0]["url"])
    fal.advance(59)
    assert [(await stranger.get(url)).status_code for url in urls] == [200, 200]
    fal.advance(1)
    assert [(await stranger.get(url)).status_code for url in urls] == [404, 200]
    assert fal.violations == [f"POST {ROOT}: {name} is no JSON object of seconds"]
