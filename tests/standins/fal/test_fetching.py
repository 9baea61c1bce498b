"""The runner really fetches the pictures of an input, looks at them, and bills them."""

import asyncio

import httpx
import pytest
from aiohttp import web
from PIL import Image

from standins.fal.jobs import FalState
from standins.fal.server import StandInFal
from standins.fal.settings import StandInFalSettings
from tests.standins.fal.conftest import AUTH
from tests.standins.fal.samples import data_uri, picture, serving

EDIT = "/openai/gpt-image-2/edit"
SETTINGS = {"concurrency": 1}


class Host:
    """A server of pictures, as Discord's CDN is one."""

    def __init__(self):
        self.seen = []
        self.go_on = asyncio.Event()
        self.files = {"fox.png": picture(), "page.html": b"<html></html>", "big": bytes(4096)}
        self.url = self.elsewhere = ""

    async def handle(self, request):
        self.seen.append((request.path, dict(request.headers)))
        name = request.match_info["path"]
        if name == "slow":
            await self.go_on.wait()
            name = "fox.png"
        if name == "away":
            raise web.HTTPFound("http://192.0.2.1/fox.png")
        if name == "here-as-everywhere":
            raise web.HTTPFound(self.elsewhere)
        if name.startswith("hop-"):
            left = int(name.removeprefix("hop-"))
            raise web.HTTPFound(f"/hop-{left - 1}" if left else "/fox.png")
        if name not in self.files:
            raise web.HTTPNotFound
        return web.Response(body=self.files[name])


@pytest.fixture
async def host():
    made = Host()
    async with serving(made.handle) as made.url:
        yield made


@pytest.fixture
async def make():
    """Edit pictures at a stand-in with some settings; gives the answer and the job."""

    async def edit(*urls, settings=None, **changes):
        async with StandInFal(StandInFalSettings(**SETTINGS, **(settings or {}))) as fal:
            fal.hold()
            async with httpx.AsyncClient(
                base_url=fal.queue_url, headers=AUTH, timeout=5, trust_env=False
            ) as http:
                sent = {"prompt": "", "quality": "low", "image_urls": urls, **changes}
                told = (await http.post(EDIT, json=sent)).json()
                job = await fal.next_job()
                await fal.finish(job)
                return await http.get(told["response_url"]), job

    return edit


def kinds(answer):
    return [entry["type"] for entry in answer.json()["detail"]]


async def test_a_picture_is_fetched_without_credentials_and_billed_by_its_tiles(host, make):
    answer, job = await make(f"{host.url}/fox.png?ex=1&hm=%2B", image_size="square_hd")
    assert answer.status_code == 200
    [(path, headers)] = host.seen
    assert path == "/fox.png"
    assert headers["User-Agent"].startswith("Mozilla/5.0")
    assert not {"Authorization", "Cookie"} & set(headers)
    # 64x48 is enlarged twice to 128x96: 4 x 3 tiles of 8 micro-dollars, beside the output
    assert job.billed_microusd == 5880 + 12 * 8


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("gone.png", "file_download_error"),
        ("away", "file_download_error"),
        ("hop-6", "file_download_error"),
        ("page.html", "image_load_error"),
        ("big", "file_too_large"),
    ],
)
async def test_what_cannot_be_had_or_read_ends_as_a_422_list(host, make, path, kind):
    answer, job = await make(data_uri(), f"{host.url}/{path}", settings={"input_bytes_max": 2048})
    [entry] = answer.json()["detail"]
    assert (answer.status_code, entry["type"]) == (422, kind)
    assert entry["loc"] == ["body", "image_urls", 1]
    assert (answer.headers["x-fal-billable-units"], job.billed_microusd) == ("0", 0)


async def test_five_redirections_are_followed(host, make):
    answer, _ = await make(f"{host.url}/hop-4")
    assert answer.status_code == 200
    assert len(host.seen) == 6


@pytest.mark.parametrize("url", ["https://elsewhere.invalid/1.png", "http://192.0.2.1/", "fox.png"])
async def test_nobody_but_loopback_is_called(make, url):
    answer, _ = await make(url)
    assert kinds(answer) == ["file_download_error"]


