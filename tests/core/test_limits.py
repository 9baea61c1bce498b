from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.limits import (
    Account,
    Rule,
    Standing,
    Subject,
    Unit,
    Usage,
    Window,
    account_of,
    applying,
    first_without_room,
    local_day,
    period,
    runs,
    standings,
)

MEMBER, OTHER, CHANNEL = 11, 12, 21
ROLE_A, ROLE_B, ROLE_FOREIGN = 31, 32, 39

MEMBER_RULE = Rule(Subject.MEMBER, MEMBER, Unit.IMAGES, Window.DAY, 3)
ROLE_RULE_A = Rule(Subject.ROLE, ROLE_A, Unit.IMAGES, Window.DAY, 5)
ROLE_RULE_B = Rule(Subject.ROLE, ROLE_B, Unit.IMAGES, Window.DAY, 50)
EVERYONE_RULE = Rule(Subject.EVERYONE, 0, Unit.IMAGES, Window.DAY, 7)
HOST_RULE = Rule(Subject.EVERYONE, 0, Unit.IMAGES, Window.DAY, 10, is_host=True)
OTHERS = [
    Rule(Subject.MEMBER, OTHER, Unit.IMAGES, Window.DAY, 99),
    Rule(Subject.ROLE, ROLE_FOREIGN, Unit.IMAGES, Window.DAY, 99),
    Rule(Subject.CHANNEL, CHANNEL + 1, Unit.IMAGES, Window.DAY, 0),
]


def chosen(*rules: Rule) -> list[Rule]:
    roles = frozenset({ROLE_A, ROLE_B})
    return applying(rules, member_id=MEMBER, role_ids=roles, channel_id=CHANNEL)


def at(*when: int, zone: str = "UTC", fold: int = 0) -> int:
    year, month, day, hour, minute = (*when, 0, 0)[:5]
    moment = datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold)
    return int(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    ("rules", "winner"),
    [
        ([HOST_RULE], HOST_RULE),
        ([HOST_RULE, EVERYONE_RULE], EVERYONE_RULE),
        ([HOST_RULE, EVERYONE_RULE, ROLE_RULE_A], ROLE_RULE_A),
        ([HOST_RULE, EVERYONE_RULE, ROLE_RULE_A, ROLE_RULE_B], ROLE_RULE_B),
        ([HOST_RULE, EVERYONE_RULE, ROLE_RULE_A, ROLE_RULE_B, MEMBER_RULE], MEMBER_RULE),
        ([ROLE_RULE_B, MEMBER_RULE], MEMBER_RULE),
        ([EVERYONE_RULE, MEMBER_RULE], MEMBER_RULE),
        ([HOST_RULE, MEMBER_RULE], MEMBER_RULE),
        ([HOST_RULE, ROLE_RULE_A], ROLE_RULE_A),
        ([*OTHERS, HOST_RULE], HOST_RULE),
    ],
)
def test_the_rule_nearest_to_the_member_wins(rules, winner):
    assert chosen(*rules) == [winner]
    assert chosen(*reversed(rules)) == [winner]


def test_nothing_applies_where_there_are_no_rules_for_the_member():
    assert chosen(*OTHERS) == []
    assert chosen() == []


def test_units_and_windows_do_not_override_each_other():
    dollars = Rule(Subject.EVERYONE, 0, Unit.USD, Window.MONTH, 5_000_000)
    week = Rule(Subject.ROLE, ROLE_A, Unit.IMAGES, Window.WEEK, 20)

    assert chosen(week, MEMBER_RULE, dollars) == [MEMBER_RULE, week, dollars]


def test_every_cap_applies_beside_the_pot_even_two_for_the_same_server():
    channel = Rule(Subject.CHANNEL, CHANNEL, Unit.USD, Window.DAY, 1)
    server = Rule(Subject.SERVER, 0, Unit.USD, Window.MONTH, 2)
    host_server = Rule(Subject.SERVER, 0, Unit.USD, Window.MONTH, 3, is_host=True)
    bot = Rule(Subject.BOT, 0, Unit.USD, Window.DAY, 4, is_host=True)

    found = chosen(server, bot, host_server, channel, MEMBER_RULE, *OTHERS)

    assert found[0] == MEMBER_RULE
    assert set(found[1:]) == {channel, server, host_server, bot}
    assert len(found) == 5


