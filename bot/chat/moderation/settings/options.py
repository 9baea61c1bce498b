"""The choices in the settings panel's menus, with what they cost and which one stands."""

from collections.abc import Sequence

from discord import SelectOption

from bot.core.models.model import Model
from bot.core.models.options import Size
from bot.core.money import format_usd
from bot.core.preferences import Defaults, Preferences, Spoilers, Usual

NONE = "none"
"""The value of a choice that is left to the host or has no bound."""

YES, NO = "yes", "no"

SPOILERS = {
    Spoilers.NEVER: "Never",
    Spoilers.AGE_RESTRICTED: "In age-restricted channels",
    Spoilers.ALWAYS: "Always",
}


def default_sizes(known: Preferences, host: Defaults, quality: str) -> list[SelectOption]:
    """The named sizes, and the one that was typed."""
    model = host.model
    named = {size: f"{name} · {size.shown}" for name, size in model.named_sizes.items()}
    if known.default_size is not None:
        named.setdefault(known.default_size, known.default_size.shown)
    lines = [(NONE, f"The host's: {host.size.shown}", _price(model, host.size, quality))]
    lines += [(str(size), label, _price(model, size, quality)) for size, label in named.items()]
    return _options(lines, str(known.default_size or NONE))


def highest_sizes(known: Preferences, model: Model) -> list[SelectOption]:
    """One size for each number of pixels that a named size has, the smallest first."""
    best = model.known_quality(known.max_quality or model.best_quality)
    most_px = model.sizes.area_max_px
    by_area = {size.area: size for size in reversed([*model.named_sizes.values()])}
    if known.max_size is not None:
        by_area[known.max_size.area] = known.max_size
    sizes = [size for area, size in sorted(by_area.items()) if area < most_px]
    lines = [(NONE, "No bound", f"Up to {most_px:,} pixels, all that the model makes")]
    lines += [
        (str(size), size.shown, f"Up to {size.area:,} pixels · {_price(model, size, best)}")
        for size in sizes
    ]
    return _options(lines, str(known.max_size or NONE))


def default_qualities(known: Preferences, host: Defaults, made: Usual) -> list[SelectOption]:
    """Each quality with its price at the size that is made where none is named."""
    model = host.model
    lines = [(NONE, f"The host's: {host.quality}", _price(model, made.size, host.quality))]
    lines += [(q, q.capitalize(), _price(model, made.size, q)) for q in model.qualities]
    return _options(lines, known.default_quality or NONE)


def highest_qualities(known: Preferences, model: Model) -> list[SelectOption]:
    """No bound, then every quality below the best."""
    *lower, best = model.qualities
    lines = [(NONE, f"No bound: up to {best}", "")]
    lines += [(q, q.capitalize(), "") for q in reversed(lower)]
    chosen = model.known_quality(known.max_quality) if known.max_quality else NONE
    return _options(lines, chosen)


def default_counts(known: Preferences, model: Model) -> list[SelectOption]:
    """One picture, which is what nothing set means, or several."""
    counts = range(1, model.count_max + 1)
    lines = [(str(n) if n > 1 else NONE, count_pictures(n), "") for n in counts]
    return _options(lines, str(known.default_count or NONE))


def highest_counts(known: Preferences, model: Model) -> list[SelectOption]:
    """No bound, then fewer and fewer."""
    most = model.count_max
    lines = [(NONE, f"No bound: up to {most} at once", "")]
    lines += [(str(n), f"{count_pictures(n)} at once", "") for n in range(most - 1, 0, -1)]
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


def _price(model: Model, size: Size, quality: str) -> str:
    price = f"{format_usd(model.picture_microusd(size, quality))} a picture"
    return f"{price} at {quality}" if quality else price


def _options(lines: Sequence[tuple[str, str, str]], chosen: str) -> list[SelectOption]:
    return [
        SelectOption(label=label, value=value, description=note or None, default=value == chosen)
        for value, label, note in lines
    ]
