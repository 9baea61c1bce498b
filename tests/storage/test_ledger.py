import asyncio
from dataclasses import asdict

import pytest

from bot.core.errors import LedgerBroken
from bot.core.jobs import Event, Job, State
from bot.core.limits import Account, Usage
from bot.storage import entries, jobs, ledger
from bot.storage.connection import Connection
from bot.storage.database import Database
from bot.storage.ledger import Adjustment, Settlement
from tests.storage.samples import (
    BOT_DAY,
    CHANNEL,
    DAY,
    MEMBER,
    NOW_MS,
    SERVER,
    SETTLED,
    accepted,
    everything,
    make_job,
    render,
    used,
)

HELD = Usage(2, 400_000)
NOTHING = Usage()


async def kinds(conn: Connection, job: Job) -> list[tuple[str, int, int, int, int, str]]:
    return [
        (e.kind, e.images, e.microusd, e.charge_images, e.charge_microusd, e.source)
        for e in await ledger.entries_of(conn, job.id)
    ]


async def test_a_hold_counts_on_all_four_accounts(database: Database) -> None:
    job = await accepted(database)

    async with database.read() as conn:
        assert await used(conn) == [HELD, HELD, HELD, HELD]
        assert await ledger.net_charge(conn, job.id) == HELD
        assert await kinds(conn, job) == [("hold", 2, 400_000, 2, 400_000, "held")]
        assert await ledger.check(conn) == []


async def test_holds_add_up_where_they_share_an_account(database: Database) -> None:
    await accepted(database)
    await accepted(database, member_id=1)
    await accepted(database, channel_id=1)
    await accepted(database, server_id=1)

    async with database.read() as conn:
        member, channel, server, bot = await used(conn)
        assert await ledger.check(conn) == []
    assert (member.images, channel.images, server.images, bot.images) == (4, 4, 6, 8)


async def test_a_settle_costs_the_host_and_charges_the_member(database: Database) -> None:
    job = await accepted(database)

    async with database.write(SERVER) as conn:
        await render(conn, job)
        assert await used(conn) == [Usage(1, 165_000), *[Usage(2, 330_000)] * 3]
        assert await ledger.net_charge(conn, job.id) == Usage(1, 165_000)
        assert (await kinds(conn, job))[1] == ("settle", 2, 330_000, 1, 165_000, "billed")
        assert await ledger.check(conn) == []


async def test_fal_s_bill_counts_even_above_the_hold_for_the_host(database: Database) -> None:
    job = await accepted(database)

    async with database.write(SERVER) as conn:
        await render(conn, job, Settlement(10**7, 4, 2, 400_000, is_computed=True))
        assert await used(conn) == [HELD, *[Usage(4, 10**7)] * 3]
        assert (await kinds(conn, job))[1][-1] == "computed"
        assert await ledger.check(conn) == []


async def test_a_release_gives_everything_back(database: Database) -> None:
    job = await accepted(database)

    async with database.write(SERVER) as conn:
        await jobs.advance(conn, job.id, expected=State.HELD, event=Event.CANCEL, at_ms=NOW_MS + 1)
        await ledger.release(conn, job.id, NOW_MS + 1)
        assert await used(conn) == [NOTHING] * 4
        assert await ledger.net_charge(conn, job.id) == NOTHING
        assert (await kinds(conn, job))[1] == ("release", 2, 400_000, 2, 400_000, "none")
        assert await ledger.check(conn) == []


async def test_an_adjustment_returns_the_charge_and_leaves_the_cost(database: Database) -> None:
    job = await accepted(database)

    async with database.write(SERVER) as conn:
        await render(conn, job)
        await ledger.adjust(conn, job.id, Adjustment(0, 0, -1, -165_000), NOW_MS + 2)
        assert await used(conn) == [NOTHING, *[Usage(2, 330_000)] * 3]
        await ledger.adjust(conn, job.id, Adjustment(1, 7, 1, 9), NOW_MS + 3)
        assert await used(conn) == [Usage(1, 9), *[Usage(3, 330_007)] * 3]
        assert await ledger.net_charge(conn, job.id) == Usage(1, 9)
        assert [k[0] for k in await kinds(conn, job)] == ["hold", "settle", "adjust", "adjust"]
        await conn.execute("UPDATE jobs SET cost_microusd = 330007, made = 3")
        assert await ledger.check(conn) == []


