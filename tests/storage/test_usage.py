"""Daily counts equal what a plain sum over ledger and jobs says, whatever happened."""

import asyncio
import random
import shutil
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.jobs import Event, Job, Reason, State
from bot.core.limits import local_day
from bot.core.models.gpt_image_2 import Quality
from bot.storage import jobs, ledger, usage
from bot.storage.connection import Connection, Database
from bot.storage.database import migrate, open_database
from bot.storage.usage import Figures
from tests.storage.samples import make_job

BERLIN = ZoneInfo("Europe/Berlin")
SERVERS = (1, 2)
# Around a midnight, and around the night on which the clocks go back.
MOMENTS = [
    int(datetime(2026, 10, day, hour, minute, tzinfo=UTC).timestamp() * 1000)
    for day in (24, 25, 26)
    for hour, minute in ((0, 30), (1, 30), (21, 59), (22, 0), (22, 59), (23, 0))
]

STEP = st.fixed_dictionaries(
    {
        "at_ms": st.sampled_from(MOMENTS),
        "server": st.sampled_from(SERVERS),
        "member": st.integers(1, 3),
        "quality": st.sampled_from(list(Quality)),
        "count": st.integers(1, 4),
        "held": st.integers(0, 10**6),
        "end": st.sampled_from(
            ["open", "delivered", "partly", "rendered", "stranded", "late", "content", "failed",
             "billed", "cancelled", "lost"]
        ),
        "cost": st.integers(0, 10**6),
        "later_ms": st.integers(0, 7_200_000),
    }
)  # fmt: skip


async def live(conn: Connection, step: dict[str, Any]) -> None:
    """One life of a job, as the books would lead it."""
    job = make_job(
        server_id=step["server"],
        member_id=step["member"],
        quality=step["quality"],
        count=step["count"],
        held_microusd=step["held"],
        created_at_ms=step["at_ms"],
    )
    day = local_day(step["at_ms"], BERLIN)
    await ledger.hold(conn, job, day=day, bot_day=day, at_ms=step["at_ms"])
    await jobs.insert(conn, job, step["at_ms"])
    await END[step["end"]](conn, job, step, step["at_ms"] + step["later_ms"])


async def move(conn: Connection, job: Job, at_ms: int, *events: Event, **changes: Any) -> Job:
    for event in events:
        job = await jobs.advance(
            conn, job.id, expected=job.state, event=event, at_ms=at_ms,
            changes=jobs.JobChanges(**changes),
        )  # fmt: skip
    return job


async def stay(conn: Connection, job: Job, step: dict[str, Any], at_ms: int) -> None:
    if step["cost"] % 2:
        await move(conn, job, at_ms, Event.SUBMIT)


async def render(conn: Connection, job: Job, step: dict[str, Any], at_ms: int) -> Job:
    job = await move(conn, job, at_ms, Event.SUBMIT, Event.ACCEPT)
    job = await move(conn, job, at_ms, Event.RENDER, cost_microusd=step["cost"], made=step["count"])
    count, cost = step["count"], step["cost"]
    outcome = ledger.Settlement(cost, count, count, charged(step), is_computed=False)
    await ledger.settle(conn, job.id, outcome, at_ms)
    return job


def charged(step: dict[str, Any]) -> int:
    return min(step["cost"], step["held"])


async def give_back(conn: Connection, job: Job, images: int, microusd: int, at_ms: int) -> None:
    await ledger.adjust(conn, job.id, ledger.Adjustment(0, 0, -images, -microusd), at_ms)