subject_ids = {
    Subject.MEMBER: st.sampled_from([MEMBER, OTHER]),
    Subject.ROLE: st.sampled_from([ROLE_A, ROLE_B, ROLE_FOREIGN]),
    Subject.CHANNEL: st.sampled_from([CHANNEL, CHANNEL + 1]),
}


@st.composite
def rules(draw):
    subject = draw(st.sampled_from(Subject))
    subject_id = draw(subject_ids.get(subject, st.just(0)))
    may_be_host = subject in {Subject.EVERYONE, Subject.SERVER, Subject.BOT}
    is_host = draw(st.booleans()) if may_be_host else False
    unit, window = draw(st.sampled_from(Unit)), draw(st.sampled_from(Window))
    return Rule(subject, subject_id, unit, window, draw(st.integers(0, 9)), is_host)


def key_of(rule: Rule) -> tuple[Any, ...]:
    return rule.subject, rule.subject_id, rule.unit, rule.window, rule.is_host


rule_sets = st.lists(rules(), max_size=25, unique_by=key_of)


@given(rule_sets, st.sets(st.sampled_from([ROLE_A, ROLE_B])), st.randoms())
def test_one_pot_per_unit_and_window_by_the_order_of_precedence(given_rules, roles, random):
    def choose(from_rules):
        return applying(from_rules, member_id=MEMBER, role_ids=frozenset(roles), channel_id=CHANNEL)

    found = choose(given_rules)

    pots = {(r.unit, r.window): r for r in found if account_of(r) is Account.MEMBER}
    for unit in Unit:
        for window in Window:
            here = [r for r in given_rules if (r.unit, r.window) == (unit, window)]
            own = [r for r in here if (r.subject, r.subject_id) == (Subject.MEMBER, MEMBER)]
            of_roles = [r for r in here if r.subject is Subject.ROLE and r.subject_id in roles]
            everyone = [r for r in here if r.subject is Subject.EVERYONE and not r.is_host]
            host = [r for r in here if r.subject is Subject.EVERYONE and r.is_host]
            tier = own or of_roles or everyone or host
            pot = pots.pop((unit, window), None)
            assert (pot is None) == (not tier)
            if pot is not None:
                assert pot in tier
                assert pot.amount == max(r.amount for r in tier)
    assert not pots
    caps = [r for r in found if account_of(r) is not Account.MEMBER]
    assert set(caps) == {
        r
        for r in given_rules
        if r.subject in {Subject.SERVER, Subject.BOT}
        or (r.subject, r.subject_id) == (Subject.CHANNEL, CHANNEL)
    }
    assert len(set(found)) == len(found)
    assert found == [*(r for r in found if r not in caps), *caps], "pots come first"
    shuffled = random.sample(given_rules, len(given_rules))
    assert [key_of(r)[2:4] for r in choose(shuffled)] == [key_of(r)[2:4] for r in found]


@pytest.mark.parametrize(
    ("subject", "account"),
    [
        (Subject.EVERYONE, Account.MEMBER),
        (Subject.ROLE, Account.MEMBER),
        (Subject.MEMBER, Account.MEMBER),
        (Subject.CHANNEL, Account.CHANNEL),
        (Subject.SERVER, Account.SERVER),
        (Subject.BOT, Account.BOT),
    ],
)
def test_every_subject_counts_on_its_account(subject, account):
    rule = Rule(subject, 1, Unit.USD, Window.DAY, 1)
    assert account_of(rule) is Standing(rule, 0, 0).account is account


