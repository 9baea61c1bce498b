"""Gifts as moderators give them and requests use them, in races and at their very ends."""

import asyncio

import pytest

from bot.core.errors import BadRequest, OverLimit, Undeliverable
from bot.core.jobs import State
from bot.core.limits import Rule, Subject, Unit, Usage, Window
from bot.core.models.gpt_image_2 import GPT_IMAGE_2, Quality
from bot.core.models.options import Size
from bot.core.models.prices import Ask
from bot.core.preferences import Preferences
from bot.services.limits.allowance import Asker
from bot.services.limits.gifts import GIFTS_MAX, Gifts
from bot.services.ports import Delivered
from bot.storage import audit, gifts, ledger, preferences
from bot.texts.audit import words_of
from tests.fakes import rendering, ticket
from tests.said import saying
from tests.services.conftest import CHANNEL, MEMBER, SERVER

IMAGES, USD = Unit.IMAGES, Unit.USD
DAY, MONTH = Window.DAY, Window.MONTH
MODERATOR = 99
DAY_MS = 86_400_000
ASKER = Asker(SERVER, CHANNEL, MEMBER, frozenset())


def service(house) -> Gifts:
    return house.services.gifts


async def give(house, amount, unit=IMAGES, *, lasts_ms=DAY_MS, member_id=MEMBER, server_id=SERVER):
    until_ms = house.clock.now + lasts_ms
    given = await service(house).give(
        server_id, member_id, unit, amount, until_ms, actor_id=MODERATOR, reason=""
    )
    house.clock.now += 1  # so that two gifts are one after the other
    return given


async def delivered(house, job, pictures):
    return await house.books.deliver(job, Delivered(1, CHANNEL, "answer"), range(pictures))


async def left(house) -> list[int]:
    return [gift.left for gift in await service(house).live(SERVER, MEMBER)]


async def used(house) -> list[int]:
    return [pot.used for pot in (await house.quota.of(ASKER)).pots]


async def refused(house, **changes) -> OverLimit:
    with pytest.raises(OverLimit) as caught:
        await house.accept(**changes)
    return caught.value


async def rendered(house, made, billed=60_000, **changes):
    job = await house.accept(**changes)
    job = await house.books.accept(await house.books.submit(job), ticket(job.created_at_ms))
    return await house.books.render(job, rendering(made, billed))


async def rows(house, server_id=SERVER):
    async with house.database.read() as connection:
        return [row.change for row in await audit.page(connection, server_id=server_id)]


async def test_a_gift_is_noted_in_ledger_and_audit_and_pays_after_the_allowance(open_house):
    house = await open_house(runs=False, default_images_per_day=1)
    given = await service(house).give(
        SERVER, MEMBER, IMAGES, 2, house.clock.now + 1, actor_id=MODERATOR, reason="  a\nprize "
    )

    [change] = await rows(house)
    assert (change.kind, change.actor_id, change.member_id) == ("gift.give", MODERATOR, MEMBER)
    words = words_of(change)
    assert words.subject == f"member {MEMBER}, gifts of pictures"
    assert (words.before, words.reason) == (None, "a prize")
    assert words.after == "2 pictures until 2026-05-28 20:26 UTC"
    async with house.database.read() as connection:
        [entry] = [one async for one in ledger.entries(connection)]
    assert (entry.kind, entry.id, entry.charge_images) == ("gift", given.id, 2)
    await house.accept()
    assert await left(house) == [2]
    await house.accept(count=2)
    assert (await left(house), await used(house)) == ([], [1])
    assert (await refused(house)).given == 0
    await house.check()


async def test_a_gift_pays_until_the_instant_of_its_end(open_house):
    house = await open_house(runs=False, default_images_per_day=0)
    given = await give(house, 5)
    house.clock.now = given.until_ms - 1
    await house.accept()

    house.clock.now = given.until_ms
    error = await refused(house)
    assert (error.given, error.standing.left) == (0, 0)
    assert await left(house) == []
    await house.check()


