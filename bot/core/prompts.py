"""What a prompt may be, and how any prompt is shown without harm.

A prompt goes to fal as the member typed it, but for characters that no text has. What is shown of
it never pings, never formats, and never outgrows the room it is given in characters and bytes.
"""

import re
import unicodedata

from bot.core.catalogue import PROMPT_MAX_CHARS
from bot.core.errors import BadRequest

_MARKDOWN = re.compile(r"([\\`*_~|<>\[\]@]|:(?=//))")
"""What formats inside a line; what formats only at its start is kept out by a quotation mark."""

_KEPT_CONTROLS = "\n\t"
_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_MARKS_PER_LETTER_MAX = 4


def clean_prompt(text: str) -> str:
    """Prepare a prompt for fal and for storage.

    Controls (NUL among them, which PostgreSQL refuses) are dropped and halves of surrogate pairs
    become the replacement character; everything else stays as it was typed.

    Raises:
        BadRequest: Nothing that can be seen is left, or it is too long.
    """
    kept = [c for c in text if c in _KEPT_CONTROLS or unicodedata.category(c) != "Cc"]
    cleaned = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in kept).strip()
    if not any(unicodedata.category(c)[0] not in "CZM" for c in cleaned):
        raise BadRequest("The prompt is empty. Describe the picture you want in a few words.")
    if len(cleaned) > PROMPT_MAX_CHARS:
        raise BadRequest(
            f"The prompt has {len(cleaned):,} characters; "
            f"at most {PROMPT_MAX_CHARS:,} are possible."
        )
    return cleaned


def clip(text: str, *, chars_max: int, bytes_max: int) -> str:
    """Cut a text to a number of characters and of UTF-8 bytes, with an ellipsis if cut.

    A cut never parts a letter from the marks and joiners that follow it.
    """
    if len(text) <= chars_max and len(text.encode()) <= bytes_max:
        return text
    end, size = 0, len("…".encode())
    for c in text[: max(0, chars_max - 1)]:
        size += len(c.encode())
        if size > bytes_max:
            break
        end += 1
    while end and end < len(text) and _continues(text[end]):
        end -= 1
    return text[:end].rstrip() + "…"


def _continues(c: str) -> bool:
    return unicodedata.category(c)[0] == "M" or c in "\u200d\ufe0f" or 0x1F3FB <= ord(c) <= 0x1F3FF


def one_line(text: str) -> str:
    """Fold white space to single spaces, and drop what reorders or piles up outside its line."""
    kept: list[str] = []
    marks = 0
    for c in text:
        if c in _BIDI_CONTROLS:
            continue
        marks = marks + 1 if unicodedata.category(c) == "Mn" else 0
        if marks <= _MARKS_PER_LETTER_MAX:
            kept.append(c)
    return " ".join("".join(kept).split())


def shown_prompt(text: str, *, chars_max: int, bytes_max: int) -> str:
    """Write a prompt so that Discord shows it letter by letter.

    It is one line, cut before it is escaped; escapes count towards both bounds. Mentions, links,
    emoji codes and time stamps all need a character that is escaped here. The caller puts it
    behind a quotation mark or another word, so that it never starts a line.
    """
    line = one_line(text)
    room = chars_max
    while room > 0:
        escaped = _MARKDOWN.sub(r"\\\1", clip(line, chars_max=room, bytes_max=bytes_max))
        excess = max(len(escaped) - chars_max, len(escaped.encode()) - bytes_max)
        if excess <= 0:
            return escaped
        room = min(room, len(line)) - max(1, excess // 2)
    return "…"
