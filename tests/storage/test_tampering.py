"""What somebody does who can write the database: `check` names it, also where sums are fitted."""

from collections.abc import Awaitable, Callable

import pytest

from bot.core.jobs import Event, Job, Reason, State
from bot.storage import doubts, jobs, ledger, repair
from bot.storage.connection import Connection
from bot.storage.database import Database
from bot.storage.ledger import Adjustment, Settlement
from bot.storage.seals import DOUBT_SEAL, ENTRY_SEAL
from tests.storage.samples import NOW_MS, SERVER, accepted, unguard

DAY_MS = 86_400_000


async def move(conn: Connection, job: Job, *events: Event, **changes) -> Job:
    for event in events:
        job = await jobs.advance(
            conn,
            job.id,
            expected=job.state,
            event=event,
            at_ms=NOW_MS + 1,
            changes=jobs.JobChanges(**(changes if event is events[-1] else {})),
        )
    return job


async def deliver(conn: Connection, job: Job, arrived: int = 2) -> Job:
    """A job of two pictures, as the books lead it; what did not arrive goes back."""
    known = {"cost_microusd": 300_000, "made": 2}
    job = await move(conn, job, Event.SUBMIT, Event.ACCEPT, Event.RENDER, **known)
    settled = Settlement(300_000, 2, 2, 300_000, is_computed=False)
    await ledger.settle(conn, job.id, settled, NOW_MS)
    job = await move(conn, job, Event.DELIVER, pictures=arrived)
    if arrived < 2:
        back = Adjustment(0, 0, arrived - 2, (arrived - 2) * 150_000)
        await ledger.adjust(conn, job.id, back, NOW_MS)
    return job


async def fail(conn: Connection, job: Job, loss: int = 0) -> Job:
    job = await move(conn, job, Event.FAIL, reason=Reason.LOST, pictures=0)
    await ledger.release(conn, job.id, NOW_MS)
    if loss:
        await doubts.open_doubt(conn, job.id, loss, NOW_MS)
    return job


async def rescue(conn: Connection, job: Job) -> Job:
    """A job that had failed, with late pictures and their cost, for which nobody pays."""
    job = await fail(conn, job, 200_000)
    job = await move(conn, job, Event.RESCUE, made=2, cost_microusd=300_000)
    await doubts.close_doubt(conn, job.id, doubts.Outcome.FOUND, by=0, reason="found", at_ms=NOW_MS)
    await ledger.adjust(conn, job.id, Adjustment(2, 300_000, 0, 0), NOW_MS)
    return await move(conn, job, Event.DELIVER, pictures=2, free_pictures=2)


@pytest.fixture
async def lived(database: Database) -> tuple[Database, dict[str, Job]]:
    """Jobs with all kinds of ends, one of them open, and nothing guarding their rows."""
    found = {
        name: await accepted(database)
        for name in ("open", "whole", "half", "lost", "doubt", "settled", "rescued")
    }
    async with database.write(SERVER) as conn:
        found["whole"] = await deliver(conn, found["whole"])
        found["half"] = await deliver(conn, found["half"], 1)
        found["lost"] = await fail(conn, found["lost"])
        found["doubt"] = await fail(conn, found["doubt"], 5_000)
        found["settled"] = await fail(conn, found["settled"], 7_000)
        await doubts.close_doubt(
            conn, found["settled"].id, doubts.Outcome.REFUTED, by=0, reason="", at_ms=NOW_MS
        )
        found["rescued"] = await rescue(conn, found["rescued"])
        assert await ledger.check(conn, NOW_MS + 7 * DAY_MS) == []
        await unguard(database, conn)
    return database, found


async def fit(conn: Connection) -> None:
    """What somebody does who knows how it is checked: new seals, and sums that fit."""
    await conn.execute(f"UPDATE ledger SET seal = {ENTRY_SEAL}")
    await conn.execute(f"UPDATE doubts SET seal = {DOUBT_SEAL}")
    await repair.apply(conn)


