"""What a prompt may be, and how any prompt is shown without harm.

A prompt goes to fal as the member typed it, but for characters that no text has. What is shown of
it never pings, never formats, and never outgrows the room it is given in characters and bytes.
"""

import re
import unicodedata

from bot.core.codes import OptionCode
from bot.core.errors import BadRequest

PROMPT_MAX_CHARS = 4000
"""Our own bound for any model, below Discord's 6000 for an option."""

_MARKDOWN = re.compile(r"([\\`*_~|<>\[\]@]|:(?=//))")
"""What formats inside a line; what formats only at its start is kept out by a quotation mark."""

_KEPT_CONTROLS = "\n\t"
_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_MARKS_PER_LETTER_MAX = 4
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"})
_UNSEEN_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers and the empty Braille cell: letters by category, blank to the eye."""

_JOINER = "\u200d"


def clean_prompt(text: str, chars_max: int = PROMPT_MAX_CHARS) -> str:
    """Prepare a prompt for fal and for storage.

    Controls (NUL among them, which PostgreSQL refuses) are dropped and halves of surrogate pairs
    become the replacement character; everything else stays as it was typed.

    Raises:
        BadRequest: Nothing that can be seen is left, or it is too long.
    """
    kept = [c for c in text if c in _KEPT_CONTROLS or unicodedata.category(c) != "Cc"]
    cleaned = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in kept).strip()
    if not has_seen_characters(cleaned):
        raise BadRequest(OptionCode.PROMPT_EMPTY)
    if len(cleaned) > chars_max:
        raise BadRequest(OptionCode.PROMPT_TOO_LONG, given=len(cleaned), most=chars_max)
    return cleaned


def has_seen_characters(text: str) -> bool:
    """Whether anything of a text can be seen."""
    return any(_is_seen(c) for c in text)


def _is_seen(c: str) -> bool:
    # What Python's tables do not know yet, such as a new emoji, counts as seen.
    return unicodedata.category(c) not in _UNSEEN_CATEGORIES and c not in _UNSEEN_LETTERS


def clip(text: str, *, chars_max: int, bytes_max: int) -> str:
    """Cut a text to a number of characters and of UTF-8 bytes, with an ellipsis if cut.

    A cut never goes through a letter with its marks, a joined emoji or a flag.
    """
    if len(text) <= chars_max and len(text.encode()) <= bytes_max:
        return text
    end, size = 0, len("…".encode())
    for c in text[: max(0, chars_max - 1)]:
        size += len(c.encode())
        if size > bytes_max:
            break
        end += 1
    while end and _is_inside(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def _is_inside(text: str, end: int) -> bool:
    """Whether what stands before and after an index is seen as one."""
    before, after = text[end - 1], text[end]
    if _is_flag_half(before) and _is_flag_half(after):
        halves = 0
        while halves < end and _is_flag_half(text[end - 1 - halves]):
            halves += 1
        return halves % 2 == 1
    return before == _JOINER or _continues(after)


def _continues(c: str) -> bool:
    is_skin_tone, is_tag = 0x1F3FB <= ord(c) <= 0x1F3FF, 0xE0020 <= ord(c) <= 0xE007F
    return c == _JOINER or unicodedata.category(c)[0] == "M" or is_skin_tone or is_tag


def _is_flag_half(c: str) -> bool:
    return 0x1F1E6 <= ord(c) <= 0x1F1FF


def one_line(text: str) -> str:
    """Fold white space to single spaces, and drop what reorders or piles up outside its line."""
    kept: list[str] = []
    marks = 0
    for c in text:
        if c in _BIDI_CONTROLS:
            continue
        category = unicodedata.category(c)
        if category in {"Mn", "Me"}:
            marks += 1
            if marks > _MARKS_PER_LETTER_MAX:
                continue
        elif category != "Cf":
            marks = 0
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
