"""What a member may still use: rules, usage, gifts, a block, and what is coming back."""

import pytest

from bot.core.limits import Account, Rule, Subject, Unit, Window
from bot.services.limits.allowance import Asker, HostLimits
from bot.services.ports import Delivered
from bot.storage import blocks
from bot.storage.blocks import Block
from tests.fakes import rendering, ticket
from tests.services.conftest import CHANNEL, MEMBER, SERVER, House

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
USD = 1_000_000
ROLE = 5
ASKER = Asker(SERVER, CHANNEL, MEMBER, frozenset())


async def rendered(house: House, pictures: int):
    job = await house.books.submit(await house.accept(count=pictures))
    job = await house.books.accept(job, ticket(1))
    return await house.books.render(job, rendering(pictures, 30_000 * pictures))


def used(standings) -> dict[tuple[Account, Unit], int]:
    return {(s.account, s.rule.unit): s.used for s in standings}


def test_what_the_host_leaves_out_is_no_rule_and_a_zero_is_one():
    [only] = HostLimits(default_images_per_day=0).rules()
    assert (only.subject, only.unit, only.window, only.amount) == (
        Subject.EVERYONE, Unit.IMAGES, Window.DAY, 0
    )  # fmt: skip
    every = HostLimits(10, 5 * USD, 25 * USD, 2 * USD).rules()
    assert [(rule.subject, rule.unit, rule.window) for rule in every] == [
        (Subject.EVERYONE, Unit.IMAGES, Window.DAY),
        (Subject.EVERYONE, Unit.USD, Window.MONTH),
        (Subject.SERVER, Unit.USD, Window.MONTH),
        (Subject.BOT, Unit.USD, Window.DAY),
    ]
    assert all(rule.is_host for rule in every)


async def test_pots_are_the_member_s_own_and_caps_are_not_among_them(open_house):
    house = await open_house(
        runs=False,
        default_usd_per_month_microusd=5 * USD,
        server_usd_per_month_microusd=25 * USD,
        bot_usd_per_day_microusd=2 * USD,
    )
    job = await house.accept(count=2)
    found = await house.quota.of(ASKER)

    held = job.held_microusd
    assert used(found.pots) == {
        (Account.MEMBER, Unit.IMAGES): 2, (Account.MEMBER, Unit.USD): held
    }  # fmt: skip
    assert used(found.standings) == used(found.pots) | {
        (Account.SERVER, Unit.USD): held, (Account.BOT, Unit.USD): held
    }  # fmt: skip
    assert found.standings[: len(found.pots)] == found.pots
    assert found.block is None


async def test_a_role_counts_as_it_is_at_this_moment(open_house):
    house = await open_house(runs=False)
    await house.put(Rule(Subject.ROLE, ROLE, Unit.IMAGES, Window.DAY, 40))

    async def most(*roles: int) -> list[int | None]:
        asker = Asker(SERVER, CHANNEL, MEMBER, frozenset(roles))
        return [pot.rule.amount for pot in (await house.quota.of(asker)).pots]

    assert await most() == [10]
    assert await most(ROLE) == [40]
    assert await most(ROLE + 1) == [10]


async def test_a_block_is_told_with_the_allowance_until_it_ends(open_house):
    house = await open_house(runs=False)
    until_ms = house.clock.now + HOUR_MS
    block = Block(MEMBER, until_ms, "a pause", 99, house.clock.now)
    async with house.database.write(SERVER) as connection:
        await blocks.put(connection, SERVER, block)

    found = (await house.quota.of(ASKER)).block
    assert found is not None
    assert found.reason == "a pause"
    house.clock.now = until_ms
    assert (await house.quota.of(ASKER)).block is None


async def test_a_balance_shows_before_the_money_is_back_what_comes_back(open_house):
    house = await open_house(runs=False, default_usd_per_month_microusd=5 * USD)
    job = await rendered(house, 3)
    before = used((await house.quota.balance(job)).pots)
    shown = used((await house.quota.balance(job, arrived=1)).pots)

    assert before == {(Account.MEMBER, Unit.IMAGES): 3, (Account.MEMBER, Unit.USD): 90_000}
    assert shown == {(Account.MEMBER, Unit.IMAGES): 1, (Account.MEMBER, Unit.USD): 30_000}
    await house.books.deliver(job, Delivered(7, CHANNEL, "answer"), [0])
    assert used((await house.quota.balance(job)).pots) == shown
    await house.check()


@pytest.mark.parametrize(("later_ms", "images"), [(0, 1 + 2), (DAY_MS, 2)])
async def test_what_comes_back_comes_back_to_the_period_of_the_hold(open_house, later_ms, images):
    house = await open_house(runs=False, default_usd_per_month_microusd=5 * USD)
    job = await rendered(house, 3)
    house.clock.now += later_ms
    held = (await house.accept(count=2)).held_microusd
    shown = used((await house.quota.balance(job, arrived=1)).pots)

    assert shown == {
        (Account.MEMBER, Unit.IMAGES): images, (Account.MEMBER, Unit.USD): 30_000 + held
    }  # fmt: skip
    await house.books.deliver(job, Delivered(7, CHANNEL, "answer"), [0])
    assert used((await house.quota.balance(job)).pots) == shown
