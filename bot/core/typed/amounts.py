"""Amounts as people type them: `20`, `$5`, `2.50`, `2,50`, `1 000`."""

import re

from bot.core.codes import TypedCode
from bot.core.errors import BadRequest
from bot.core.limits import Unit
from bot.core.money import microusd_from_decimal

IMAGES_MAX = 1_000_000
USD_MAX_MICROUSD = 1_000_000 * 1_000_000

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
        BadRequest: It is no amount of that unit; the code says what is wrong with it.
    """
    typed = _GROUPS.sub("", text.strip())
    if unit is Unit.IMAGES:
        return _images(typed, text)
    return _usd(typed, text)


def _images(typed: str, text: str) -> int:
    if "$" in typed:
        raise BadRequest(TypedCode.IS_MONEY, typed=text)
    if not _WHOLE.fullmatch(typed) or not typed.isascii():
        raise BadRequest(TypedCode.NO_COUNT, typed=text)
    if int(typed) > IMAGES_MAX:
        raise BadRequest(TypedCode.COUNT_TOO_LARGE, most=IMAGES_MAX)
    return int(typed)


def _usd(typed: str, text: str) -> int:
    bare = typed.removeprefix("$").removesuffix("$").strip()
    if _THOUSANDS.fullmatch(bare):
        raise BadRequest(TypedCode.AMOUNT_READS_TWO_WAYS, typed=text)
    match = _MONEY.fullmatch(bare)
    amount = None
    if match is not None and bare.isascii():
        amount = microusd_from_decimal(f"{match[1]}.{match[2] or 0}")
    if amount is None:
        raise BadRequest(TypedCode.NO_USD, typed=text)
    if amount > USD_MAX_MICROUSD:
        raise BadRequest(TypedCode.USD_TOO_LARGE, most=USD_MAX_MICROUSD)
    return amount
