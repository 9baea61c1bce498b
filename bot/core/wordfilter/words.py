"""Entries of a server's word list, and the matcher that finds them in prompts.

Words match whole: `ass` is found in no `class` and no `Scunthorpe`. Entries in scripts that are
written without spaces (Han, hiragana, Thai and the like) and pictures match anywhere; katakana and
Hangul match whole, because `バカ` is in many harmless words. A letter may be drawn out to three or
more (`baaad`), while a doubled one is another word (`god`, `good`). Which disguises are seen
through is told in `readings`; entries are read like prompts, but for digits, which stay digits.

Everything becomes programs of RE2, whose time grows with the length of the prompt and nothing
else, whatever the pattern; the size of all programs of a list together is bounded here.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any, Protocol, cast

import re2  # pyright: ignore[reportMissingTypeStubs]

from bot.core.codes import WordCode
from bot.core.errors import BadRequest
from bot.core.wordfilter.lookalikes import FIRM_ENYE, FOLDED, I_OR_L, latin_letter
from bot.core.wordfilter.normalisation import ANY, BREAK, MANY, Readings, Word, read, words_of

ENTRIES_MAX = 500
ENTRY_MAX_CHARS = 100

SIZE_MAX = 60_000
"""Instructions of all words and patterns of a list; 500 words of ten letters need 35,000."""

REGEX_SIZE_MAX = 2_000
"""Instructions of all regular expressions of a list, which may need the slow way of RE2."""

_GROUP_SOURCE_MAX = 12_000
_MEMORY_MAX_BYTES = 2 << 20
"""Of one program, with what it remembers of the prompts that it saw."""

_BY_LINES = "(?m)"
"""`^` and `$` in a regular expression are the ends of a line."""

_INSIDE_WORD = r"[^ \n]"

_ALSO = {
    "i": f"i{I_OR_L}",
    "l": f"l{I_OR_L}",
    I_OR_L: f"il{I_OR_L}",
    "n": "nñ",
    "ñ": f"ñ{FIRM_ENYE}",
}
"""What of a reading stands for a letter of an entry beside the letter itself."""

_HARMLESS = (
    "a lighthouse at dusk",
    "two cats on a red sofa",
    "portrait of an old queen",
    "blue mountains under snow",
)
"""Prompts with little in common: what catches three of them catches nearly everything."""


_re2 = cast("Any", re2)


class _NoExpression(ValueError):
    """RE2 cannot compile an expression; says why."""


class Kind(StrEnum):
    """How the text of an entry is meant."""

    WORD = "word"
    PATTERN = "pattern"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a server's word list."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        kind = "" if self.kind is Kind.WORD else f" ({self.kind})"
        return f"“{self.text}”{kind}"


class Matcher:
    """Finds the entries of a list in prompts; to be made anew when the list changes."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        entries = list(entries)
        words = [(entry, _sources(entry)) for entry in entries if entry.kind is not Kind.REGEX]
        self._native = _groups([(entry, native) for entry, (native, _) in words])
        self._foreign = _groups(
            [(e, foreign) for e, (native, foreign) in words if foreign != native]
        )
        self._regexes = [
            (entry, _regex_program(entry)) for entry in entries if entry.kind is Kind.REGEX
        ]

    @property
    def size(self) -> int:
        """Instructions of the programs of all words and patterns."""
        return sum(group.size for group in (*self._native, *self._foreign))

    @property
    def regex_size(self) -> int:
        """Instructions of the programs of all regular expressions."""
        return sum(program.programsize for _, program in self._regexes)

    def find(self, prompt: str) -> Entry | None:
        """Find an entry that a prompt holds, None where there is none."""
        return next(self.find_all(prompt), None)

    def find_all(self, prompt: str) -> Iterator[Entry]:
        """Find every entry that a prompt holds; one that is found in two ways comes twice."""
        if not (self._native or self._regexes):
            return
        readings = read(prompt)
        lines, foreign = "\n".join(readings.lines), "\n".join(readings.foreign)
        for group in self._native:
            yield from group.find_all(lines)
        for group in self._foreign if foreign else []:
            yield from group.find_all(foreign)
        texts = _texts(readings) if self._regexes else []
        for entry, program in self._regexes:
            if any(program.search(text) for text in texts):
                yield entry


