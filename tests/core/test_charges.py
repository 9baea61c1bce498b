"""What a member pays, for every mismatch of asked, made, billed and arrived."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.charges import billed_pictures, charge
from bot.core.limits import Usage

ONE = 50_000


def paid(arrived: int, asked: int, made: int, cost: int, held: int | None = None) -> Usage:
    return charge(
        arrived=arrived,
        asked=asked,
        made=made,
        cost_microusd=cost,
        held_microusd=70_000 * asked if held is None else held,
        one_microusd=ONE,
    )


@pytest.mark.parametrize(
    ("arrived", "asked", "made", "cost", "expected"),
    [
        (4, 4, 4, 4 * ONE, Usage(4, 4 * ONE)),
        (3, 4, 4, 4 * ONE, Usage(3, 3 * ONE)),  # one without an address, or one that was lost
        (3, 4, 3, 4 * ONE, Usage(3, 3 * ONE)),  # one not even listed, and billed all the same
        (2, 4, 2, 2 * ONE, Usage(2, 2 * ONE)),  # fewer made, and no more billed
        (2, 4, 2, 9 * ONE, Usage(2, 140_000)),  # a wild bill: half of it, and half of the hold
        (1, 1, 4, 4 * ONE, Usage(1, ONE)),
        (4, 1, 4, 4 * ONE, Usage(1, ONE)),
        (1, 1, 1, 4_000_000_000, Usage(1, 70_000)),  # units of 4000
        (1, 3, 3, 100, Usage(1, 33)),
        (0, 4, 4, 4 * ONE, Usage()),
        (0, 4, 0, 4 * ONE, Usage()),
        (2, 2, 2, 0, Usage(2, 0)),
    ],
)
def test_the_member_pays_for_what_arrived(arrived, asked, made, cost, expected):
    assert paid(arrived, asked, made, cost) == expected


@pytest.mark.parametrize(
    ("made", "cost", "billed"),
    [(2, 2 * ONE, 2), (2, 124_999, 2), (2, 125_000, 3), (2, 3 * ONE, 3), (2, 90 * ONE, 4),
     (2, 0, 2), (4, ONE, 4), (7, 7 * ONE, 7), (0, 4 * ONE, 4)],
)  # fmt: skip
def test_a_bill_is_for_more_than_was_made_only_where_it_says_so(made, cost, billed):
    found = billed_pictures(asked=4, made=made, cost_microusd=cost, one_microusd=ONE)
    assert found == billed


ASKED = st.integers(1, 4)
PICTURES = st.integers(0, 8)
MONEY = st.integers(0, 10**9)
ANY = {"asked": ASKED, "made": PICTURES, "cost": MONEY, "held": MONEY}


@given(arrived=PICTURES, **ANY)
def test_never_above_the_hold_nor_the_bill_nor_what_was_asked_for(arrived, asked, made, cost, held):
    found = paid(arrived, asked, made, cost, held)
    assert 0 <= found.microusd <= min(cost, held)
    assert found.images == min(arrived, asked)
    assert found.microusd * asked <= held * found.images


@given(arrived=PICTURES, **ANY)
def test_one_more_picture_never_costs_less(arrived, asked, made, cost, held):
    fewer, more = paid(arrived, asked, made, cost, held), paid(arrived + 1, asked, made, cost, held)
    assert fewer.images <= more.images
    assert fewer.microusd <= more.microusd


@given(asked=ASKED, made=PICTURES, cost=MONEY, held=MONEY)
def test_nothing_arrived_is_nothing_paid(asked, made, cost, held):
    assert paid(0, asked, made, cost, held) == Usage()


@given(asked=ASKED, held=MONEY, data=st.data())
def test_all_arrived_and_fitting_is_exactly_the_bill(asked, held, data):
    cost = data.draw(st.integers(0, held))
    assert paid(asked, asked, asked, cost, held) == Usage(asked, cost)


@given(arrived=st.integers(1, 4), asked=ASKED, made=st.integers(1, 8), cost=MONEY)
def test_a_share_is_never_more_than_that_of_what_was_made(arrived, asked, made, cost):
    found = paid(min(arrived, made), asked, made, cost, 10**12)
    assert found.microusd * made <= cost * min(arrived, asked, made)
