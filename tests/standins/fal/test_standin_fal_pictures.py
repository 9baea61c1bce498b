"""Pictures are real, exact, told apart, cheap to make heavier, and take any text."""

import io

import pytest
from PIL import Image

from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size
from standins.fal.gallery import Gallery
from standins.fal.pictures import Drawing, background, draw, plain

SIZE = Size(640, 416)


def drawing(prompt="a fox", picture_format=Format.PNG, index=1, size=SIZE):
    return Drawing(prompt, size, Quality.LOW, picture_format, index, 4)


def opened(data):
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def test_the_same_drawing_gives_the_same_bytes_and_others_differ():
    assert draw(drawing()) == draw(drawing())
    files = {draw(drawing()), draw(drawing(index=2)), draw(drawing("a dog")), draw(drawing("sea"))}
    assert len(files) == 4


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "   \n\t\x00\x07",
        "猫が空を飛ぶ 🐈‍⬛ привет мир مرحبا हिन्दी ภาษาไทย",
        "\ud800 lone surrogate",
        "ﷺ" * 300,
        "W" * 5000,
        "word " * 6000,
        "i" * 200,
        "a\u0301" * 200 + "\u202e reversed \u2066",
        "`code` **bold** <b>html</b> {braces} %s",
    ],
)
def test_any_text_can_be_drawn(prompt):
    assert opened(draw(drawing(prompt))).size == (640, 416)


@pytest.mark.parametrize("size", [Size(1024, 640), Size(640, 1920), Size(1920, 640)], ids=str)
@pytest.mark.parametrize("picture_format", Format)
@pytest.mark.parametrize("bytes_min", [0, 1_500_000])
def test_files_are_exact_and_can_be_padded_legally(size, picture_format, bytes_min):
    data = draw(drawing(picture_format=picture_format, size=size), bytes_min)
    picture = opened(data)
    assert len(data) >= bytes_min
    assert len(data) < max(bytes_min + 100, 500_000)
    assert picture.format == picture_format.name
    assert picture.size == (size.width, size.height)
    if picture_format is Format.PNG:
        Image.open(io.BytesIO(data)).verify()


def test_padding_changes_no_pixel():
    for picture_format in Format:
        thin = opened(draw(drawing(picture_format=picture_format)))
        heavy = opened(draw(drawing(picture_format=picture_format), 400_000))
        assert thin.convert("RGB").tobytes() == heavy.convert("RGB").tobytes()


def test_text_is_made_one_line_of_drawable_characters():
    assert plain("a\nb\x00 c\ud800") == "a b c?"
    assert len(plain("x" * 5000)) == 700


def test_a_prompt_has_colours_of_its_own_and_each_picture_a_place_for_its_disc():
    first, second, other = (
        background(one) for one in (drawing(), drawing(index=2), drawing("a dog"))
    )
    assert first.getpixel((0, 0)) == second.getpixel((0, 0)) != other.getpixel((0, 0))
    assert first.getpixel((0, 0)) != first.getpixel((0, SIZE.height - 1))
    middles = [(SIZE.width * n // 5, SIZE.height * 35 // 100) for n in (1, 2)]
    assert first.getpixel(middles[0]) == second.getpixel(middles[1])
    assert first.getpixel(middles[0]) != second.getpixel(middles[0])


async def test_a_gallery_draws_one_picture_for_all_jobs_when_told_so():
    gallery = Gallery(picture_bytes_min=0, reuse_pictures=True)
    assert await gallery.picture(drawing("a")) is await gallery.picture(drawing("b", index=3))
    assert opened(await gallery.picture(drawing(size=Size(320, 320)))).size == (320, 320)
    apart = Gallery(picture_bytes_min=0, reuse_pictures=False)
    assert await apart.picture(drawing("a")) is await apart.picture(drawing("a"))
    assert await apart.picture(drawing("a")) != await apart.picture(drawing("b"))
