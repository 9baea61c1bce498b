"""Integer micro-dollars and the one rounding rule.

1 USD is 1,000,000 micro-dollars. Amounts are `int` everywhere and their names end in `_microusd`;
no float crosses a room. The rounding rule: where a figure from outside has a fraction of a
micro-dollar, it is rounded up, because the host is never to pay more than the ledger says.
"""

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, InvalidOperation

MICROUSD_PER_USD = 1_000_000
MICROUSD_PER_CENT = 10_000

_USD_MAX = 10**9
"""What is larger is a mistake, not an amount."""

_MICROUSD = Decimal("0.000001")


def microusd_from_decimal(text: str) -> int | None:
    """Read a decimal amount of USD, rounding a fraction of a micro-dollar up.

    Args:
        text: Digits with at most one point, as fal sends them in `x-fal-billable-units`.

    Returns:
        Micro-dollars, or None where the text is no finite, non-negative amount.
    """
    try:
        usd = Decimal(text.strip())
    except InvalidOperation:
        return None
    # Comparing and quantizing are exact for any exponent; multiplying first would overflow.
    if not usd.is_finite() or usd < 0 or usd > _USD_MAX:
        return None
    return int(usd.quantize(_MICROUSD, rounding=ROUND_CEILING) * MICROUSD_PER_USD)


def ceil_to_cent(microusd: int) -> int:
    """Round up to a whole cent, as fal's price page does."""
    return -(-microusd // MICROUSD_PER_CENT) * MICROUSD_PER_CENT


def format_usd(microusd: int) -> str:
    """Show an amount with the fewest digits that are true.

    Whole dollars lose their cents (`$5`), an amount of ten cents or more has two decimals
    (`$0.33`), a smaller one two significant digits (`$0.053`, `$0.0059`).
    """
    sign, amount = ("-", -microusd) if microusd < 0 else ("", microusd)
    if amount % MICROUSD_PER_USD == 0:
        return f"{sign}${amount // MICROUSD_PER_USD:,}"
    usd = Decimal(amount) / MICROUSD_PER_USD
    places = max(2, 1 - usd.adjusted())
    rounded = usd.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}"
    whole, _, cents = text.partition(".")
    return f"{sign}${whole}.{cents[:2]}{cents[2:].rstrip('0')}"
