from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.day_bounds import day_of, span_ms
from bot.core.limits import local_day
from bot.core.typed.ranges import Days

ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "Asia/Tokyo")


def test_a_span_is_the_local_days():
    day = date(2026, 3, 1)
    since, until = span_ms(Days(day, day), ZoneInfo("Europe/Berlin"))

    assert since == 1_772_319_600_000
    assert until - since == 24 * 3600 * 1000
    assert day_of(since, ZoneInfo("Europe/Berlin")) == day
    assert day_of(since - 1, ZoneInfo("Europe/Berlin")) == day - timedelta(days=1)


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("year", [2017, 2018, 2023, 2026])
def test_days_follow_each_other_without_gap_or_overlap_whatever_the_clocks_do(name, year):
    zone = ZoneInfo(name)
    day, end = date(year, 1, 1), None
    for _ in range(366):
        since, until = span_ms(Days(day, day), zone)
        assert end in (None, since)
        assert since < until
        assert day_of(since, zone) == day == date.fromisoformat(local_day(since, zone))
        assert day_of(until - 1, zone) == day
        day, end = day + timedelta(days=1), until


def test_the_times_before_discord_are_empty():
    since, until = span_ms(Days(date(1, 1, 1), date(1, 1, 2)), ZoneInfo("Asia/Tokyo"))
    assert 0 < since < until
