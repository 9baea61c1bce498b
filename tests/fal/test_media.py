import asyncio
import io
import struct
import zlib
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.core.errors import ForeignHost, MediaRejected, TemporaryFailure
from bot.core.jobs import PictureLink
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size
from bot.fal.media import allowed, checked
from standins.fal.faults import HugeMedia, OtherMedia, Reply, SlowMedia, Stage
from standins.fal.pictures import Drawing, draw

HOSTS = ("*.fal.media", "127.0.0.1:8123", "[::1]:8124", "cdn.example", "*.loop.example:8443")


@cache
def picture(picture_format):
    return draw(Drawing("a fox", Size(1024, 768), Quality.LOW, picture_format, 1, 1), 0)


@pytest.mark.parametrize(
    "url",
    [
        "https://v3b.fal.media/files/b/x/y.png",
        "https://v3.fal.media/files/y.png",
        "https://fal.media/files/y.png",
        "https://a.b.fal.media/y.png",
        "https://V3B.FAL.MEDIA/y.png",
        "https://v3b.fal.media:443/y.png?a=b#c",
        "http://127.0.0.1:8123/y.png",
        "https://127.0.0.1:8123/y.png",
        "http://[::1]:8124/y.png",
        "https://cdn.example/y.png",
        "https://x.loop.example:8443/y.png",
    ],
)
def test_a_picture_may_come_from_a_host_on_the_list(url):
    assert allowed(url, HOSTS) is not None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "https:///y.png",
        "y.png",
        "//v3b.fal.media/y.png",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "ftp://v3b.fal.media/y.png",
        "http://v3b.fal.media/y.png",
        "https://evilfal.media/y.png",
        "https://fal.media.evil.com/y.png",
        "https://v3b.fal.media.evil.com/y.png",
        "https://v3b.fal.media@evil.com/y.png",
        "https://evil.com@v3b.fal.media/y.png",
        "https://user:pass@v3b.fal.media/y.png",
        "https://@v3b.fal.media/y.png@evil.com",
        "https://v3b.fal.media:8443/y.png",
        "https://v3b.fal.media:80/y.png",
        "https://v3b.fal.media./y.png",
        "https://evil.com\\.fal.media/y.png",
        "https://evil.com/.fal.media",
        "https://evil.com?.fal.media",
        "https://evil.com#.fal.media",
        "https://evil%2ecom.fal.media/y.png",
        "https://v3b.f\u0430l.media/y.png",
        "https://v3b.fal\u3002media/y.png",
        "https://v3b\uff0efal.media/y.png",
        "https://v3b.fal.media/\u00e9.png",
        "https://v3b.fal.media/y.png\n",
        " https://v3b.fal.media/y.png",
        "https://v3b .fal.media/y.png",
        "https://v3b.fal.media:99999999/y.png",
        "https://[v3b.fal.media]/y.png",
        "https://_x_.evil/y.png",
        "http://127.0.0.1/y.png",
        "http://127.0.0.1:8124/y.png",
        "http://localhost:8123/y.png",
        "http://127.1:8123/y.png",
        "http://2130706433:8123/y.png",
        "https://cdn.example.evil/y.png",
        "https://x.cdn.example/y.png",
        "https://x.loop.example/y.png",
        "http://cdn.example/y.png",
        "https://169.254.169.254/latest/meta-data",
    ],
)
def test_a_picture_may_come_from_nowhere_else(url):
    assert allowed(url, HOSTS) is None


@given(st.text() | st.text(alphabet="htps:/.@#?\\%[]falmedievx0187", max_size=60))
def test_any_address_is_allowed_or_not(url):
    for prefix in ("", "https://", "https://v3b.fal.media", "https://evil.example/"):
        found = allowed(prefix + url, ("*.fal.media",))
        assert found is None or found.host.endswith("fal.media")
        assert found is None or found.host.removesuffix("fal.media")[-1:] in ("", ".")


@pytest.mark.parametrize("picture_format", list(Format))
def test_a_whole_picture_is_known_by_its_bytes(picture_format):
    data = picture(picture_format)
    found = checked(data)
    assert (found.format, found.size) == (picture_format, Size(1024, 768))
    assert found.data is data