async def deliver(conn: Connection, job: Job, step: dict[str, Any], at_ms: int) -> None:
    job = await render(conn, job, step, at_ms)
    await move(conn, job, at_ms, Event.DELIVER)
    if step["end"] == "partly":
        await give_back(conn, job, 1, charged(step) // step["count"], at_ms)


async def rendered(conn: Connection, job: Job, step: dict[str, Any], at_ms: int) -> None:
    await render(conn, job, step, at_ms)


async def strand(conn: Connection, job: Job, step: dict[str, Any], at_ms: int) -> None:
    job = await render(conn, job, step, at_ms)
    job = await move(conn, job, at_ms, Event.STRAND)
    await give_back(conn, job, step["count"], charged(step), at_ms)
    if step["end"] == "late":
        await move(conn, job, at_ms, Event.DELIVER)


async def lose(conn: Connection, job: Job, step: dict[str, Any], at_ms: int) -> None:
    job = await render(conn, job, step, at_ms)
    await move(conn, job, at_ms, Event.FAIL, reason=Reason.MEDIA)
    await give_back(conn, job, step["count"], charged(step), at_ms)


async def fail(conn: Connection, job: Job, step: dict[str, Any], at_ms: int) -> None:
    if step["end"] == "cancelled":
        await move(conn, job, at_ms, Event.CANCEL, reason=Reason.MEMBER)
        await ledger.release(conn, job.id, at_ms)
        return
    reason = Reason.CONTENT if step["end"] == "content" else Reason.TEMPORARY
    cost = step["cost"] + 1 if step["end"] == "billed" else 0
    await move(conn, job, at_ms, Event.FAIL, reason=reason, cost_microusd=cost)
    if cost:
        outcome = ledger.Settlement(cost, 0, 0, 0, is_computed=False)
        await ledger.settle(conn, job.id, outcome, at_ms)
    else:
        await ledger.release(conn, job.id, at_ms)


END = {
    "open": stay, "delivered": deliver, "partly": deliver, "rendered": rendered,
    "stranded": strand, "late": strand, "content": fail, "failed": fail, "billed": fail,
    "cancelled": fail, "lost": lose,
}  # fmt: skip


async def plain_sums(
    conn: Connection, server_id: int, first: str, last: str
) -> tuple[dict[tuple[str, int, str], Figures], Counter[str]]:
    """Add up ledger and jobs one row after the other, without any of the kept counts."""
    every = {job.id: job async for job in jobs.everything(conn, server_id)}
    day_of = {e.job_id: e.day async for e in ledger.entries(conn, server_id=server_id)}
    sums: defaultdict[tuple[str, int, str], Figures] = defaultdict(Figures)
    async for e in ledger.entries(conn, server_id=server_id):
        if e.kind in {"settle", "release", "adjust"} and first <= e.day <= last:
            assert e.job_id is not None
            key = (e.day, e.member_id, every[e.job_id].quality)
            more = Figures(jobs=int(e.kind != "adjust"))
            if e.kind != "release":
                more = Figures(
                    more.jobs, e.images, e.microusd, e.charge_images, e.charge_microusd,
                    e.gift_images, e.gift_microusd,
                )  # fmt: skip
            sums[key] = sums[key].plus(more)
    outcomes = Counter(
        "content" if job.reason is Reason.CONTENT else job.state.value
        for job in every.values()
        if job.state.is_ended and first <= day_of[job.id] <= last
    )
    return dict(sums), outcomes


def add(many) -> Figures:
    total = Figures()
    for one in many:
        total = total.plus(one)
    return total


async def assert_equal(database: Database, first: str, last: str) -> None:
    async with database.read() as conn:
        assert await ledger.check(conn) == []
        for server_id in SERVERS:
            sums, outcomes = await plain_sums(conn, server_id, first, last)
            found = await usage.report(conn, server_id, first_day=first, last_day=last, members=2)
            by_day = {(day, quality) for day, _, quality in sums}
            assert found.days == {
                key: add(f for (d, _, q), f in sums.items() if (d, q) == key) for key in by_day
            }
            assert list(found.days) == sorted(found.days)
            by_member = {
                who: add(f for (_, m, _), f in sums.items() if m == who) for _, who, _ in sums
            }
            ranked = sorted(by_member, key=lambda m: (
                -by_member[m].microusd, -by_member[m].images, -by_member[m].jobs, m
            ))  # fmt: skip
            assert list(found.members.items()) == [(m, by_member[m]) for m in ranked[:2]]
            assert found.members_in_all == len(by_member)
            assert found.outcomes == {name: count for name, count in outcomes.items() if count}
            open_jobs = [
                job
                async for job in jobs.everything(conn, server_id)
                if not job.state.is_ended and job.state is not State.RENDERED
            ]
            assert found.open.jobs == len(open_jobs)
            assert found.open.microusd == sum(job.held_microusd for job in open_jobs)
            pages = await usage.page(conn, server_id, first_day=first, last_day=last)
            assert {(r.day, r.member_id, r.quality): r.figures for r in pages} == sums


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, max_size=12), st.sampled_from([("2026-10-24", "2026-10-27"),
    ("2026-10-25", "2026-10-25"), ("2026-10-26", "2026-12-31")]))  # fmt: skip
def test_counts_equal_plain_sums_over_midnight_and_a_change_of_clocks(steps, days):
    folder = Path(tempfile.mkdtemp())

    async def run() -> None:
        database = await open_database(f"sqlite:///{folder}/bot.db")
        try:
            await migrate(database)
            for step in steps:
                async with database.write(step["server"]) as conn:
                    await live(conn, step)
            await assert_equal(database, *days)
        finally:
            await database.close()

    try:
        asyncio.run(run())
    finally:
        shutil.rmtree(folder)


async def test_counts_equal_plain_sums_on_both_engines(database: Database):
    chance = random.Random(3)
    for number in range(80):
        step = {
            "at_ms": chance.choice(MOMENTS), "server": chance.choice(SERVERS),
            "member": 2**62 + chance.randint(1, 4), "quality": chance.choice(list(Quality)),
            "count": chance.randint(1, 4), "held": chance.randint(0, 10**6),
            "end": list(END)[number % len(END)], "cost": chance.randint(0, 10**6),
            "later_ms": chance.randint(0, 7_200_000),
        }  # fmt: skip
        async with database.write(step["server"]) as conn:
            await live(conn, step)
    await assert_equal(database, "2026-10-24", "2026-10-26")
    await assert_equal(database, "2026-10-25", "2026-10-25")
    await assert_equal(database, "2027-01-01", "2027-12-31")


