"""Money in doubt: it counts for the host's side until it is closed, and comes back exactly."""

import pytest

from bot.core.errors import LedgerBroken
from bot.core.jobs import Event, Job, Reason, State
from bot.core.limits import Usage
from bot.storage import doubts, jobs, ledger
from bot.storage.connection import Connection
from bot.storage.database import Database
from bot.storage.doubts import Doubt, Outcome
from tests.storage.samples import (
    CHANNEL,
    MEMBER,
    NOW_MS,
    SERVER,
    accepted,
    everything,
    used,
)

LOSS = 330_000


async def fail(conn: Connection, job: Job, microusd: int = LOSS, at_ms: int = NOW_MS) -> None:
    """A job that got no answer: given back, and in doubt."""
    await jobs.advance(
        conn,
        job.id,
        expected=State.HELD,
        event=Event.FAIL,
        at_ms=at_ms,
        changes=jobs.JobChanges(reason=Reason.LOST, pictures=0),
    )
    await ledger.release(conn, job.id, at_ms)
    await doubts.open_doubt(conn, job.id, microusd, at_ms)


async def close(conn: Connection, job: Job, outcome: Outcome = Outcome.REFUTED) -> int:
    return await doubts.close_doubt(
        conn, job.id, outcome, by=7, reason="the bill says so", at_ms=NOW_MS + 5
    )


async def test_a_doubt_counts_against_channel_server_and_bot_but_not_the_member(
    database: Database,
) -> None:
    job = await accepted(database)
    async with database.write(SERVER) as conn:
        await fail(conn, job)
        assert await used(conn) == [Usage(), *[Usage(0, LOSS)] * 3]
        assert await doubts.amount_of(conn, job.id) == await doubts.total(conn) == LOSS
        assert await ledger.net_charge(conn, job.id) == Usage()
        found = await jobs.get(conn, job.id)
        assert found is not None
        assert found.possible_loss_microusd == LOSS
        assert await ledger.check(conn) == []


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_a_closed_doubt_counts_no_longer(database: Database, outcome: Outcome) -> None:
    job, other = await accepted(database), await accepted(database, channel_id=1)
    async with database.write(SERVER) as conn:
        await fail(conn, job)
        await fail(conn, other, 5)
        assert await close(conn, job, outcome) == LOSS
        assert await used(conn) == [Usage(), Usage(), *[Usage(0, 5)] * 2]
        assert await doubts.amount_of(conn, job.id) == 0
        assert await doubts.total(conn) == 5
        assert [one.job_id for one in await doubts.listed(conn)] == [other.id]
        found = await jobs.get(conn, job.id)
        assert found is not None
        assert found.possible_loss_microusd == 0
        assert await ledger.check(conn) == []
        [*_, row] = await conn.fetch("SELECT * FROM doubts ORDER BY at_ms")
        assert (row["kind"], row["microusd"], row["by_id"]) == (outcome.value, -LOSS, 7)
        assert row["reason"] == "the bill says so"


async def test_open_doubts_are_listed_the_oldest_first(database: Database) -> None:
    late = await accepted(database)
    early = await accepted(database, channel_id=1, parent_channel_id=2, member_id=3)
    foreign = await accepted(database, server_id=4)
    async with database.write(SERVER, 4) as conn:
        await fail(conn, late, 1, NOW_MS + 9)
        await fail(conn, early, 2, NOW_MS + 3)
        await fail(conn, foreign, 4, NOW_MS + 6)

        mine = [
            Doubt(early.id, SERVER, 2, 3, 2, NOW_MS + 3, "lost"),
            Doubt(late.id, SERVER, CHANNEL, MEMBER, 1, NOW_MS + 9, "lost"),
        ]
        assert await doubts.listed(conn, server_id=SERVER) == mine
        every = await doubts.listed(conn)
        assert [one.job_id for one in every] == [early.id, foreign.id, late.id]


async def test_a_job_is_in_doubt_once_and_closed_once(database: Database) -> None:
    job, open_one = await accepted(database), await accepted(database)
    async with database.write(SERVER) as conn:
        await fail(conn, job)
        with pytest.raises(LedgerBroken, match="in doubt before"):
            await doubts.open_doubt(conn, job.id, 1, NOW_MS)
        await close(conn, job)
    before = await everything(database)

    async with database.write(SERVER) as conn:
        with pytest.raises(LedgerBroken, match="no doubt"):
            await close(conn, job)
        with pytest.raises(LedgerBroken, match="no doubt"):
            await close(conn, open_one)
        with pytest.raises(LedgerBroken, match="in doubt before"):
            await doubts.open_doubt(conn, job.id, 1, NOW_MS)
        with pytest.raises(LedgerBroken, match="has no hold"):
            await doubts.open_doubt(conn, "nobody", 1, NOW_MS)
    assert await everything(database) == before


@pytest.mark.parametrize("microusd", [0, -1])
async def test_nothing_is_no_doubt(database: Database, microusd: int) -> None:
    job = await accepted(database)
    with pytest.raises(LedgerBroken, match="doubts"):
        async with database.write(SERVER) as conn:
            await fail(conn, job, microusd)


async def test_an_adjustment_takes_nothing_out_of_a_doubt(database: Database) -> None:
    """Else closing the doubt would leave the totals below zero."""
    job = await accepted(database)
    async with database.write(SERVER) as conn:
        await fail(conn, job)
    before = await everything(database)
    async with database.write(SERVER) as conn:
        with pytest.raises(LedgerBroken, match="that much"):
            await ledger.adjust(conn, job.id, ledger.Adjustment(0, -1, 0, 0), NOW_MS)
    assert await everything(database) == before


async def test_a_lost_total_stops_the_doubt(database: Database) -> None:
    job = await accepted(database)
    async with database.write(SERVER) as conn:
        await conn.execute("DELETE FROM totals WHERE account = 'bot'")

    async def stubborn() -> None:
        async with database.write(SERVER) as conn:
            with pytest.raises(LedgerBroken, match="missing"):
                await doubts.open_doubt(conn, job.id, LOSS, NOW_MS)

    with pytest.raises(Exception, match="nothing of it was saved"):
        await stubborn()
