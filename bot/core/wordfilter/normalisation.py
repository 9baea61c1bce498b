"""The ways in which a prompt can be read, as lines of words.

A line is a prompt's words in lower case with one space around each. The first line is what stands
there. Others are added only where a prompt gives reason to: parts joined (`b.ad`), spelled words
(`b a d`, `f u ck`), digits and symbols as letters (`b4d`), letters of another script as Latin ones
(`bad` with a Cyrillic a). Nothing is guessed across words that are written apart: `pen is` stays.

What makes a reading possible is decided so that common text has none:

- digits are letters only beside two letters or more (`b4d`, not `4k`, `a55` or `50`);
- a word all in another script is read as Latin only where no other word of the prompt shows that
  this script is meant (`рот` in a Russian prompt is a mouth, and no pot);
- single letters are a spelled word from three letters on, but for a one-letter word at its edge
  (`a b a d dog`); `c l a s s` is one word and no `ass`;
- words are joined over dots, hyphens and the like, not over apostrophes, slashes or commas.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.core.wordfilter.lookalikes import (
    FIRM_ENYE,
    FOLDED,
    I_OR_L,
    KINDS,
    SWAPPED,
    cleaned,
    latin_letter,
    script,
)

ANY, MANY = "\ue000", "\ue001"
"""`?` and `*` in the words of a pattern; prompts cannot hold them."""

BREAK = "\ue002"
"""Stands between texts that are no neighbours; prompts cannot hold it."""

_WORD = re.compile("w+|k+|s+|r+")
_ENTRY_WORD = re.compile("p*w[wp]*|p*k[kp]*|p*s[sp]*|p*r[rp]*|p+")
_DISGUISED = re.compile("[wxr](?:[wxyr]*[wxr])?|k+|s+")
_DISGUISE = re.compile(r"\d|I")
_SYMBOL = re.compile("[xyr]")
_JOINT = re.compile("(?<=[wxr])j{1,3}(?=[wxr])|(?<=s)[bj]{1,3}(?=s)")
_PIECE = re.compile("[wxr]+")

_LONG_NUMBER = 3
_DIGITS = "0123456789"
_GAP_MAX = 4
_SPELLED_MIN = 3
_NEIGHBOUR_MAX = 30

_ONE_LETTER_WORDS = frozenset("aeiouy\u0430\u0435\u0438\u043a\u043e\u0441\u0443\u0432\u044f")
"""Of languages in Latin and Cyrillic letters: `a`, `I`, `y`, `и`, `в`."""

_ENYE_WORDS = frozenset({"año", "años"})
"""Spanish words that must not be read with n: a year is in every second greeting."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What a prompt can be read as.

    Attributes:
        text: The prompt in lower case without accents, its punctuation kept.
        lines: Its readings as lines of words, the plain one first.
        foreign: Those of the lines in which letters of one script may stand for those of another.
    """

    text: str
    lines: tuple[str, ...]
    foreign: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of an entry.

    Attributes:
        letters: As they stand in readings; `ANY` and `MANY` among them.
        matches_anywhere: Its script has no spaces to find its ends by.
    """

    letters: str
    matches_anywhere: bool


@dataclass(frozen=True, slots=True)
class _Form:
    """A text with the kind of each of its characters."""

    text: str
    kinds: str


def read(prompt: str) -> Readings:
    """Read a prompt in every way that it gives reason to."""
    text = cleaned(prompt)
    main = _form(text)
    forms = [main, *_joined(main), *_spelled(main)]
    lines = _lines(forms, _native)
    foreign: list[str] = []
    if not text.isascii():
        foreign = _lines(forms, _as_latin(main))
        if not any(_mixes_scripts(form) for form in forms):
            known = set(lines)
            foreign = [one for one in foreign if one not in known]
    every = dict.fromkeys([*lines, *foreign])
    return Readings(text.translate(FOLDED), tuple(every), tuple(foreign))