async def test_what_is_released_after_the_end_of_its_gift_is_gone(open_house):
    house = await open_house(runs=False, default_images_per_day=2)
    given = await give(house, 2)
    job = await house.accept(count=4)
    house.clock.now = given.until_ms - 1
    await house.imagine.withdraw(job)
    assert await left(house) == [2]

    house.clock.now += 1
    await house.accept(count=2)
    assert (await refused(house)).given == 0
    await house.check()


async def outcomes(house, count, **changes) -> int:
    found = await asyncio.gather(
        *(house.accept(**changes) for _ in range(count)), return_exceptions=True
    )
    unexpected = [f for f in found if isinstance(f, Exception) and not isinstance(f, OverLimit)]
    assert unexpected == []
    return sum(not isinstance(one, Exception) for one in found)


@pytest.mark.parametrize(
    ("cap", "accepted", "soon_and_late", "own"),
    [(100, 9, [], [3]), (7, 7, [2], [3]), (4, 4, [1, 4], [3]), (2, 2, [2, 4], [2])],
)
async def test_fifty_race_over_allowance_two_gifts_and_a_cap_and_not_one_too_many(
    open_house, cap, accepted, soon_and_late, own
):
    house = await open_house(runs=False, default_images_per_day=3)
    await give(house, 4, lasts_ms=2 * DAY_MS)
    await give(house, 2, lasts_ms=DAY_MS)
    await house.put(Rule(Subject.SERVER, 0, IMAGES, DAY, cap))

    assert await outcomes(house, 50) == accepted
    assert (await left(house), await used(house)) == (soon_and_late, own)
    await house.check()


async def test_a_race_over_gifts_of_both_units_stops_at_the_scarcer(open_house):
    house = await open_house(runs=False, default_images_per_day=2, default_usd_per_month_microusd=0)
    held = GPT_IMAGE_2.price.hold_microusd(Ask(Size(1024, 1024), Quality.MEDIUM, "a lighthouse", 1))
    await give(house, 3)
    await give(house, 5 * held - 1, USD)

    assert await outcomes(house, 50) == 4
    assert (await used(house), await left(house)) == ([2, 0], [1, held - 1])
    error = await refused(house)
    assert (error.standing.rule.unit, error.given) == (USD, held - 1)
    await house.check()


async def test_other_members_and_servers_race_for_their_own_gifts_only(open_house):
    house = await open_house(runs=False, default_images_per_day=1)
    await give(house, 2)
    await give(house, 5, member_id=31)
    await give(house, 7, server_id=SERVER + 1)

    counts = await asyncio.gather(
        outcomes(house, 12),
        outcomes(house, 12, member_id=31),
        outcomes(house, 12, server_id=SERVER + 1),
        outcomes(house, 12, server_id=SERVER + 1, member_id=31),
    )
    assert counts == [3, 6, 8, 1]
    await house.check()


async def test_a_race_with_gifts_that_come_and_go_never_overdraws_one(open_house):
    house = await open_house(runs=False, default_images_per_day=2)

    async def moderate() -> int:
        ended = 0
        for _ in range(5):
            await give(house, 2)
            ended += sum(
                gift.left
                for gift in await service(house).take_back(
                    SERVER, MEMBER, IMAGES, actor_id=MODERATOR, reason=""
                )
            )
            house.clock.now += 1
        return ended

    accepted, unused = await asyncio.gather(outcomes(house, 50), moderate())
    assert accepted + unused == 2 + 5 * 2
    assert await left(house) == []
    await house.check()


async def test_a_limit_that_is_lowered_below_what_is_used_leaves_only_the_gift(open_house):
    house = await open_house(runs=False)
    await give(house, 3)
    await house.accept(count=4)
    await house.put(Rule(Subject.EVERYONE, 0, IMAGES, DAY, 1))

    await house.accept(count=2)
    error = await refused(house, count=2)
    assert (error.standing.used, error.standing.left, error.given) == (4, 0, 1)
    await house.put(Rule(Subject.EVERYONE, 0, IMAGES, DAY, 5))
    await house.accept(count=2)
    assert (await left(house), await used(house)) == ([], [5])
    await house.check()


