"""Time zones as people name them: a city, or a name of the IANA list in any case."""

import re
import unicodedata
from collections.abc import Collection
from difflib import get_close_matches

from bot.core.codes import TypedCode
from bot.core.errors import BadRequest

_OFFSET = re.compile(r"(utc|gmt)?\s*[+-]\s*\d{1,2}(:?\d{2})?")
_NEAR_MAX = 3
_NEAR_CUTOFF = 0.7


def find_zone(typed: str, known: Collection[str]) -> str:
    """Find the zone that somebody means, such as `Europe/Berlin` for `berlin`.

    Args:
        typed: A name of the list or the name of its city, in any case, with or without accents.
        known: All names of the list.

    Raises:
        BadRequest: It is none, or the city is in several; `names` is what comes near.
    """
    wanted = _folded(typed)
    whole = {_folded(name): name for name in sorted(known)}
    if wanted in whole:
        return whole[wanted]
    cities: dict[str, list[str]] = {}
    for name in sorted(known):
        if "/" in name and not name.startswith("Etc/"):
            cities.setdefault(_folded(name.rsplit("/", 1)[1]), []).append(name)
    found = _without_aliases(cities.get(wanted, []))
    if len(found) == 1:
        return found[0]
    if found:
        raise BadRequest(TypedCode.ZONE_IN_SEVERAL, typed=typed, names=tuple(found))
    if _OFFSET.fullmatch(typed.strip().casefold()):
        raise BadRequest(TypedCode.ZONE_IS_OFFSET, typed=typed)
    raise BadRequest(TypedCode.NO_ZONE, typed=typed, names=_near(wanted, whole, cities))


def _near(wanted: str, whole: dict[str, str], cities: dict[str, list[str]]) -> tuple[str, ...]:
    close = get_close_matches(wanted, [*whole, *cities], n=2 * _NEAR_MAX, cutoff=_NEAR_CUTOFF)
    names = [name for one in close for name in cities.get(one, [whole.get(one, "")])]
    return tuple(dict.fromkeys(name for name in names if name))[:_NEAR_MAX]


def _without_aliases(names: list[str]) -> list[str]:
    """Of `America/Louisville` and `America/Kentucky/Louisville`, one zone by two names, the longer.

    The older name has no state; what lies on two continents stays a question.
    """
    continents = {name.split("/", 1)[0] for name in names}
    return [max(names, key=lambda name: name.count("/"))] if len(continents) == 1 else names


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.strip().casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return "_".join(letters.replace("-", "_").replace("_", " ").split())