async def test_what_failed_with_its_transaction_is_not_counted(database: Database):
    step = {"at_ms": MOMENTS[0], "server": 1, "member": 1, "quality": Quality.LOW, "count": 1,
            "held": 5, "end": "delivered", "cost": 5, "later_ms": 1}  # fmt: skip

    async def fail_afterwards() -> None:
        async with database.write(1) as conn:
            await live(conn, step)
            raise KeyError

    with pytest.raises(KeyError):
        await fail_afterwards()
    await assert_equal(database, "2026-10-24", "2026-10-26")
    async with database.read() as conn:
        assert await usage.report(
            conn, 1, first_day="2026-01-01", last_day="2026-12-31"
        ) == usage.Report()  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE daily_usage SET microusd = microusd + 1", "usage of member 1 of server 1"),
        ("UPDATE daily_usage SET gift_images = 1", "usage of member 1 of server 1"),
        ("DELETE FROM daily_usage", "is 0, 0 / 0, 0 / 0, 0 / 0, its entries sum to 1, 2 / 5"),
        ("UPDATE daily_outcomes SET jobs = 2", "2 jobs of server 1 on 2026-10-24, delivered,"),
        ("DELETE FROM daily_outcomes", "0 jobs of server 1 on 2026-10-24, delivered,"),
    ],
)
async def test_check_finds_counts_that_are_wrong(database: Database, change: str, sentence: str):
    step = {"at_ms": MOMENTS[0], "server": 1, "member": 1, "quality": Quality.LOW, "count": 2,
            "held": 5, "end": "delivered", "cost": 5, "later_ms": 1}  # fmt: skip
    async with database.write(1) as conn:
        await live(conn, step)
    async with database.write(1) as conn:
        await conn.execute(change)
    async with database.read() as conn:
        [problem] = await ledger.check(conn)
    assert sentence in problem


async def test_refusals_are_counted_by_server_day_and_reason(database: Database):
    for server_id, day, reason in (
        (1, "2026-10-24", "limit"), (1, "2026-10-24", "limit"), (1, "2026-10-25", "limit"),
        (1, "2026-10-25", "words"), (2, "2026-10-24", "limit"), (1, "2026-10-26", "budget"),
    ):  # fmt: skip
        async with database.write(server_id) as conn:
            await usage.add_refusal(conn, server_id, day=day, reason=reason)
    async with database.read() as conn:
        found = await usage.report(conn, 1, first_day="2026-10-24", last_day="2026-10-25")
    assert found.refusals == {"limit": 3, "words": 1}


async def test_pages_follow_one_another_without_a_gap(database: Database):
    start = date(2026, 1, 1)
    async with database.write(1) as conn:
        for number in range(usage.PAGE_ROWS + 5):
            day = (start + timedelta(days=number // 300)).isoformat()
            await conn.execute(
                "INSERT INTO daily_usage VALUES ($1, $2, $3, 'low', 1, 1, 1, 1, 1, 0, 0)",
                1, day, number % 300,
            )  # fmt: skip
    async with database.read() as conn:
        first = await usage.page(conn, 1, first_day="2026-01-01", last_day="2026-12-31")
        second = await usage.page(
            conn, 1, first_day="2026-01-01", last_day="2026-12-31", after=first[-1]
        )
    keys = [(row.day, row.member_id) for row in (*first, *second)]
    assert len(first) == usage.PAGE_ROWS
    assert len(keys) == usage.PAGE_ROWS + 5
    assert keys == sorted(set(keys))


async def test_what_an_older_bot_left_is_counted_by_the_migration(database: Database):
    """The tables are filled from ledger and jobs, as if they had been kept from the start."""
    for number, end in enumerate(END):
        step = {
            "at_ms": MOMENTS[number], "server": 1, "member": number % 2, "quality": Quality.LOW,
            "count": 2, "held": 5, "end": end, "cost": 7, "later_ms": 1,
        }  # fmt: skip
        async with database.write(1) as conn:
            await live(conn, step)
    async with database.read() as conn:
        kept = await usage.report(conn, 1, first_day="2026-01-01", last_day="2026-12-31")
    async with database.write(1) as conn:
        await conn.execute("DELETE FROM daily_usage")
        await conn.execute("DELETE FROM daily_outcomes")
        for statement in backfill():
            await conn.execute(statement)
    async with database.read() as conn:
        assert await ledger.check(conn) == []
        filled = await usage.report(conn, 1, first_day="2026-01-01", last_day="2026-12-31")
    assert filled == kept


def backfill() -> list[str]:
    text = Path("bot/storage/migrations/0003_moderation.sql").read_text("utf-8")
    found = [part for part in text.split(";\n") if "INSERT INTO daily_" in part]
    assert len(found) == 2
    return found
