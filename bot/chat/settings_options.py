"""The choices in the settings panel's menus, with what they cost and which one stands."""

from collections.abc import Sequence

from discord import SelectOption

from bot.core.catalogue import (
    AREA_MAX_PX,
    COUNT_MAX,
    NAMED_SIZES,
    Quality,
    Size,
    price_microusd,
)
from bot.core.money import format_usd
from bot.core.preferences import Preferences, Spoilers, Usual

NONE = "none"
"""The value of a choice that is left to the host or has no bound."""

YES, NO = "yes", "no"

SPOILERS = {
    Spoilers.NEVER: "Never",
    Spoilers.AGE_RESTRICTED: "In age-restricted channels",
    Spoilers.ALWAYS: "Always",
}


def default_sizes(known: Preferences, host: Size, quality: Quality) -> list[SelectOption]:
    """The named sizes, and the one that was typed."""
    named = {size: f"{name} · {size.shown}" for name, size in NAMED_SIZES.items()}
    if known.default_size is not None:
        named.setdefault(known.default_size, known.default_size.shown)
    lines = [(NONE, f"The host's: {host.shown}", _price(host, quality))]
    lines += [(str(size), label, _price(size, quality)) for size, label in named.items()]
    return _options(lines, str(known.default_size or NONE))


def highest_sizes(known: Preferences) -> list[SelectOption]:
    """One size for each number of pixels that a named size has, the smallest first."""
    best = known.max_quality or list(Quality)[-1]
    by_area = {size.area: size for size in reversed(NAMED_SIZES.values())}
    if known.max_size is not None:
        by_area[known.max_size.area] = known.max_size
    sizes = [size for area, size in sorted(by_area.items()) if area < AREA_MAX_PX]
    lines = [(NONE, "No bound", f"Up to {AREA_MAX_PX:,} pixels, all that the model makes")]
    lines += [
        (str(size), size.shown, f"Up to {size.area:,} pixels · {_price(size, best)}")
        for size in sizes
    ]
    return _options(lines, str(known.max_size or NONE))


def default_qualities(known: Preferences, host: Quality, made: Usual) -> list[SelectOption]:
    """Each quality with its price at the size that is made where none is named."""
    lines = [(NONE, f"The host's: {host.value}", _price(made.size, host))]
    lines += [(q.value, q.value.capitalize(), _price(made.size, q)) for q in Quality]
    return _options(lines, known.default_quality or NONE)


def highest_qualities(known: Preferences) -> list[SelectOption]:
    """No bound, then every quality below the best."""
    *lower, best = Quality
    lines = [(NONE, f"No bound: up to {best.value}", "")]
    lines += [(q.value, q.value.capitalize(), "") for q in reversed(lower)]
    return _options(lines, known.max_quality or NONE)


def default_counts(known: Preferences) -> list[SelectOption]:
    """One picture, which is what nothing set means, or several."""
    lines = [(str(n) if n > 1 else NONE, count_pictures(n), "") for n in range(1, COUNT_MAX + 1)]
    return _options(lines, str(known.default_count or NONE))


def highest_counts(known: Preferences) -> list[SelectOption]:
    """No bound, then fewer and fewer."""
    lines = [(NONE, f"No bound: up to {COUNT_MAX} at once", "")]
    lines += [(str(n), f"{count_pictures(n)} at once", "") for n in range(COUNT_MAX - 1, 0, -1)]
    return _options(lines, str(known.max_count or NONE))


def spoilers(known: Preferences) -> list[SelectOption]:
    """When pictures are veiled."""
    return _options([(one.value, label, "") for one, label in SPOILERS.items()], known.spoilers)


def private(known: Preferences) -> list[SelectOption]:
    """Whether members may ask in private."""
    lines = [
        (YES, "Allowed", "Members may keep card and pictures to themselves"),
        (NO, "Not allowed", "Every picture is posted in the channel"),
    ]
    return _options(lines, YES if known.private_allowed else NO)


def count_pictures(count: int) -> str:
    """`1 picture`, `2 pictures`."""
    return "1 picture" if count == 1 else f"{count} pictures"


def _price(size: Size, quality: Quality) -> str:
    return f"{format_usd(price_microusd(size, quality))} a picture at {quality.value}"


def _options(lines: Sequence[tuple[str, str, str]], chosen: str) -> list[SelectOption]:
    return [
        SelectOption(label=label, value=value, description=note or None, default=value == chosen)
        for value, label, note in lines
    ]
