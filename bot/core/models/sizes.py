"""Which sizes a model makes: any within rules, or a few."""

from dataclasses import dataclass
from math import log
from typing import Protocol

from bot.core.codes import BrokenRule, SizeRule
from bot.core.models.options import Size


class Sizes(Protocol):
    """The sizes of a model."""

    @property
    def area_max_px(self) -> int:
        """The pixels of the largest."""
        ...

    def broken_rule(self, size: Size) -> BrokenRule | None:
        """Name the first rule that a size breaks, or None where the model makes it."""
        ...

    def nearest(self, size: Size) -> Size:
        """Find the size that the model makes whose sides differ least, as ratios."""
        ...


@dataclass(frozen=True, slots=True)
class AnySize:
    """Any size within rules.

    Attributes:
        side_step_px: Both sides are multiples of it.
        ratio_max: So many times the short side the long one may be.
    """

    side_step_px: int
    side_max_px: int
    ratio_max: int
    area_min_px: int
    area_max_px: int

    def broken_rule(self, size: Size) -> BrokenRule | None:
        """See `Sizes`."""
        short, long = sorted((size.width, size.height))
        step, area = self.side_step_px, size.area
        off_grid = size.width % step or size.height % step
        least, most = self.area_min_px, self.area_max_px
        rules = (
            (short > 0, BrokenRule(SizeRule.POSITIVE)),
            (long <= self.side_max_px, BrokenRule(SizeRule.SIDE_MAX, self.side_max_px)),
            (not off_grid, BrokenRule(SizeRule.STEP, step)),
            (long <= self.ratio_max * short, BrokenRule(SizeRule.RATIO, self.ratio_max)),
            (area >= least, BrokenRule(SizeRule.AREA_MIN, least, area)),
            (area <= most, BrokenRule(SizeRule.AREA_MAX, most, area)),
        )
        return next((rule for holds, rule in rules if not holds), None)

    def nearest(self, size: Size) -> Size:
        """See `Sizes`."""
        step = self.side_step_px
        candidates = (
            Size(width, height)
            for width in range(step, self.side_max_px + 1, step)
            for height in self._nearest_heights(width, size.height)
        )
        return min(candidates, key=lambda one: _distance(one, size))

    def _nearest_heights(self, width: int, height: int) -> list[int]:
        """The possible heights for a width that lie next to the wanted one, perhaps none."""
        step = self.side_step_px
        low = max(-(-width // self.ratio_max), -(-self.area_min_px // width))
        high = min(width * self.ratio_max, self.area_max_px // width, self.side_max_px)
        low, high = -(-low // step) * step, high // step * step
        if low > high:
            return []
        below = height // step * step
        return sorted({min(max(h, low), high) for h in (below, below + step)})


@dataclass(frozen=True, slots=True)
class FewSizes:
    """Just these."""

    sizes: tuple[Size, ...]

    @property
    def area_max_px(self) -> int:
        """See `Sizes`."""
        return max(size.area for size in self.sizes)

    def broken_rule(self, size: Size) -> BrokenRule | None:
        """See `Sizes`."""
        if size in self.sizes:
            return None
        return BrokenRule(SizeRule.FEW, allowed=tuple(one.shown for one in self.sizes))

    def nearest(self, size: Size) -> Size:
        """See `Sizes`."""
        return min(self.sizes, key=lambda one: _distance(one, size))


def _distance(one: Size, other: Size) -> float:
    across = log(one.width / max(other.width, 1))
    down = log(one.height / max(other.height, 1))
    return across * across + down * down