Lived = tuple[Database, dict[str, Job]]
Damage = Callable[[Connection, dict[str, Job]], Awaitable[object]]

_ENTRY = "UPDATE ledger SET {} WHERE kind = '{}' AND job_id = $1"


def entry(change: str, kind: str, name: str) -> Damage:
    async def damage(conn: Connection, found: dict[str, Job]) -> None:
        assert await conn.execute(_ENTRY.format(change, kind), found[name].id) == 1

    return damage


def row(text: str, name: str) -> Damage:
    async def damage(conn: Connection, found: dict[str, Job]) -> None:
        assert await conn.execute(text, found[name].id)

    return damage


FITTED: dict[str, tuple[Damage, str, str]] = {
    "ten times the cost": (
        entry("charge_microusd = 10 * charge_microusd", "settle", "whole"),
        "whole",
        "pays 3000000 micro-dollars for what came of 300000 billed and 400000 held",
    ),
    "a little above its share of the hold": (
        entry("microusd = 500000, charge_microusd = 400001", "settle", "whole"),
        "whole",
        "pays 400001 micro-dollars for what came of 500000 billed and 400000 held",
    ),
    "half arrived, all of the money kept": (
        entry("charge_microusd = 0", "adjust", "half"),
        "half",
        "pays 300000 micro-dollars for what came",
    ),
    "half arrived, all of the pictures charged": (
        entry("charge_images = 0", "adjust", "half"),
        "half",
        "brought 1 pictures to be paid for and its member pays for 2 / 150000",
    ),
    "a settle for more pictures than were made": (
        entry("images = 200", "settle", "whole"),
        "whole",
        "made 2 pictures and its entries count 200",
    ),
    "a charge for more pictures than were asked for": (
        entry("charge_images = 3", "settle", "whole"),
        "whole",
        "brought 2 pictures to be paid for and its member pays for 3 / 300000",
    ),
    "a failed job that is charged": (
        entry("charge_microusd = charge_microusd - 1", "release", "lost"),
        "lost",
        "pays 1 micro-dollars for what came of 0 billed",
    ),
    "a rescued job that is charged": (
        entry("charge_images = 2, charge_microusd = 300000", "adjust", "rescued"),
        "rescued",
        "was given back before its rescue, and its member pays for 2 / 300000",
    ),
    "another cost": (
        entry("microusd = 1", "settle", "half"),
        "half",
        "cost 300000 micro-dollars, and its entries say 1",
    ),
    "a doubt that is smaller": (
        row("UPDATE doubts SET microusd = 1 WHERE job_id = $1", "doubt"),
        "doubt",
        "says that 5000 micro-dollars of it are in doubt, and its doubts 1",
    ),
    "a doubt that its job knows nothing of": (
        row("UPDATE jobs SET possible_loss_microusd = 0 WHERE id = $1", "doubt"),
        "doubt",
        "says that 0 micro-dollars of it are in doubt, and its doubts 5000",
    ),
    "a doubt beside a known outcome": (
        row("UPDATE jobs SET state = 'delivered' WHERE id = $1", "doubt"),
        "doubt",
        "is delivered, so its cost is known, and 5000 micro-dollars are in doubt",
    ),
    "a closing of less than was opened": (
        row("UPDATE doubts SET microusd = -6000 WHERE job_id = $1 AND kind <> 'open'", "settled"),
        "settled",
        "was opened with 7000 micro-dollars and closed with 6000",
    ),
    "a closing of what was never opened": (
        row("DELETE FROM doubts WHERE job_id = $1 AND kind = 'open'", "settled"),
        "settled",
        "was opened with 0 micro-dollars and closed with 7000",
    ),
    "a doubt that counts elsewhere": (
        row("UPDATE doubts SET day = '2020-01-01' WHERE job_id = $1", "doubt"),
        "",
        "does not count where the hold of its job counts",
    ),
    "deleted history": (
        row("DELETE FROM job_history WHERE job_id = $1", "whole"),
        "whole",
        "ends as nothing, and the job is delivered",
    ),
    "the end of a history deleted": (
        row("DELETE FROM job_history WHERE job_id = $1 AND seq = 5", "whole"),
        "whole",
        "ends as rendered, and the job is delivered",
    ),
    "a gap in a history": (
        row("DELETE FROM job_history WHERE job_id = $1 AND seq = 3", "whole"),
        "whole",
        "has 4 steps, and its last one is number 5",
    ),
    "a history without a beginning": (
        row("DELETE FROM job_history WHERE job_id = $1 AND seq = 1", "whole"),
        "whole",
        "has 4 steps, and its last one is number 5",
    ),
    "a gap in a history that is closed": (
        row("UPDATE job_history SET seq = seq + 10, from_state = 'held' WHERE job_id = $1 AND"
            " seq = 3", "whole"),
        "whole",
        "has 5 steps, and its last one is number 13",
    ),
    "a step of a history rewritten": (
        row("UPDATE job_history SET to_state = 'failed' WHERE job_id = $1 AND seq = 3", "whole"),
        "whole",
        "goes on from queued, where it had come to failed",
    ),
    "the last entry deleted": (
        row("DELETE FROM ledger WHERE job_id = $1 AND kind = 'adjust'", "rescued"),
        "",
        f"the ledger of server {SERVER} has counted 15 entries and holds 14, the last of them",
    ),
    "an entry in the middle deleted": (
        row("DELETE FROM ledger WHERE job_id = $1 AND kind = 'adjust'", "half"),
        "",
        "has counted 15 entries and holds 14, the last of them number 15",
    ),
    "a doubt and its trace deleted": (
        row("DELETE FROM doubts WHERE job_id = $1", "settled"),
        "",
        f"the doubts of server {SERVER} have counted 5 rows and hold 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(FITTED))
async def test_the_check_finds_it_although_seals_and_sums_fit(lived: Lived, name: str) -> None:
    database, found = lived
    damage, whose, sentence = FITTED[name]
    async with database.write(SERVER) as conn:
        await damage(conn, found)
        await fit(conn)
        problems = await ledger.check(conn, NOW_MS)

    who = found[whose].id if whose else ""
    assert any(sentence in one and who in one for one in problems), problems
    assert not any("total" in one or "seal" in one for one in problems)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("UPDATE ledger SET source = 'computed' WHERE source = 'billed'", "of the ledger was ch"),
        ("UPDATE ledger SET at_ms = at_ms + 1 WHERE kind = 'hold'", "of the ledger was changed"),
        ("UPDATE doubts SET reason = 'other' WHERE kind <> 'open'", "the doubt"),
        ("UPDATE doubts SET by_id = 9", "the doubt"),
    ],
)
async def test_what_counts_in_no_sum_is_sealed_as_well(
    lived: Lived, text: str, sentence: str
) -> None:
    database, _ = lived
    async with database.write(SERVER) as conn:
        assert await conn.execute(text)
        problems = await ledger.check(conn)
    assert problems
    assert all(sentence in one and "its seal does not fit" in one for one in problems), problems


