"""What the moderators of a server prefer, and what that makes of a request."""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.core.codes import OfferCode
from bot.core.errors import NotOffered, Paused
from bot.core.jobs import Request
from bot.core.models.model import Model
from bot.core.models.options import Size

PAUSE_SENTENCE_MAX_CHARS = 200
CHANNELS_MAX = 25
"""Named channels; as many as one of Discord's menus takes."""


class Places(StrEnum):
    """Which channels take requests."""

    ALL = "all"
    ONLY = "only"
    EXCEPT = "except"


class Spoilers(StrEnum):
    """When pictures are veiled until somebody taps them."""

    NEVER = "never"
    ALWAYS = "always"
    AGE_RESTRICTED = "age_restricted"


@dataclass(frozen=True, slots=True)
class Preferences:
    """The settings of one server; None leaves a choice to the host's settings or the model.

    Attributes:
        max_size: The size with the most pixels that may be asked for.
        channel_ids: The channels that `places` speaks of; a thread is its parent's.
        zone: The time zone that windows run in, by its IANA name.
        pause_sentence: What members read while the server is paused, perhaps nothing; None while
            it is not paused.
    """

    default_size: Size | None = None
    default_quality: str | None = None
    default_count: int | None = None
    max_size: Size | None = None
    max_quality: str | None = None
    max_count: int | None = None
    places: Places = Places.ALL
    channel_ids: frozenset[int] = frozenset()
    log_channel_id: int | None = None
    zone: str = "UTC"
    spoilers: Spoilers = Spoilers.NEVER
    private_allowed: bool = True
    pause_sentence: str | None = None


def check(preferences: Preferences, model: Model, request: Request) -> None:
    """Refuse what a server does not want.

    Raises:
        Paused: The server is paused.
        NotOffered: Not in this channel, not in private, or not so large, good or many.
    """
    if preferences.pause_sentence is not None:
        raise Paused(OfferCode.PAUSED, typed=preferences.pause_sentence)
    is_named = request.budget_channel_id in preferences.channel_ids
    if preferences.places is Places.ONLY and not is_named:
        open_ids = tuple(sorted(preferences.channel_ids))
        raise NotOffered(OfferCode.NOT_HERE if open_ids else OfferCode.NOWHERE, ids=open_ids)
    if preferences.places is Places.EXCEPT and is_named:
        raise NotOffered(OfferCode.EXCEPT_HERE)
    if request.private and not preferences.private_allowed:
        raise NotOffered(OfferCode.PRIVATE)
    _check_maxima(preferences, model, request)


@dataclass(frozen=True, slots=True)
class Defaults:
    """The host's defaults, for what neither the member nor the server says.

    Attributes:
        alias: The name of the model that the host chose, None for its own.
    """

    model: Model
    size: Size
    quality: str
    alias: str | None = None

    @property
    def model_name(self) -> str:
        """The name by which the model is asked."""
        return self.alias or self.model.id

    def of(self, model: Model) -> "Defaults":
        """The same for another model, as near as it can make them."""
        if model is self.model:
            return self
        is_made = model.sizes.broken_rule(self.size) is None
        size = self.size if is_made else model.sizes.nearest(self.size)
        return Defaults(model, size, model.known_quality(self.quality))


@dataclass(frozen=True, slots=True)
class Usual:
    """What a request becomes where its member leaves everything open."""

    size: Size
    quality: str
    count: int


def usual(preferences: Preferences, defaults: Defaults) -> Usual:
    """Find out what is made where a member names nothing; never above what is the highest.

    What a server chose while the host had another model holds as far as this one can make it.

    Args:
        preferences: The server's.
        defaults: The host's, with the model that is asked for.
    """
    model = defaults.model
    size, quality = defaults.size, defaults.quality
    wanted = preferences.default_size
    if wanted is not None and model.sizes.broken_rule(wanted) is None:
        size = wanted
    if preferences.default_quality is not None:
        quality = model.known_quality(preferences.default_quality)
    highest = preferences.max_size
    if highest is not None and size.area > highest.area:
        size = _largest_within(model, highest)
    if preferences.max_quality is not None:
        quality = min(quality, model.known_quality(preferences.max_quality), key=model.rank)
    most = min(preferences.max_count or model.count_max, model.count_max)
    return Usual(size, quality, min(preferences.default_count or 1, most))


def _largest_within(model: Model, highest: Size) -> Size:
    """The highest size itself, or what the model makes of no more pixels."""
    if model.sizes.broken_rule(highest) is None:
        return highest
    named = [size for size in model.named_sizes.values() if size.area <= highest.area]
    # Where there is none, the model refuses the highest with its rule.
    return max(named, key=lambda size: size.area, default=highest)


def completed(preferences: Preferences, defaults: Defaults, request: Request) -> Request:
    """Fill in what the member left open.

    Args:
        preferences: The server's.
        defaults: The host's, with the model that is asked for.
        request: As it was typed.
    """
    known = usual(preferences, defaults)
    # Where the model has no choice of it, nothing that somebody typed is one.
    typed = request.quality if defaults.model.qualities else None
    return replace(
        request,
        size=request.size or known.size,
        quality=typed or known.quality,
        count=known.count if request.count is None else request.count,
    )


def above_highest(preferences: Preferences, model: Model) -> list[str]:
    """Name the server's defaults that lie above what it has set as the highest."""
    size, quality, count = (
        preferences.default_size,
        preferences.default_quality,
        preferences.default_count,
    )
    named = {
        "size": _is_larger(size, preferences.max_size),
        "quality": _is_better(model, quality, preferences.max_quality),
        "count": bool(count and preferences.max_count and count > preferences.max_count),
    }
    return [name for name, is_above in named.items() if is_above]


def veils(preferences: Preferences, request: Request) -> bool:
    """Tell whether the pictures of a request are posted as spoilers."""
    is_wanted = preferences.spoilers is Spoilers.AGE_RESTRICTED and request.is_age_restricted
    return preferences.spoilers is Spoilers.ALWAYS or is_wanted


def _check_maxima(preferences: Preferences, model: Model, request: Request) -> None:
    max_size, max_quality = preferences.max_size, preferences.max_quality
    max_count = preferences.max_count
    if request.size and max_size and _is_larger(request.size, max_size):
        shown = request.size.shown, max_size.shown
        raise NotOffered(OfferCode.SIZE, most=max_size.area, names=shown)
    if max_quality and _is_better(model, request.quality, max_quality):
        highest = model.known_quality(max_quality)
        raise NotOffered(OfferCode.QUALITY, names=(highest,))
    if request.count and max_count and request.count > max_count:
        raise NotOffered(OfferCode.COUNT, most=max_count)


def _is_larger(size: Size | None, highest: Size | None) -> bool:
    return size is not None and highest is not None and size.area > highest.area


def _is_better(model: Model, quality: str | None, highest: str | None) -> bool:
    if quality is None or highest is None:
        return False
    return model.rank(quality) > model.rank(highest)