def words_of(text: str, *, has_wildcards: bool) -> list[Word]:
    """Split what is no prompt but an entry of a list: its words, read like those of a prompt."""
    form = _form(cleaned(text))
    if "x" in form.kinds or "y" in form.kinds:
        # A symbol in an entry stands for a letter: `a$$`.
        form = _form("".join(c if c.isdigit() else c.translate(SWAPPED) for c in form.text))
    if has_wildcards:
        marks = {ord("?"): ANY, ord("*"): MANY}
        kinds = "".join("p" if c in "?*" else k for c, k in zip(form.text, form.kinds, strict=True))
        form = _Form(form.text.translate(marks), kinds)
    letters = _as_latin(_form(""))
    found: list[Word] = []
    for a, b in _spans(_ENTRY_WORD, form):
        piece, kinds = form.text[a:b], form.kinds[a:b]
        whole = letters(piece) if _is_mixed(piece) else piece
        found.append(Word(whole.translate(FOLDED), matches_anywhere="s" in kinds))
    return [word for word in found if word.letters]


def _form(text: str) -> _Form:
    return _Form(text, text.translate(KINDS))


def _spans(pattern: re.Pattern[str], form: _Form) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(form.kinds)]


def _lines(forms: list[_Form], letters: Callable[[str], str]) -> list[str]:
    found: dict[str, None] = {}
    for form in forms:
        plain = [letters(form.text[a:b]) for a, b in _spans(_WORD, form)]
        found[_line(plain)] = None
        disguised = _disguised(form, letters)
        if disguised:
            found[_line(disguised)] = None
    return list(found)


def _line(words: list[str]) -> str:
    folded = (word.lower() if word.isascii() else word.translate(FOLDED) for word in words)
    return f" {' '.join(_firm(word) for word in folded if word)} "


def _firm(word: str) -> str:
    return word.replace("ñ", FIRM_ENYE) if word in _ENYE_WORDS else word


def _disguised(form: _Form, letters: Callable[[str], str]) -> list[str]:
    """Words with digits and symbols as letters; nothing where no word has any."""
    words: list[str] = []
    has_any = False
    if not (_DISGUISE.search(form.text) or _SYMBOL.search(form.kinds)):
        return words
    for a, b in _spans(_DISGUISED, form):
        piece = letters(form.text[a:b])
        swapped = _unmasked(piece)
        if swapped is not None:
            has_any = True
            words.append(swapped)
        elif piece.isalnum():
            words.append(piece)
        else:
            part = _Form(piece, form.kinds[a:b])
            words += [piece[c:d] for c, d in _spans(_WORD, part)]
    return words if has_any else []


def _unmasked(piece: str) -> str | None:
    """A word with its digits and symbols as letters, None where there is no reason for it."""
    if piece.isalpha():
        return _with_bars(piece) if "I" in piece and not piece.isupper() else None
    letter_count = sum(c.isalpha() or FOLDED[ord(c)].isalpha() for c in piece)
    if letter_count < 1 or (letter_count < 2 and any(c.isdigit() for c in piece)):
        return None
    head, core, tail = _without_numbers(piece)
    swapped = head + _with_bars(core.translate(SWAPPED)) + tail
    return swapped if swapped != piece else None


def _with_bars(word: str) -> str:
    """A capital I between small letters looks like an l; one between capitals only like itself."""
    is_itself = word.isupper() and I_OR_L not in word
    return word if is_itself else word.replace("I", I_OR_L)


def _without_numbers(piece: str) -> tuple[str, str, str]:
    """A word without a whole number before or after it."""
    head = len(piece) - len(piece.lstrip(_DIGITS))
    tail = len(piece.rstrip(_DIGITS))
    start = head if head >= _LONG_NUMBER else 0
    end = tail if len(piece) - tail >= _LONG_NUMBER else len(piece)
    return piece[:start], piece[start:end], piece[end:]


def _joined(form: _Form) -> list[_Form]:
    spans = _spans(_JOINT, form)
    if not spans:
        return []
    kept: list[str] = []
    start = 0
    for a, b in spans:
        kept.append(form.text[start:a])
        start = b
    return [_form("".join([*kept, form.text[start:]]))]


