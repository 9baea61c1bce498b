"""Ends as people type them, in the time of the server's zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.errors import BadRequest
from bot.core.limits import Window, period
from bot.core.typed.durations import parse_until
from tests.said import sentence_of

BERLIN = "Europe/Berlin"


def at(*when: int, zone: str = BERLIN, fold: int = 0) -> int:
    year, month, day, hour, minute = (*when, 0, 0)[:5]
    moment = datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold)
    return int(moment.timestamp() * 1000)


def read(text: str, now: tuple[int, ...] = (2026, 3, 10, 12, 30), zone: str = BERLIN) -> int:
    return parse_until(text, at(*now, zone=zone), ZoneInfo(zone))


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("3d", (2026, 3, 13, 12, 30)),
        ("3 days", (2026, 3, 13, 12, 30)),
        ("1 Day", (2026, 3, 11, 12, 30)),
        ("2 weeks", (2026, 3, 24, 12, 30)),
        ("12h", (2026, 3, 11, 0, 30)),
        ("1 hour", (2026, 3, 10, 13, 30)),
        ("90 min", (2026, 3, 10, 14)),
        ("1 month", (2026, 4, 10, 12, 30)),
        ("10mo", (2027, 1, 10, 12, 30)),
        ("1 year", (2027, 3, 10, 12, 30)),
        ("5 years", (2031, 3, 10, 12, 30)),
        ("2w 3d", (2026, 3, 27, 12, 30)),
        ("2w3d", (2026, 3, 27, 12, 30)),
        ("2 weeks, 3 days", (2026, 3, 27, 12, 30)),
        ("2 weeks and 3 days", (2026, 3, 27, 12, 30)),
        ("1d + 2h", (2026, 3, 11, 14, 30)),
        ("1d 1d", (2026, 3, 12, 12, 30)),
        ("in 3 days", (2026, 3, 13, 12, 30)),
        (" for  3\u00a0d ", (2026, 3, 13, 12, 30)),
        ("\uff13d", (2026, 3, 13, 12, 30)),
    ],
)
def test_a_duration_counts_from_now(text, until):
    assert read(text) == at(*until)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2026-12-31", (2027, 1, 1)),
        ("2026-3-10", (2026, 3, 11)),
        ("2026/12/31", (2027, 1, 1)),
        ("31.12.2026", (2027, 1, 1)),
        ("31. 12. 2026", (2027, 1, 1)),
        ("03.04.2026", (2026, 4, 4)),
        ("31/12/2026", (2027, 1, 1)),
        ("12/31/2026", (2027, 1, 1)),
        ("05/05/2026", (2026, 5, 6)),
        ("31-12-2026", (2027, 1, 1)),
        ("31 Dec 2026", (2027, 1, 1)),
        ("31. December 2026", (2027, 1, 1)),
        ("Dec 31, 2026", (2027, 1, 1)),
        ("august 31st 2026", (2026, 9, 1)),
        ("today", (2026, 3, 11)),
        ("Tomorrow", (2026, 3, 12)),
        ("until 2026-12-31", (2027, 1, 1)),
    ],
)
def test_a_date_means_the_end_of_that_day(text, until):
    assert read(text) == at(*until)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2026-12-31 18:00", (2026, 12, 31, 18)),
        ("2026-12-31T18:05", (2026, 12, 31, 18, 5)),
        ("31.12.2026, 9:05", (2026, 12, 31, 9, 5)),
        ("31 Dec 2026 at 6pm", (2026, 12, 31, 18)),
        ("august 31 2026 6:30 am", (2026, 8, 31, 6, 30)),
        ("2026-12-31 12am", (2026, 12, 31)),
        ("2026-12-31 12 pm", (2026, 12, 31, 12)),
        ("2026-12-31 0:00", (2026, 12, 31)),
        ("2026-12-31 24:00", (2027, 1, 1)),
        ("today 18:00", (2026, 3, 10, 18)),
    ],
)
def test_a_date_may_have_a_time_of_day(text, until):
    assert read(text) == at(*until)


@pytest.mark.parametrize(
    ("now", "text", "until"),
    [
        ((2026, 1, 31, 9), "1 month", (2026, 2, 28, 9)),
        ((2028, 1, 31, 9), "1 month", (2028, 2, 29, 9)),
        ((2028, 2, 29, 9), "1 year", (2029, 2, 28, 9)),
        ((2026, 12, 31, 9), "2 months", (2027, 2, 28, 9)),
        ((2026, 12, 31, 9), "1 month 1 day", (2027, 2, 1, 9)),
    ],
)
def test_a_month_that_is_too_short_ends_with_its_last_day(now, text, until):
    assert read(text, now) == at(*until)


@pytest.mark.parametrize(
    ("now", "text", "hours"),
    [
        ((2026, 3, 28, 12), "1d", 23),
        ((2026, 3, 28, 12), "24h", 24),
        ((2026, 10, 24, 12), "1d", 25),
        ((2026, 10, 24, 12), "24h", 24),
        ((2026, 3, 29, 0), "today", 23),
        ((2026, 10, 25, 0), "today", 25),
        ((2026, 3, 28, 2, 30), "1d", 24),
    ],
)
def test_days_follow_the_wall_clock_and_hours_do_not(now, text, hours):
    assert read(text, now) - at(*now) == hours * 3_600_000


def test_a_time_that_is_skipped_or_comes_twice_is_one_instant():
    assert read("2026-03-29 02:30") == at(2026, 3, 29, 3, 30)
    assert read("2026-10-25 02:30") == at(2026, 10, 25, 2, 30, fold=1)


def test_a_day_without_a_midnight_ends_when_the_clocks_change():
    here = "America/Sao_Paulo"
    assert read("2018-11-03", (2018, 11, 1), here) == at(2018, 11, 4, 3, zone="UTC")
    assert read("2011-12-29", (2011, 12, 1), "Pacific/Apia") == at(2011, 12, 30, 10, zone="UTC")


def test_a_midnight_that_comes_twice_ends_the_day_the_second_time():
    here = "America/St_Johns"
    assert read("2010-11-06", (2010, 11, 1), here) == at(2010, 11, 7, zone=here, fold=1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("03/04/2026", "can be read in two ways; type it like 2026-12-31"),
        ("3-4-2026", "can be read in two ways"),
        ("3m", "can be read in two ways; type 3 min or 3 months"),
        ("31.12.26", "a year of two digits"),
        ("12/31/26", "a year of two digits"),
        ("2026-02-29", "no day that there is"),
        ("2026-13-01", "no day that there is"),
        ("12.31.2026", "no day that there is"),
        ("31/31/2026", "no day that there is"),
        ("2026-12-31 25:00", "no time of day"),
        ("2026-12-31 24:01", "no time of day"),
        ("2026-12-31 18:60", "no time of day"),
        ("2026-12-31 13pm", "no time of day"),
        ("2026-12-31 18", "no time of day"),
        ("2020-01-01", "has passed already"),
        ("2026-03-10 12:30", "has passed already"),
        ("0d", "has passed already"),
        ("5 years 1 min", "more than 5 years away"),
        ("9999-12-31", "more than 5 years away"),
        ("999999 years", "more than 5 years away"),
        ("999999w", "more than 5 years away"),
        ("", "type it like 3d"),
        ("3", "type it like 3d"),
        ("d", "type it like 3d"),
        ("1.5h", "type it like 3d"),
        ("-3d", "type it like 3d"),
        ("3 fortnights", "type it like 3d"),
        ("forever", "type it like 3d"),
        ("31 Dec", "type it like 3d"),
        ("Brumaire 9 2026", "type it like 3d"),
        ("18:00", "type it like 3d"),
        ("1aand" * 30, "type it like 3d"),
        ("\u0663d", "type it like 3d"),
        ("**@everyone**", "type it like 3d"),
    ],
)
def test_what_is_no_end_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(BadRequest) as caught:
        read(text)

    assert sentence in sentence_of(caught.value)
    assert "**@everyone" not in sentence_of(caught.value)


ZONES = st.sampled_from(["UTC", BERLIN, "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu"])
MOMENTS = st.integers(at(2000, 1, 1), at(2060, 1, 1))


@given(st.text(max_size=80), MOMENTS, ZONES)
def test_whatever_is_typed_is_an_instant_in_the_next_years_or_refused(text, now_ms, zone):
    try:
        until_ms = parse_until(text, now_ms, ZoneInfo(zone))
    except BadRequest:
        return
    assert now_ms < until_ms <= now_ms + (5 * 366 + 1) * 86_400_000


@given(st.integers(1, 1000), st.integers(0, 200), MOMENTS, ZONES)
@example(1, 0, at(2011, 12, 29, 12, zone="Pacific/Apia"), "Pacific/Apia")
def test_so_many_days_later_the_wall_clock_shows_the_same(days, hours, now_ms, zone_name):
    zone = ZoneInfo(zone_name)
    later_ms = parse_until(f"{days}d", now_ms, zone)
    then = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone)
    wanted = (then + timedelta(days=days)).replace(tzinfo=None)
    found = datetime.fromtimestamp(later_ms / 1000, UTC).astimezone(zone).replace(tzinfo=None)

    exists = wanted.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    assert found == exists
    both_ms = parse_until(f"{days} days, {hours} h", now_ms, zone)
    assert both_ms - later_ms == hours * 3_600_000


@given(st.dates(date(2020, 1, 1), date(2024, 1, 1)), ZONES)
def test_a_date_ends_where_the_window_of_that_day_ends(day, zone_name):
    zone = ZoneInfo(zone_name)
    noon_ms = int(datetime(day.year, day.month, day.day, 12, tzinfo=zone).timestamp() * 1000)

    for text in (day.isoformat(), f"{day:%d.%m.%Y}", f"{day:%d %b %Y}"):
        assert parse_until(text, noon_ms, zone) == period(Window.DAY, noon_ms, zone).ends_at_ms
