"""Draws the stand-in's pictures: the prompt on colours of its own, of exactly the asked size.

A person sees at a glance that the right prompt, size and quality arrived. Any text is drawn
without failing, though a script that no font at hand knows shows boxes.
"""

import hashlib
import io
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont

from bot.core.models.options import Format, Size
from standins.fal.padding import padded

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_WIDER_FONTS = ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "Arial Unicode.ttf", "arial.ttf")
"""Tried, where the system has them, for text beyond the letters that Pillow's own font knows."""
_SHOWN_MAX_CHARS = 700
_LINES_MAX = 9


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture to draw; the same drawing always gives the same bytes.

    Attributes:
        index: From 1 to `count`.
        is_black: Nothing but black, in place of what may not be shown.
    """

    prompt: str
    size: Size
    quality: str
    format: Format
    index: int
    count: int
    is_black: bool = False


def draw(drawing: Drawing, bytes_min: int = 0) -> bytes:
    """Draw a picture and write it as a file. It takes CPU time: never call it on the loop.

    Args:
        drawing: What to draw.
        bytes_min: The file is padded to this weight.
    """
    size = drawing.size
    picture = background(drawing)
    if drawing.is_black:
        picture = Image.new("RGB", picture.size)
    else:
        unit = max(8, round((size.width * size.height) ** 0.5 / 42))
        _write_prompt(picture, drawing.prompt, unit)
        _write_corner(picture, drawing, unit)
    data = encode(picture, drawing.format, drawing.quality)
    return padded(data, drawing.format, size, bytes_min)


def background(drawing: Drawing) -> Image.Image:
    """Two colours that belong to the prompt, and a disc that tells the pictures of a job apart."""
    size = (drawing.size.width, drawing.size.height)
    digest = hashlib.sha256(drawing.prompt.encode("utf-8", "surrogatepass")).digest()
    hue = digest[0] * 360 // 256
    above, below, disc = (
        ImageColor.getrgb(f"hsl({(hue + turn) % 360}, 50%, {light}%)")
        for turn, light in ((0, 25), (60, 60), (60, 85))
    )
    shade = resized(Image.linear_gradient("L"), size)
    picture = Image.composite(Image.new("RGB", size, below), Image.new("RGB", size, above), shade)
    radius = min(size) / 9
    x, y = size[0] * drawing.index / (drawing.count + 1), size[1] * 0.35
    ImageDraw.Draw(picture).ellipse((x - radius, y - radius, x + radius, y + radius), fill=disc)
    return picture


def resized(picture: Image.Image, sides: tuple[int, int]) -> Image.Image:
    """Stretch or shrink a picture smoothly."""
    # Pillow's signature names a type of NumPy, which is not installed.
    resize = picture.resize  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return resize(sides, Image.Resampling.BICUBIC)


def encode(picture: Image.Image, picture_format: Format, quality: str) -> bytes:
    """Write a picture as a file; the quality moves its weight as it would for a real one."""
    buffer = io.BytesIO()
    level = {"low": 80, "medium": 88, "high": 93}.get(quality, 88)
    if picture_format is Format.PNG:
        picture.save(buffer, "PNG", compress_level=1)
    elif picture_format is Format.JPEG:
        picture.save(buffer, "JPEG", quality=level)
    else:
        picture.save(buffer, "WEBP", quality=level, method=0)
    return buffer.getvalue()


def plain(text: str) -> str:
    """Make any text drawable: one line, without control characters and lone surrogates."""
    safe = text.encode("utf-8", "replace").decode("utf-8")
    kept = (" " if unicodedata.category(char).startswith(("C", "Z")) else char for char in safe)
    joined = " ".join("".join(kept).split())
    return joined if len(joined) <= _SHOWN_MAX_CHARS else joined[: _SHOWN_MAX_CHARS - 1] + "…"


@lru_cache(maxsize=64)
def _font(size_px: int, *, is_plain: bool) -> Font:
    """Load a font: Pillow's own for plain text, else a wider one of the system."""
    for name in () if is_plain else _WIDER_FONTS:
        try:
            return ImageFont.truetype(name, size_px)
        except OSError:
            continue
    return ImageFont.load_default(size_px)


