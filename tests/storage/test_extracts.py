from typing import Any

from bot.core.audit import Change, Code
from bot.storage import audit, extracts, ledger
from bot.storage import jobs as stored
from bot.storage.database import Database
from bot.storage.extracts import Span
from tests.storage.samples import BOT_DAY, DAY, NOW_MS, SERVER, make_job

ALWAYS = Span(None, None)


async def fill(database: Database, server_id: int, count: int = 7) -> None:
    """Three jobs per millisecond, each with its hold, and a change of the same time."""
    async with database.write(server_id) as conn:
        for number in range(count):
            at_ms = NOW_MS + number // 3
            job = make_job(server_id=server_id, created_at_ms=at_ms)
            await stored.insert(conn, job, at_ms)
            await ledger.hold(conn, job, day=DAY, bot_day=BOT_DAY, at_ms=at_ms)
            change = Change("limit.set", 1, Code(str(number)))
            await audit.append(conn, server_id, change, at_ms)


async def read(database: Database, page: Any, span: Span, limit: int = 2) -> list[Any]:
    found: list[Any] = []
    for _ in range(20):
        async with database.read() as conn:
            rows = await page(conn, SERVER, span, found[-1] if found else None, limit)
        found += rows
        if len(rows) < limit:
            return found
    raise AssertionError("it never ends")


async def test_pages_hold_each_row_of_their_server_once_in_order(database: Database) -> None:
    await fill(database, SERVER)
    await fill(database, SERVER + 1)

    jobs = await read(database, extracts.jobs, ALWAYS)
    entries = await read(database, extracts.entries, ALWAYS)
    changes = await read(database, extracts.changes, ALWAYS)
    assert [len(found) for found in (jobs, entries, changes)] == [7, 7, 7]
    assert {job.server_id for job in jobs} == {entry.server_id for entry in entries} == {SERVER}
    assert [job.id for job in jobs] == sorted(job.id for job in jobs)
    assert {entry.job_id for entry in entries} == {job.id for job in jobs}
    assert {row.change.subject for row in changes} == {Code(str(number)) for number in range(7)}
    for found in (entries, changes):
        assert [row.id for row in found] == sorted({row.id for row in found})


async def test_a_span_takes_its_first_instant_and_leaves_its_end(database: Database) -> None:
    await fill(database, SERVER)
    pages = (extracts.jobs, extracts.entries, extracts.changes)

    for page in pages:
        assert len(await read(database, page, Span(NOW_MS + 1, NOW_MS + 2))) == 3
        assert len(await read(database, page, Span(NOW_MS + 1, None))) == 4
        assert len(await read(database, page, Span(None, NOW_MS + 1))) == 3
        assert await read(database, page, Span(NOW_MS + 3, None)) == []
        assert await read(database, page, Span(0, NOW_MS)) == []


async def test_the_statements_go_by_indices(database: Database) -> None:
    if database.engine == "postgres":
        return
    async with database.read() as conn:
        for text, index, args in (
            (extracts._JOBS, "jobs_by_server", (0, "", 1, 1)),
            (extracts._ENTRIES, "ledger_by_server", ("", "z", 1)),
            (extracts._AUDIT, "audit_by_server", ("", "z", 1)),
        ):
            rows = await conn.fetch(f"EXPLAIN QUERY PLAN {text}", SERVER, *args)
            plan = " ".join(row["detail"] for row in rows)
            assert f"USING INDEX {index}" in plan
            assert "TEMP B-TREE" not in plan