async def test_what_a_gift_pays_counts_in_neither_of_two_windows(open_house):
    house = await open_house(runs=False, default_images_per_day=2)
    await house.put(Rule(Subject.EVERYONE, 0, IMAGES, MONTH, 5))
    await give(house, 4, lasts_ms=30 * DAY_MS)

    await house.accept(count=4)
    assert (await used(house), await left(house)) == ([2, 2], [2])
    house.clock.now += DAY_MS
    await house.accept(count=3)
    assert (await used(house), await left(house)) == ([2, 4], [1])
    house.clock.now += DAY_MS
    error = await refused(house, count=3)
    assert (error.standing.rule.window, error.standing.left, error.given) == (MONTH, 1, 1)
    await house.accept(count=2)
    assert (await used(house), await left(house)) == ([1, 5], [])
    await house.check()


async def test_a_settle_below_the_hold_gives_the_gift_back_first(open_house):
    house = await open_house(
        runs=False, default_images_per_day=1, default_usd_per_month_microusd=100_000
    )
    await give(house, 3)
    await give(house, 500_000, USD)
    job = await rendered(house, 2, billed=120_000, count=4)

    assert job.held_microusd > 220_000
    assert await used(house) == [1, 100_000]
    assert await left(house) == [2, 480_000]
    await delivered(house, job, 2)
    await house.check()


@pytest.mark.parametrize("arrived", [0, 1, 2, 3])
async def test_pictures_that_never_arrive_come_back_to_gifts_as_was_said_before(
    open_house, arrived
):
    """The footer is written before the return is booked, and must say the same."""
    house = await open_house(
        runs=False, default_images_per_day=1, default_usd_per_month_microusd=40_000
    )
    await give(house, 1, lasts_ms=DAY_MS)
    await give(house, 1, lasts_ms=2 * DAY_MS)
    await give(house, 300_000, USD)
    job = await rendered(house, 3, billed=100_000, count=3)

    said = await house.quota.balance(job, arrived=arrived)
    if arrived:
        await delivered(house, job, arrived)
    else:
        await house.books.strand(job, "all closed")
    found = await house.quota.balance(job)
    assert (said.pots, said.gifts) == (found.pots, found.gifts)
    images = {3: (1, 0), 2: (1, 1), 1: (1, 2), 0: (0, 2)}[arrived]
    lefts = [gift.left for gift in found.gifts if gift.unit is IMAGES]
    assert (found.pots[0].used, sum(lefts)) == images
    money = {3: (40_000, 240_000), 2: (40_000, 273_334), 1: (33_333, 300_000), 0: (0, 300_000)}
    [purse] = [gift.left for gift in found.gifts if gift.unit is USD]
    assert (found.pots[1].used, purse) == money[arrived]
    await house.check()


async def test_a_job_that_nobody_took_costs_its_gift_nothing(open_house):
    house = await open_house(default_images_per_day=0)
    await give(house, 2)
    house.queue.gate.set()
    house.queue.results = [rendering(2)]
    house.courier.errors = [Undeliverable(["all closed"])]
    job = await house.start(count=2)
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).state is State.UNDELIVERED
    assert (await left(house), await used(house)) == ([2], [0])
    await house.check()


async def test_settles_and_releases_count_on_the_day_of_their_hold_with_gifts_too(open_house):
    house = await open_house(runs=False, default_images_per_day=2)
    await give(house, 4, lasts_ms=3 * DAY_MS)
    first = await house.accept(count=3)
    second = await house.accept(count=2)
    assert (await used(house), await left(house)) == ([2], [1])
    first_day = (await house.quota.of(ASKER)).day

    house.clock.now += DAY_MS
    assert (await used(house), await left(house)) == ([0], [1])
    await house.imagine.withdraw(first)
    moved = await house.books.accept(await house.books.submit(second), ticket(2))
    await house.books.render(moved, rendering(1))

    assert (await used(house), await left(house)) == ([0], [3])
    async with house.database.read() as connection:
        [here] = (
            await ledger.usage(
                connection,
                server_id=SERVER,
                member_id=MEMBER,
                channel_id=CHANNEL,
                periods=[(pot.account, first_day) for pot in (await house.quota.of(ASKER)).pots],
            )
        ).values()
        assert await ledger.net_charge(connection, first.id) == Usage()
    assert here.images == 0, "the release was the member's own two, the settle is all gift"
    await house.check()