@pytest.mark.parametrize("path", ["fox.png", "here-as-everywhere"])
async def test_a_server_of_this_machine_is_called_by_a_loopback_address_only(host, make, path):
    everywhere = host.url.replace("127.0.0.1", "0.0.0.0")  # connects to this machine on Linux
    host.elsewhere = f"{everywhere}/fox.png"
    url = host.url if path == "here-as-everywhere" else everywhere
    answer, _ = await make(f"{url}/{path}")
    assert kinds(answer) == ["file_download_error"]
    assert "/fox.png" not in [seen for seen, _ in host.seen]


async def test_a_server_that_is_gone_is_no_picture(make):
    async with serving(Host().handle) as url:
        pass
    assert kinds((await make(url))[0]) == ["file_download_error"]


async def test_a_data_uri_can_be_too_long(make):
    answer, _ = await make(data_uri(), settings={"data_uri_bytes_max": 20})
    assert kinds(answer) == ["file_too_large"]


async def test_the_words_of_fals_helper_quote_the_address(host, make):
    url = f"{host.url}/gone.png?hm=secret"
    answer, _ = await make(url, settings={"inputs_fail_in_words": True})
    assert (answer.status_code, answer.json()) == (
        422,
        {"detail": f"Failed to download the image from {url}"},
    )
    assert "x-fal-error-type" not in answer.headers


async def test_the_model_chooses_the_size_by_the_first_picture_as_its_camera_turned_it(make):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = picture("JPEG", size=(1600, 1200), exif=exif)
    answer, _ = await make(data_uri(turned))
    [image] = answer.json()["images"]
    assert (image["width"], image["height"]) == (880, 1184)
    answer, _ = await make(data_uri(picture(size=(300, 100))))
    [image] = answer.json()["images"]
    assert (image["width"] / image["height"]) == pytest.approx(3, rel=0.03)
    answer, _ = await make(data_uri(), image_size="landscape_4_3")
    assert answer.json()["images"][0]["width"] == 1024


@pytest.mark.parametrize(
    ("mask", "fits"),
    [
        (picture(mode="RGBA"), True),
        (picture(mode="RGB"), False),
        (picture("WEBP", mode="RGBA"), False),
        (picture(mode="RGBA", size=(48, 64)), False),
    ],
)
async def test_a_mask_is_a_png_with_alpha_and_as_large_as_the_first_picture(make, mask, fits):
    answer, _ = await make(data_uri(), mask_url=data_uri(mask))
    assert answer.status_code == (200 if fits else 422)
    if not fits:
        assert answer.json()["detail"][0]["loc"] == ["body", "mask_url"]
        answer, _ = await make(data_uri(), mask_url=data_uri(mask), settings={"checks_mask": False})
        assert answer.status_code == 200


@pytest.mark.parametrize("bills_mask", [False, True])
async def test_a_mask_is_billed_where_that_is_chosen(make, bills_mask):
    mask, size = data_uri(picture(mode="RGBA")), "square_hd"
    settings = {"bills_mask": bills_mask}
    _, job = await make(data_uri(), mask_url=mask, image_size=size, settings=settings)
    assert job.billed_microusd == 5880 + (24 if bills_mask else 12) * 8


async def test_each_picture_of_a_request_is_billed_its_inputs(make):
    one, two = data_uri(picture(size=(2048, 2048))), data_uri()
    _, job = await make(one, two, num_images=3, image_size="square_hd")
    assert job.billed_microusd == 3 * (5880 + (1536 + 12) * 8)


async def test_a_job_runs_until_its_pictures_are_there(host):
    async with (
        StandInFal(StandInFalSettings(run_s=0.0)) as fal,
        httpx.AsyncClient(base_url=fal.queue_url, headers=AUTH, trust_env=False) as http,
    ):
        sent = {"prompt": "a", "quality": "low", "image_urls": [f"{host.url}/slow"]}
        answer = await http.post(EDIT, json=sent)
        job = await fal.next_job()
        await asyncio.sleep(0.05)
        assert job.state is FalState.IN_PROGRESS
        host.go_on.set()
        await fal.ended(job)
        assert (await http.get(answer.json()["response_url"])).status_code == 200


async def test_what_was_made_here_can_be_edited(fal, http, finished):
    job = await finished()
    url = (await http.get(f"/openai/gpt-image-2/requests/{job.id}")).json()["images"][0]["url"]
    told = await http.post(EDIT, json={"prompt": "b", "quality": "low", "image_urls": [url]})
    await fal.finish(await fal.next_job())
    [image] = (await http.get(told.json()["response_url"])).json()["images"]
    assert (image["width"], image["height"]) == (1184, 880)
    assert fal.violations == []
