import pytest

from bot.core.limits import Unit
from bot.texts.amounts import show_amount


@pytest.mark.parametrize(
    ("unit", "amount", "shown"),
    [
        (Unit.IMAGES, 0, "0 pictures"),
        (Unit.IMAGES, 1, "1 picture"),
        (Unit.IMAGES, 7, "7 pictures"),
        (Unit.USD, 2_500_000, "$2.50"),
        (Unit.USD, 0, "$0"),
    ],
)
def test_amounts_are_written_for_people(unit, amount, shown):
    assert show_amount(unit, amount) == shown
