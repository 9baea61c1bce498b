"""Blocks refuse from the next request on, until their very instant, and touch nothing else."""

import asyncio

import pytest

from bot.core.errors import BadRequest, Blocked
from bot.core.jobs import State
from bot.services.limits.allowance import Asker
from bot.services.limits.blocks import BLOCKS_MAX, Blocks
from bot.storage import audit, blocks
from bot.storage.blocks import Block
from bot.texts.audit import words_of
from tests.said import saying, sentence_of
from tests.services.conftest import CHANNEL, MEMBER, SERVER

MODERATOR = 99
DAY_MS = 86_400_000


def service(house) -> Blocks:
    return house.services.blocks


async def block(house, until_ms=None, *, reason="spam", member_id=MEMBER, actor_id=MODERATOR):
    return await service(house).add(SERVER, member_id, until_ms, actor_id=actor_id, reason=reason)


async def rows(house, server_id=SERVER):
    async with house.database.read() as connection:
        return [row.change for row in await audit.page(connection, server_id=server_id)]


async def test_a_block_refuses_with_its_reason_and_its_end_and_holds_nothing(open_house):
    house = await open_house(runs=False)
    until_ms = house.clock.now + DAY_MS - 1
    assert await block(house, until_ms, reason="@everyone **spam**\nagain") is None

    with pytest.raises(Blocked) as caught:
        await house.accept()
    assert sentence_of(caught.value) == (
        "A moderator has blocked you from making pictures here "
        f"until <t:{until_ms // 1000 + 1}:f>. "
        "The reason: “\\@everyone \\*\\*spam\\*\\* again”."
    )
    assert await house.books.unfinished() == []
    [change] = await rows(house)
    assert (change.kind, change.actor_id, change.member_id) == ("block.add", MODERATOR, MEMBER)
    words = words_of(change)
    assert (words.subject, words.before) == (f"member {MEMBER}", None)
    assert words.after == "blocked until 2026-05-29 20:26 UTC"
    assert change.reason == "@everyone **spam** again"


async def test_a_block_without_an_end_or_a_reason_says_neither(open_house):
    house = await open_house(runs=False)
    await block(house, reason="")

    with pytest.raises(Blocked, check=saying(r"blocked you from making pictures here\.$")):
        await house.accept()


async def test_a_block_holds_until_the_instant_of_its_end(open_house):
    house = await open_house(runs=False)
    until_ms = house.clock.now + 5000
    await block(house, until_ms)
    house.clock.now = until_ms - 1
    with pytest.raises(Blocked):
        await house.accept()
    assert await service(house).of(SERVER, MEMBER) is not None

    house.clock.now = until_ms
    await house.accept()
    assert await service(house).of(SERVER, MEMBER) is None
    assert await service(house).listed(SERVER) == []
    assert (await service(house).remove(SERVER, MEMBER, actor_id=1, reason="")) is None
    assert len(await rows(house)) == 1, "what has ended by itself is no change"


async def test_jobs_that_were_accepted_before_go_on(open_house):
    house = await open_house()
    job = await house.start()
    await block(house)
    house.queue.gate.set()
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).state is State.DELIVERED
    await house.check()


async def test_a_second_block_takes_the_place_of_the_first_and_lifting_gives_it_back(open_house):
    house = await open_house(runs=False)
    await block(house, house.clock.now + 9)
    house.clock.now += 1
    before = await block(house, reason="worse", actor_id=98)
    assert before is not None
    assert (before.reason, before.set_by) == ("spam", MODERATOR)
    [held] = await service(house).listed(SERVER)
    assert (held.reason, held.until_ms, held.set_at_ms) == ("worse", None, house.clock.now)
    house.clock.now += 1

    lifted = await service(house).remove(SERVER, MEMBER, actor_id=7, reason="sorry")
    assert lifted == held
    await house.accept()
    assert await service(house).remove(SERVER, MEMBER, actor_id=7, reason="") is None
    noted = [(one.kind, words_of(one)) for one in await rows(house)]
    assert [(kind, one.before, one.after, one.reason) for kind, one in noted] == [
        ("block.remove", "blocked", None, "sorry"),
        ("block.add", "blocked until 2026-05-28 20:26 UTC", "blocked", "worse"),
        ("block.add", None, "blocked until 2026-05-28 20:26 UTC", "spam"),
    ]


async def test_two_moderators_at_once_are_both_in_the_audit_and_one_block_stands(open_house):
    house = await open_house(runs=False)
    befores = await asyncio.gather(*(block(house, actor_id=n, reason=str(n)) for n in range(1, 7)))

    assert befores.count(None) == 1
    assert {one.actor_id for one in await rows(house)} == set(range(1, 7))
    [stands] = await service(house).listed(SERVER)
    assert stands.reason not in {before.reason for before in befores if before}


async def test_the_newest_block_is_listed_first_and_what_has_ended_vanishes(open_house):
    house = await open_house(runs=False)
    for number in range(1, 4):
        await block(house, house.clock.now + 100 * number, member_id=number)
        house.clock.now += 1

    async def members():
        return [one.member_id for one in await service(house).listed(SERVER)]

    assert await members() == [3, 2, 1]
    house.clock.now += 150
    assert await members() == [3, 2]
    await block(house, member_id=9)
    async with house.database.read() as connection:
        stored = await connection.fetch("SELECT member_id FROM blocks ORDER BY member_id")
    assert [row["member_id"] for row in stored] == [2, 3, 9], "what has ended is forgotten"


async def test_nothing_leaks_into_another_server(open_house):
    house = await open_house(runs=False)
    await block(house)

    await house.accept(server_id=SERVER + 1)
    await house.accept(member_id=MEMBER + 1)
    assert await service(house).listed(SERVER + 1) == []
    assert await service(house).remove(SERVER + 1, MEMBER, actor_id=1, reason="") is None
    assert await rows(house, SERVER + 1) == []
    with pytest.raises(Blocked):
        await house.accept()


async def test_blocks_of_the_past_and_too_many_are_refused(open_house):
    house = await open_house(runs=False)
    with pytest.raises(BadRequest, check=saying("passed already")):
        await block(house, house.clock.now)
    async with house.database.write(SERVER) as connection:
        for number in range(BLOCKS_MAX):
            kept = Block(1000 + number, house.clock.now + 10 if number else None, "", 1, 1)
            await blocks.put(connection, SERVER, kept)

    with pytest.raises(BadRequest, check=saying("1000 members are blocked")):
        await block(house)
    await block(house, member_id=1000)
    house.clock.now += 10
    await block(house)
    assert len(await service(house).listed(SERVER)) == 2
    assert len(await rows(house)) == 2


async def test_a_blocked_member_sees_it_beside_the_quota(open_house):
    house = await open_house(runs=False)
    asker = Asker(SERVER, CHANNEL, MEMBER, frozenset())
    assert (await house.quota.of(asker)).block is None
    await block(house)

    found = (await house.quota.of(asker)).block
    assert found is not None
    assert found.reason == "spam"
