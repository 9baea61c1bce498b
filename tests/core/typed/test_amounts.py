import pytest

from bot.core.errors import BadRequest
from bot.core.limits import Unit
from bot.core.typed.amounts import parse_amount
from tests.said import sentence_of


@pytest.mark.parametrize(
    ("text", "amount"),
    [("20", 20), (" 7 ", 7), ("0", 0), ("1 000", 1000), ("1'000", 1000), ("1\u202f000", 1000)],
)
def test_pictures_are_whole_numbers(text, amount):
    assert parse_amount(text, Unit.IMAGES) == amount


@pytest.mark.parametrize(
    ("text", "microusd"),
    [
        ("$5", 5_000_000),
        ("5$", 5_000_000),
        ("$ 5", 5_000_000),
        ("2.50", 2_500_000),
        ("2,50", 2_500_000),
        ("0.5", 500_000),
        ("0", 0),
        ("$1000", 1_000_000_000),
        ("1 000,25", 1_000_250_000),
    ],
)
def test_money_is_typed_with_point_or_comma(text, microusd):
    assert parse_amount(text, Unit.USD) == microusd


@pytest.mark.parametrize(
    ("text", "unit", "sentence"),
    [
        ("$5", Unit.IMAGES, "is an amount of money"),
        ("2.5", Unit.IMAGES, "whole number like 20"),
        ("many", Unit.IMAGES, "whole number like 20"),
        ("-3", Unit.IMAGES, "whole number like 20"),
        ("\u0663", Unit.IMAGES, "whole number like 20"),
        ("9999999", Unit.IMAGES, "At most 1,000,000"),
        ("", Unit.IMAGES, "whole number like 20"),
        ("1,000", Unit.USD, "can be read in two ways"),
        ("1.000", Unit.USD, "can be read in two ways"),
        ("five", Unit.USD, "type it like $5"),
        ("-5", Unit.USD, "type it like $5"),
        ("1e3", Unit.USD, "type it like $5"),
        ("0.001", Unit.USD, "can be read in two ways"),
        ("5 $ 5", Unit.USD, "type it like $5"),
        ("9999999", Unit.USD, "At most $1,000,000"),
        ("\u0665", Unit.USD, "type it like $5"),
    ],
)
def test_what_is_no_amount_is_refused_with_an_example(text, unit, sentence):
    with pytest.raises(BadRequest) as caught:
        parse_amount(text, unit)

    assert sentence in sentence_of(caught.value)
