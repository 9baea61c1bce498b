"""Amounts as people type them: `20`, `$5`, `2.50`, `2,50`, `1 000`."""

import re

from bot.core.errors import BadRequest
from bot.core.limits import Unit
from bot.core.money import microusd_from_decimal
from bot.core.prompts import shown_prompt

IMAGES_MAX = 1_000_000
USD_MAX_MICROUSD = 1_000_000 * 1_000_000

_SHOWN_CHARS_MAX = 60

_GROUPS = re.compile(r"(?<=\d)[\s\u00a0\u202f'’_](?=\d{3}(?!\d))")
_WHOLE = re.compile(r"\d{1,7}")
_MONEY = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?")
_THOUSANDS = re.compile(r"\d{1,3}[.,]\d{3}")


def parse_amount(text: str, unit: Unit) -> int:
    """Read a limit or a gift.

    Args:
        text: What was typed.
        unit: What it counts; a dollar sign is only for USD.

    Returns:
        Pictures, or micro-dollars.

    Raises:
        BadRequest: It is no amount of that unit; the sentence says what would be.
    """
    typed = _GROUPS.sub("", text.strip())
    text = shown_prompt(text, chars_max=_SHOWN_CHARS_MAX, bytes_max=4 * _SHOWN_CHARS_MAX)
    if unit is Unit.IMAGES:
        return _images(typed, text)
    return _usd(typed, text)


def _images(typed: str, text: str) -> int:
    if "$" in typed:
        raise BadRequest(f"“{text}” is an amount of money; choose USD, or type pictures like 20.")
    if not _WHOLE.fullmatch(typed) or not typed.isascii():
        raise BadRequest(f"“{text}” is no number of pictures; type a whole number like 20.")
    if int(typed) > IMAGES_MAX:
        raise BadRequest(f"At most {IMAGES_MAX:,} pictures are possible.")
    return int(typed)


def _usd(typed: str, text: str) -> int:
    bare = typed.removeprefix("$").removesuffix("$").strip()
    if _THOUSANDS.fullmatch(bare):
        raise BadRequest(f"“{text}” can be read in two ways; type it like 1000 or 1.50.")
    match = _MONEY.fullmatch(bare)
    amount = None
    if match is not None and bare.isascii():
        amount = microusd_from_decimal(f"{match[1]}.{match[2] or 0}")
    if amount is None:
        raise BadRequest(f"“{text}” is no amount of USD; type it like $5, 2.50 or 2,50.")
    if amount > USD_MAX_MICROUSD:
        raise BadRequest(f"At most ${USD_MAX_MICROUSD // 1_000_000:,} are possible.")
    return amount