@pytest.mark.parametrize("picture_format", list(Format))
@pytest.mark.parametrize("part", [0.0, 0.001, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_picture_cut_short_is_refused(picture_format, part):
    data = picture(picture_format)
    with pytest.raises(MediaRejected):
        checked(data[: int(len(data) * part)])


def test_one_wrong_bit_in_a_png_is_found():
    data = bytearray(picture(Format.PNG))
    data[len(data) // 2] ^= 1
    with pytest.raises(MediaRejected):
        checked(bytes(data))


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b"GIF89a" + bytes(100), b"%PDF-1.7", b"RIFF\0\0\0\0WAVE", b"\xff\xd8\xff"],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(MediaRejected):
        checked(data)


def png_of(width, height):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height"), [(8000, 8000), (50_000, 50_000), (2**31 - 1, 1), (0, 9)]
)
def test_a_small_file_with_absurdly_many_pixels_is_refused(width, height):
    with pytest.raises(MediaRejected):
        checked(png_of(width, height))


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x20\0\0\0WEBPVP8 ", b""]),
    st.binary(max_size=200),
    st.sampled_from([b"", b"\xff\xd9"]),
)
def test_any_bytes_are_a_picture_or_refused(start, middle, end):
    try:
        found = checked(start + middle + end)
    except MediaRejected:
        return
    assert found.size.width > 0


def test_padding_behind_a_jpeg_does_no_harm():
    assert checked(picture(Format.JPEG) + bytes(16)).format is Format.JPEG


@pytest.fixture
def link(queue, rendered):
    """Render one picture and return where it lies."""

    async def render(**changes):
        return (await queue.result(await rendered(**changes))).pictures[0]

    return render


@pytest.mark.parametrize("picture_format", list(Format))
async def test_a_picture_is_fetched_without_a_key_and_in_one_request(
    fal, queue, link, picture_format
):
    found = await queue.fetch(await link(format=picture_format))
    assert (found.format, found.size) == (picture_format, Size(1024, 768))
    with Image.open(io.BytesIO(found.data)) as image:
        image.load()
    assert fal.counts["media"] == 1
    assert fal.violations == []


@pytest.mark.parametrize(
    "name",
    ["500", "nginx_502", "429", "404", "403", "closed", "truncated", "broken", "html", "empty"],
)
async def test_what_may_pass_is_fetched_again(fal, queue, link, trouble, name):
    address = await link()
    trouble(f"media_{name}", times=3)
    assert (await queue.fetch(address)).format is Format.PNG
    assert fal.counts["media"] == 4


@pytest.mark.parametrize(
    ("name", "error", "tries"),
    [
        ("500", TemporaryFailure, 4),
        ("429", TemporaryFailure, 4),
        ("closed", TemporaryFailure, 4),
        ("truncated", TemporaryFailure, 4),
        ("404", MediaRejected, 4),
        ("403", MediaRejected, 4),
        ("broken", MediaRejected, 4),
        ("html", MediaRejected, 4),
        ("html_as_image", MediaRejected, 4),
        ("empty", MediaRejected, 4),
        ("410", MediaRejected, 4),
        ("redirect", ForeignHost, 1),
        ("moved", MediaRejected, 4),
        ("405", MediaRejected, 1),
        ("huge", MediaRejected, 1),
        ("huge_undeclared", MediaRejected, 1),
    ],
)
async def test_what_does_not_pass_is_refused(fal, queue, link, trouble, name, error, tries):
    address = await link()
    trouble(f"media_{name}", times=None)
    with pytest.raises(error) as caught:
        await queue.fetch(address)
    assert type(caught.value) is error
    assert fal.counts["media"] == tries


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("hops", [1, 3])
async def test_a_few_redirects_are_followed_without_a_key(fal, queue, link, status, hops):
    address = await link()
    fal.faults.add(Reply(Stage.MEDIA, status, "", {"Location": "?moved"}), times=hops - 1 or 1)
    if hops > 1:
        fal.faults.add(Reply(Stage.MEDIA, status, "", {"Location": address.url}))
    assert (await queue.fetch(address)).format is Format.PNG
    assert fal.counts["media"] == hops + 1
    assert fal.violations == []


