"""What the moderators of a server prefer, and what that makes of a request."""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.core.catalogue import COUNT_MAX, Quality, Size
from bot.core.errors import NotOffered, Paused
from bot.core.jobs import Request

_QUALITIES = list(Quality)


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
        pause_sentence: What members read while the server is paused; None while it is not.
    """

    default_size: Size | None = None
    default_quality: Quality | None = None
    default_count: int | None = None
    max_size: Size | None = None
    max_quality: Quality | None = None
    max_count: int | None = None
    places: Places = Places.ALL
    channel_ids: frozenset[int] = frozenset()
    log_channel_id: int | None = None
    zone: str = "UTC"
    spoilers: Spoilers = Spoilers.NEVER
    private_allowed: bool = True
    pause_sentence: str | None = None


def check(preferences: Preferences, request: Request) -> None:
    """Refuse what a server does not want.

    Raises:
        Paused: The server is paused.
        NotOffered: Not in this channel, not in private, or not so large, good or many.
    """
    if preferences.pause_sentence is not None:
        said = preferences.pause_sentence or "Try again later."
        raise Paused(f"Pictures are paused in this server. {said}")
    is_named = request.budget_channel_id in preferences.channel_ids
    if preferences.places is Places.ONLY and not is_named:
        raise NotOffered(_only_in(preferences.channel_ids))
    if preferences.places is Places.EXCEPT and is_named:
        raise NotOffered("Pictures are not made in this channel; try another one.")
    if request.private and not preferences.private_allowed:
        raise NotOffered("This server does not allow private pictures; ask without `private`.")
    _check_maxima(preferences, request)


def completed(preferences: Preferences, request: Request, size: Size, quality: Quality) -> Request:
    """Fill in what the member left open.

    Args:
        preferences: The server's.
        request: As it was typed.
        size: The host's default.
        quality: The host's default.
    """
    size = preferences.default_size or size
    quality = preferences.default_quality or quality
    count = preferences.default_count or 1
    highest = preferences.max_size
    if highest is not None and _area(size) > _area(highest):
        size = highest
    usual = min(count, preferences.max_count or COUNT_MAX)
    if preferences.max_quality is not None:
        quality = min(quality, preferences.max_quality, key=_QUALITIES.index)
    return replace(
        request,
        size=request.size or size,
        quality=request.quality or quality,
        count=usual if request.count is None else request.count,
    )


def veils(preferences: Preferences, request: Request) -> bool:
    """Tell whether the pictures of a request are posted as spoilers."""
    is_wanted = preferences.spoilers is Spoilers.AGE_RESTRICTED and request.is_age_restricted
    return preferences.spoilers is Spoilers.ALWAYS or is_wanted


def _check_maxima(preferences: Preferences, request: Request) -> None:
    size, quality, count = request.size, request.quality, request.count
    max_size, max_quality = preferences.max_size, preferences.max_quality
    if size and max_size and _area(size) > _area(max_size):
        raise NotOffered(
            f"{size.shown} is larger than this server allows; the largest is {max_size.shown} "
            f"({_area(max_size):,} pixels in all)."
        )
    if quality and max_quality and _QUALITIES.index(quality) > _QUALITIES.index(max_quality):
        raise NotOffered(f"The highest quality in this server is {max_quality.value}.")
    if count and preferences.max_count and count > preferences.max_count:
        raise NotOffered(f"At most {preferences.max_count} at once are possible in this server.")


def _area(size: Size) -> int:
    return size.width * size.height


def _only_in(channel_ids: frozenset[int]) -> str:
    if not channel_ids:
        return "No channel of this server is open for pictures. Ask a moderator."
    named = [f"<#{channel_id}>" for channel_id in sorted(channel_ids)]
    more = f" and {len(named) - 5} more" if len(named) > 5 else ""
    return f"Pictures are made in {', '.join(named[:5])}{more}, not here."