@pytest.mark.parametrize(
    ("window", "now", "first_day", "ends"),
    [
        (Window.DAY, (2026, 3, 1, 0, 0), "2026-03-01", (2026, 3, 2)),
        (Window.DAY, (2026, 3, 1, 23, 59), "2026-03-01", (2026, 3, 2)),
        (Window.DAY, (2026, 2, 28, 12), "2026-02-28", (2026, 3, 1)),
        (Window.DAY, (2028, 2, 28, 12), "2028-02-28", (2028, 2, 29)),
        (Window.DAY, (2028, 2, 29, 12), "2028-02-29", (2028, 3, 1)),
        (Window.DAY, (2026, 12, 31, 23, 59), "2026-12-31", (2027, 1, 1)),
        (Window.WEEK, (2026, 3, 2), "2026-03-02", (2026, 3, 9)),
        (Window.WEEK, (2026, 3, 8, 23, 59), "2026-03-02", (2026, 3, 9)),
        (Window.WEEK, (2026, 1, 1), "2025-12-29", (2026, 1, 5)),
        (Window.WEEK, (2027, 1, 3), "2026-12-28", (2027, 1, 4)),
        (Window.WEEK, (2028, 3, 1), "2028-02-28", (2028, 3, 6)),
        (Window.MONTH, (2026, 1, 31, 23, 59), "2026-01-01", (2026, 2, 1)),
        (Window.MONTH, (2026, 2, 1), "2026-02-01", (2026, 3, 1)),
        (Window.MONTH, (2028, 2, 29), "2028-02-01", (2028, 3, 1)),
        (Window.MONTH, (2026, 4, 30), "2026-04-01", (2026, 5, 1)),
        (Window.MONTH, (2026, 12, 1), "2026-12-01", (2027, 1, 1)),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/New_York"])
def test_windows_are_calendar_windows_of_the_zone(window, now, first_day, ends, zone):
    found = period(window, at(*now, zone=zone), ZoneInfo(zone))

    assert found.first_day == first_day
    assert found.ends_at_ms == at(*ends, zone=zone)


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [
        ("Europe/Berlin", (2026, 3, 29, 12), 23),
        ("Europe/Berlin", (2026, 10, 25, 12), 25),
        ("Europe/Berlin", (2026, 10, 26, 12), 24),
        ("America/Sao_Paulo", (2018, 11, 4, 12), 23),
        ("America/Sao_Paulo", (2018, 2, 17, 12), 25),
        ("Africa/Cairo", (2026, 4, 24, 12), 23),
        ("America/Havana", (2026, 11, 1, 12), 25),
        ("Asia/Kathmandu", (2026, 3, 29, 12), 24),
        ("Australia/Lord_Howe", (2026, 4, 5, 12), 24.5),
    ],
)
def test_a_day_lasts_as_long_as_the_clocks_of_the_zone_say(zone, now, hours):
    here = ZoneInfo(zone)
    now_ms = at(*now, zone=zone)
    before_ms = now_ms - 24 * 3_600_000
    start_ms = period(Window.DAY, before_ms, here).ends_at_ms

    end_ms = period(Window.DAY, now_ms, here).ends_at_ms

    assert end_ms - start_ms == hours * 3_600_000


def test_a_midnight_that_the_clocks_skip_is_the_instant_they_change():
    zone = ZoneInfo("America/Sao_Paulo")
    change_ms = at(2018, 11, 4, 3, zone="UTC")

    assert period(Window.DAY, change_ms - 1, zone).ends_at_ms == change_ms
    assert local_day(change_ms - 1, zone) == "2018-11-03"
    assert local_day(change_ms, zone) == "2018-11-04"
    assert period(Window.MONTH, change_ms, zone).first_day == "2018-11-01"


def test_a_day_that_a_country_skips_is_no_day():
    """Samoa went from Thursday the 29th to Saturday the 31st of December 2011."""
    zone = ZoneInfo("Pacific/Apia")
    change_ms = at(2011, 12, 30, 10, zone="UTC")

    assert local_day(change_ms - 1, zone) == "2011-12-29"
    assert local_day(change_ms, zone) == "2011-12-31"
    assert period(Window.DAY, change_ms - 1, zone).ends_at_ms == change_ms
    assert period(Window.DAY, change_ms, zone).ends_at_ms == at(2012, 1, 1, zone="Pacific/Apia")


def test_a_midnight_that_comes_twice_ends_the_day_that_comes_before_it():
    """Newfoundland once set its clocks back at one minute past midnight."""
    zone = ZoneInfo("America/St_Johns")
    again_ms = at(2010, 11, 6, 23, 30, zone="America/St_Johns", fold=1)

    assert local_day(again_ms, zone) == "2010-11-06"
    assert period(Window.DAY, again_ms, zone).ends_at_ms == at(
        2010, 11, 7, zone="America/St_Johns", fold=1
    )


ZONES = [
    "UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu", "Africa/Cairo",
    "America/Havana", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Kiritimati",
    "Pacific/Pago_Pago", "America/Nuuk", "Asia/Beirut", "Africa/Casablanca", "Asia/Tehran",
]  # fmt: skip
CHANGES_MS = [
    at(*when)
    for when in (
        (2018, 11, 4, 3), (2018, 2, 18, 2), (2011, 12, 30, 10), (2010, 11, 7, 2, 31),
        (2026, 3, 29, 1), (2026, 10, 25, 1), (2026, 4, 23, 22), (2026, 11, 1, 5),
    )
]  # fmt: skip
ANY_MS = st.integers(at(1990, 1, 1), at(2060, 1, 1))
NEAR_CHANGES_MS = st.builds(
    lambda at_ms, off_ms: at_ms + off_ms,
    st.sampled_from(CHANGES_MS),
    st.integers(-7_200_000, 7_200_000),
)


@given(st.sampled_from(Window), ANY_MS | NEAR_CHANGES_MS, st.sampled_from(ZONES))
@example(Window.DAY, at(2010, 11, 6, 23, 30, zone="America/St_Johns", fold=1), "America/St_Johns")
def test_now_lies_in_its_period(window, now_ms, zone_name):
    zone = ZoneInfo(zone_name)

    found = period(window, now_ms, zone)

    assert found.ends_at_ms > now_ms
    days = {Window.DAY: 2.1, Window.WEEK: 8.1, Window.MONTH: 32}
    assert found.ends_at_ms - now_ms <= days[window] * 86_400_000
    last_day = local_day(found.ends_at_ms - 1, zone)
    assert found.first_day <= local_day(now_ms, zone) <= last_day
    after = period(window, found.ends_at_ms, zone)
    assert last_day < after.first_day <= local_day(found.ends_at_ms, zone)


@pytest.mark.parametrize("now_ms", [0, 1, 1_772_323_199_999, 1_772_323_200_000])
def test_a_day_is_known_to_the_millisecond(now_ms):
    expected = datetime.fromtimestamp(now_ms // 1000, UTC).date().isoformat()
    assert local_day(now_ms, UTC) == expected


def test_usage_is_joined_by_account_and_first_day():
    zone = ZoneInfo("Pacific/Kiritimati")
    now_ms = at(2026, 3, 31, 12)
    cap = Rule(Subject.BOT, 0, Unit.USD, Window.DAY, 9_000_000, is_host=True)
    server = Rule(Subject.SERVER, 0, Unit.USD, Window.MONTH, 8_000_000)
    usage = {
        (Account.MEMBER, "2026-04-01"): Usage(images=2, microusd=20),
        (Account.SERVER, "2026-04-01"): Usage(images=3, microusd=30),
        (Account.BOT, "2026-03-31"): Usage(images=4, microusd=40),
        (Account.BOT, "2026-04-01"): Usage(images=9, microusd=90),
    }

    rules = [MEMBER_RULE, server, cap]
    found = standings(rules, usage, runs(rules, now_ms, zone))

    assert [standing.used for standing in found] == [2, 30, 40]
    assert [standing.left for standing in found] == [1, 7_999_970, 8_999_960]
    assert found[2].resets_at_ms == at(2026, 4, 1), "the bot's own days are in UTC"
    assert found[0].resets_at_ms == at(2026, 4, 2, zone="Pacific/Kiritimati")
    assert standings([MEMBER_RULE], {}, runs([MEMBER_RULE], now_ms, zone))[0].used == 0


def standing(unit: Unit, amount: int, used: int, subject: Subject = Subject.EVERYONE) -> Standing:
    return Standing(Rule(subject, 0, unit, Window.DAY, amount), used, 0)


def test_a_request_that_just_fits_is_allowed_and_one_more_is_not():
    pot = standing(Unit.IMAGES, 10, 7)
    cap = standing(Unit.USD, 1_000_000, 780_000, Subject.SERVER)

    assert first_without_room([pot, cap], images=3, microusd=220_000) is None
    assert first_without_room([pot, cap], images=4, microusd=220_000) is pot
    assert first_without_room([pot, cap], images=3, microusd=220_001) is cap
    assert first_without_room([pot, cap], images=4, microusd=220_001) is pot, "pots speak first"
    assert first_without_room([], images=4, microusd=10**9) is None


def test_a_limit_of_nothing_allows_nothing_and_what_is_left_is_never_negative():
    assert first_without_room([standing(Unit.IMAGES, 0, 0)], images=1, microusd=0)
    assert standing(Unit.IMAGES, 3, 5).left == 0


@given(
    st.lists(
        st.builds(standing, st.sampled_from(Unit), st.integers(0, 9), st.integers(0, 9)),
        max_size=6,
    ),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_all_limits_must_have_room(found, images, microusd):
    full = first_without_room(found, images=images, microusd=microusd)

    fits = [
        one.used + (images if one.rule.unit is Unit.IMAGES else microusd) <= one.rule.amount
        for one in found
    ]
    assert full is (None if all(fits) else found[fits.index(False)])
