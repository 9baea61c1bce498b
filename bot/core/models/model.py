"""A model as a value: what it can be asked for, how it is asked, and what that costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.core.codes import OptionCode
from bot.core.errors import BadRequest, IllegalSize
from bot.core.models.options import Format, Size, typed_size
from bot.core.models.prices import Ask, Price
from bot.core.models.sizes import Sizes
from bot.core.money import MICROUSD_PER_USD
from bot.core.prompts import PROMPT_MAX_CHARS


class SizeForm(StrEnum):
    """How a size is written for a model."""

    OBJECT = "object"
    """`{"width": 1024, "height": 768}`."""
    TEXT = "text"
    """`"1024x768"`."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The names of the model's own fields; None where it has no such field.

    Attributes:
        qualities: Its words for our qualities, where they differ.
        constants: What is always sent besides; never `sync_mode`.
    """

    prompt: str = "prompt"
    size: str | None = "image_size"
    size_form: SizeForm = SizeForm.OBJECT
    quality: str | None = "quality"
    qualities: Mapping[str, str] = field(default_factory=dict[str, str])
    count: str | None = "num_images"
    format: str | None = "output_format"
    inputs: str | None = None
    constants: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Model:
    """What one endpoint of fal's makes.

    Attributes:
        id: The endpoint.
        aliases: Other names of the same endpoint; fal may keep its requests under any of them.
        edit: The endpoint that takes input pictures, None where there is none.
        named_sizes: What is offered by name, in this order.
        priced_sizes: What fal publishes a price for besides; not all of them need be possible.
        qualities: From the cheapest to the best; empty where there is no choice.
        inputs_max: Input pictures in one request, 0 where it takes none.
        prompt_max_chars: What it takes, where that is less than our own bound.
        unit_microusd: What one of fal's billable units costs.
    """

    id: str
    sizes: Sizes
    named_sizes: Mapping[str, Size]
    qualities: tuple[str, ...]
    count_max: int
    formats: tuple[Format, ...]
    price: Price
    fields: Fields = field(default_factory=Fields)
    aliases: tuple[str, ...] = ()
    edit: str | None = None
    priced_sizes: tuple[Size, ...] = ()
    inputs_max: int = 0
    prompt_max_chars: int = PROMPT_MAX_CHARS
    unit_microusd: int = MICROUSD_PER_USD

    def __repr__(self) -> str:
        return f"Model({self.id!r})"

    @property
    def ids(self) -> tuple[str, ...]:
        """All names of the endpoint, its own first."""
        return (self.id, *self.aliases)

    # Sizes

    def parse_size(self, text: str) -> Size:
        """Read a size as people type it: a name, `1536x1024`, `1536 × 1024`, `1536*1024`.

        Raises:
            IllegalSize: The text is no size at all, or the model does not make it.
        """
        wanted = text.strip().casefold()
        for name, size in self.named_sizes.items():
            if wanted == name.casefold():
                return size
        size = typed_size(wanted)
        self.check_size(size)
        return size

    def check_size(self, size: Size) -> None:
        """Refuse a size that the model does not make.

        Raises:
            IllegalSize: It names the first rule broken and the nearest possible size.
        """
        rule = self.sizes.broken_rule(size)
        if rule is not None:
            raise IllegalSize(rule, size.shown, self.sizes.nearest(size).shown)

    # Qualities

    @property
    def best_quality(self) -> str:
        """The best quality, empty where there is no choice."""
        return self.qualities[-1] if self.qualities else ""

    def rank(self, quality: str) -> int:
        """Where a quality stands, 0 for the cheapest.

        One that the model does not know, kept from another model, ranks as the cheapest: a bound
        must not vanish because the model changed.
        """
        return self.qualities.index(quality) if quality in self.qualities else 0

    def known_quality(self, quality: str) -> str:
        """The quality itself, or the cheapest where the model does not know it."""
        return self.qualities[self.rank(quality)] if self.qualities else ""

    # Requests

    def check(self, size: Size, quality: str, count: int, file_format: Format) -> None:
        """Refuse what the model cannot make.

        Raises:
            BadRequest: The quality, count or format; IllegalSize for the size.
        """
        if not 1 <= count <= self.count_max:
            raise BadRequest(OptionCode.COUNT, most=self.count_max)
        if self.qualities and quality not in self.qualities:
            raise BadRequest(OptionCode.QUALITY, names=self.qualities)
        if file_format not in self.formats:
            raise BadRequest(OptionCode.FORMAT, names=self.formats)
        self.check_size(size)

    def picture_microusd(self, size: Size, quality: str) -> int:
        """Price one picture, without its prompt."""
        return self.price.picture_microusd(Ask(size, quality))
