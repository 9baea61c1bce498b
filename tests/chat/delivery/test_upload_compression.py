import random
from io import BytesIO

import pytest
from PIL import Image

from bot.chat.delivery.upload_compression import REQUEST_LIMIT_BYTES, attach
from bot.core.jobs import Picture
from bot.core.models.options import Format, Size
from tests.chat.samples import make_job

MIB = 2**20
NO_LIMIT = 500 * MIB


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    data = random.Random(7).randbytes(width * height * len(mode))
    return Image.frombytes(mode, (width, height), data)


def picture(image: Image.Image, file_format: Format, **options: int) -> Picture:
    out = BytesIO()
    image.save(out, file_format.value.upper(), **options)
    return Picture(out.getvalue(), file_format, Size(*image.size))


def opened(data: bytes) -> Image.Image:
    """Decode wholly, so that a cut file is noticed."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


@pytest.fixture(scope="module")
def noisy_png() -> Picture:
    return picture(noise(256, 192), Format.PNG)


@pytest.fixture(scope="module")
def big_png() -> Picture:
    """7 MiB of a plain picture that was not compressed."""
    return picture(Image.new("RGB", (1600, 1536), "teal"), Format.PNG, compress_level=0)


@pytest.mark.parametrize("file_format", Format)
async def test_what_fits_is_posted_unchanged(file_format):
    small = picture(noise(64, 48), file_format)
    job = make_job(format=file_format)

    attached = await attach(job, [small, small], len(small.data))

    assert [a.data for a in attached] == [small.data, small.data]
    assert [a.filename for a in attached] == [
        f"imagine-{job.id}-1.{file_format}",
        f"imagine-{job.id}-2.{file_format}",
    ]
    assert {(a.format, a.note) for a in attached} == {(file_format, None)}


async def test_another_format_than_asked_for_is_said():
    sent = picture(noise(64, 48), Format.JPEG)

    (attached,) = await attach(make_job(format=Format.WEBP), [sent], NO_LIMIT)

    assert attached.data == sent.data
    assert attached.filename.endswith("-1.jpeg")
    assert attached.note == "fal sent JPEG instead of WebP."


async def test_one_byte_too_many_is_encoded_again_at_the_best_quality(noisy_png):
    (attached,) = await attach(make_job(), [noisy_png], len(noisy_png.data) - 1)

    assert len(attached.data) < len(noisy_png.data)
    image = opened(attached.data)
    assert (image.format, image.size) == ("WEBP", (256, 192))
    assert attached.format is Format.WEBP
    assert attached.filename == f"imagine-{make_job().id}-1.webp"
    assert attached.note is not None
    assert attached.note.startswith("Sent as WebP (quality 95): the PNG was over 0.14")


@pytest.mark.parametrize(
    ("file_format", "becomes"),
    [(Format.PNG, Format.WEBP), (Format.WEBP, Format.WEBP), (Format.JPEG, Format.JPEG)],
)
@pytest.mark.parametrize("limit_bytes", [30_000, 9_000, 1_500])
async def test_noise_over_the_limit_ends_under_it(file_format, becomes, limit_bytes):
    sent = picture(noise(256, 192), file_format, quality=100)
    assert len(sent.data) > limit_bytes

    (attached,) = await attach(make_job(format=file_format), [sent], limit_bytes)

    assert len(attached.data) <= limit_bytes
    image = opened(attached.data)
    assert image.format == becomes.value.upper()
    assert attached.format is becomes
    assert attached.filename.endswith(f".{becomes}")
    assert abs(image.width / image.height - 4 / 3) < 0.05
    assert attached.note is not None
    if image.width < 256:
        assert f", {image.width}×{image.height})" in attached.note


async def test_the_larger_the_limit_the_better_the_picture(noisy_png):
    sizes: list[int] = []
    for limit_bytes in (9_000, 30_000, 60_000, 100_000):
        (attached,) = await attach(make_job(), [noisy_png], limit_bytes)
        sizes.append(len(attached.data))

    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("file_format", [Format.PNG, Format.WEBP])
async def test_a_transparent_picture_stays_transparent(file_format):
    options = {} if file_format is Format.PNG else {"lossless": True}
    sent = picture(noise(128, 96, "RGBA"), file_format, **options)

    (attached,) = await attach(make_job(format=file_format), [sent], len(sent.data) // 2)

    assert opened(attached.data).mode == "RGBA"


async def test_a_grey_or_palette_picture_can_be_encoded_again():
    for mode in ("L", "P"):
        image = noise(256, 192).convert(mode)
        sent = picture(image, Format.PNG)
        (attached,) = await attach(make_job(), [sent], len(sent.data) - 1)
        assert len(attached.data) < len(sent.data)
        assert opened(attached.data).mode == "RGB"


async def test_only_the_picture_that_is_too_large_is_changed(noisy_png):
    small = picture(noise(64, 48), Format.PNG)

    first, second = await attach(make_job(), [small, noisy_png], len(small.data))

    assert (first.data, first.note) == (small.data, None)
    assert second.format is Format.WEBP
    assert len(second.data) <= len(small.data)


async def test_four_pictures_together_fit_into_one_request(big_png):
    pictures = [big_png] * 4
    assert sum(len(one.data) for one in pictures) > REQUEST_LIMIT_BYTES

    attached = await attach(make_job(count=4), pictures, NO_LIMIT)

    assert len(attached) == 4
    assert sum(len(one.data) for one in attached) < 25 * MIB
    assert [opened(one.data).size for one in attached] == [(1600, 1536)] * 4


async def test_three_pictures_that_fit_together_are_left_alone(big_png):
    attached = await attach(make_job(count=3), [big_png] * 3, NO_LIMIT)
    assert [one.data for one in attached] == [big_png.data] * 3


async def test_a_small_picture_among_large_ones_is_left_alone(big_png, noisy_png):
    attached = await attach(make_job(count=4), [big_png, big_png, big_png, noisy_png], NO_LIMIT)
    assert attached[3].data == noisy_png.data
    assert sum(len(one.data) for one in attached) < 25 * MIB
