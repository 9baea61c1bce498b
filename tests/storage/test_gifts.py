"""Gifts in the ledger: what a hold draws, what comes back to which gift, and the proof of it."""

from dataclasses import replace

import pytest

from bot.core.errors import Broken
from bot.core.gifts import Draw, Gift
from bot.core.jobs import Event, Job, State
from bot.core.limits import Unit, Usage
from bot.storage import gifts, jobs, ledger
from bot.storage.connection import Connection
from bot.storage.database import Database
from bot.storage.ledger import Adjustment, Settlement
from tests.storage.samples import (
    BOT_DAY,
    DAY,
    MEMBER,
    NOW_MS,
    SERVER,
    ledger_problems,
    make_job,
    unguard,
    used,
)

IMAGES, USD = Unit.IMAGES, Unit.USD
SOON, LATE = "gift-ending-soon", "gift-ending-late"
MONEY = "gift-of-money"
GIVEN = (
    Gift(LATE, IMAGES, 5, 5, NOW_MS + 2000, 7, "late"),
    Gift(SOON, IMAGES, 2, 2, NOW_MS + 1000, 7, "soon"),
    Gift(MONEY, USD, 300_000, 300_000, NOW_MS + 500, 0, ""),
)
DRAWS = (Draw(SOON, IMAGES, 2), Draw(LATE, IMAGES, 1), Draw(MONEY, USD, 250_000))
HOST_COST = Usage(4, 400_000)


async def given(conn: Connection) -> None:
    for one in GIVEN:
        await ledger.gift(conn, SERVER, MEMBER, one, days=(DAY, BOT_DAY), at_ms=NOW_MS)


async def held(conn: Connection) -> Job:
    """A job of four pictures of which gifts pay three, and most of the money."""
    await given(conn)
    job = make_job(count=4)
    await jobs.insert(conn, job, NOW_MS)
    await ledger.hold(conn, job, day=DAY, bot_day=BOT_DAY, at_ms=NOW_MS, draws=DRAWS)
    return job


async def left(conn: Connection, at_ms: int = NOW_MS) -> dict[str, int]:
    return {one.id: one.left for one in await gifts.unended(conn, SERVER, MEMBER, at_ms)}


async def settle(conn: Connection, job: Job, charge_images: int, charge: int) -> None:
    for expected, event in (
        (State.HELD, Event.SUBMIT),
        (State.SUBMITTING, Event.ACCEPT),
        (State.QUEUED, Event.RENDER),
    ):
        cost = charge if event is Event.RENDER else None
        await jobs.advance(
            conn,
            job.id,
            expected=expected,
            event=event,
            at_ms=NOW_MS,
            changes=jobs.JobChanges(cost_microusd=cost),
        )
    outcome = Settlement(charge, charge_images, charge_images, charge, is_computed=False)
    await ledger.settle(conn, job.id, outcome, NOW_MS)


async def own(conn: Connection) -> Usage:
    assert await ledger_problems(conn) == []
    return (await used(conn))[0]


async def test_what_gifts_pay_counts_for_the_budgets_and_not_for_the_member(
    database: Database,
) -> None:
    async with database.write(SERVER) as conn:
        job = await held(conn)
        assert await left(conn) == {MONEY: 50_000, SOON: 0, LATE: 4}
        assert [one.id for one in await gifts.live(conn, SERVER, MEMBER, NOW_MS)] == [MONEY, LATE]
        assert await used(conn) == [Usage(1, 150_000), HOST_COST, HOST_COST, HOST_COST]
        assert await ledger.net_charge(conn, job.id) == HOST_COST
        assert await own(conn) == Usage(1, 150_000)


@pytest.mark.parametrize(
    ("charge", "own_part", "gifts_left"),
    [
        ((4, 400_000), (1, 150_000), {MONEY: 50_000, SOON: 0, LATE: 4}),
        ((3, 330_000), (1, 150_000), {MONEY: 120_000, SOON: 0, LATE: 5}),
        ((2, 160_000), (1, 150_000), {MONEY: 290_000, SOON: 1, LATE: 5}),
        ((1, 100_000), (1, 100_000), {MONEY: 300_000, SOON: 2, LATE: 5}),
        ((0, 0), (0, 0), {MONEY: 300_000, SOON: 2, LATE: 5}),
        ((6, 500_000), (3, 250_000), {MONEY: 50_000, SOON: 0, LATE: 4}),
    ],
)
async def test_a_settle_gives_back_to_gifts_first_and_to_the_one_that_ends_last(
    database: Database,
    charge: tuple[int, int],
    own_part: tuple[int, int],
    gifts_left: dict[str, int],
) -> None:
    async with database.write(SERVER) as conn:
        await settle(conn, await held(conn), *charge)
        assert await own(conn) == Usage(*own_part)
        assert await left(conn) == gifts_left


async def test_a_release_gives_all_of_it_back(database: Database) -> None:
    async with database.write(SERVER) as conn:
        job = await held(conn)
        await jobs.advance(conn, job.id, expected=State.HELD, event=Event.FAIL, at_ms=NOW_MS)
        await ledger.release(conn, job.id, NOW_MS)
        assert await own(conn) == Usage()
        assert await left(conn) == {one.id: one.amount for one in GIVEN}
        assert await gifts.drawn_by(conn, job.id) == []


