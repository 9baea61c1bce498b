"""The models on offer: what is legal to ask for and what it costs.

Limits and prices of `openai/gpt-image-2` on fal, read from fal's model page and OpenAI's
calculator in 2026. The price is output tokens at 30 USD per million plus prompt tokens at 5 USD
per million; the token formula reproduces every cell that fal publishes.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import gcd, log

from bot.core.errors import IllegalSize
from bot.core.money import MICROUSD_PER_CENT, ceil_to_cent

SIDE_STEP_PX = 16
SIDE_MAX_PX = 3840
RATIO_MAX = 3
AREA_MIN_PX = 655_360
AREA_MAX_PX = 8_294_400
COUNT_MAX = 4
PROMPT_MAX_CHARS = 4000
"""Our own bound, below Discord's 6000 for an option and fal's 32,000."""

OUTPUT_TOKEN_MICROUSD = 30
PROMPT_TOKEN_MICROUSD = 5

MODELS = ("openai/gpt-image-2", "fal-ai/gpt-image-2")
"""The endpoint's name and its older alias; both take the same fields."""


class Quality(StrEnum):
    """How much work the model puts into a picture."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Format(StrEnum):
    """File formats that fal makes of this model's pictures."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels; not necessarily legal, see `check_size`."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def shown(self) -> str:
        """The size as people read it, with a multiplication sign."""
        return f"{self.width}×{self.height}"

    @property
    def area(self) -> int:
        """How many pixels it has."""
        return self.width * self.height


NAMED_SIZES: dict[str, Size] = {
    "Square": Size(1024, 1024),
    "Landscape": Size(1536, 1024),
    "Portrait": Size(1024, 1536),
    "Standard": Size(1024, 768),
    "Square 2K": Size(2048, 2048),
    "Wide": Size(2048, 1152),
    "Tall": Size(1152, 2048),
    "Wide 4K": Size(3840, 2160),
    "Tall 4K": Size(2160, 3840),
}
"""The choices of `/imagine`, in the order they are offered."""

PUBLISHED_SIZES = (
    Size(1024, 768),
    Size(1024, 1024),
    Size(1024, 1536),
    Size(1920, 1080),
    Size(2560, 1440),
    Size(3840, 2160),
)
"""The sizes in fal's own price table. 1920x1080 has a price there though the model's rules
forbid it, so it is priced but not offered."""

_QUALITY_FACTOR = {Quality.LOW: 16, Quality.MEDIUM: 48, Quality.HIGH: 96}


