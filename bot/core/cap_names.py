"""Names that read like a cap on spending: what one with a slip in it was surely meant to be.

A host who types `BOT_USD_PER_MONTH` believes in a cap. Where there is no such setting the bot must
not start, rather than spend without one.
"""

import difflib
import re
from collections.abc import Iterable

_CAP = re.compile(r"_(?:USD|DOLLARS|IMAGES|PICTURES|PER)(?:_|$)|^USD_")
_WHOSE = {
    "BOT": "BOT", "GLOBAL": "BOT", "TOTAL": "BOT", "HOST": "BOT", "FAL": "BOT", "IMAGINE": "BOT",
    "SERVER": "SERVER", "GUILD": "SERVER", "DISCORD": "SERVER",
    "DEFAULT": "DEFAULT", "MEMBER": "DEFAULT", "USER": "DEFAULT", "CHANNEL": "SERVER",
    "ROLE": "DEFAULT",
}  # fmt: skip
_UNITS = {"USD": "USD", "DOLLAR": "USD", "IMAGE": "IMAGES", "PICTURE": "IMAGES"}
_PERIODS = {
    "DAY": "DAY", "DAILY": "DAY", "HOUR": "DAY", "WEEK": "DAY", "WEEKLY": "DAY",
    "MONTH": "MONTH", "MONTHLY": "MONTH", "YEAR": "MONTH",
}  # fmt: skip
_FILLERS = {"PER", "A", "MAX", "LIMIT", "CAP", "BUDGET", "QUOTA", "EACH", "EVERY", "ALL", "THE"}
"""What else a name of a cap is made of; any other word makes it another program's."""


def is_cap(name: str) -> bool:
    """Whether a name, in capitals, reads like a cap: `*_USD_*`, `*_IMAGES_*`, `*_PER_*`."""
    return _CAP.search(name) is not None


def _kinds(name: str) -> tuple[str | None, str | None, str | None]:
    """Read whose cap a name is, of what, and per what."""
    words = [word.removesuffix("S") for word in name.split("_")]
    found = [
        next((table[word] for word in words if word in table), None)
        for table in (_WHOSE, _UNITS, _PERIODS)
    ]
    return found[0], found[1], found[2]


def is_of_our_words(name: str) -> bool:
    """Whether a name in the environment is of this bot.

    It says whose, of what and per what; or two of these, and nothing else.
    """
    kinds = sum(kind is not None for kind in _kinds(name))
    ours = {*_WHOSE, *_UNITS, *_PERIODS, *_FILLERS}
    is_all_ours = all(word.removesuffix("S") in ours for word in name.split("_") if word)
    return kinds == 3 or (kinds == 2 and is_all_ours)


def nearest_cap(name: str, known: Iterable[str]) -> str:
    """The cap that a name comes closest to: whose it is counts more than of what and per what."""
    caps = [one for one in known if is_cap(one)]
    whose, unit, period = _kinds(name)

    def likeness(cap: str) -> tuple[int, float]:
        found = _kinds(cap)
        same = 4 * (whose == found[0]) + 2 * (unit == found[1]) + (period == found[2])
        return same, difflib.SequenceMatcher(None, name, cap).ratio()

    return max(caps, key=likeness)
