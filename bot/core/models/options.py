"""What members choose of a picture: its size in pixels and its file format."""

from dataclasses import dataclass
from enum import StrEnum
from math import gcd

from bot.core.codes import BrokenRule, SizeRule
from bot.core.errors import IllegalSize


class Format(StrEnum):
    """File formats that the bot can check and post."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels; whether a model makes it, `Model.check_size` tells."""

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


def typed_size(text: str) -> Size:
    """Read `WxH` as people type it, without asking whether any model makes it.

    Raises:
        IllegalSize: The text has not the form of a size.
    """
    sides = (
        text.strip().casefold().replace("×", "x").replace("*", "x").removesuffix("px").split("x")
    )
    numbers = [side.strip() for side in sides]
    if len(numbers) != 2 or not all(n.isascii() and n.isdigit() and len(n) <= 6 for n in numbers):
        raise IllegalSize(BrokenRule(SizeRule.FORM))
    return Size(int(numbers[0]), int(numbers[1]))


def aspect(size: Size) -> str:
    """The ratio of the sides in small numbers, like `3:2`."""
    divisor = gcd(size.width, size.height) or 1
    return f"{size.width // divisor}:{size.height // divisor}"
