"""What a character stands for when a prompt is read: case, width, marks and look-alikes folded.

The table below holds the single letters that Unicode's confusables.txt (15.1) gives for a Latin
one, and a few that are missing there, such as lower-case Cyrillic в, к, м, н, п and т. Everything
that has Latin in its Unicode name (ᴀ, 🅰, ø, ɓ) is read from that name instead. The few hundred
rows stand here because a package with the 9,600 others costs each process 10 MB and 20 ms; the
tests hold the table against that package.
"""
# ruff: noqa: RUF001 - letters that look like others are what this is about

import re
import unicodedata
from collections.abc import Callable

I_OR_L = ";"
"""Stands in a reading for what may be an i or an l: 1, !, a capital I between small letters."""

FIRM_ENYE = "Ñ"
"""An ñ that is no n; readings are lower-case otherwise."""

_LOOKALIKES = {
    I_OR_L: "ΙІӀӏⲒᛁⵏꓲ𐊊𐌉𐌠𖼨ǀ",
    "a": "ɑΑαАаᎪᗅꓮ𐊠𖽀",
    "b": "ƄΒβВЬвьᏏᏴᑲᖯᗷꓐꞴ𐊂𐊡𐌁",
    "c": "СсᏟᴄⲤⲥꓚꮯ𐊢𐌂𐐕𐐽𐔜𑣲",
    "d": "ðԁᎠᏧᑯᗞᗪꓒꓓ",
    "e": "əΕεЕеєҽᎬⴹꓰꬲ𐊆𑢦𑢮",
    "f": "ϜքᖴẝꓝꞘꞙꬵ𐊇𐊥𐔥𑢢𑣂",
    "g": "ƍɡԌցᏀᏳᶃꓖ",
    "h": "ΗНнһհᎻᏂᕼⲎꓧ𐋏",
    "i": "ıɩɪιіᎥꙇꭵ𑣃",
    "j": "ͿϳЈјᎫᒍꓙꞲ",
    "k": "ΚκКкᏦᛕⲔꓗ𐔘",
    "l": "ƖᏞᒪⳐꓡ𐐛𐔦𑢣𑢲𖼖",
    "m": "ΜϺМмᎷᗰᛖⲘꓟ𐊰𐌑",
    "n": "ŋΝηпոռⲚꓠ𐔓",
    "o": "ΟοσОоՕօଠഠჿዐᴏᴑⲞⲟⵔꓳꬽ𐊒𐊫𐐄𐐬𐓂𐓪𐔖𑢵𑣈𑣗",
    "p": "ΡρРрᏢᑭⲢⲣꓑ𐊕",
    "q": "ԛգզⵕ",
    "r": "ƦгᎡᏒᖇᴦⲅꓣꭇꭈꮁ𐒴𖼵",
    "s": "ƽςЅѕՏᏕᏚꓢꜱꮪ𐊖𐐠𐑈𑣁𖼺",
    "t": "ΤτТтᎢⲦꓔ𐊗𐊱𐌕𑢼𖼊",
    "u": "ʋμυՍսሀᑌᴜꓴꞟꭎꭒ𐓎𐓶𑢸𑣘𖽂",
    "v": "νѴѵᏙᐯᴠⴸꓦꛟꮩ𐔝𑜆𑢠𑣀𖼈",
    "w": "ɯωѡԜԝաᎳᏔᴡꓪꮃ𑜊𑜎𑜏𑣯",
    "x": "ΧχХхᕁᕽᚷⲬⵝꓫꞳ𐊐𐊴𐌗𐌢𐔧𑣬",
    "y": "ɣʏΥγУуҮүყᎩᎽᶌỿⲨꓬꭚ𐊲𑢤𑣜𖽃",
    "z": "ΖᏃᴢꓜꮓ𐋵𑢩𑣄",
}

_LETTER_OF: dict[str, str] = {c: letter for letter, group in _LOOKALIKES.items() for c in group}
for _c, _letter in list(_LETTER_OF.items()):
    _LETTER_OF.setdefault(_c.casefold(), _letter)

_SYMBOLS = {
    "@": "a", "$": "s", "€": "e", "£": "l", "¢": "c", "¥": "y", "₩": "w", "₦": "n", "₱": "p",
    "฿": "b", "₿": "b", "₮": "t", "₭": "k", "₴": "s", "₲": "g", "₳": "a", "₵": "c", "₸": "t",
    "⍺": "a", "℮": "e", "⋿": "e", "⍳": "i", "⍴": "p", "⊤": "t", "⟙": "t", "∪": "u", "⋃": "u",
    "∨": "v", "⋁": "v", "×": "x", "⤫": "x", "⤬": "x", "⨯": "x", "╳": "x",
    "∣": I_OR_L, "│": I_OR_L, "⏽": I_OR_L,
}  # fmt: skip
_DIGITS = {
    "0": "o", "1": I_OR_L, "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
}  # fmt: skip
_INSIDE = {"!": I_OR_L, "|": I_OR_L}

