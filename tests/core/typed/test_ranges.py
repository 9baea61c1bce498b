"""Ranges of days as moderators type them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import BadRequest
from bot.core.typed.ranges import DAYS_MAX, NAMES, Days, parse_days
from tests.said import saying

TODAY = date(2026, 11, 18)  # a Wednesday


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (None, (11, 1), (11, 18)),
        ("today", (11, 18), (11, 18)),
        ("yesterday", (11, 17), (11, 17)),
        (" This  WEEK ", (11, 16), (11, 18)),
        ("last week", (11, 9), (11, 15)),
        ("this month", (11, 1), (11, 18)),
        ("last 7 days", (11, 12), (11, 18)),
        ("the past 30 days", (10, 20), (11, 18)),
        ("1 day", (11, 18), (11, 18)),
        ("last month", (10, 1), (10, 31)),
        ("2026-11-01..2026-11-15", (11, 1), (11, 15)),
        ("2026-11-01 .. 2026-11-15", (11, 1), (11, 15)),
        ("2026-11-01…2026-11-15", (11, 1), (11, 15)),
        ("2026-11-01 – 2026-11-15", (11, 1), (11, 15)),
        ("2026-11-01 - 2026-11-15", (11, 1), (11, 15)),
        ("1 Oct 2026 to 3 Oct 2026", (10, 1), (10, 3)),
        ("1.10.2026..today", (10, 1), (11, 18)),
        ("2026-11-01..2026-12-31", (11, 1), (11, 18)),
        ("2026-11-02", (11, 2), (11, 2)),
    ],
)
def test_a_period_is_read(period, first, last):
    assert parse_days(period, None, None, TODAY) == Days(date(2026, *first), date(2026, *last))


def test_two_options_make_a_range_and_the_last_day_may_be_left_out():
    first = date(2026, 11, 2)
    assert parse_days(None, "2026-11-02", "2026-11-04", TODAY) == Days(first, date(2026, 11, 4))
    assert parse_days(None, "2026-11-02", None, TODAY) == Days(first, TODAY)


@pytest.mark.parametrize(
    ("period", "first", "last", "sentence"),
    [
        ("today", "2026-11-01", None, "not both"),
        (None, None, "2026-11-01", "Name the first day too"),
        ("2026-11-15..2026-11-01", None, None, "is before 2026-11-15"),
        ("2026-11-19", None, None, "still to come"),
        ("2025-01-01..2026-11-01", None, None, "at most 366"),
        ("2026-02-30", None, None, "no day that there is"),
        ("1..2..3", None, None, "no range of days"),
        ("..", None, None, "no range of days"),
        ("soon", None, None, "or choose today"),
        (None, "**x**", None, "no date"),
        ("9999-12-31..9999-12-31", None, None, "still to come"),
        ("01/02/2026", None, None, "two ways"),
    ],
)
def test_what_is_no_range_is_refused_with_what_would_be_right(period, first, last, sentence):
    with pytest.raises(BadRequest, check=saying(sentence)):
        parse_days(period, first, last, TODAY)


def test_a_year_and_a_leap_year_fit():
    assert parse_days("2024-01-01..2024-12-31", None, None, TODAY).count == DAYS_MAX
    with pytest.raises(BadRequest, check=saying("367 days")):
        parse_days("2024-01-01..2025-01-01", None, None, TODAY)


@given(st.dates(date(2000, 1, 31), date(2100, 1, 1)), st.sampled_from(NAMES))
def test_named_ranges_have_begun_and_hold_whole_days(today, name):
    days = parse_days(name, None, None, today)
    assert days.first <= days.last <= today
    assert 1 <= days.count <= 31
    assert days.all() == [days.first + timedelta(days=n) for n in range(days.count)]


@given(st.text(max_size=40), st.dates(date(2000, 1, 1)))
def test_any_text_is_a_range_or_a_sentence(text, today):
    try:
        days = parse_days(text, None, None, today)
    except BadRequest:
        return
    assert days.first <= days.last <= today