async def test_what_comes_back_across_midnight_is_not_said_to_be_of_today(open_house):
    house = await open_house(runs=False, default_images_per_day=3)
    job = await rendered(house, 3, count=3)
    house.clock.now += DAY_MS
    await house.accept()

    said = await house.quota.balance(job, arrived=len(job.links) - 2)
    await delivered(house, job, 1)
    assert [pot.used for pot in said.pots] == await used(house) == [1]


async def test_gifts_that_are_taken_back_pay_no_more_and_nothing_revives_them(open_house):
    house = await open_house(runs=False, default_images_per_day=0)
    await give(house, 2)
    await give(house, 3, lasts_ms=2 * DAY_MS)
    await give(house, 5_000_000, USD)
    job = await house.accept(count=3)
    taken = await service(house).take_back(
        SERVER, MEMBER, IMAGES, actor_id=MODERATOR, reason="enough"
    )

    assert sorted(gift.left for gift in taken) == [0, 2]
    await house.imagine.withdraw(job)
    assert (await refused(house)).given == 0
    assert await left(house) == [5_000_000]
    change = (await rows(house))[0]
    words = words_of(change)
    assert (change.kind, words.before, words.after) == ("gift.end", "2 pictures left", None)
    again = await service(house).take_back(SERVER, MEMBER, IMAGES, actor_id=1, reason="")
    assert again == []
    assert len(await rows(house)) == 4
    await house.check()


async def test_gifts_of_nothing_of_the_past_and_too_many_are_refused(open_house):
    house = await open_house(runs=False)
    for amount in (0, -1):
        with pytest.raises(BadRequest, check=saying("more than nothing")):
            await give(house, amount)
    with pytest.raises(BadRequest, check=saying("passed already")):
        await give(house, 1, lasts_ms=0)
    await asyncio.gather(*(give(house, 1) for _ in range(GIFTS_MAX - 1)))
    raced = await asyncio.gather(*(give(house, 1) for _ in range(3)), return_exceptions=True)

    assert sum(isinstance(one, BadRequest) for one in raced) == 2
    assert len(await left(house)) == GIFTS_MAX
    house.clock.now += DAY_MS
    await give(house, 1)
    await house.check()


async def test_an_end_and_the_day_of_a_gift_are_in_the_server_s_zone(open_house):
    house = await open_house(runs=False)
    async with house.database.write(SERVER) as connection:
        await preferences.put(connection, SERVER, Preferences(zone="Pacific/Kiritimati"))

    until_ms = await service(house).until(SERVER, "2026-12-31")
    assert until_ms == await service(house).until(SERVER + 1, "2026-12-31 10:00")
    assert await service(house).until(SERVER, "2 h") == house.clock.now + 7_200_000
    with pytest.raises(BadRequest, check=saying("two ways")):
        await service(house).until(SERVER, "03/04/2027")
    await give(house, 1)
    async with house.database.read() as connection:
        [entry] = [one async for one in ledger.entries(connection)]
    assert (entry.day, entry.bot_day) == ("2026-05-29", "2026-05-28")


async def test_nothing_of_a_gift_that_fails_on_the_way_is_stored(open_house):
    house = await open_house(runs=False)
    with pytest.raises(BadRequest):
        await service(house).give(
            SERVER, MEMBER, IMAGES, 1, house.clock.now + 9, actor_id=1, reason="x" * 201
        )
    async with house.database.read() as connection:
        assert await gifts.unended(connection, SERVER, MEMBER, 0) == []
    assert await rows(house) == []