def _spelled(form: _Form) -> list[_Form]:
    """The spelled words of a text, each with its neighbours."""
    pieces = _spans(_PIECE, form)
    found: list[str] = []
    first = 0
    while first < len(pieces):
        last = _run_end(pieces, first)
        if _is_ending(form.text, pieces, first):
            last = first
        if last > first + 1:
            found += _spellings(form.text, pieces, first, last)
        first = max(last, first + 1)
    return [_form(BREAK.join(found))] if found else []


def _run_end(pieces: list[tuple[int, int]], first: int) -> int:
    """The index after a run of single letters that stand close together."""
    last = first
    while last < len(pieces):
        a, b = pieces[last]
        if b - a > 1 or (last > first and a - pieces[last - 1][1] > _GAP_MAX):
            break
        last += 1
    return last


def _is_ending(text: str, pieces: list[tuple[int, int]], index: int) -> bool:
    """Whether a letter belongs to the word before it: `it's`, `I'm`."""
    a, _ = pieces[index]
    before, end = pieces[index - 1] if index else (0, 0)
    return end - before > 1 and end == a - 1 and text[end] in "'\u2019"


def _spellings(text: str, pieces: list[tuple[int, int]], first: int, last: int) -> list[str]:
    """The words that a run of single letters can be, alone or with the rest of a word."""
    run = "".join(text[a] for a, _ in pieces[first:last])
    before, after = _neighbour(text, pieces, first - 1), _neighbour(text, pieces, last)
    found: list[str] = []
    for start in (0, 1) if run[0].lower() in _ONE_LETTER_WORDS else (0,):
        for end in (0, 1) if run[-1].lower() in _ONE_LETTER_WORDS else (0,):
            word = run[start : len(run) - end]
            around = [before, run[:start], word, run[len(run) - end :], after]
            if len(word) >= _SPELLED_MIN:
                found.append(" ".join(around))
            if len(word) >= 2 and after and not end:
                found.append(" ".join([*around[:2], word + after]))
            if len(word) >= 2 and before and not start:
                found.append(" ".join([before + word, *around[3:]]))
    return found


def _neighbour(text: str, pieces: list[tuple[int, int]], index: int) -> str:
    if not 0 <= index < len(pieces):
        return ""
    a, b = pieces[index]
    return text[a:b] if b - a <= _NEIGHBOUR_MAX else ""


def _native(piece: str) -> str:
    return piece


def _as_latin(main: _Form) -> Callable[[str], str]:
    """Make the reading of a prompt's words that takes look-alikes for Latin letters."""
    own = _own_scripts(main)

    def letters(piece: str) -> str:
        if piece.isascii() or not (_is_mixed(piece) or _is_lone(piece, own)):
            return piece
        return "".join(latin_letter(c) or c for c in piece)

    return letters


def _own_scripts(form: _Form) -> set[str]:
    """The scripts that a prompt is written in: some word has a letter that no Latin one is like."""
    found: set[str] = set()
    if form.text.isascii():
        return found
    for a, b in _spans(_WORD, form):
        piece = form.text[a:b]
        if form.kinds[a] == "w" and not piece.isascii() and not _has_latin(piece):
            found |= {script(c) for c in piece if c.isalpha() and latin_letter(c) is None}
    return found


def _mixes_scripts(form: _Form) -> bool:
    """Whether a word has letters of Latin and of another script."""
    pieces = (form.text[a:b] for a, b in _spans(_WORD, form))
    return any(
        _has_latin(piece) and any(c.isalpha() and not FOLDED[ord(c)].isascii() for c in piece)
        for piece in pieces
        if not piece.isascii()
    )


def _has_latin(piece: str) -> bool:
    return any(FOLDED[ord(c)].isascii() and c.isalpha() for c in piece)


def _is_mixed(piece: str) -> bool:
    return not piece.isascii() and _has_latin(piece) and any(_is_lookalike(c) for c in piece)


def _is_lone(piece: str, own: set[str]) -> bool:
    letters = [c for c in piece if c.isalpha()]
    return all(_is_lookalike(c) and script(c) not in own for c in letters) and bool(letters)


def _is_lookalike(c: str) -> bool:
    return not FOLDED[ord(c)].isascii() and latin_letter(c) is not None