async def test_a_circle_of_redirects_is_left_and_may_be_asked_about_again(
    fal, queue, link, trouble
):
    address = await link()
    circle = trouble("media_moved", times=None)
    with pytest.raises(MediaRejected) as caught:
        await queue.fetch(address)
    assert "redirected" in caught.value.detail
    assert fal.counts["media"] == 4
    fal.faults.remove(circle)
    assert (await queue.fetch(address)).format is Format.PNG


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.invalid/a.png",
        "//elsewhere.invalid/a.png",
        "https://127.0.0.1@elsewhere.invalid/a.png",
        "/\\elsewhere.invalid/a.png",
        "http://localhost/a.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
    ],
)
async def test_a_redirect_off_the_list_is_not_followed(fal, queue, link, location):
    address = await link()
    fal.faults.add(Reply(Stage.MEDIA, 302, "", {"Location": location}))
    with pytest.raises(ForeignHost):
        await queue.fetch(address)
    assert fal.counts["media"] == 1


@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
async def test_a_redirect_to_nowhere_is_no_end(fal, queue, link, headers):
    address = await link()
    fal.faults.add(Reply(Stage.MEDIA, 302, "", headers))
    with pytest.raises(MediaRejected) as caught:
        await queue.fetch(address)
    assert type(caught.value) is MediaRejected
    assert (await queue.fetch(address)).format is Format.PNG


@pytest.mark.parametrize("name", ["403", "404", "410", "gateway_404", "500"])
async def test_half_a_minute_without_the_file_ends_nothing(fal, queue, link, trouble, name):
    address = await link()
    trouble(f"media_{name}", for_s=30)
    for _ in range(2):
        with pytest.raises((MediaRejected, TemporaryFailure)) as caught:
            await queue.fetch(address)
        assert name[-3:] in caught.value.detail
        fal.advance(16)
    assert (await queue.fetch(address)).format is Format.PNG


async def test_the_bound_is_exact(fal, hurried, link):
    address = await link()
    data = picture(Format.PNG)
    for is_too_large in (False, True):
        fal.faults.add(OtherMedia(data))
        async with hurried(pace={"picture_bytes_max": len(data) - is_too_large}) as queue:
            if is_too_large:
                with pytest.raises(MediaRejected):
                    await queue.fetch(address)
            else:
                assert (await queue.fetch(address)).data == data


async def test_a_flood_stops_at_the_bound(fal, hurried, link):
    address = await link()
    fal.faults.add(HugeMedia(size_bytes=2**31, is_declared=False))
    async with hurried(pace={"picture_bytes_max": 1_000_000}) as queue:
        with pytest.raises(MediaRejected):
            await queue.fetch(address)


async def test_a_picture_that_says_it_is_too_large_is_not_waited_for(hurried):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999\r\n\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with hurried(media_hosts=(host,)) as queue:
            with pytest.raises(MediaRejected):
                await queue.fetch(PictureLink(f"http://{host}/x.png", "image/png", 0, 0))


async def test_a_slow_picture_still_comes(fal, queue, link):
    address = await link()
    fal.faults.add(SlowMedia(0.0001, piece_bytes=65_536))
    assert (await queue.fetch(address)).size == Size(1024, 768)


@pytest.mark.parametrize("bound", ["stall_s", "picture_s"])
async def test_a_stuck_picture_is_asked_for_again(fal, queue, hurried, link, trouble, bound):
    address = await link()
    await queue.fetch(address)
    stuck = trouble("media_stuck", times=2)
    async with hurried(pace={bound: 0.2}) as hasty:
        assert (await hasty.fetch(address)).size == Size(1024, 768)
    stuck.release()
    assert fal.counts["media"] == 4


async def test_a_type_that_is_told_wrongly_does_not_matter(queue, link, trouble):
    address = await link(format=Format.WEBP)
    trouble("media_wrong_type")
    assert (await queue.fetch(address)).format is Format.WEBP


async def test_another_size_than_asked_for_is_told_as_it_is(queue, link, trouble):
    address = await link()
    trouble("media_resized")
    assert (await queue.fetch(address)).size == Size(640, 480)


async def test_a_foreign_host_is_not_asked(fal, queue, link, trouble):
    trouble("result_foreign_host")
    address = await link()
    with pytest.raises(ForeignHost) as caught:
        await queue.fetch(address)
    assert "elsewhere.invalid" in caught.value.detail
    for url in (fal.queue_url.replace("127.0.0.1", "localhost") + "/files/x", "not an address"):
        with pytest.raises(ForeignHost):
            await queue.fetch(PictureLink(url, "image/png", 0, 0))
    assert fal.counts["media"] == 0