@pytest.mark.parametrize("name", ["whole", "lost", "doubt", "rescued"])
async def test_a_whole_job_erased_with_its_sums_is_missed(lived: Lived, name: str) -> None:
    database, found = lived
    async with database.write(SERVER) as conn:
        for table, column in (
            ("job_history", "job_id"),
            ("doubts", "job_id"),
            ("ledger", "job_id"),
            ("jobs", "id"),
        ):
            order = " AND kind <> 'hold'" if table == "ledger" else ""
            text = f"DELETE FROM {table} WHERE {column} = $1"
            await conn.execute(text + order, found[name].id)
            await conn.execute(text, found[name].id)
        await fit(conn)
        problems = await ledger.check(conn)
    assert any(f"the ledger of server {SERVER} has counted 15" in one for one in problems)
    assert all("has counted 15" in one or "have counted 5" in one for one in problems), problems


async def test_a_server_erased_with_all_its_jobs_is_missed(lived: Lived) -> None:
    database, _ = lived
    async with database.write(SERVER) as conn:
        for table in ("job_history", "doubts", "ledger", "jobs"):
            if table == "ledger":
                await conn.execute("DELETE FROM ledger WHERE kind <> 'hold'")
            await conn.execute(f"DELETE FROM {table}")
        await fit(conn)
        problems = await ledger.check(conn)
    assert any("has counted 15 entries and holds 0, the last of them number 0" in p
               for p in problems)  # fmt: skip


