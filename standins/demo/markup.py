"""Discord's markup as readable text for a terminal; pure functions.

Only what the bot's cards use is known; anything else is shown as it is.
"""

import re
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime

_MARK = re.compile(
    r"\\(?P<escaped>[^\w\s]|_)"
    r"|<t:(?P<time>-?\d+)(?::(?P<style>[tTdDfFR]))?>"
    r"|<(?P<kind>@!?|@&|#)(?P<id>\d+)>"
    r"|\[(?P<label>[^\]\n]+)\]\(https://[^)\s]+\)"
    r"|(?P<bold>\*\*)"
)
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def readable(text: str, names: Mapping[int, str], now: datetime) -> str:
    """Write one text of a card as a person sees it, without marks of size and escapes.

    Args:
        text: As the bot sent it.
        names: What members, roles and channels are called, with `@` or `#`.
        now: For times such as "in 5 hours".
    """

    def shown(found: re.Match[str]) -> str:
        if found["escaped"]:
            return found["escaped"]
        if found["time"]:
            return _time(int(found["time"]), found["style"] or "f", now)
        if found["id"]:
            return names.get(int(found["id"]), found[0])
        return found["label"] or ""

    # The fences of a table show nothing themselves.
    lines = (line for line in text.splitlines() if line != "```")
    lines = (line.removeprefix("-# ").removeprefix("### ") for line in lines)
    return "\n".join(_MARK.sub(shown, line) for line in lines)


def _time(at_s: int, style: str, now: datetime) -> str:
    moment = datetime.fromtimestamp(at_s, UTC)
    if style == "R":
        return relative(round((moment - now).total_seconds()))
    return f"{moment:%d %B %Y %H:%M} UTC".lstrip("0")


def relative(seconds: int) -> str:
    """`in 5 hours`, `3 seconds ago`, with one unit as Discord shows it."""
    if not seconds:
        return "now"
    size, unit = next((one for one in _UNITS if abs(seconds) >= one[0]), _UNITS[-1])
    number = round(abs(seconds) / size)
    text = f"{number} {unit}{'' if number == 1 else 's'}"
    return f"in {text}" if seconds > 0 else f"{text} ago"


def wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    """Break every line of a text to a width.

    Args:
        text: One or more lines.
        first: What stands before the first line of all.
        rest: What stands before every other one.
        width: In columns.
    """
    lines: list[str] = []
    for line in text.splitlines() or [""]:
        lead = rest if lines else first
        lines += textwrap.wrap(
            line, width, initial_indent=lead, subsequent_indent=rest, break_on_hyphens=False
        ) or [lead.rstrip()]
    return lines
