"""Accepting: every limit is checked and held in one transaction, whatever races."""

import asyncio
from datetime import UTC, datetime

import pytest

from bot.core.errors import BadRequest, IllegalSize, OverLimit
from bot.core.jobs import Reason, State
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.models.options import Size
from tests.said import saying
from tests.services.conftest import CHANNEL, MEMBER

IMAGES, USD = Unit.IMAGES, Unit.USD
DAY, WEEK, MONTH = Window.DAY, Window.WEEK, Window.MONTH


async def outcomes(house, count, **changes):
    found = await asyncio.gather(
        *(house.accept(**changes) for _ in range(count)), return_exceptions=True
    )
    unexpected = [f for f in found if isinstance(f, Exception) and not isinstance(f, OverLimit)]
    assert unexpected == []
    return sum(not isinstance(one, Exception) for one in found)


async def test_fifty_racing_requests_against_room_for_seven_accept_exactly_seven(open_house):
    house = await open_house(runs=False, default_images_per_day=7)

    assert await outcomes(house, 50) == 7
    await house.check()


@pytest.mark.parametrize(
    ("rule", "accepted"),
    [
        (Rule(Subject.MEMBER, MEMBER, IMAGES, DAY, 3), 3),
        (Rule(Subject.ROLE, 5, IMAGES, DAY, 12), 12),
        (Rule(Subject.ROLE, 6, IMAGES, DAY, 12), 10),
        (Rule(Subject.EVERYONE, 0, IMAGES, DAY, 4), 4),
        (Rule(Subject.EVERYONE, 0, IMAGES, WEEK, 4), 4),
        (Rule(Subject.CHANNEL, CHANNEL, IMAGES, DAY, 2), 2),
        (Rule(Subject.CHANNEL, CHANNEL + 1, IMAGES, DAY, 2), 10),
        (Rule(Subject.SERVER, 0, USD, MONTH, 210_000), 3),
        (Rule(Subject.MEMBER, MEMBER, USD, MONTH, 139_999), 1),
        (Rule(Subject.EVERYONE, 0, IMAGES, DAY, 0), 0),
    ],
)
async def test_a_rule_of_each_kind_holds_in_a_race(open_house, rule, accepted):
    house = await open_house(runs=False)
    await house.put(rule)

    assert await outcomes(house, 15, role_ids=frozenset({5})) == accepted
    await house.check()


@pytest.mark.parametrize(
    ("limits", "accepted"),
    [
        ({"server_usd_per_month_microusd": 350_000}, 5),
        ({"bot_usd_per_day_microusd": 210_000}, 3),
        ({"default_usd_per_month_microusd": 70_000}, 1),
    ],
)
async def test_the_hosts_caps_hold_in_a_race(open_house, limits, accepted):
    house = await open_house(runs=False, **limits)

    assert await outcomes(house, 12) == accepted


async def test_the_bots_cap_holds_over_racing_servers(open_house):
    house = await open_house(runs=False, bot_usd_per_day_microusd=350_000)
    found = await asyncio.gather(
        *(outcomes(house, 4, server_id=server, member_id=server) for server in range(1, 7))
    )

    assert sum(found) == 5
    await house.check()


async def test_a_refusal_names_the_limit_what_is_left_and_when_it_resets(open_house):
    house = await open_house(runs=False)
    await house.put(Rule(Subject.MEMBER, MEMBER, IMAGES, DAY, 3))
    await house.accept(count=2)
    with pytest.raises(OverLimit) as caught:
        await house.accept(count=4)

    standing = caught.value.standing
    assert (standing.rule.subject, standing.left, caught.value.asked) == (Subject.MEMBER, 1, 4)
    midnight = datetime.fromtimestamp(standing.resets_at_ms / 1000, UTC)
    assert (midnight.hour, midnight.minute, midnight.second) == (0, 0, 0)


async def test_what_one_server_uses_does_not_count_in_another(open_house):
    house = await open_house(runs=False, default_images_per_day=1)
    await house.accept()

    await house.accept(server_id=11)
    with pytest.raises(OverLimit):
        await house.accept()


async def test_a_release_belongs_to_the_day_of_its_hold(open_house):
    house = await open_house(runs=False, default_images_per_day=1)
    job = await house.accept()
    house.clock.now += 86_400_000
    await house.accept()
    await house.imagine.withdraw(job)

    with pytest.raises(OverLimit):
        await house.accept()
    await house.check()


async def test_a_job_is_given_back_once_though_the_commit_got_no_answer(open_house):
    house = await open_house(runs=False)
    job = await house.accept()
    house.database.answers_lost = 1
    await house.imagine.withdraw(job)

    stored = await house.get(job)
    assert (stored.state, stored.reason) == (State.FAILED, Reason.UNANSWERED)
    assert await house.books.untold(0) == []
    assert await house.kinds(job) == ["hold", "release"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prompt": " "}, BadRequest),
        ({"count": 0}, BadRequest),
        ({"count": 5}, BadRequest),
        ({"size": Size(1000, 1000)}, IllegalSize),
    ],
)
async def test_bad_requests_leave_no_trace(open_house, changes, error):
    house = await open_house(runs=False)
    with pytest.raises(error):
        await house.accept(**changes)

    assert await house.books.unfinished() == []


async def test_nothing_is_taken_while_the_bot_stops(open_house):
    house = await open_house()
    await house.runner.stop(0)
    from bot.core.errors import Refused

    with pytest.raises(Refused, check=saying("restarting")):
        await house.accept()
