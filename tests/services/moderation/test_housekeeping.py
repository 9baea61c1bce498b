"""Servers that change under the bot: what hangs on a deleted thing is cleared, and nothing else."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.audit import Change, Text
from bot.core.errors import OverLimit
from bot.core.jobs import Reason, State
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.preferences import Places, Preferences
from bot.services.audit_recorder import record
from bot.services.moderation.housekeeping import Housekeeping
from bot.storage import audit, notices, preferences, rules
from bot.storage.audit import HOST
from bot.texts.audit import words_of
from tests.services.conftest import CHANNEL, SERVER

OTHER = SERVER + 1
ROLE, OTHER_ROLE = 7, 8
LOG_CHANNEL = 77


def role_rule(role_id: int, window: Window = Window.DAY) -> Rule:
    return Rule(Subject.ROLE, role_id, Unit.IMAGES, window, 3)


def channel_rule(channel_id: int) -> Rule:
    return Rule(Subject.CHANNEL, channel_id, Unit.USD, Window.MONTH, 5_000_000)


def keeping(house) -> Housekeeping:
    return house.services.housekeeping


async def prefer(house, server_id: int = SERVER, **changes) -> None:
    async with house.database.write(server_id) as connection:
        await preferences.put(connection, server_id, Preferences(**changes))


async def preferred(house, server_id: int = SERVER) -> Preferences:
    async with house.database.read() as connection:
        return await preferences.load(connection, server_id)


async def rules_of(house, server_id: int = SERVER) -> list[Rule]:
    async with house.database.read() as connection:
        book, _ = await rules.load(connection, server_id)
    return list(book)


async def audit_of(house, server_id: int = SERVER) -> list[tuple]:
    async with house.database.read() as connection:
        rows = await audit.page(connection, server_id=server_id)
    assert {row.change.actor_id for row in rows} <= {HOST}
    words = [(row.change.kind, words_of(row.change)) for row in rows]
    return sorted((kind, one.subject, one.before, one.after) for kind, one in words)


async def test_a_deleted_roles_limits_are_cleared_with_a_row_each_and_no_others(open_house):
    house = await open_house(runs=False)
    mine = [role_rule(ROLE), role_rule(ROLE, Window.MONTH)]
    # An id is unique among roles, members and channels in Discord, and yet:
    others = [role_rule(OTHER_ROLE), channel_rule(ROLE), replace(role_rule(1), subject_id=9)]
    for rule in (*mine, *others):
        await house.put(rule)
    await house.put(role_rule(ROLE), OTHER)

    for _ in range(2):  # two connections of one shard hear of it twice
        await keeping(house).role_deleted(SERVER, ROLE, "Artists")

    assert sorted(await rules_of(house), key=str) == sorted(others, key=str)
    assert await rules_of(house, OTHER) == [role_rule(ROLE)]
    assert await audit_of(house) == [
        ("limit.clear", "role 7, pictures per day", "3 pictures", None),
        ("limit.clear", "role 7, pictures per month", "3 pictures", None),
    ]
    assert await audit_of(house, OTHER) == []


async def test_a_deleted_channel_leaves_budgets_and_settings_and_the_log(open_house):
    house = await open_house(runs=False)
    await prefer(
        house,
        places=Places.EXCEPT,
        channel_ids=frozenset({CHANNEL, 21}),
        log_channel_id=CHANNEL,
        zone="Asia/Tokyo",
    )
    await house.put(channel_rule(CHANNEL))
    await house.put(channel_rule(21))

    await keeping(house).channel_deleted(SERVER, CHANNEL, "pictures")
    now = await preferred(house)
    assert now == Preferences(
        places=Places.EXCEPT, channel_ids=frozenset({21}), zone="Asia/Tokyo", log_channel_id=None
    )
    assert await rules_of(house) == [channel_rule(21)]
    assert await audit_of(house) == [
        ("limit.clear", f"channel {CHANNEL}, USD per month", "$5", None),
        ("settings.channels", "channels", f"with channel {CHANNEL}", "without it, 1 left"),
        ("settings.log_channel", "log channel", f"channel {CHANNEL}", None),
    ]
    async with house.database.read() as connection:
        assert await notices.waiting(connection) == {}


@pytest.mark.parametrize(
    ("places", "left"), [(Places.ONLY, Places.ONLY), (Places.EXCEPT, Places.ALL)]
)
async def test_the_last_of_the_only_channels_opens_no_other(open_house, places, left):
    house = await open_house(runs=False)
    await prefer(house, places=places, channel_ids=frozenset({21}), log_channel_id=LOG_CHANNEL)

    await keeping(house).channel_deleted(SERVER, 21, "pictures")
    now = await preferred(house)
    assert (now.places, now.channel_ids, now.log_channel_id) == (left, frozenset(), LOG_CHANNEL)
    async with house.database.read() as connection:
        [notice] = await notices.oldest(connection, SERVER, 10)
    change = Change.read(notice.body, kind="settings.channels", actor_id=HOST, reason="")
    assert words_of(change).reason == "the channel “pictures” was deleted"


async def test_a_channel_that_nothing_hangs_on_changes_nothing(open_house):
    house = await open_house(runs=False)
    await prefer(house, log_channel_id=LOG_CHANNEL, channel_ids=frozenset({21}))
    before = await preferred(house)
    await keeping(house).channel_deleted(SERVER, 99, "chat")
    assert await preferred(house) == before
    assert await audit_of(house) == []


async def test_a_database_that_is_away_is_waited_for(open_house):
    house = await open_house(runs=False)
    await house.put(role_rule(ROLE))
    house.database.writes_failing = 2
    await keeping(house).role_deleted(SERVER, ROLE, "Artists")
    assert await rules_of(house) == []


async def test_when_the_bot_is_removed_what_waits_is_given_back_and_what_is_sent_runs_on(
    open_house,
):
    house = await open_house(concurrency=1)
    await prefer(house, log_channel_id=LOG_CHANNEL)
    async with house.database.write(SERVER) as connection:
        change = Change("limit.set", 99, Text("everyone"))
        await record(connection, SERVER, change, house.clock.now_ms())
    sent = await house.start()
    async with asyncio.timeout(10):
        while not house.queue.submits:  # noqa: ASYNC110 - a list rings no bell
            await asyncio.sleep(0.005)
    waiting = await house.start(member_id=31)
    other = await house.start(server_id=OTHER, member_id=32)

    await keeping(house).server_left(SERVER)
    ended = await house.get(waiting)
    assert (ended.state, ended.reason) == (State.FAILED, Reason.BOT_LEFT)
    assert await house.kinds(waiting) == ["hold", "release"]
    async with house.database.read() as connection:
        assert await notices.waiting(connection) == {}

    house.queue.gate.set()
    await house.courier.until(3)
    assert {job.id for job, _ in house.courier.delivered} == {sent.id, other.id}
    assert [job.id for job in house.courier.ended] == [waiting.id]
    assert len(house.queue.submits) == 2
    await house.check()


async def test_a_job_whose_card_comes_after_the_removal_is_never_sent(open_house):
    house = await open_house()
    job = await house.accept()
    await keeping(house).server_left(SERVER)
    await house.imagine.start(job, 1)
    await house.courier.until(1)

    assert house.queue.submits == []
    assert (await house.get(job)).reason is Reason.BOT_LEFT
    await house.check()


async def test_a_rule_for_what_is_gone_holds_for_nobody(open_house):
    house = await open_house(runs=False)
    await house.put(replace(role_rule(ROLE), amount=0))
    await house.put(replace(channel_rule(99), amount=0))
    await house.accept(role_ids=frozenset({OTHER_ROLE}))
    with pytest.raises(OverLimit):
        await house.accept(role_ids=frozenset({ROLE}))
