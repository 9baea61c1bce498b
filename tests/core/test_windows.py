"""Windows, rules and usage together: which requests a member may make, against an own model.

The model of a window is the calendar: two instants share a run if their local dates share a day, an
ISO week or a month.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.gifts import cover
from bot.core.limits import (
    Account,
    Period,
    Rule,
    Standing,
    Subject,
    Unit,
    Usage,
    Window,
    account_of,
    applying,
    period,
    runs,
    standings,
)
from bot.core.limits import (
    run_of as named_run,
)
from tests.core.test_limits import (
    ANY_MS,
    CHANNEL,
    MEMBER,
    NEAR_CHANGES_MS,
    ROLE_A,
    ROLE_B,
    ZONES,
    at,
    key_of,
    rule_sets,
)

HOUR_MS = 3_600_000


def local_date(at_ms: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).date()


def run_of(window: Window, day: date) -> tuple[int, ...]:
    match window:
        case Window.DAY:
            return (day.toordinal(),)
        case Window.WEEK:
            return tuple(day.isocalendar()[:2])
        case Window.MONTH:
            return day.year, day.month


@given(
    st.sampled_from(Window),
    ANY_MS | NEAR_CHANGES_MS,
    st.integers(-40 * 24 * HOUR_MS, 40 * 24 * HOUR_MS) | st.integers(-3 * HOUR_MS, 3 * HOUR_MS),
    st.sampled_from(ZONES),
)
def test_two_instants_share_a_run_exactly_if_the_calendar_says_so(window, at_ms, off_ms, name):
    zone = ZoneInfo(name)
    one, other = period(window, at_ms, zone), period(window, at_ms + off_ms, zone)
    days = local_date(at_ms, zone), local_date(at_ms + off_ms, zone)

    is_same = run_of(window, days[0]) == run_of(window, days[1])
    assert (one.first_day == other.first_day) == is_same
    assert run_of(window, date.fromisoformat(one.first_day)) == run_of(window, days[0])


@given(st.sampled_from(Window), ANY_MS | NEAR_CHANGES_MS, st.sampled_from(ZONES))
def test_the_runs_of_a_window_follow_one_another_without_a_gap(window, at_ms, name):
    zone = ZoneInfo(name)
    now = period(window, at_ms, zone)
    last_ms, next_ms = now.ends_at_ms - 1, now.ends_at_ms

    last, following = local_date(last_ms, zone), local_date(next_ms, zone)
    assert run_of(window, last) == run_of(window, local_date(at_ms, zone))
    assert run_of(window, following) != run_of(window, last)
    assert period(window, next_ms, zone).first_day == following.isoformat() or (
        window is not Window.DAY and name == "Pacific/Apia"
    ), "a run begins with its first day, but for the Friday that Samoa skipped"


@pytest.mark.parametrize(
    ("zone", "now", "window", "days"),
    [
        ("Europe/Berlin", (2026, 3, 28, 22, 59), Window.DAY, ("2026-03-28", "2026-03-29")),
        ("Europe/Berlin", (2026, 3, 29, 21, 59), Window.DAY, ("2026-03-29", "2026-03-30")),
        ("Europe/Berlin", (2026, 3, 29, 21, 59), Window.WEEK, ("2026-03-23", "2026-03-30")),
        ("Europe/Berlin", (2026, 10, 25, 22, 59), Window.DAY, ("2026-10-25", "2026-10-26")),
        ("America/New_York", (2028, 3, 1, 4, 59), Window.DAY, ("2028-02-29", "2028-03-01")),
        ("America/New_York", (2028, 3, 1, 4, 59), Window.MONTH, ("2028-02-01", "2028-03-01")),
        ("America/New_York", (2027, 3, 1, 4, 59), Window.DAY, ("2027-02-28", "2027-03-01")),
        ("Asia/Kathmandu", (2026, 12, 31, 18, 14), Window.MONTH, ("2026-12-01", "2027-01-01")),
        ("Pacific/Kiritimati", (2026, 12, 30, 9, 59), Window.DAY, ("2026-12-30", "2026-12-31")),
    ],
)
def test_a_window_turns_over_at_the_local_midnight_and_not_a_minute_earlier(
    zone, now, window, days
):
    here, at_ms = ZoneInfo(zone), at(*now)

    before, after = period(window, at_ms, here), period(window, at_ms + 60_000, here)

    assert (before.first_day, after.first_day) == days
    assert before.ends_at_ms == at_ms + 60_000


ROLES = st.sets(st.sampled_from([ROLE_A, ROLE_B]))
USED = st.dictionaries(
    st.tuples(st.sampled_from(Account), st.sampled_from(Window)),
    st.builds(Usage, st.integers(0, 9), st.integers(0, 9)),
)


def allows(
    rules: list[Rule], roles: set[int], used: dict[tuple[Account, Window], Usage], asked: Usage
) -> bool:
    """Decide by reading the rule book aloud: nearest rule, most generous role, all caps."""
    for rule in rules:
        if rule.subject is Subject.CHANNEL and rule.subject_id != CHANNEL:
            continue
        if account_of(rule) is Account.MEMBER:
            tiers = [
                [r for r in rules if r.subject is Subject.MEMBER and r.subject_id == MEMBER],
                [r for r in rules if r.subject is Subject.ROLE and r.subject_id in roles],
                [r for r in rules if r.subject is Subject.EVERYONE and not r.is_host],
                [r for r in rules if r.subject is Subject.EVERYONE and r.is_host],
            ]
            here = [
                [r.amount for r in tier if (r.unit, r.window) == (rule.unit, rule.window)]
                for tier in tiers
            ]
            amounts = next((tier for tier in here if tier), None)
            if amounts is None:
                continue
            amount = max(amounts)
        else:
            amount = rule.amount
        spent = used.get((account_of(rule), rule.window), Usage())
        if spent.of(rule.unit) + asked.of(rule.unit) > amount:
            return False
    return True


@given(
    rule_sets,
    ROLES,
    USED,
    st.builds(Usage, st.integers(1, 4), st.integers(1, 4)),
    ANY_MS,
    st.sampled_from(ZONES),
)
@example(
    rules=[
        Rule(Subject.EVERYONE, 0, Unit.IMAGES, Window.DAY, 1),
        Rule(Subject.SERVER, 0, Unit.IMAGES, Window.DAY, 0),
        Rule(Subject.SERVER, 0, Unit.IMAGES, Window.DAY, 1, is_host=True),
    ],
    roles=set(),
    used={},
    asked=Usage(1, 1),
    now_ms=631_152_000_000,
    name="UTC",
)
def test_a_request_is_accepted_exactly_where_the_rule_book_allows_it(
    rules, roles, used, asked, now_ms, name
):
    zone = ZoneInfo(name)
    # The host's caps of a server begin earlier where the zones differ; see the test below.
    own = [
        replace(rule, is_host=False) if rule.subject is Subject.SERVER else rule for rule in rules
    ]
    # There is one rule of each kind, also where the host's is a server's now.
    rules = list({key_of(rule): rule for rule in own}.values())
    by_day = {
        (account, period(window, now_ms, UTC if account is Account.BOT else zone).first_day): usage
        for (account, window), usage in used.items()
    }
    # Where two windows begin with the same day they are one sum.
    same = {
        (account, window): by_day.get(
            (account, period(window, now_ms, UTC if account is Account.BOT else zone).first_day),
            Usage(),
        )
        for account in Account
        for window in Window
    }
    chosen = applying(rules, member_id=MEMBER, role_ids=frozenset(roles), channel_id=CHANNEL)
    found = standings(chosen, by_day, runs(chosen, now_ms, zone))

    paid = cover(found, [], images=asked.images, microusd=asked.microusd)

    assert isinstance(paid, Standing) != allows(rules, roles, same, asked)


@pytest.mark.parametrize(
    ("moved_to", "when", "first_day", "ends"),
    [
        # 14 hours before UTC's month ends the server says that it is May already.
        ("Pacific/Kiritimati", "2026-04-30T10:30", "2026-04-01", "2026-05-01T00:00"),
        # 10 hours into UTC's May the server says that it is still April.
        ("Etc/GMT+12", "2026-05-01T10:00", "2026-04-01", "2026-05-01T12:00"),
        ("UTC", "2026-04-30T23:59", "2026-04-01", "2026-05-01T00:00"),
        ("Europe/Berlin", "2026-05-31T23:00", "2026-05-01", "2026-06-01T00:00"),
    ],
)
def test_a_moved_zone_opens_no_second_month_for_the_hosts_cap(moved_to, when, first_day, ends):
    cap = Rule(Subject.SERVER, 0, Unit.USD, Window.MONTH, 1_000_000, is_host=True)
    own = replace(cap, is_host=False)
    now_ms = _ms(when)
    found = runs([cap, own], now_ms, ZoneInfo(moved_to))

    assert found[named_run(cap)] == Period(first_day, _ms(ends))
    assert found[named_run(own)] == period(Window.MONTH, now_ms, ZoneInfo(moved_to))


def _ms(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