def output_tokens(size: Size, quality: Quality) -> int:
    """Count the output tokens of one picture with OpenAI's published formula."""
    factor = _QUALITY_FACTOR[quality]
    short, long = sorted((size.width, size.height))
    rows = (2 * factor * short + long) // (2 * long)
    return -(-factor * rows * (2_000_000 + size.width * size.height) // 4_000_000)


def price_microusd(size: Size, quality: Quality) -> int:
    """Price one picture, without its prompt."""
    return output_tokens(size, quality) * OUTPUT_TOKEN_MICROUSD


def computed_cost_microusd(size: Size, quality: Quality, prompt: str, pictures: int) -> int:
    """Compute what fal most likely bills, for answers that do not say it.

    The prompt is counted again for each picture, at one token per four characters.
    """
    prompt_tokens = -(-len(prompt) // 4)
    return pictures * (price_microusd(size, quality) + prompt_tokens * PROMPT_TOKEN_MICROUSD)


def hold_microusd(size: Size, quality: Quality, prompt: str, count: int) -> int:
    """Bound the cost from above: the price held before anything is sent.

    Each picture is taken at its price rounded up to the cent, as fal's page rounds, plus the
    prompt at one token per UTF-8 byte (no token is shorter than a byte) and at least a cent.
    """
    prompt_bound = len(prompt.encode("utf-8", "replace")) * PROMPT_TOKEN_MICROUSD
    margin = max(MICROUSD_PER_CENT, ceil_to_cent(prompt_bound))
    return count * (ceil_to_cent(price_microusd(size, quality)) + margin)


def parse_size(text: str) -> Size:
    """Read a size as people type it: a choice's name, `1536x1024`, `1536 × 1024`, `1536*1024`.

    Raises:
        IllegalSize: The text is no size at all, or the size breaks a rule of the model.
    """
    wanted = text.strip().casefold()
    for name, size in NAMED_SIZES.items():
        if wanted == name.casefold():
            return size
    size = typed_size(wanted)
    check_size(size)
    return size


def typed_size(text: str) -> Size:
    """Read `WxH` without asking whether it is legal.

    Raises:
        IllegalSize: The text has not the form of a size.
    """
    sides = (
        text.strip().casefold().replace("×", "x").replace("*", "x").removesuffix("px").split("x")
    )
    numbers = [side.strip() for side in sides]
    if len(numbers) != 2 or not all(n.isascii() and n.isdigit() and len(n) <= 6 for n in numbers):
        raise IllegalSize("a size is typed as width x height in pixels, like 1536x1024", None)
    return Size(int(numbers[0]), int(numbers[1]))


def check_size(size: Size) -> None:
    """Check a size against the model's rules.

    Raises:
        IllegalSize: It names the first rule broken and the nearest legal size.
    """
    rule = broken_rule(size)
    if rule is not None:
        raise IllegalSize(rule, nearest_legal_size(size).shown, size.shown)


def broken_rule(size: Size) -> str | None:
    """Name the first rule that a size breaks, or None where it is legal."""
    short, long = sorted((size.width, size.height))
    area = size.width * size.height
    off_grid = size.width % SIDE_STEP_PX or size.height % SIDE_STEP_PX
    rules = (
        (short > 0, "both sides must be larger than 0"),
        (long <= SIDE_MAX_PX, f"no side may be longer than {SIDE_MAX_PX} pixels"),
        (not off_grid, f"both sides must be multiples of {SIDE_STEP_PX}"),
        (long <= RATIO_MAX * short, f"no side may be longer than {RATIO_MAX} times the other"),
        (area >= AREA_MIN_PX, f"it needs at least {AREA_MIN_PX:,} pixels (it has {area:,})"),
        (area <= AREA_MAX_PX, f"it may have at most {AREA_MAX_PX:,} pixels (it has {area:,})"),
    )
    return next((rule for holds, rule in rules if not holds), None)


def nearest_legal_size(size: Size) -> Size:
    """Find the legal size whose sides differ least, as ratios, from the given ones."""
    wanted_width, wanted_height = max(size.width, 1), max(size.height, 1)
    candidates = (
        Size(width, height)
        for width in range(SIDE_STEP_PX, SIDE_MAX_PX + 1, SIDE_STEP_PX)
        for height in _nearest_heights(width, size.height)
    )

    def distance(candidate: Size) -> float:
        across = log(candidate.width / wanted_width)
        down = log(candidate.height / wanted_height)
        return across * across + down * down

    return min(candidates, key=distance)


def _nearest_heights(width: int, height: int) -> list[int]:
    """The legal heights for a width that lie next to the wanted one; empty where none is legal."""
    low = max(-(-width // RATIO_MAX), -(-AREA_MIN_PX // width))
    high = min(width * RATIO_MAX, AREA_MAX_PX // width, SIDE_MAX_PX)
    low, high = -(-low // SIDE_STEP_PX) * SIDE_STEP_PX, high // SIDE_STEP_PX * SIDE_STEP_PX
    if low > high:
        return []
    below = height // SIDE_STEP_PX * SIDE_STEP_PX
    return sorted({min(max(h, low), high) for h in (below, below + SIDE_STEP_PX)})


def aspect(size: Size) -> str:
    """The ratio of the sides in small numbers, like `3:2`."""
    divisor = gcd(size.width, size.height) or 1
    return f"{size.width // divisor}:{size.height // divisor}"