_KIND_OF = {
    **dict.fromkeys(_SYMBOLS, "x"),
    **dict.fromkeys(_INSIDE, "y"),
    **dict.fromkeys("._-~*+·•=^‐‑", "j"),
    **{chr(code): "k" for code in (*range(0x30A0, 0x3100), *range(0x31F0, 0x3200))},
}
_KIND_OF_CATEGORY = {"So": "s", "Co": "s"}

_LATIN_NAME = re.compile(
    r"(?:LATIN (?:SMALL |CAPITAL )?LETTER (?:SMALL CAPITAL |TURNED |REVERSED |SIDEWAYS |SCRIPT |"
    r"OPEN |DOTLESS |LONG |BLACKLETTER |INSULAR )*([A-Z]|A[AEOUVY]|O[EO])(?: WITH .*)?|"
    r"(?:CROSSED )?NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER ([A-Z])|"
    r"REGIONAL INDICATOR SYMBOL LETTER ([A-Z]))"
)
_SPACELESS_NAME = re.compile(
    r"CJK |HIRAGANA |BOPOMOFO |THAI |LAO |KHMER |MYANMAR |TIBETAN |IDEOGRAPHIC |YI "
)
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
"""Marks that letters are read without: accents, Hebrew points, Arabic vowels, strokes. In other
scripts (kana, Thai, the Indian ones) a mark makes another letter, so it stays."""

_UNSEEN = re.compile(
    "[\u034f\u0640\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0000-\U000e0fff]"  # not all are Cf
)
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
_LONG_LIGATURES = "\ufdfa\ufdfb"
"""Whole phrases in one character; NFKC would make a text eighteen times as long."""

_MEMO_MAX = 20_000


class Memo(dict[int, str]):
    """What a function makes of each character, for `str.translate`; it forgets before it grows."""

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, code: int) -> str:
        if len(self) >= _MEMO_MAX:
            self.clear()
        made = self[code] = self._make(chr(code))
        return made


def cleaned(text: str) -> str:
    """Drop what cannot be seen and what is only piled on letters, in Unicode's compatible form."""
    seen = unicodedata.normalize("NFKC", text.translate(_VISIBLE))
    return seen if seen.isascii() else _ACCENTS.sub("", seen)


def latin_letter(c: str) -> str | None:
    """The Latin letter that a letter of another script looks like, if it does."""
    return _LETTER_OF.get(c) or _LETTER_OF.get(c.casefold()) or _LETTER_OF.get(c.lower())


def script(c: str) -> str:
    """The first word of a letter's Unicode name: `CYRILLIC`, `GREEK`, `LATIN`."""
    return unicodedata.name(c, "?").partition(" ")[0]


def _visible(c: str) -> str:
    category = unicodedata.category(c)
    if c in _BLANK or c in _LONG_LIGATURES or category in {"Cc", "Co", "Cs"}:
        return " "
    return "" if category == "Cf" or _UNSEEN.match(c) else c


def _folded(c: str) -> str:
    if c in "ñÑ":
        return "ñ"
    if c in _LETTER_OF and unicodedata.name(c).startswith("LATIN"):
        return _LETTER_OF[c]
    whole = unicodedata.normalize("NFD", unicodedata.normalize("NFKD", c).casefold())
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", whole))
    return "".join(_plain(one) for one in bare)


def _plain(c: str) -> str:
    if c.isascii():
        return c
    digit = unicodedata.digit(c, None)
    if digit is not None:
        return str(digit)
    name = unicodedata.name(c, "")
    if c in _LETTER_OF and name.startswith("LATIN"):
        return _LETTER_OF[c]
    match = _LATIN_NAME.fullmatch(name)
    return "".join(group.lower() for group in match.groups() if group) if match else c


def _kind(c: str) -> str:
    if c in _KIND_OF:
        return _KIND_OF[c]
    name, category = unicodedata.name(c, ""), unicodedata.category(c)
    if _SPACELESS_NAME.match(name):
        return "s" if unicodedata.digit(c, None) is None else "w"
    if name.startswith("REGIONAL INDICATOR"):
        return "r"
    if category[0] in "LNM" or _folded(c) != c:
        return "w"
    return "b" if c.isspace() else _KIND_OF_CATEGORY.get(category, "o")


def _swapped(c: str) -> str:
    digit = unicodedata.digit(c, None)
    if digit is not None:
        return _DIGITS.get(str(digit), str(digit))
    if unicodedata.name(c, "").startswith("REGIONAL INDICATOR"):
        return _folded(c)
    return _SYMBOLS.get(c) or _INSIDE.get(c) or c


_VISIBLE = Memo(_visible)

FOLDED = Memo(_folded)
"""The letters that a character is read as, whatever its neighbours."""

SWAPPED = Memo(_swapped)
"""The letters that digits and symbols stand for among letters; others as they are."""

KINDS = Memo(_kind)
"""One letter for what a character is to the words of a text:

`w` part of a word; `k` katakana; `s` of a script without spaces, or a picture; `r` a regional
indicator; `x` a symbol that may stand for a letter; `y` the same, only inside a word; `j` what
joins parts of a word; `b` blank; `o` anything else.
"""
