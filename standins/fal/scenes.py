"""Paints the backgrounds of the stand-in's pictures: simple landscapes, chosen by the prompt.

A scene is painted small and then enlarged, so that a 4K picture costs little more than a small
one. The same prompt always gets the same scenes.
"""

import math
from collections.abc import Callable, Sequence
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Palette = tuple[Colour, Colour, Colour, Colour]
"""Upper sky, lower sky, far ground, near ground."""

_PALETTES: dict[str, Palette] = {
    "dawn": ((255, 183, 148), (255, 236, 210), (196, 113, 135), (74, 48, 88)),
    "noon": ((92, 167, 236), (222, 241, 255), (118, 168, 148), (34, 84, 88)),
    "dusk": ((58, 44, 110), (247, 131, 110), (122, 62, 118), (32, 22, 58)),
    "night": ((10, 16, 48), (62, 94, 160), (38, 60, 118), (6, 12, 36)),
    "forest": ((205, 228, 196), (247, 247, 221), (94, 142, 98), (24, 62, 48)),
    "sea": ((128, 208, 226), (240, 250, 246), (38, 132, 168), (10, 54, 98)),
    "candy": ((250, 196, 221), (255, 244, 226), (170, 146, 224), (84, 70, 160)),
    "desert": ((250, 214, 140), (255, 243, 214), (222, 140, 84), (128, 60, 50)),
}
_PALETTE_WORDS: dict[str, tuple[str, ...]] = {
    "night": ("night", "moon", "star", "space", "galaxy", "dark", "neon"),
    "dusk": ("sunset", "dusk", "evening", "dragon", "fire", "lantern"),
    "sea": ("sea", "ocean", "wave", "fish", "otter", "boat", "harbour", "harbor", "lighthouse"),
    "forest": ("forest", "tree", "garden", "fox", "moss", "leaf", "jungle"),
    "desert": ("desert", "sand", "dune", "camel", "autumn", "lion"),
    "candy": ("candy", "flower", "cute", "pink", "unicorn", "cake"),
    "dawn": ("dawn", "sunrise", "morning", "mountain"),
    "noon": ("sky", "cloud", "balloon", "city", "snow", "winter"),
}
_SCENE_WORDS: dict[str, tuple[str, ...]] = {
    "waves": _PALETTE_WORDS["sea"],
    "trees": _PALETTE_WORDS["forest"],
    "lights": ("city", "lantern", "neon", "party", "flower", "galaxy", "candy"),
    "hills": ("mountain", "hill", "desert", "sunset", "dawn", "dragon", "moon"),
}
_LONG_SIDE_PX = 768


def paint(prompt: str, index: int, width: int, height: int) -> tuple[Image.Image, Palette]:
    """Paint a background of exactly the given sides.

    The index tells the pictures of one job apart: it moves the scene, the palette stays.
    """
    seed = prompt.encode("utf-8", "surrogatepass")
    chooser = Random(seed)  # noqa: S311  # a picture, not a secret
    words = prompt.casefold()
    palette = _PALETTES[_chosen(words, _PALETTE_WORDS, list(_PALETTES), chooser)]
    scene = SCENES[_chosen(words, _SCENE_WORDS, list(SCENES), chooser)]
    scale = min(1.0, _LONG_SIDE_PX / max(width, height))
    small = (max(8, round(width * scale)), max(8, round(height * scale)))
    picture = sky(small, palette)
    scene(picture, palette, Random(seed + bytes([index])))  # noqa: S311  # a picture, not a secret
    shaded = ImageChops.multiply(picture, _vignette(small))
    return resized(shaded, (width, height)), palette


def _chosen(
    words: str, by_word: dict[str, tuple[str, ...]], names: list[str], chooser: Random
) -> str:
    """The first name one of whose words stands in the prompt, else any."""
    fallback = chooser.choice(names)
    hits = (name for name, marks in by_word.items() if any(mark in words for mark in marks))
    return next(hits, fallback)