async def test_an_open_hold_cannot_be_adjusted(database: Database) -> None:
    """Else a release, which gives the whole hold back, could find less in the totals."""
    job = await accepted(database)
    before = await everything(database)

    async with database.write(SERVER) as conn:
        with pytest.raises(LedgerBroken, match="no resolved hold"):
            await ledger.adjust(conn, job.id, Adjustment(0, 0, -1, 0), NOW_MS)
    assert await everything(database) == before


@pytest.mark.parametrize("first", ["settle", "release"])
@pytest.mark.parametrize("second", ["settle", "release"])
async def test_a_second_resolution_is_refused_and_changes_nothing(
    database: Database, first: str, second: str
) -> None:
    job = await accepted(database)

    async def resolve(conn: Connection, how: str) -> None:
        if how == "settle":
            await ledger.settle(conn, job.id, SETTLED, NOW_MS + 1)
        else:
            await ledger.release(conn, job.id, NOW_MS + 1)

    async with database.write(SERVER) as conn:
        await resolve(conn, first)
    before = await everything(database)
    async with database.write(SERVER) as conn:
        with pytest.raises(LedgerBroken):
            await resolve(conn, second)
    assert await everything(database) == before


async def test_of_many_resolutions_at_once_one_is_booked(database: Database) -> None:
    job = await accepted(database)

    async def release() -> None:
        async with database.write() as conn:
            await ledger.release(conn, job.id, NOW_MS + 1)

    outcomes = await asyncio.gather(*(release() for _ in range(20)), return_exceptions=True)

    assert sum(o is None for o in outcomes) == 1
    assert all(isinstance(o, LedgerBroken) for o in outcomes if o is not None)
    async with database.read() as conn:
        assert await used(conn) == [NOTHING] * 4


async def test_a_second_hold_is_refused_and_changes_nothing(database: Database) -> None:
    job = await accepted(database)
    before = await everything(database)

    async with database.write(SERVER) as conn:
        with pytest.raises(LedgerBroken):
            await ledger.hold(conn, job, day=DAY, bot_day=BOT_DAY, at_ms=NOW_MS)
    assert await everything(database) == before


async def test_nothing_can_be_booked_without_a_hold(database: Database) -> None:
    async with database.write(SERVER) as conn:
        with pytest.raises(LedgerBroken):
            await ledger.settle(conn, "nobody", SETTLED, NOW_MS)
        with pytest.raises(LedgerBroken):
            await ledger.release(conn, "nobody", NOW_MS)
        with pytest.raises(LedgerBroken):
            await ledger.adjust(conn, "nobody", Adjustment(0, 0, 0, 0), NOW_MS)
        assert await ledger.net_charge(conn, "nobody") == NOTHING


async def test_no_more_is_taken_back_than_a_job_came_to(database: Database) -> None:
    """Also where other jobs on the same days would leave the totals above zero."""
    job, other = await accepted(database), await accepted(database)
    async with database.write(SERVER) as conn:
        await render(conn, job)
    before = await everything(database)

    for taken in (
        Adjustment(-3, 0, 0, 0),
        Adjustment(0, -330_001, 0, 0),
        Adjustment(0, 0, -2, 0),
        Adjustment(0, 0, 0, -165_001),
    ):
        with pytest.raises(LedgerBroken, match="that much"):
            async with database.write(SERVER) as conn:
                await ledger.adjust(conn, job.id, taken, NOW_MS)
    assert await everything(database) == before
    assert other.id != job.id


