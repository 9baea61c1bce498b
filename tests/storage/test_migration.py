"""What a database of the version before becomes: doubts, numbers and seals of what is there."""

import asyncio

import pytest

from bot.core.limits import Usage
from bot.storage import doubts, ledger
from bot.storage.connection import Connection
from bot.storage.database import migrate
from tests.storage.samples import (
    BOT_DAY,
    CHANNEL,
    DAY,
    MEMBER,
    NOW_MS,
    SERVER,
    database_of_version,
    used,
)

JOB = """
INSERT INTO jobs (
    id, state, server_id, channel_id, member_id, prompt, width, height, quality, count, format,
    private, held_microusd, created_at_ms, file_limit_bytes, role_ids, links, cost_microusd,
    cost_is_computed, possible_loss_microusd, pictures, reason, ended_at_ms
) VALUES ($1, $2, $3, $4, $5, 'p', 1024, 1024, 'low', 1, 'png', 0, 400, $6, 1, '', '[]', 0, 0, $7,
    0, $8, $9)
"""
STEP = """
INSERT INTO job_history (job_id, seq, from_state, event, to_state, at_ms, note)
VALUES ($1, $2, $3, $4, $5, $6, '')
"""
ENTRY = """
INSERT INTO ledger (
    id, kind, hold_id, job_id, server_id, channel_id, member_id, images, microusd, charge_images,
    charge_microusd, source, day, bot_day, at_ms
) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 400, 1, 400, $8, $9, $10, $11)
"""


async def failed(conn: Connection, number: int, loss: int, **changes: int) -> None:
    """A job of the old version that was given back, with its entries and sums."""
    server, channel = changes.get("server", SERVER), changes.get("channel", CHANNEL)
    job, hold = f"job{number:013}", f"hold{number:012}"
    place = (server, channel, MEMBER)
    await conn.execute(JOB, job, "failed", *place, NOW_MS, loss, "unanswered", NOW_MS + 60_000)
    await conn.execute(STEP, job, 1, None, "create", "held", NOW_MS)
    await conn.execute(STEP, job, 2, "held", "fail", "failed", NOW_MS)
    days = (DAY, BOT_DAY, NOW_MS)
    await conn.execute(ENTRY, hold, "hold", None, job, *place, "held", *days)
    await conn.execute(ENTRY, f"back{number:012}", "release", hold, job, *place, "none", *days)
    for account, server_id, account_id, day in (
        ("member", server, MEMBER, DAY),
        ("channel", server, channel, DAY),
        ("server", server, 0, DAY),
        ("bot", 0, 0, BOT_DAY),
    ):
        await conn.execute(
            "INSERT INTO totals VALUES ($1, $2, $3, $4, 0, 0) ON CONFLICT DO NOTHING",
            server_id, account, account_id, day,
        )  # fmt: skip
    await conn.execute(
        "INSERT INTO daily_usage VALUES ($1, $2, $3, 'low', 1, 0, 0, 0, 0, 0, 0)"
        " ON CONFLICT (server_id, day, member_id, quality)"
        " DO UPDATE SET jobs = daily_usage.jobs + 1",
        server, DAY, MEMBER,
    )  # fmt: skip
    await conn.execute(
        "INSERT INTO daily_outcomes VALUES ($1, $2, 'failed', 1)"
        " ON CONFLICT (server_id, day, outcome) DO UPDATE SET jobs = daily_outcomes.jobs + 1",
        server, DAY,
    )  # fmt: skip


async def test_possible_losses_of_the_old_version_are_in_doubt(database_url: str) -> None:
    database = await database_of_version(database_url, 3)
    try:
        async with database.write() as conn:
            await failed(conn, 1, 300)
            await failed(conn, 2, 0)
            await failed(conn, 3, 20)
            await failed(conn, 4, 7, server=1)
            await failed(conn, 5, 1000, channel=1)
        assert 5 in await migrate(database)
        async with database.write(SERVER) as conn:
            assert await ledger.check(conn) == []
            member, channel, server, bot = await used(conn)
            assert member == Usage()
            assert (channel, server) == (Usage(0, 320), Usage(0, 1320))
            assert bot == Usage(0, 1327)
            listed = await doubts.listed(conn, server_id=SERVER)
            assert [(one.job_id[-1], one.microusd) for one in listed] == [
                ("1", 300), ("3", 20), ("5", 1000),
            ]  # fmt: skip
            assert listed[0].since_ms == NOW_MS + 60_000
            assert await doubts.total(conn) == 1327
            # Numbers go on where those of the old rows end, in entries and doubts alike.
            await doubts.close_doubt(
                conn, listed[0].job_id, doubts.Outcome.REFUTED, by=0, reason="", at_ms=NOW_MS
            )
            await ledger.adjust(conn, listed[1].job_id, ledger.Adjustment(0, 0, 0, 0), NOW_MS)
            assert await used(conn) == [
                Usage(), Usage(0, 20), Usage(0, 1020), Usage(0, 1027),
            ]  # fmt: skip
            heads = await conn.fetch("SELECT * FROM ledger_heads ORDER BY server_id")
            assert [tuple(row) for row in heads] == [(1, 2, 1), (SERVER, 9, 4)]  # type: ignore[arg-type]
            assert await ledger.check(conn) == []
    finally:
        await database.close()


async def test_a_bot_of_the_old_version_books_nothing_any_more(database_url: str) -> None:
    """It knows nothing of numbers and seals: better a refusal than sums that never fit again."""
    database = await database_of_version(database_url, 3)
    try:
        async with database.write() as conn:
            await failed(conn, 1, 300)
        await migrate(database)
        with pytest.raises(Exception, match=r"numbered|PostgreSQL"):
            async with database.write() as conn:
                await failed(conn, 2, 0)
        async with database.read() as conn:
            assert await ledger.check(conn) == []
    finally:
        await asyncio.shield(database.close())
