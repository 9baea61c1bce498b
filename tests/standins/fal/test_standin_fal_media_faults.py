"""What can go wrong with pictures."""

import asyncio
import io

import httpx
import pytest
from PIL import Image, UnidentifiedImageError

from standins.fal.faults import (
    HugeMedia,
    SlowMedia,
)
from standins.fal.trouble import FOREIGN, named

ROOT = "/openai/gpt-image-2"
GONE = (httpx.RemoteProtocolError, httpx.ReadError)


def of(job, tail=""):
    return f"{ROOT}/requests/{job.id}{tail}"


@pytest.fixture
async def picture(http, finished):
    """The address of a finished picture."""
    return (await http.get(of(await finished()))).json()["images"][0]["url"]


@pytest.mark.parametrize("name", ["media_404", "media_403", "media_500", "media_503"])
async def test_media_can_be_refused(fal, http, picture, name):
    fal.faults.add(named(name))
    assert str((await http.get(picture)).status_code) == name.removeprefix("media_")
    assert (await http.get(f"{picture}x")).status_code == 404


async def test_media_can_be_redirected_elsewhere(fal, http, picture):
    fal.faults.add(named("media_redirect"))
    answer = await http.get(picture)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(FOREIGN)


async def test_media_can_be_something_else(fal, http, picture):
    for name in ("media_html", "media_html_as_image", "media_wrong_type", "media_empty"):
        fal.faults.add(named(name))
    html, disguised, mistyped, empty = [await http.get(picture) for _ in range(4)]
    assert html.headers["content-type"] == "text/html"
    assert disguised.content.startswith(b"<html>")
    assert disguised.headers["content-type"] == "image/png"
    assert mistyped.headers["content-type"] == "application/octet-stream"
    assert mistyped.content.startswith(b"\x89PNG")
    assert empty.content == b""


async def test_media_can_be_broken_or_of_another_size(fal, http, picture):
    fal.faults.add(named("media_broken"))
    with pytest.raises((OSError, SyntaxError, UnidentifiedImageError)):
        Image.open(io.BytesIO((await http.get(picture)).content)).load()
    fal.faults.add(named("media_resized"))
    assert Image.open(io.BytesIO((await http.get(picture)).content)).size == (640, 480)
    assert Image.open(io.BytesIO((await http.get(picture)).content)).size == (1024, 768)


async def test_media_can_be_truncated(fal, http, picture):
    fal.faults.add(named("media_truncated"))
    with pytest.raises(httpx.RemoteProtocolError):
        await http.get(picture)


@pytest.mark.parametrize("is_declared", [True, False])
async def test_media_can_be_huge(fal, http, picture, is_declared):
    fal.faults.add(HugeMedia(3_000_001, is_declared=is_declared))
    async with http.stream("GET", picture) as response:
        assert ("content-length" in response.headers) is is_declared
        size = sum([len(part) async for part in response.aiter_raw()])
    assert size == 3_000_001


async def test_media_can_stick_until_it_is_released(fal, http, picture):
    armed = fal.faults.add(SlowMedia())
    call = asyncio.create_task(http.get(picture))
    await armed.struck.wait()
    done, _ = await asyncio.wait([call], timeout=0.05)
    assert not done
    armed.release()
    Image.open(io.BytesIO((await call).content)).load()


async def test_what_a_safety_checker_stops_is_a_black_picture_and_billed(fal, http, submit):
    fal.faults.add(named("result_black"))
    job = await submit()
    await fal.finish(job)
    answer = await http.get(f"/openai/gpt-image-2/requests/{job.id}")
    assert (answer.status_code, answer.json()["has_nsfw_concepts"]) == (200, [True, True])
    image = answer.json()["images"][0]
    data = (await http.get(image["url"], headers={"Authorization": ""})).content
    picture = Image.open(io.BytesIO(data))
    assert picture.size == (image["width"], image["height"]) == (1024, 768)
    assert picture.getextrema() == ((0, 0),) * 3
    assert job.billed_microusd > 0
