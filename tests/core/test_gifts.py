"""What pays for a request: the allowance, then gifts by their ends; caps hold all the same.

The model here goes picture by picture and micro-dollar by micro-dollar, and knows no formula.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.gifts import Draw, Gift, cover, left_in, shortfall, spend, with_back, without
from bot.core.limits import Account, Rule, Standing, Subject, Unit, Window

IMAGES, USD = Unit.IMAGES, Unit.USD
DAY, WEEK, MONTH = Window.DAY, Window.WEEK, Window.MONTH


def pot(amount: int, used: int, unit: Unit = IMAGES, window: Window = DAY) -> Standing:
    return Standing(Rule(Subject.EVERYONE, 0, unit, window, amount), used, 0)


def cap(amount: int, used: int, unit: Unit = IMAGES, subject: Subject = Subject.SERVER) -> Standing:
    return Standing(Rule(subject, 0, unit, MONTH, amount), used, 0)


def gift(name: str, left: int, until: int = 1, unit: Unit = IMAGES, amount: int = 0) -> Gift:
    return Gift(name, unit, amount or left, left, until, 7, "")


@pytest.mark.parametrize(
    ("found", "gifts", "asked", "draws"),
    [
        ([], [], (4, 9), {}),
        ([pot(10, 6)], [gift("a", 5)], (4, 0), {}),
        ([pot(10, 8)], [gift("a", 5)], (4, 0), {"a": 2}),
        ([pot(10, 10)], [gift("a", 5)], (4, 0), {"a": 4}),
        ([pot(0, 0)], [gift("a", 1)], (1, 0), {"a": 1}),
        ([pot(2, 9)], [gift("a", 5)], (4, 0), {"a": 4}),
        ([], [gift("a", 5)], (4, 9), {}),
        ([pot(9, 9, USD)], [gift("a", 5)], (4, 0), {}),
        ([pot(1, 0)], [gift("late", 9, 20), gift("soon", 2, 10)], (4, 0), {"soon": 2, "late": 1}),
        ([pot(0, 0)], [gift("b", 9, 10), gift("a", 9, 10)], (4, 0), {"a": 4}),
        ([pot(9, 6), pot(9, 8, window=MONTH)], [gift("a", 9)], (4, 0), {"a": 3}),
        (
            [pot(2, 0), pot(100, 70, USD, MONTH)],
            [gift("a", 2), gift("b", 50, unit=USD)],
            (4, 40),
            {"a": 2, "b": 10},
        ),
        ([pot(0, 0), cap(4, 0)], [gift("a", 9)], (4, 0), {"a": 4}),
    ],
)
def test_gifts_pay_what_the_pots_do_not_cover(found, gifts, asked, draws):
    paid = cover(found, gifts, images=asked[0], microusd=asked[1])

    assert isinstance(paid, list)
    assert {draw.gift_id: draw.amount for draw in paid} == draws


TIGHT = pot(9, 8, window=MONTH)
FULL_CAP = cap(3, 0)


@pytest.mark.parametrize(
    ("found", "gifts", "asked", "full"),
    [
        ([pot(3, 3)], [], (1, 0), pot(3, 3)),
        ([pot(3, 2)], [gift("a", 2)], (4, 0), pot(3, 2)),
        ([pot(3, 3)], [gift("a", 9, unit=USD)], (1, 0), pot(3, 3)),
        ([pot(9, 7), TIGHT], [gift("a", 2)], (4, 0), TIGHT),
        ([pot(5, 5, USD), FULL_CAP], [], (4, 1), pot(5, 5, USD)),
        ([pot(0, 0), FULL_CAP], [gift("a", 9)], (4, 0), FULL_CAP),
        ([FULL_CAP], [gift("a", 9)], (4, 0), FULL_CAP),
        ([pot(9, 0), cap(9, 9, USD, Subject.BOT)], [], (1, 1), cap(9, 9, USD, Subject.BOT)),
    ],
)
def test_the_limit_that_has_no_room_is_named_and_of_several_pots_the_tightest(
    found, gifts, asked, full
):
    assert cover(found, gifts, images=asked[0], microusd=asked[1]) == full


def test_what_comes_back_goes_to_the_gift_that_ends_last_and_the_rest_to_the_allowance():
    gifts = [gift("soon", 0, 10, amount=2), gift("late", 1, 20, amount=5), gift("usd", 3, 5, USD)]
    drawn = [Draw("late", IMAGES, 1), Draw("soon", IMAGES, 2), Draw("usd", USD, 4)]

    def back(amount, unit=IMAGES):
        shown, rest = with_back(gifts, drawn, unit, amount)
        return [one.left for one in shown], rest

    assert back(0) == ([0, 1, 3], 0)
    assert back(2) == ([1, 2, 3], 0)
    assert back(4) == ([2, 2, 3], 1)
    assert back(2, USD) == ([0, 1, 5], 0)
    ended = [Draw("ended", IMAGES, 2)]
    assert with_back(gifts, ended, IMAGES, 3) == (gifts, 1)


POTS = st.builds(
    pot,
    st.integers(0, 6),
    st.integers(0, 8),
    st.sampled_from(Unit),
    st.sampled_from(Window),
)
CAPS = st.builds(
    cap,
    st.integers(0, 12),
    st.integers(0, 8),
    st.sampled_from(Unit),
    st.sampled_from([Subject.CHANNEL, Subject.SERVER, Subject.BOT]),
)
GIFTS = st.lists(
    st.builds(
        gift,
        st.sampled_from("abcdefgh"),
        st.integers(1, 4),
        st.integers(1, 3),
        st.sampled_from(Unit),
    ),
    max_size=5,
    unique_by=lambda one: one.id,
)
ASKED = st.integers(0, 6)


def by_hand(pots: list[Standing], gifts: list[Gift], unit: Unit, asked: int) -> list[str] | None:
    """The id of the gift that each single thing comes from, None where there is not enough."""
    mine = [one for one in pots if one.rule.unit is unit]
    left = {one.id: one.left for one in gifts if one.unit is unit}
    ends = {one.id: (one.until_ms, one.id) for one in gifts}
    own, drawn = asked, list[str]()
    while own and not all(one.used + own <= one.rule.amount for one in mine):
        having = [name for name, amount in left.items() if amount]
        if not having:
            return None
        first = min(having, key=ends.__getitem__)
        left[first] -= 1
        drawn.append(first)
        own -= 1
    return drawn


@given(st.lists(POTS, max_size=5), st.lists(CAPS, max_size=3), GIFTS, ASKED, ASKED)
def test_what_pays_is_what_one_would_count_out_by_hand(pots, caps, gifts, images, microusd):
    paid = cover([*pots, *caps], gifts, images=images, microusd=microusd)

    asked = {IMAGES: images, USD: microusd}
    counted = {unit: by_hand(pots, gifts, unit, asked[unit]) for unit in Unit}
    has_room = all(one.used + asked[one.rule.unit] <= one.rule.amount for one in caps)
    if isinstance(paid, Standing):
        assert None in counted.values() or not has_room
        if paid.account is Account.MEMBER:
            assert counted[paid.rule.unit] is None
        else:
            assert None not in counted.values(), "pots speak first"
            assert paid.used + asked[paid.rule.unit] > paid.rule.amount
        return
    assert has_room
    for unit, drawn in counted.items():
        assert drawn is not None
        assert {d.gift_id: d.amount for d in paid if d.unit is unit} == {
            name: drawn.count(name) for name in drawn
        }


@given(st.lists(POTS, min_size=1, max_size=4), GIFTS, st.integers(1, 30))
def test_who_is_refused_may_ask_for_what_is_left_and_not_for_one_more(pots, gifts, asked):
    refusing = cover(pots, gifts, images=asked, microusd=0)
    if not isinstance(refusing, Standing):
        return
    most = refusing.left + left_in(gifts, IMAGES)

    assert most < asked
    assert isinstance(cover(pots, gifts, images=most, microusd=0), list)
    assert isinstance(cover(pots, gifts, images=most + 1, microusd=0), Standing)


@given(
    st.lists(POTS, max_size=4),
    st.lists(CAPS, max_size=2),
    GIFTS,
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3)), max_size=12),
)
def test_a_run_of_requests_never_gets_more_than_pots_gifts_and_caps_hold(
    pots, caps, gifts, requests
):
    """Also where a limit was lowered below what is used: then nothing more of it is used."""
    start, given_at_first = [*pots, *caps], gifts
    found, own, whole = start, {IMAGES: 0, USD: 0}, {IMAGES: 0, USD: 0}
    for images, microusd in requests:
        paid = cover(found, gifts, images=images, microusd=microusd)
        if isinstance(paid, Standing):
            continue
        for unit, amount in ((IMAGES, images), (USD, microusd)):
            whole[unit] += amount
            own[unit] += amount - sum(draw.amount for draw in paid if draw.unit is unit)
        gifts = without(gifts, paid)
        found = [
            replace(one, used=one.used + (own if one.account is Account.MEMBER else whole)[
                one.rule.unit
            ])
            for one in start
        ]  # fmt: skip
    for before, after in zip(start, found, strict=True):
        assert after.used <= max(before.rule.amount, before.used)
    assert all(one.left > 0 for one in gifts)
    for unit in Unit:
        spent = left_in(given_at_first, unit) - left_in(gifts, unit)
        assert spent == whole[unit] - own[unit]


@given(st.integers(0, 8), st.integers(0, 8), GIFTS, st.integers(0, 20))
def test_single_pictures_are_accepted_until_pot_and_gifts_or_the_cap_are_used_up(
    amount, used, gifts, room
):
    accepted = 0
    left = gifts
    while accepted < 40:
        own = accepted - (left_in(gifts, IMAGES) - left_in(left, IMAGES))
        limits = [pot(amount, used + own), cap(room, accepted)]
        paid = cover(limits, left, images=1, microusd=0)
        if isinstance(paid, Standing):
            break
        left = without(left, paid)
        accepted += 1

    assert accepted == min(room, max(0, amount - used) + left_in(gifts, IMAGES))


@given(GIFTS, st.sampled_from(Unit), st.data())
def test_what_is_spent_and_comes_back_leaves_gifts_as_they_were(gifts, unit, data):
    amount = data.draw(st.integers(0, left_in(gifts, unit)))
    draws = spend(gifts, unit, amount)
    after = [
        replace(one, left=one.left - sum(d.amount for d in draws if d.gift_id == one.id))
        for one in gifts
    ]

    assert sum(draw.amount for draw in draws) == amount
    assert without(gifts, draws) == [one for one in after if one.left]
    shown, rest = with_back(after, reversed(draws), unit, amount)
    assert (shown, rest) == (gifts, 0)
    some = data.draw(st.integers(0, amount))
    assert left_in(with_back(after, reversed(draws), unit, some)[0], unit) == (
        left_in(after, unit) + some
    )


def test_nothing_is_short_where_no_limit_of_the_unit_holds():
    assert shortfall([], IMAGES, 4) == 0
    assert shortfall([pot(1, 0, USD), cap(0, 0)], IMAGES, 4) == 0