def checked_entry(kind: Kind, text: str) -> Entry:
    """Make an entry of what a moderator typed.

    Raises:
        BadRequest: It is empty, too long or no pattern, or would catch everything or nothing.
    """
    entry = Entry(kind, tidy(kind, text))
    if len(entry.text) > ENTRY_MAX_CHARS:
        raise BadRequest(WordCode.TOO_LONG, most=ENTRY_MAX_CHARS)
    if kind is Kind.REGEX:
        _check_regex(entry)
    else:
        _check_words(entry)
    matcher = Matcher([entry])
    if sum(matcher.find(prompt) is not None for prompt in _HARMLESS) > 2:
        raise BadRequest(WordCode.CATCHES_NEARLY_ALL, typed=entry.text)
    return entry


def checked_list(entries: list[Entry]) -> Matcher:
    """Make the matcher of a list.

    Raises:
        BadRequest: The list is too long, or its patterns together too costly.
    """
    if len(entries) > ENTRIES_MAX:
        raise BadRequest(WordCode.LIST_FULL, most=ENTRIES_MAX)
    matcher = Matcher(entries)
    if matcher.size > SIZE_MAX:
        raise BadRequest(WordCode.LIST_TOO_LARGE)
    if matcher.regex_size > REGEX_SIZE_MAX:
        raise BadRequest(WordCode.REGEXES_TOO_COSTLY)
    return matcher


def tidy(kind: Kind, text: str) -> str:
    """Write an entry's text as it is stored: one line, small letters but for expressions."""
    possible = text.encode("utf-8", "replace").decode().replace("\x00", "")
    line = " ".join(possible.split())
    return line if kind is Kind.REGEX else line.lower()


def _check_regex(entry: Entry) -> None:
    if not entry.text:
        raise BadRequest(WordCode.EMPTY)
    program = _regex_program(entry)
    if program.search("") is not None:
        raise BadRequest(WordCode.CATCHES_ALL, typed=entry.text)
    if program.programsize <= 1:
        raise BadRequest(WordCode.NEVER_MATCHES, typed=entry.text)
    if program.programsize > REGEX_SIZE_MAX:
        raise BadRequest(WordCode.TOO_COSTLY, typed=entry.text)


def _check_words(entry: Entry) -> None:
    if entry.kind is Kind.WORD and "*" in entry.text:
        raise BadRequest(WordCode.STAR_IN_WORD)
    words = _words(entry)
    letters = "".join(word.letters for word in words).replace(ANY, "").replace(MANY, "")
    if not letters:
        raise BadRequest(WordCode.NO_LETTERS)
    if len(letters) == 1 and not any(word.matches_anywhere for word in words):
        raise BadRequest(WordCode.ONE_LETTER)
    example = entry.text
    if entry.kind is Kind.PATTERN:
        example = example.replace("*", "").replace("?", "a")
    if Matcher([entry]).find(example) is None:
        raise BadRequest(WordCode.NEVER_FOUND, typed=entry.text)


def _words(entry: Entry) -> list[Word]:
    return words_of(entry.text, has_wildcards=entry.kind is Kind.PATTERN)


# From entries to programs.


class _Program(Protocol):
    """What we use of a compiled program."""

    @property
    def programsize(self) -> int: ...

    def search(self, text: str) -> object | None: ...


class _Group:
    """Words that are searched for together; each alone only where one of them is found."""

    def __init__(self, sources: list[tuple[Entry, str]]) -> None:
        self._sources = sources
        self._program = _compiled("|".join(source for _, source in sources))

    @property
    def size(self) -> int:
        return self._program.programsize

    def find_all(self, lines: str) -> Iterator[Entry]:
        if self._program.search(lines) is None:
            return
        for entry, source in self._sources:
            if _compiled(source).search(lines):
                yield entry