async def test_a_job_without_a_row_is_missed_by_its_entries(lived: Lived) -> None:
    database, found = lived
    async with database.write(SERVER) as conn:
        await conn.execute("DELETE FROM jobs WHERE id = $1", found["lost"].id)
        await fit(conn)
        [problem] = await ledger.check(conn)
    assert problem == f"the ledger has entries of job {found['lost'].id} and there is no such job"


async def test_a_hold_may_be_open_for_seven_days(lived: Lived) -> None:
    database, found = lived
    async with database.read() as conn:
        assert await ledger.check(conn, NOW_MS + 7 * DAY_MS) == []
        assert await ledger.check(conn) == []
        [problem] = await ledger.check(conn, NOW_MS + 730 * DAY_MS)
    assert problem == f"the hold of job {found['open'].id} has been open for 730 days"


async def test_what_an_older_bot_charged_is_judged_by_its_links(lived: Lived) -> None:
    """It charged for all that was made, also above the hold, and does not say how many."""
    database, found = lived
    links = '[["a", "b", 1, 1], ["c", "d", 1, 1], ["e", "f", 1, 1], ["g", "h", 1, 1]]'
    text = "UPDATE ledger SET images = 4, microusd = $2, charge_images = $3, charge_microusd = $4"
    where = " WHERE kind = 'settle' AND job_id = $1"

    async def problems(pictures: int, cost: int, *charge: int) -> list[str]:
        async with database.write(SERVER) as conn:
            await conn.execute(
                "UPDATE jobs SET made = NULL, links = $2, pictures = $3, cost_microusd = $4"
                " WHERE id = $1",
                found["whole"].id, links, pictures, cost,
            )  # fmt: skip
            await conn.execute(text + where, found["whole"].id, cost, *charge)
            await fit(conn)
            return await ledger.check(conn)

    assert await problems(4, 900_000, 4, 900_000) == []
    assert await problems(3, 900_000, 3, 675_000) == []
    assert "pays 675001" in (await problems(3, 900_000, 3, 675_001))[0]
    assert "its member pays for 4 /" in (await problems(3, 900_000, 4, 675_000))[0]


async def test_a_cost_that_is_corrected_later_takes_nothing_from_the_member(lived: Lived) -> None:
    """What a member pays is judged by the bill at the time, not by what the host learns later."""
    database, found = lived
    async with database.write(SERVER) as conn:
        await ledger.adjust(conn, found["whole"].id, Adjustment(0, -300_000, 0, 0), NOW_MS)
        await conn.execute("UPDATE jobs SET cost_microusd = 0 WHERE id = $1", found["whole"].id)
        await conn.execute("UPDATE ledger_heads SET entries = 16")
        assert await ledger.check(conn) == []


async def test_a_ticket_learned_late_and_an_added_picture_are_well(database: Database) -> None:
    lost, half = await accepted(database), await accepted(database)
    async with database.write(SERVER) as conn:
        lost = await fail(conn, lost, 5)
        await move(conn, lost, Event.ACCEPT)
        half = await deliver(conn, half, 1)
        await move(conn, half, Event.ADD, pictures=2, free_pictures=1)
        assert await ledger.check(conn) == []
        assert (await jobs.history(conn, half.id))[-1].to_state is State.DELIVERED