def resized(picture: Image.Image, sides: tuple[int, int]) -> Image.Image:
    """Stretch or shrink a picture smoothly."""
    # Pillow's signature names a type of NumPy, which is not installed.
    resize = picture.resize  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return resize(sides, Image.Resampling.BICUBIC)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Mix two colours; 0 gives the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def sky(sides: tuple[int, int], palette: Palette) -> Image.Image:
    """Paint a vertical gradient that has reached its lower colour where the ground begins."""
    mask = Image.new("L", sides, 255)
    mask.paste(resized(Image.linear_gradient("L"), (sides[0], max(1, sides[1] * 5 // 8))))
    lower = Image.new("RGB", sides, palette[1])
    return Image.composite(lower, Image.new("RGB", sides, palette[0]), mask)


def _vignette(sides: tuple[int, int]) -> Image.Image:
    """White in the middle, slightly darker at the corners."""
    round_mask = resized(Image.radial_gradient("L"), sides)
    table = [255 - value * value // 1100 for value in range(256)]
    shade = round_mask.point(table)  # pyright: ignore[reportUnknownMemberType]  # NumPy type
    return Image.merge("RGB", (shade, shade, shade))


def _glow(picture: Image.Image, centre: tuple[float, float], radius: float, colour: Colour) -> None:
    """Paint a disc with a soft halo."""
    x, y = centre
    halo = Image.new("L", picture.size, 0)
    draw = ImageDraw.Draw(halo)
    for step in range(5, 0, -1):
        wide = radius * (1 + step * 0.28)
        draw.ellipse((x - wide, y - wide, x + wide, y + wide), fill=16 + (5 - step) * 22)
    halo = halo.filter(ImageFilter.GaussianBlur(radius * 0.25))
    disc = ImageDraw.Draw(halo)
    disc.ellipse((x - radius, y - radius, x + radius, y + radius), fill=245)
    halo = halo.filter(ImageFilter.GaussianBlur(0.8))
    picture.paste(Image.new("RGB", picture.size, colour), (0, 0), halo)


def _ridge(width: int, top: float, swing: float, chance: Random) -> list[tuple[float, float]]:
    """A rolling outline: three sines of random phase."""
    parts = [
        (chance.uniform(0.7, 1.6) * part, chance.uniform(0, math.tau), swing / part)
        for part in (1, 2.3, 5.1)
    ]
    return [
        (x, top + sum(h * math.sin(x / width * math.tau * f + p) for f, p, h in parts))
        for x in range(-4, width + 8, 4)
    ]


def _fill_below(
    picture: Image.Image, outline: Sequence[tuple[float, float]], colour: Colour
) -> None:
    """Fill everything below an outline, with smooth edges."""
    width, height = picture.size
    mask = Image.new("L", (width * 2, height * 2), 0)
    doubled = [(x * 2, y * 2) for x, y in outline]
    ImageDraw.Draw(mask).polygon([*doubled, (width * 2 + 20, height * 2), (-20, height * 2)], 255)
    smooth = resized(mask, picture.size)
    picture.paste(Image.new("RGB", picture.size, colour), (0, 0), smooth)


def _stars(picture: Image.Image, palette: Palette, chance: Random) -> None:
    if sum(palette[0]) > 280:
        return
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    for _ in range(90):
        x, y = chance.uniform(0, width), chance.uniform(0, height * 0.6)
        size = chance.choice((0.6, 0.6, 1.0, 1.4))
        shine = mixed(palette[0], (255, 255, 240), chance.uniform(0.4, 1))
        draw.ellipse((x - size, y - size, x + size, y + size), fill=shine)


def _sun(picture: Image.Image, palette: Palette, chance: Random) -> tuple[float, Colour]:
    """Paint a sun or moon and say where it stands and how it shines."""
    width, height = picture.size
    centre = (width * chance.uniform(0.2, 0.8), height * chance.uniform(0.16, 0.34))
    radius = min(width, height) * chance.uniform(0.07, 0.11)
    shine = mixed(palette[1], (255, 250, 225), 0.9)
    _glow(picture, centre, radius, shine)
    return centre[0], shine


def hills(picture: Image.Image, palette: Palette, chance: Random) -> None:
    """Ridges behind ridges under a sun or moon."""
    width, height = picture.size
    _stars(picture, palette, chance)
    _sun(picture, palette, chance)
    for layer in range(5):
        depth = layer / 4
        top = height * (0.46 + 0.13 * layer)
        outline = _ridge(width, top, height * (0.075 - 0.008 * layer), chance)
        ground = mixed(palette[2], palette[3], depth)
        _fill_below(picture, outline, mixed(ground, palette[1], 0.38 * (1 - depth)))


def waves(picture: Image.Image, palette: Palette, chance: Random) -> None:
    """A sea in bands with light crests, and the light of the sun or moon on it."""
    width, height = picture.size
    _stars(picture, palette, chance)
    sun_x, shine = _sun(picture, palette, chance)
    for layer in range(7):
        depth = layer / 6
        top = height * (0.5 + 0.085 * layer)
        count, phase = chance.uniform(1.5, 3.5), chance.uniform(0, math.tau)
        swing = height * (0.008 + 0.012 * depth)
        outline = [
            (x, top - swing * abs(math.sin(x / width * math.pi * count + phase)) * 2)
            for x in range(-4, width + 8, 4)
        ]
        water = mixed(palette[2], palette[3], depth)
        crest = [(x, y - 1.5 - 1.5 * depth) for x, y in outline]
        _fill_below(picture, crest, mixed(water, palette[1], 0.5))
        _fill_below(picture, outline, water)
        _glitter(picture, (sun_x, top), mixed(water, shine, 0.75 - 0.6 * depth), chance)


def _glitter(
    picture: Image.Image, place: tuple[float, float], colour: Colour, chance: Random
) -> None:
    """Short strokes of light on the water below the sun or moon."""
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    for _ in range(9):
        x = place[0] + chance.gauss(0, width * 0.035)
        y = place[1] + height * chance.uniform(0.012, 0.07)
        long = width * chance.uniform(0.008, 0.03)
        draw.rounded_rectangle((x - long, y, x + long, y + 1.6), 1, fill=colour)


def trees(picture: Image.Image, palette: Palette, chance: Random) -> None:
    """Rows of firs that get darker towards the front."""
    width, height = picture.size
    _stars(picture, palette, chance)
    _sun(picture, palette, chance)
    for layer in range(4):
        depth = layer / 3
        base = height * (0.6 + 0.13 * layer)
        colour = mixed(mixed(palette[2], palette[1], 0.5 * (1 - depth)), palette[3], depth * 0.9)
        _fill_below(picture, _ridge(width, base, height * 0.02, chance), colour)
        draw = ImageDraw.Draw(picture)
        step = width / (26 - 4 * layer)
        x = -step * chance.random()
        while x < width + step:
            tall = height * (0.10 + 0.045 * layer) * chance.uniform(0.6, 1.25)
            _fir(draw, (x, base + height * 0.035), tall, colour)
            x += step * chance.uniform(0.55, 1.2)


def _fir(draw: ImageDraw.ImageDraw, foot: tuple[float, float], tall: float, colour: Colour) -> None:
    x, y = foot
    for tier in range(3):
        low, wide = y - tall * 0.27 * tier, tall * (0.27 - 0.065 * tier)
        draw.polygon([(x - wide, low), (x + wide, low), (x, low - tall * 0.46)], fill=colour)


def lights(picture: Image.Image, palette: Palette, chance: Random) -> None:
    """Soft discs of light, like lamps out of focus."""
    width, height = picture.size
    deep = Image.composite(
        Image.new("RGB", picture.size, palette[3]), picture, Image.new("L", picture.size, 110)
    )
    picture.paste(deep)
    tints = (
        palette[1],
        mixed(palette[0], (255, 255, 255), 0.5),
        mixed(palette[2], palette[1], 0.6),
    )
    for blur in (5.0, 2.0, 0.7):
        mask = Image.new("L", picture.size, 0)
        draw = ImageDraw.Draw(mask)
        for _ in range(16):
            x, y = chance.uniform(0, width), chance.uniform(0, height)
            radius = min(width, height) * chance.uniform(0.02, 0.11)
            edge = (x - radius, y - radius, x + radius, y + radius)
            shine = chance.randint(36, 120)
            draw.ellipse(edge, fill=shine, outline=min(255, shine + 50))
        mask = mask.filter(ImageFilter.GaussianBlur(blur))
        picture.paste(Image.new("RGB", picture.size, chance.choice(tints)), (0, 0), mask)


Scene = Callable[[Image.Image, Palette, Random], None]
SCENES: dict[str, Scene] = {"hills": hills, "waves": waves, "trees": trees, "lights": lights}
"""The scenes by name."""
