"""Limits as moderators set them, and the audit that nobody can rewrite."""

import asyncio

import pytest

from bot.core.audit import Amount, LimitOf
from bot.core.errors import BadRequest, Broken, OverLimit
from bot.core.limits import Rule, Subject, Unit, Window
from bot.services.limits.allowance import Asker
from bot.services.moderation.limits import RULES_MAX, Moderation
from bot.texts.audit import words_of
from tests.said import saying
from tests.services.conftest import CHANNEL, MEMBER, SERVER

IMAGES, DAY = Unit.IMAGES, Window.DAY
MODERATOR = 99


def moderation(house) -> Moderation:
    return house.services.moderation


def member_rule(amount: int) -> Rule:
    return Rule(Subject.MEMBER, MEMBER, IMAGES, DAY, amount)


async def test_a_limit_holds_from_the_next_request_on_and_is_in_the_audit(open_house):
    house = await open_house(runs=False)
    before = await moderation(house).set_limit(
        SERVER, member_rule(1), actor_id=MODERATOR, reason="too  many\nfoxes"
    )
    await house.accept()
    with pytest.raises(OverLimit):
        await house.accept()

    [row] = (await moderation(house).audit_page(SERVER)).rows
    assert before is None
    assert (row.change.kind, row.change.actor_id) == ("limit.set", MODERATOR)
    assert (row.change.before, row.change.after) == (None, Amount(IMAGES, 1))
    assert row.change.subject == LimitOf(Subject.MEMBER, MEMBER, IMAGES, DAY)
    assert words_of(row.change).subject == f"member {MEMBER}, pictures per day"
    assert row.change.reason == "too many foxes"


async def test_a_limit_below_what_is_used_refuses_and_takes_nothing_back(open_house):
    house = await open_house(runs=False)
    await house.accept(count=4)
    await moderation(house).set_limit(SERVER, member_rule(2), actor_id=MODERATOR, reason="")

    with pytest.raises(OverLimit) as caught:
        await house.accept()
    assert (caught.value.standing.left, caught.value.standing.used) == (0, 4)
    await house.check()


async def test_a_change_that_waited_for_its_turn_stands_in_the_audit_at_its_turn(open_house):
    house = await open_house(runs=False)
    service = moderation(house)
    async with house.database.write(SERVER):
        setting = asyncio.create_task(
            service.set_limit(SERVER, member_rule(1), actor_id=1, reason="")
        )
        await asyncio.sleep(0)
        house.clock.now += 1000
    await setting

    [row] = (await service.audit_page(SERVER)).rows
    assert row.at_ms == house.clock.now_ms()


async def test_two_moderators_at_once_are_both_in_the_audit_and_one_value_stands(open_house):
    house = await open_house(runs=False)
    service = moderation(house)
    await asyncio.gather(
        *(service.set_limit(SERVER, member_rule(n), actor_id=n, reason="") for n in range(1, 9))
    )

    rows = (await service.audit_page(SERVER)).rows
    assert {row.change.actor_id for row in rows} == set(range(1, 9))
    [stands] = [r for r in await service.limits(SERVER) if r.subject is Subject.MEMBER]
    befores = [row.change.before for row in rows]
    assert befores.count(None) == 1
    assert Amount(IMAGES, stands.amount) not in befores


async def test_clearing_gives_the_amount_back_and_a_second_time_changes_nothing(open_house):
    house = await open_house(runs=False)
    service = moderation(house)
    await service.set_limit(SERVER, member_rule(3), actor_id=MODERATOR, reason="")

    assert await service.clear_limit(SERVER, member_rule(0), actor_id=MODERATOR, reason="") == 3
    assert await service.clear_limit(SERVER, member_rule(0), actor_id=MODERATOR, reason="") is None
    kinds = [row.change.kind for row in (await service.audit_page(SERVER)).rows]
    assert sorted(kinds) == ["limit.clear", "limit.set"]


async def test_what_applies_is_explained_with_what_it_goes_before(open_house):
    house = await open_house(runs=False)
    service = moderation(house)
    everyone = Rule(Subject.EVERYONE, 0, IMAGES, DAY, 5)
    role = Rule(Subject.ROLE, 7, IMAGES, DAY, 20)
    other_role = Rule(Subject.ROLE, 8, IMAGES, DAY, 50)
    for rule in (everyone, role, other_role, member_rule(1)):
        await service.set_limit(SERVER, rule, actor_id=MODERATOR, reason="")

    [pot] = await service.explain(Asker(SERVER, CHANNEL, MEMBER, frozenset({7})))
    assert pot.standing.rule == member_rule(1)
    assert [rule.amount for rule in pot.overruled] == [20, 5, 10]


async def test_nothing_leaks_into_another_server(open_house):
    house = await open_house(runs=False)
    service = moderation(house)
    await service.set_limit(SERVER, member_rule(0), actor_id=MODERATOR, reason="")

    await house.accept(server_id=SERVER + 1)
    assert (await service.audit_page(SERVER + 1)).rows == []
    assert [r for r in await service.limits(SERVER + 1) if not r.is_host] == []


@pytest.mark.parametrize("sql", ["UPDATE audit SET reason = 'x'", "DELETE FROM audit"])
async def test_the_database_refuses_to_rewrite_the_audit(open_house, sql):
    house = await open_house(runs=False)
    await moderation(house).set_limit(SERVER, member_rule(3), actor_id=MODERATOR, reason="a")

    with pytest.raises(Broken):
        async with house.database.write(SERVER) as connection:
            await connection.execute(sql)
    page = await moderation(house).audit_page(SERVER)
    assert [row.change.reason for row in page.rows] == ["a"]


async def test_more_rules_than_anybody_can_read_are_refused(open_house):
    house = await open_house(runs=False)
    for number in range(RULES_MAX):
        await house.put(Rule(Subject.MEMBER, number + 1000, IMAGES, DAY, 1))

    with pytest.raises(BadRequest, check=saying("200 limits")):
        await moderation(house).set_limit(SERVER, member_rule(1), actor_id=1, reason="")
    await moderation(house).set_limit(
        SERVER, Rule(Subject.MEMBER, 1000, IMAGES, DAY, 2), actor_id=1, reason=""
    )


async def test_the_audit_is_turned_page_by_page_and_stays_while_rows_are_added(open_house):
    house = await open_house(runs=False)
    service = moderation(house)

    async def change(count: int) -> None:
        for _ in range(count):
            house.clock.now += 1
            await service.set_limit(SERVER, member_rule(house.clock.now), actor_id=1, reason="")

    async def page(**asked) -> tuple[list[str], bool, bool]:
        found = await service.audit_page(SERVER, limit=3, **asked)
        return [row.id for row in found.rows], found.has_newer, found.has_older

    await change(7)
    first = await page()
    second = await page(before_id=first[0][-1])
    last = await page(before_id=second[0][-1])
    assert [one[1:] for one in (first, second, last)] == [
        (False, True), (True, True), (True, False)
    ]  # fmt: skip
    assert [len(one[0]) for one in (first, second, last)] == [3, 3, 1]
    assert await page(after_id=last[0][0]) == second
    assert await page(after_id=second[0][0]) == first

    await change(1)
    assert await page(before_id=first[0][-1]) == second
    assert await page(after_id=second[0][0]) == (first[0], True, True)
    newest = await page(after_id=first[0][0])
    assert newest[1:] == (False, True)
    assert newest[0][1:] == first[0][:2]
    assert (await page(before_id=last[0][-1]))[0] == []