def _is_plain(text: str) -> bool:
    """Whether Pillow's own font has every letter: beyond ASCII it knows little."""
    return all(char.isascii() or char in "·…" for char in text)


def wrapped(text: str, font: Font, width_px: float) -> list[str]:
    """Break text into lines of at most a width, inside a word where it has to be."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        trial = f"{line} {word}".strip()
        if font.getlength(trial) <= width_px:
            line = trial
            continue
        if line:
            lines.append(line)
        line = word
        while font.getlength(line) > width_px and len(line) > 1:
            cut = _fitting(line, font, width_px)
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line] if line else lines


def _fitting(word: str, font: Font, width_px: float) -> int:
    """How many characters of a word fit, at least one; found by halving."""
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if font.getlength(word[:middle]) <= width_px else (low, middle - 1)
        )
    return low


def _layout(text: str, width_px: float, unit: int) -> tuple[list[str], Font, int]:
    """Choose the largest letters with which the text fits on the panel."""
    is_plain = _is_plain(text)
    lines: list[str] = []
    font, size_px = _font(unit, is_plain=is_plain), unit
    for share in (2.0, 1.6, 1.3, 1.0, 0.8):
        size_px = max(8, round(unit * share))
        font = _font(size_px, is_plain=is_plain)
        lines = wrapped(text, font, width_px)
        if len(lines) <= (3 if share > 1.5 else _LINES_MAX - 3 if share > 1 else _LINES_MAX):
            return lines, font, size_px
    lines = lines[:_LINES_MAX]
    return [*lines[:-1], f"{lines[-1][:-1]}…"], font, size_px


def _panel(
    picture: Image.Image, box: tuple[float, float, float, float], radius: float, alpha: int
) -> None:
    """Darken and blur a rounded part of the picture, so that text on it can be read."""
    left, top, right, bottom = (round(side) for side in box)
    part = picture.crop((left, top, right, bottom))
    small = resized(part, (max(1, part.width // 8), max(1, part.height // 8)))
    soft = resized(small.filter(ImageFilter.GaussianBlur(2)), part.size)
    dark = Image.blend(soft, Image.new("RGB", part.size, (14, 16, 30)), alpha / 255)
    mask = Image.new("L", part.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, part.width - 1, part.height - 1), radius, 255)
    picture.paste(dark, (left, top), mask)


def _write_prompt(picture: Image.Image, prompt: str, unit: int) -> None:
    """Write the prompt on a panel in the lower part."""
    width, height = picture.size
    margin, inner = unit * 1.6, unit * 1.3
    text = plain(prompt) or "(no words)"
    lines, font, size_px = _layout(text, width - 2 * (margin + inner), unit)
    step = size_px * 1.32
    top = height - margin - 2 * inner - step * len(lines)
    _panel(picture, (margin, top, width - margin, height - margin), unit * 0.9, 150)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        place = (margin + inner, top + inner + step * (number + 0.5))
        pen.text(place, line, font=font, fill=(250, 250, 246), anchor="lm")


def _write_corner(picture: Image.Image, drawing: Drawing, unit: int) -> None:
    """Write size and quality, and which of how many, into the upper corners."""
    font = _font(max(8, round(unit * 0.8)), is_plain=True)
    pen = ImageDraw.Draw(picture)
    pad, margin = unit * 0.55, unit * 1.6
    top, bottom = margin, margin + unit * 1.7
    label = f"{drawing.size.width} x {drawing.size.height} · {drawing.quality}"
    left = picture.width - margin - font.getlength(label) - 2 * pad
    _panel(picture, (left, top, picture.width - margin, bottom), unit * 0.5, 130)
    middle = (top + bottom) / 2
    pen.text((left + pad, middle), label, font=font, fill=(250, 250, 246), anchor="lm")
    if drawing.count > 1:
        number = f"{drawing.index} of {drawing.count}"
        right = margin + font.getlength(number) + 2 * pad
        _panel(picture, (margin, top, right, bottom), unit * 0.5, 130)
        pen.text((margin + pad, middle), number, font=font, fill=(250, 250, 246), anchor="lm")