def _groups(sources: list[tuple[Entry, str]]) -> list[_Group]:
    """Put neighbours together, as many as one program holds."""
    found: list[_Group] = []
    first, length = 0, 0
    for index, (_, source) in enumerate(sources):
        if length + len(source) > _GROUP_SOURCE_MAX and index > first:
            found.append(_Group(sources[first:index]))
            first, length = index, 0
        length += len(source)
    if sources[first:]:
        found.append(_Group(sources[first:]))
    return found


def _sources(entry: Entry) -> tuple[str, str]:
    """An entry as an expression over lines, and over lines that were read as Latin letters."""
    words = _words(entry)
    return _source(words, _same), _source(words, _alike)


def _source(words: list[Word], forms: Callable[[str], str]) -> str:
    if not words:
        return r"[^\s\S]"
    first, last = words[0], words[-1]
    parts = " ?".join(_letters(word, forms) for word in words)
    left = "" if first.matches_anywhere else " " + _number_beside(first, first.letters[0])
    right = "" if last.matches_anywhere else _number_beside(last, last.letters[-1]) + " "
    return left + parts + right


def _number_beside(word: Word, edge: str) -> str:
    """A number makes a word no longer one: `bad123`; it does make `ps5` of `ps`."""
    return "[0-9]*" if edge.isalpha() and len(word.letters) > 2 else ""


def _letters(word: Word, forms: Callable[[str], str]) -> str:
    found: list[str] = []
    for letter, run in groupby(word.letters):
        count = len(list(run))
        if letter == MANY:
            found.append(_INSIDE_WORD + "*")
        elif letter == ANY:
            found.append(_INSIDE_WORD * count)
        else:
            one = _one_of(forms(letter))
            is_drawn = letter.isalpha() and not word.matches_anywhere
            found.append(one * count)
            if is_drawn:
                found.append("+" if count > 1 else f"(?:{one}{one}+)?")
    return "".join(found)


def _one_of(letters: str) -> str:
    escaped = [re.escape(c) for c in letters]
    return escaped[0] if len(escaped) == 1 else f"[{''.join(escaped)}]"


def _same(letter: str) -> str:
    return _ALSO.get(letter, letter)


def _alike(letter: str) -> str:
    """A letter of another script, and the Latin ones that its small or capital form is like."""
    if letter.isascii():
        return _same(letter)
    alike = [latin_letter(form) for form in (letter, letter.upper())]
    return "".join(dict.fromkeys(letter + "".join(_same(one) for one in alike if one)))


def _regex_program(entry: Entry) -> _Program:
    folded = "".join(c if c.isascii() else c.translate(FOLDED) for c in entry.text)
    try:
        return _compiled(_BY_LINES + folded, is_case_sensitive=False)
    except _NoExpression as error:
        raise BadRequest(WordCode.NO_REGEX, typed=entry.text, detail=str(error)) from None


def _compiled(source: str, *, is_case_sensitive: bool = True) -> _Program:
    options = _re2.Options()
    options.max_mem = _MEMORY_MAX_BYTES
    options.never_capture = True
    options.case_sensitive = is_case_sensitive
    options.log_errors = False
    try:
        program: _Program = _re2.compile(source, options)
    except _re2.error as error:
        detail: bytes = error.args[0]
        reason = detail.decode("utf-8", "replace").replace(_BY_LINES, "")
        raise _NoExpression(reason) from None
    # RE2's module would keep the last 128 programs alive.
    _re2.purge()
    return program


def _texts(readings: Readings) -> list[str]:
    """What regular expressions are searched in: the prompt, and its readings in plain letters."""
    found = {readings.text: None}
    for line in readings.lines:
        plain = line.strip().replace("ñ", "n").replace(FIRM_ENYE, "ñ").replace(BREAK, "\n")
        for letter in "il":
            found[plain.replace(I_OR_L, letter)] = None
    return list(found)