async def test_no_negative_settle_is_booked(database: Database) -> None:
    job = await accepted(database)

    with pytest.raises(LedgerBroken, match="ledger_magnitudes"):
        async with database.write(SERVER) as conn:
            await ledger.settle(conn, job.id, Settlement(-1, 2, 2, 1, False), NOW_MS)


async def test_a_lost_total_stops_the_booking_even_if_the_error_is_caught(
    database: Database,
) -> None:
    job = await accepted(database)
    async with database.write(SERVER) as conn:
        await conn.execute("DELETE FROM totals WHERE account = 'channel'")

    async def stubborn() -> None:
        async with database.write(SERVER) as conn:
            with pytest.raises(LedgerBroken, match="missing"):
                await ledger.release(conn, job.id, NOW_MS)

    with pytest.raises(Exception, match="nothing of it was saved"):
        await stubborn()
    async with database.read() as conn:
        assert len(await kinds(conn, job)) == 1


async def test_usage_sums_the_days_of_each_period(database: Database) -> None:
    async with database.write(SERVER) as conn:
        for day in ("2026-02-28", "2026-03-01", "2026-03-02"):
            await ledger.hold(conn, make_job(), day=day, bot_day=day, at_ms=NOW_MS)
        periods = {(Account.MEMBER, d) for d in ("2026-02-28", "2026-03-01", "2026-03-03")}
        periods |= {(Account.BOT, "2026-03-02"), (Account.CHANNEL, "2025-01-01")}
        found = await ledger.usage(
            conn, server_id=SERVER, member_id=MEMBER, channel_id=CHANNEL, periods=periods
        )
        other = await ledger.usage(
            conn, server_id=SERVER, member_id=1, channel_id=CHANNEL, periods=periods
        )
        none = await ledger.usage(conn, server_id=1, member_id=1, channel_id=1, periods=set())

    assert found == {
        (Account.MEMBER, "2026-02-28"): Usage(6, 1_200_000),
        (Account.MEMBER, "2026-03-01"): Usage(4, 800_000),
        (Account.MEMBER, "2026-03-03"): NOTHING,
        (Account.BOT, "2026-03-02"): HELD,
        (Account.CHANNEL, "2025-01-01"): Usage(6, 1_200_000),
    }
    assert other[Account.MEMBER, "2026-02-28"] == NOTHING
    assert other[Account.CHANNEL, "2025-01-01"] == Usage(6, 1_200_000)
    assert none == {}


async def test_fifty_racing_for_seven_places_leave_seven(database: Database) -> None:
    async def accept() -> bool:
        job = make_job(count=1)
        async with database.write(SERVER) as conn:
            if (await used(conn))[0].images >= 7:
                return False
            await ledger.hold(conn, job, day=DAY, bot_day=BOT_DAY, at_ms=NOW_MS)
            await jobs.insert(conn, job, NOW_MS)
            return True

    accepted_ones = await asyncio.gather(*(accept() for _ in range(50)))

    assert sum(accepted_ones) == 7
    async with database.read() as conn:
        assert (await used(conn))[0].images == 7
        assert len(await jobs.unfinished(conn)) == 7
        assert await ledger.check(conn) == []


async def test_entries_are_gone_through_once_in_order(database: Database) -> None:
    total = entries.PAGE_ROWS + 2
    async with database.write(SERVER) as conn:
        for number in range(total):
            await ledger.hold(conn, make_job(), day=DAY, bot_day=BOT_DAY, at_ms=NOW_MS + number)
        await ledger.hold(conn, make_job(server_id=1), day=DAY, bot_day=BOT_DAY, at_ms=NOW_MS)

        every = [entry async for entry in ledger.entries(conn)]
        mine = [entry async for entry in ledger.entries(conn, server_id=SERVER)]
        rest = [entry async for entry in ledger.entries(conn, after=every[9].id)]
    assert len(every) == total + 1
    assert [e.id for e in every] == sorted(e.id for e in every)
    assert mine == [e for e in every if e.server_id == SERVER]
    assert rest == every[10:]
    assert asdict(every[0])["source"] == "held"