async def test_an_adjustment_gives_back_to_gifts_first_and_never_more_than_they_paid(
    database: Database,
) -> None:
    async with database.write(SERVER) as conn:
        job = await held(conn)
        await settle(conn, job, 4, 400_000)
        await ledger.adjust(conn, job.id, Adjustment(0, 0, -2, -240_000), NOW_MS)
        assert await own(conn) == Usage(1, 150_000)
        assert await left(conn) == {MONEY: 290_000, SOON: 1, LATE: 5}
        await ledger.adjust(conn, job.id, Adjustment(0, 0, 1, 5_000), NOW_MS)
        assert await own(conn) == Usage(2, 155_000), "what is added is the member's own"
        await ledger.adjust(conn, job.id, Adjustment(0, 0, -3, -165_000), NOW_MS)
        assert await own(conn) == Usage()
        assert await left(conn) == {one.id: one.amount for one in GIVEN}


async def test_what_comes_back_to_an_ended_gift_is_gone(database: Database) -> None:
    async with database.write(SERVER) as conn:
        job = await held(conn)
        ended = await gifts.end(conn, SERVER, MEMBER, IMAGES, NOW_MS + 1)
        assert {one.id: one.left for one in ended} == {SOON: 0, LATE: 4}
        await jobs.advance(conn, job.id, expected=State.HELD, event=Event.FAIL, at_ms=NOW_MS)
        await ledger.release(conn, job.id, NOW_MS + 2)
        assert await own(conn) == Usage()
        live = await gifts.live(conn, SERVER, MEMBER, NOW_MS + 2)
        assert [(one.id, one.left) for one in live] == [(MONEY, 300_000)]
        assert await gifts.end(conn, SERVER, MEMBER, IMAGES, NOW_MS + 2) == []


async def test_a_gift_lives_until_its_very_instant(database: Database) -> None:
    async with database.write(SERVER) as conn:
        await given(conn)

        async def live(at_ms: int) -> list[str]:
            return [one.id for one in await gifts.live(conn, SERVER, MEMBER, at_ms)]

        assert await live(NOW_MS + 499) == [MONEY, SOON, LATE]
        assert await live(NOW_MS + 500) == [SOON, LATE]
        assert await live(NOW_MS + 1000) == [LATE]
        assert await live(NOW_MS + 2000) == []
        assert await gifts.live(conn, SERVER + 1, MEMBER, NOW_MS) == []
        assert await gifts.live(conn, SERVER, MEMBER + 1, NOW_MS) == []


async def test_no_hold_draws_more_than_a_gift_has_even_if_the_error_is_caught(
    database: Database,
) -> None:
    async with database.write(SERVER) as conn:
        await given(conn)

    async def stubborn() -> None:
        async with database.write(SERVER) as conn:
            job = make_job(count=4)
            with pytest.raises(Broken, match="gifts_drawn"):
                await ledger.hold(
                    conn,
                    job,
                    day=DAY,
                    bot_day=BOT_DAY,
                    at_ms=NOW_MS,
                    draws=[replace(DRAWS[0], amount=3)],
                )

    with pytest.raises(Broken):
        await stubborn()
    async with database.read() as conn:
        assert await left(conn) == {one.id: one.amount for one in GIVEN}
        assert await own(conn) == Usage()


BREAKS = {
    "UPDATE gifts SET drawn = drawn + 1 WHERE unit = 'usd'": (
        f"gift {MONEY} says that 250001 of it are drawn, its draws sum to 250000",
    ),
    f"DELETE FROM gift_draws WHERE gift_id = '{SOON}'": (
        f"gift {SOON} says that 2 of it are drawn, its draws sum to 0",
        "moves 3 / 250000 of gifts and its draws move 1 / 250000",
    ),
    "UPDATE gift_draws SET amount = 1 WHERE amount = 2": ("its draws sum to 1",),
    "UPDATE ledger SET gift_images = 1 WHERE kind = 'hold'": (
        f"the total of member {MEMBER}",
        "moves 1 / 250000 of gifts and its draws move 3 / 250000",
    ),
    f"UPDATE gifts SET amount = 6 WHERE id = '{LATE}'": ("is a gift that cannot be drawn from",),
    f"UPDATE gifts SET member_id = 1 WHERE id = '{LATE}'": ("is a gift that cannot be drawn from",),
}


@pytest.mark.parametrize("damage", list(BREAKS))
async def test_the_check_names_what_was_broken_by_hand(database: Database, damage: str) -> None:
    async with database.write(SERVER) as conn:
        await held(conn)
        assert await ledger.check(conn) == []
        await unguard(database, conn)
        await conn.execute(damage)
        problems = await ledger.check(conn)

    for sentence in BREAKS[damage]:
        assert any(sentence in problem for problem in problems), problems


async def test_the_check_names_a_draw_from_somebody_elses_gift(database: Database) -> None:
    async with database.write(SERVER) as conn:
        await given(conn)
        job = make_job(count=4, member_id=MEMBER + 1)
        await jobs.insert(conn, job, NOW_MS)
        await ledger.hold(conn, job, day=DAY, bot_day=BOT_DAY, at_ms=NOW_MS, draws=DRAWS[:1])
        [problem] = await ledger.check(conn)

    assert f"draws from gift {SOON}, which is not its member's" in problem
