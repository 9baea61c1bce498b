import pytest

from bot.core.audit import Amount, AuditRow, Change, Code, Wrong
from bot.core.limits import Unit
from bot.storage import audit
from bot.storage.database import Database
from tests.storage.samples import MEMBER, NOW_MS, SERVER

KINDS = ("limit.set", "gift.give", "limits.odd", "limit.clear", "cancel.job")


def change(kind: str = "limit.set", member_id: int | None = None, **changes) -> Change:
    given = {"subject": Code("s"), "after": Amount(Unit.IMAGES, 1), **changes}
    return Change(kind=kind, actor_id=1, member_id=member_id, **given)


async def fill(database: Database, count: int, *, server_id: int = SERVER, start: int = 0) -> None:
    """Rows one millisecond apart: kinds in turn, every second one of the member."""
    async with database.write(server_id) as conn:
        for number in range(start, start + count):
            who = MEMBER if number % 2 else None
            row = change(KINDS[number % len(KINDS)], who, subject=Wrong(number))
            await audit.append(conn, server_id, row, NOW_MS + number)


def numbered(row: AuditRow) -> int:
    assert isinstance(row.change.subject, Wrong)
    return row.change.subject.count


async def subjects(database: Database, **asked) -> list[int]:
    async with database.read() as conn:
        rows = await audit.page(conn, server_id=SERVER, **asked)
    return [numbered(row) for row in rows]


async def test_rows_come_back_as_they_were_written(database: Database) -> None:
    written = change("cancel.job", MEMBER, before=Code("queued"), job_id="j" * 16, reason="'; --")
    async with database.write(SERVER) as conn:
        await audit.append(conn, SERVER, written, NOW_MS)
        [row] = await audit.page(conn, server_id=SERVER)
    assert (row.change, row.at_ms, row.change.topic) == (written, NOW_MS, "cancel")


async def test_pages_stay_what_they_are_while_rows_are_added(database: Database) -> None:
    await fill(database, 20)
    async with database.read() as conn:
        first = await audit.page(conn, server_id=SERVER, limit=8)
        second = await audit.page(conn, server_id=SERVER, before_id=first[-1].id, limit=8)
    await fill(database, 5, start=20)

    assert [numbered(row) for row in first] == list(range(19, 11, -1))
    assert await subjects(database, before_id=first[-1].id, limit=8) == list(range(11, 3, -1))
    assert await subjects(database, after_id=second[0].id, limit=8) == list(range(19, 11, -1))
    assert await subjects(database, after_id=first[0].id, limit=8) == [24, 23, 22, 21, 20]
    assert await subjects(database, limit=2) == [24, 23]


async def test_a_topic_is_all_kinds_before_the_dot_and_no_other(database: Database) -> None:
    await fill(database, 20)

    assert await subjects(database, topic="limit", limit=20) == [18, 15, 13, 10, 8, 5, 3, 0]
    assert await subjects(database, topic="limit", member_id=MEMBER) == [15, 13, 5, 3]
    assert await subjects(database, member_id=MEMBER, limit=3) == [19, 17, 15]
    assert await subjects(database, topic="lim", limit=20) == []
    assert await subjects(database, topic="limit", member_id=MEMBER + 1) == []


async def test_another_server_sees_nothing_of_it(database: Database) -> None:
    await fill(database, 4, server_id=SERVER + 1)

    assert await subjects(database) == []
    assert await subjects(database, topic="limit") == []
    assert await subjects(database, member_id=MEMBER) == []


@pytest.mark.parametrize("filters", [{}, {"topic": "limit"}, {"member_id": MEMBER}])
@pytest.mark.parametrize("is_newer", [False, True])
async def test_every_filter_goes_by_an_index_that_has_the_order(
    database: Database, filters: dict, is_newer: bool
) -> None:
    if database.engine == "postgres":
        pytest.skip("a planner that knows the table is nearly empty reads all of it")
    text = audit._page_text(
        is_newer=is_newer, member="member_id" in filters, topic="topic" in filters
    )
    async with database.read() as conn:
        rows = await conn.fetch(f"EXPLAIN QUERY PLAN {text}", SERVER, "x", 8, *filters.values())
    plan = " ".join(row["detail"] for row in rows)
    assert "USING INDEX audit_by_" in plan
    assert "TEMP B-TREE" not in plan
