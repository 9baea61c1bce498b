import pytest

from bot.core.gifts import Gift
from bot.core.jobs import Event, Job, State
from bot.core.limits import Unit
from bot.storage import jobs, ledger
from bot.storage.database import Database
from tests.storage.samples import (
    BOT_DAY,
    CHANNEL,
    DAY,
    MEMBER,
    NOW_MS,
    SERVER,
    SETTLED,
    accepted,
    moved,
    render,
    unguard,
)


async def breakable(database: Database) -> dict[str, Job]:
    """One job in the line, one released, one settled."""
    found = {"held": await accepted(database)}
    found["released"] = await accepted(database)
    found["settled"] = await accepted(database)
    async with database.write(SERVER) as conn:
        await jobs.advance(
            conn, found["released"].id, expected=State.HELD, event=Event.FAIL, at_ms=NOW_MS
        )
        await ledger.release(conn, found["released"].id, NOW_MS)
        await render(conn, found["settled"])
        assert await ledger.check(conn) == []
    return found


BREAKS = {
    "UPDATE totals SET images = images + 1 WHERE account = 'channel'": (
        f"the total of channel {CHANNEL} of server {SERVER} on {DAY} is 5 / 730000,",
        "is 5 / 730000, its entries sum to 4 / 730000 (pictures / micro-dollars)",
    ),
    "UPDATE totals SET microusd = 1 WHERE account = 'bot'": (
        f"total of bot 0 of server 0 on {BOT_DAY}",
    ),
    "DELETE FROM totals WHERE account = 'member'": (f"total of member {MEMBER}",),
    "INSERT INTO totals VALUES (1, 'server', 0, '2026-01-01', 0, 1)": ("server 0 of server 1",),
    "UPDATE ledger SET charge_microusd = 1 WHERE kind = 'settle'": ("total of member",),
    "UPDATE jobs SET state = 'failed' WHERE state = 'held'": (
        "is failed and its hold is still open",
    ),
    "UPDATE jobs SET state = 'queued' WHERE state = 'failed'": ("is queued and has no open hold",),
    "UPDATE jobs SET state = 'delivered' WHERE state = 'failed'": (
        "is delivered and was never settled",
    ),
    "UPDATE jobs SET cost_microusd = 7 WHERE state = 'rendered'": (
        "cost 7 micro-dollars, and its entries say 330000",
    ),
    "UPDATE jobs SET cost_microusd = NULL WHERE state = 'rendered'": (
        "cost nothing micro-dollars",
    ),
    "UPDATE jobs SET held_microusd = 7 WHERE state = 'held'": (
        "7 micro-dollars were held, and its hold says 400000",
    ),
    "UPDATE jobs SET cost_microusd = 5 WHERE state = 'failed'": (
        "cost 5 micro-dollars, and its entries say 0",
    ),
    "UPDATE jobs SET member_id = 1 WHERE state = 'held'": (
        "counts in another server, channel or member than the job's",
    ),
    "UPDATE jobs SET parent_channel_id = 1 WHERE state = 'held'": ("counts in another server",),
    "UPDATE jobs SET pictures = 1 WHERE state = 'failed'": (
        "brought 1 pictures to be paid for and its member pays for 0 / 0",
    ),
    "UPDATE jobs SET pictures = 0, state = 'undelivered' WHERE state = 'rendered'": (
        "brought 0 pictures to be paid for and its member pays for 1 / 165000",
    ),
    "DELETE FROM jobs WHERE state = 'held'": ("and there is no such job",),
    "UPDATE ledger SET images = 1, charge_images = 1 WHERE kind = 'release'": (
        "total of",
        "gives back",
    ),
    "UPDATE ledger SET day = '2020-01-01' WHERE kind = 'release'": (
        "does not count where its hold counts",
        "total of",
    ),
    "UPDATE ledger SET hold_id = (SELECT id FROM ledger WHERE kind = 'settle')"
    " WHERE kind = 'release'": ("is a release and names no hold",),
    "DROP INDEX ledger_one_resolution_per_hold; INSERT INTO ledger SELECT 'again', kind, hold_id,"
    " job_id, server_id, channel_id, member_id, images, microusd, charge_images, charge_microusd,"
    " source, day, bot_day, at_ms, gift_images, gift_microusd, seq + 1, seal"
    " FROM ledger WHERE kind = 'release'": ("is resolved 2 times",),
    "DELETE FROM ledger WHERE job_id = (SELECT id FROM jobs WHERE state = 'held')": (
        "is held and has no open hold",
    ),
    "UPDATE ledger SET job_id = 'new' WHERE job_id = (SELECT id FROM jobs WHERE state = 'failed');"
    " DELETE FROM ledger WHERE kind = 'gift'": ("is failed and was never held",),
}


@pytest.mark.parametrize("damage", list(BREAKS))
async def test_the_check_names_what_was_broken_by_hand(database: Database, damage: str) -> None:
    await breakable(database)
    async with database.write(SERVER) as conn:
        await unguard(database, conn)
        for statement in damage.split("; "):
            await conn.execute(statement)

    async with database.read() as conn:
        problems = await ledger.check(conn)

    for sentence in BREAKS[damage]:
        assert any(sentence in problem for problem in problems), problems


async def test_a_gift_counts_on_no_account(database: Database) -> None:
    given = Gift("g" * 16, Unit.IMAGES, 5, 5, NOW_MS + 1000, 7, "thanks")
    async with database.write(SERVER) as conn:
        await ledger.gift(conn, SERVER, MEMBER, given, days=(DAY, BOT_DAY), at_ms=NOW_MS)
        assert await ledger.check(conn) == []
        assert not await conn.fetch("SELECT * FROM totals")
        await conn.execute("DELETE FROM gifts")
        assert "cannot be drawn from" in (await ledger.check(conn))[0]


@pytest.mark.parametrize("state", [State.DELIVERED, State.UNDELIVERED])
async def test_the_check_follows_a_job_to_its_end(database: Database, state: State) -> None:
    job = await moved(database, await accepted(database), state)

    async with database.write(SERVER) as conn:
        await ledger.settle(conn, job.id, SETTLED, NOW_MS)
        await conn.execute("UPDATE jobs SET cost_microusd = 330000, made = 2")
        assert await ledger.check(conn) == []
