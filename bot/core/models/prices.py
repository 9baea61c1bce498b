"""What a model's pictures cost, composed of a few small forms.

Each form prices one picture, in micro-dollars: what fal most likely bills, and a bound from above.
The forms that fal's models need are listed in the notes on fal (`fal-next.md`, section 2.1). fal's
bill always wins; these figures serve the hold, the menus, and answers that do not say a bill.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.core.models.options import Size
from bot.core.money import MICROUSD_PER_CENT, ceil_to_cent

MEGAPIXEL_PX = 1_048_576
"""fal's megapixel: its own examples (1920x1080 is 2, 2048x2048 is 4) hold only so."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a price depends on.

    Attributes:
        quality: Empty where the model has no choice of it.
        inputs: The sizes of the input pictures.
    """

    size: Size
    quality: str
    prompt: str = ""
    count: int = 1
    inputs: tuple[Size, ...] = ()


class Form(Protocol):
    """One part of a price, in micro-dollars for one picture, or for one request."""

    def likely(self, ask: Ask) -> int:
        """What fal most likely bills for it."""
        ...

    def bound(self, ask: Ask) -> int:
        """What it never exceeds."""
        ...


@dataclass(frozen=True, slots=True)
class Flat:
    """The same whatever is asked for."""

    microusd: int

    def likely(self, ask: Ask) -> int:  # noqa: ARG002 - see Form
        """See `Form`."""
        return self.microusd

    def bound(self, ask: Ask) -> int:
        """See `Form`."""
        return self.likely(ask)


@dataclass(frozen=True, slots=True)
class ByQuality:
    """One price for each quality."""

    microusd: Mapping[str, int]

    def likely(self, ask: Ask) -> int:
        """See `Form`."""
        return self.microusd[ask.quality]

    def bound(self, ask: Ask) -> int:
        """See `Form`."""
        return self.likely(ask)


@dataclass(frozen=True, slots=True)
class Table:
    """A price for each quality and size, with one for the sizes that are not listed."""

    cells: Mapping[str, Mapping[Size, int]]
    else_microusd: Mapping[str, int]

    def likely(self, ask: Ask) -> int:
        """See `Form`."""
        return self.cells[ask.quality].get(ask.size, self.else_microusd[ask.quality])

    def bound(self, ask: Ask) -> int:
        """See `Form`."""
        return self.likely(ask)


@dataclass(frozen=True, slots=True)
class AreaSteps:
    """Dearer from step to step: pairs of the most pixels and the price, the smallest first."""

    steps: tuple[tuple[int, int], ...]

    def likely(self, ask: Ask) -> int:
        """See `Form`."""
        last = self.steps[-1][1]
        return next((price for most_px, price in self.steps if ask.size.area <= most_px), last)

    def bound(self, ask: Ask) -> int:
        """See `Form`."""
        return self.likely(ask)


@dataclass(frozen=True, slots=True)
class PerMegapixel:
    """By the started megapixel of the picture, and of the inputs where they count.

    Attributes:
        first_microusd: The first one of the picture.
        further_microusd: Each further one, and each of an input's.
    """

    first_microusd: int
    further_microusd: int
    counts_inputs: bool = False

    def likely(self, ask: Ask) -> int:
        """See `Form`."""
        further = _megapixels(ask.size) - 1
        if self.counts_inputs:
            further += sum(_megapixels(size) for size in ask.inputs)
        return self.first_microusd + further * self.further_microusd

    def bound(self, ask: Ask) -> int:
        """See `Form`."""
        return self.likely(ask)


def _megapixels(size: Size) -> int:
    return max(1, -(-size.area // MEGAPIXEL_PX))


@dataclass(frozen=True, slots=True)
class PerInput:
    """The same for each input picture after the first few."""

    microusd: int
    free: int = 0

    def likely(self, ask: Ask) -> int:
        """See `Form`."""
        return max(0, len(ask.inputs) - self.free) * self.microusd

    def bound(self, ask: Ask) -> int:
        """See `Form`."""
        return len(ask.inputs) * self.microusd


@dataclass(frozen=True, slots=True)
class OutputTokens:
    """The tokens of a picture by OpenAI's published formula.

    Attributes:
        factors: The formula's factor for each quality.
        token_microusd: The price of one token.
    """

    factors: Mapping[str, int]
    token_microusd: int

    def tokens(self, size: Size, quality: str) -> int:
        """Count the output tokens of one picture."""
        factor = self.factors[quality]
        short, long = sorted((size.width, size.height))
        rows = (2 * factor * short + long) // (2 * long)
        return -(-factor * rows * (2_000_000 + size.area) // 4_000_000)

    def likely(self, ask: Ask) -> int:
        """See `Form`."""
        return self.tokens(ask.size, ask.quality) * self.token_microusd

    def bound(self, ask: Ask) -> int:
        """See `Form`."""
        return self.likely(ask)


@dataclass(frozen=True, slots=True)
class InputTokens:
    """The tokens of input pictures, a tile of 32x32 pixels each; OpenAI's rule in words.

    A side below 1024 is enlarged to it, at most twice; a picture beyond 3:1 counts on a canvas
    whose short side is a third of the long one; more tiles than 1536 are never billed.
    """

    token_microusd: int

    def likely(self, ask: Ask) -> int:
        """See `Form`."""
        return sum(_input_tokens(size) for size in ask.inputs) * self.token_microusd

    def bound(self, ask: Ask) -> int:
        """See `Form`."""
        return len(ask.inputs) * _INPUT_TOKENS_MAX * self.token_microusd


_TILE_PX, _INPUT_TOKENS_MAX, _INPUT_SIDE_PX = 32, 1536, 1024


def _input_tokens(size: Size) -> int:
    short, long = sorted((max(size.width, 1), max(size.height, 1)))
    if long < _INPUT_SIDE_PX:
        wanted = min(_INPUT_SIDE_PX, 2 * long)
        short, long = short * wanted // long, wanted
    short = max(short, -(-long // 3))
    return min(_INPUT_TOKENS_MAX, -(-short // _TILE_PX) * -(-long // _TILE_PX))


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """The tokens of the prompt, which nobody can count exactly without the model."""

    token_microusd: int

    def likely(self, ask: Ask) -> int:
        """See `Form`; one token for four characters."""
        return -(-len(ask.prompt) // 4) * self.token_microusd

    def bound(self, ask: Ask) -> int:
        """See `Form`; no token is shorter than a byte."""
        return len(ask.prompt.encode("utf-8", "replace")) * self.token_microusd


@dataclass(frozen=True, slots=True)
class Price:
    """A model's price.

    Attributes:
        picture: Counted for each picture.
        prompt: Counted for each picture too, and known less exactly.
        request: Counted once.
        step_microusd: A request's sum is rounded up to a multiple of it.
    """

    picture: tuple[Form, ...]
    prompt: tuple[Form, ...] = ()
    request: tuple[Form, ...] = ()
    step_microusd: int = 1

    def picture_microusd(self, ask: Ask) -> int:
        """Price one picture, without its prompt; what menus show."""
        return sum(form.likely(ask) for form in self.picture)

    def likely_microusd(self, ask: Ask, pictures: int) -> int:
        """Compute what fal most likely bills, for answers that do not say it."""
        if not pictures:
            return 0
        each = sum(form.likely(ask) for form in (*self.picture, *self.prompt))
        once = sum(form.likely(ask) for form in self.request)
        return self._rounded(pictures * each + once)

    def hold_microusd(self, ask: Ask) -> int:
        """Bound the cost of a request from above: what is held before anything is sent.

        Each picture is taken at its bound rounded up to the cent, as fal's pages round, plus the
        prompt's, and at least a cent.
        """
        each = ceil_to_cent(sum(form.bound(ask) for form in self.picture))
        prompt = ceil_to_cent(sum(form.bound(ask) for form in self.prompt))
        once = ceil_to_cent(sum(form.bound(ask) for form in self.request))
        return self._rounded(ask.count * (each + max(MICROUSD_PER_CENT, prompt)) + once)

    def _rounded(self, microusd: int) -> int:
        return -(-microusd // self.step_microusd) * self.step_microusd
