import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.money import ceil_to_cent, format_usd, microusd_from_decimal

AMOUNTS = st.integers(min_value=-(10**15), max_value=10**15)


@pytest.mark.parametrize(
    ("microusd", "shown"),
    [
        (0, "$0"),
        (1, "$0.000001"),
        (15, "$0.000015"),
        (5_880, "$0.0059"),
        (4_020, "$0.004"),
        (52_680, "$0.053"),
        (99_400, "$0.099"),
        (99_500, "$0.10"),
        (100_000, "$0.10"),
        (329_280, "$0.33"),
        (334_999, "$0.33"),
        (335_000, "$0.34"),
        (999_999, "$1.00"),
        (1_000_000, "$1"),
        (2_500_000, "$2.50"),
        (5_000_000, "$5"),
        (12_345_678, "$12.35"),
        (1_000_000_000, "$1,000"),
        (1_234_567_890, "$1,234.57"),
        (10**15, "$1,000,000,000"),
        (-5_880, "-$0.0059"),
        (-2_500_000, "-$2.50"),
        (-5_000_000_000, "-$5,000"),
    ],
)
def test_amounts_are_shown_with_the_fewest_true_digits(microusd, shown):
    assert format_usd(microusd) == shown


@given(AMOUNTS)
def test_a_shown_amount_is_true_to_its_last_digit(microusd):
    shown = format_usd(microusd)

    assert re.fullmatch(r"-?\$\d{1,3}(,\d{3})*(\.\d{2,6})?", shown)
    number = Decimal(shown.replace("$", "").replace(",", ""))
    places = len(shown.partition(".")[2])
    off = abs(Fraction(number) * 10**6 - microusd)
    assert off * 2 <= 10 ** (6 - places)


@given(st.integers(min_value=1, max_value=10**15))
def test_an_amount_is_never_shown_as_nothing_and_minus_is_only_a_sign(microusd):
    assert format_usd(microusd) != "$0"
    assert format_usd(-microusd) == "-" + format_usd(microusd)


@pytest.mark.parametrize(
    ("text", "microusd"),
    [
        ("0", 0),
        ("-0", 0),
        ("0.0", 0),
        ("5", 5_000_000),
        ("2.50", 2_500_000),
        (" 0.21072 ", 210_720),
        ("0.000001", 1),
        ("0.0000001", 1),
        ("0.0000010001", 2),
        ("123.4560000000000000000000000000000000001", 123_456_001),
        ("1e-999999999", 1),
        ("2e-3", 2_000),
        ("1e3", 1_000_000_000),
        ("1000000000", 10**15),
    ],
)
def test_decimal_dollars_become_micro_dollars_rounded_up(text, microusd):
    assert microusd_from_decimal(text) == microusd


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "\n", "free", "1.2.3", "1,50", "$5", "0x10", "NaN", "-NaN", "sNaN", "Infinity",
        "-Infinity", "inf", "-1", "-0.000001", "1000000000.000001", "1e10", "1e99", "1e999999",
        "1e999999999999999999", "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_plausible_amount_is_none(text):
    assert microusd_from_decimal(text) is None


@given(st.decimals(min_value=0, max_value=10**9, allow_nan=False, allow_infinity=False))
def test_rounding_never_loses_a_fraction(usd):
    found = microusd_from_decimal(str(usd))

    assert found is not None
    exact = Fraction(usd) * 10**6
    assert exact <= found < exact + 1


@given(st.text())
def test_any_text_is_an_amount_or_none(text):
    found = microusd_from_decimal(text)

    assert found is None or (type(found) is int and 0 <= found <= 10**15)


@pytest.mark.parametrize(
    ("microusd", "cents"), [(0, 0), (1, 1), (9_999, 1), (10_000, 1), (10_001, 2), (210_720, 22)]
)
def test_cents_are_rounded_up(microusd, cents):
    assert ceil_to_cent(microusd) == cents * 10_000


@given(st.integers(min_value=0, max_value=2**80))
def test_rounding_to_cents_is_exact_at_any_magnitude(microusd):
    rounded = ceil_to_cent(microusd)

    assert type(rounded) is int
    assert rounded % 10_000 == 0
    assert microusd <= rounded < microusd + 10_000
