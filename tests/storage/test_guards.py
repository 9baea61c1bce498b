"""What is written of money is never changed, deleted or replaced: the databases refuse it."""

from collections.abc import AsyncIterator

import pytest

from bot.core.audit import Change, Code
from bot.core.errors import Broken, LedgerBroken, StorageTrouble
from bot.core.gifts import Draw, Gift
from bot.core.limits import Unit
from bot.storage import audit, doubts, ledger
from bot.storage.database import Database
from tests.storage.samples import (
    BOT_DAY,
    DAY,
    MEMBER,
    NOW_MS,
    SERVER,
    accept,
    accepted,
    everything,
    make_job,
    render,
)

TABLES = ("ledger", "gift_draws", "doubts", "job_history", "audit")


@pytest.fixture
async def written(database: Database) -> AsyncIterator[Database]:
    """A database with a row of everything."""
    given = Gift("g" * 16, Unit.IMAGES, 5, 5, NOW_MS + 1000, 7, "thanks")
    change = Change("limit.set", 1, Code("s"))
    released, settled = make_job(), make_job()
    async with database.write(SERVER) as conn:
        await ledger.gift(conn, SERVER, MEMBER, given, days=(DAY, BOT_DAY), at_ms=NOW_MS)
        await audit.append(conn, SERVER, change, NOW_MS)
        await accept(conn, released)
        await ledger.release(conn, released.id, NOW_MS)
        await accept(conn, settled)
        await render(conn, settled)
        drawing = make_job()
        draws = [Draw(given.id, Unit.IMAGES, 1)]
        await ledger.hold(conn, drawing, day=DAY, bot_day=BOT_DAY, at_ms=NOW_MS, draws=draws)
        await doubts.open_doubt(conn, released.id, 5, NOW_MS)
    before = await everything(database)
    yield database
    assert await everything(database) == before


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
async def test_no_row_is_changed_or_deleted(written: Database, table: str, change: str) -> None:
    column = {"gift_draws": "amount", "job_history": "note"}.get(table, "id")
    with pytest.raises(Broken):
        async with written.write(SERVER) as conn:
            await conn.execute(change.format(table, column, column))


@pytest.mark.parametrize("table", TABLES)
async def test_no_table_is_emptied_at_once(written: Database, table: str) -> None:
    if written.engine == "sqlite":
        pytest.skip("SQLite has no word for it")
    with pytest.raises(Broken):
        async with written.write(SERVER) as conn:
            await conn.execute(f"TRUNCATE {table} CASCADE")


async def replace(database: Database, table: str, *, other: str, where: str = "1") -> None:
    """Write a row once more in the place of the one that is there, as SQLite alone can.

    Args:
        database: Where.
        table: Of which.
        other: The first columns, and what they become; the others stay what they are.
        where: Which row.
    """
    if database.engine == "postgres":
        pytest.skip("PostgreSQL has no word for it but UPDATE")
    async with database.write(SERVER) as conn:
        names = [row["name"] for row in await conn.fetch(f"PRAGMA table_info({table})")]
        rest = ", ".join(names[1:])
        known = f"{other.format(names[0])}, {rest}"
        into = f"{'rowid, ' if 'rowid' in other else ''}{names[0]}, {rest}"
        await conn.execute(
            f"INSERT OR REPLACE INTO {table} ({into}) SELECT {known} FROM {table}"
            f" WHERE {where} LIMIT 1"
        )


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("other", ["{}", "rowid, 'other' || {}"])
async def test_no_row_is_replaced(written: Database, table: str, other: str) -> None:
    """`REPLACE` deletes without the trigger that refuses to; it takes a row's number as well."""
    with pytest.raises(Broken, match=f"{table} rows are never replaced"):
        await replace(written, table, other=other)


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("ledger", "kind = 'hold'"),
        ("ledger", "kind = 'settle'"),
        ("ledger", "kind = 'release'"),
        ("doubts", "kind = 'open'"),
    ],
)
async def test_no_row_is_replaced_by_one_of_another_name(
    written: Database, table: str, where: str
) -> None:
    """The other unique keys would throw the old row out as well."""
    with pytest.raises(LedgerBroken, match="never replaced"):
        await replace(written, table, other="'other'", where=where)


@pytest.mark.parametrize("number", [0, 7])
async def test_an_entry_out_of_its_number_is_refused(database: Database, number: int) -> None:
    job = await accepted(database)
    before = await everything(database)
    with pytest.raises(StorageTrouble):
        async with database.write(SERVER) as conn:
            await conn.execute(
                "INSERT INTO ledger SELECT 'other', 'adjust', id, job_id, server_id, channel_id,"
                " member_id, 0, 0, 0, 0, source, day, bot_day, at_ms, 0, 0, CAST($2 AS BIGINT), ''"
                " FROM ledger WHERE job_id = $1",
                job.id,
                number,
            )
    assert await everything(database) == before


async def test_entries_are_numbered_in_each_server(database: Database) -> None:
    for server_id in (1, 2, 1):
        await accepted(database, server_id=server_id)
    async with database.read() as conn:
        rows = await conn.fetch("SELECT server_id, seq FROM ledger ORDER BY server_id, seq")
        heads = await conn.fetch("SELECT * FROM ledger_heads ORDER BY server_id")
    assert [(row["server_id"], row["seq"]) for row in rows] == [(1, 1), (1, 2), (2, 1)]
    assert [(row["server_id"], row["entries"], row["doubts"]) for row in heads] == [
        (1, 2, 0),
        (2, 1, 0),
    ]
