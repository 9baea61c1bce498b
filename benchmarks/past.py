"""A long past: a server's jobs and entries of some weeks, as the bot itself would have left them.

The rows go in by each engine's fastest way, which is not the bot's; everything that is kept beside
jobs and ledger is then summed up by the database, and `ledger.check` finds nothing wrong.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import click

from bot.core.jobs import Event, State, next_state
from bot.core.models.gpt_image_2 import GPT_IMAGE_2, Quality
from bot.core.models.options import Size
from bot.core.models.prices import Ask
from bot.storage import ledger
from bot.storage.database import migrated_database, opened_database
from bot.storage.ids import new_id
from bot.storage.seals import seal_of

SERVER = 2**60 + 1
MEMBERS = 2_000
CHANNELS = 20
DAYS = 30

_JOB = (
    "id", "state", "server_id", "channel_id", "member_id", "prompt", "width", "height", "quality",
    "count", "format", "private", "held_microusd", "created_at_ms", "file_limit_bytes", "role_ids",
    "message_id", "links", "cost_microusd", "cost_is_computed", "possible_loss_microusd",
    "pictures", "reason", "submitted_at_ms", "rendered_at_ms", "ended_at_ms", "made",
)  # fmt: skip
_ENTRY = (
    "id", "kind", "hold_id", "job_id", "server_id", "channel_id", "member_id", "images",
    "microusd", "charge_images", "charge_microusd", "source", "day", "bot_day", "at_ms",
    "seq", "seal",
)  # fmt: skip
_STEP = ("job_id", "seq", "from_state", "event", "to_state", "at_ms", "note")

_SUM_UP = (
    "DELETE FROM totals",
    """
    INSERT INTO totals
    SELECT server_id, 'member', member_id, day, SUM(own_images), SUM(own_microusd)
    FROM movements GROUP BY server_id, member_id, day
    UNION ALL SELECT server_id, 'channel', channel_id, day, SUM(images), SUM(microusd)
    FROM movements GROUP BY server_id, channel_id, day
    UNION ALL SELECT server_id, 'server', 0, day, SUM(images), SUM(microusd)
    FROM movements GROUP BY server_id, day
    UNION ALL SELECT 0, 'bot', 0, bot_day, SUM(images), SUM(microusd)
    FROM movements GROUP BY bot_day
    """,
    "DELETE FROM daily_usage",
    """
    INSERT INTO daily_usage
    SELECT server_id, day, member_id, quality, SUM(jobs), SUM(images), SUM(microusd),
        SUM(charge_images), SUM(charge_microusd), SUM(gift_images), SUM(gift_microusd)
    FROM spent GROUP BY server_id, day, member_id, quality
    """,
    "DELETE FROM daily_outcomes",
    """
    INSERT INTO daily_outcomes
    SELECT server_id, day, outcome, COUNT(*) FROM outcomes GROUP BY server_id, day, outcome
    """,
)

# Out of a hundred jobs: how they end, with the reason.
_ENDS = (
    *[("delivered", None)] * 84,
    *[("failed", "content")] * 6,
    *[("failed", "temporary")] * 4,
    *[("cancelled", "member")] * 4,
    *[("undelivered", "undeliverable")] * 2,
)
# How each end is reached, by the events after the creation.
_PATHS = {
    "delivered": ("submit", "accept", "render", "deliver"),
    "undelivered": ("submit", "accept", "render", "strand"),
    "failed": ("submit", "accept", "fail"),
    "cancelled": ("cancel",),
}
_QUALITIES = (*[Quality.LOW] * 3, *[Quality.MEDIUM] * 5, *[Quality.HIGH] * 2)
_SIZE = Size(1024, 1024)
_PROMPT = "a lighthouse at dusk, its lamp just lit, seen from the sea"
_HELD = {
    (q, n): GPT_IMAGE_2.price.hold_microusd(Ask(_SIZE, q, _PROMPT, n))
    for q in Quality
    for n in (1, 2, 3, 4)
}

Record = tuple[Any, ...]
Past = Iterator[tuple[Record, list[Record], list[Record]]]
"""Jobs with their entries and their steps."""


async def seed(
    database_url: str,
    entries: int = 1_000_000,
    *,
    server_id: int = SERVER,
    members: int = MEMBERS,
    first_day: date | None = None,
    days: int = DAYS,
) -> None:
    """Fill a database, migrated or new, with a past; may be called once for each server.

    Args:
        database_url: As in the settings.
        entries: Rows of the ledger, in one server; jobs are a little less than half of them.
        server_id: The server.
        members: How many ask; some of them far more than others.
        first_day: The first day, in UTC as in the server; by default the range ends today.
        days: How many days.
    """
    async with migrated_database(database_url):
        pass
    first = first_day or datetime.now(UTC).date() - timedelta(days=days - 1)
    past = _past(entries, server_id, members, first, days)
    if database_url.startswith("sqlite:///"):
        await asyncio.to_thread(_fill_sqlite, database_url.removeprefix("sqlite:///"), past)
    else:
        await _fill_postgres(database_url, past)


def _past(entries: int, server_id: int, members: int, first: date, days: int) -> Past:
    """Make jobs with their entries in the order of time, each time the same but for ids."""
    chance = random.Random(7)
    start_ms = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp() * 1000)
    span_ms = days * 86_400_000
    made = number = 0
    while made < entries:
        at_ms = start_ms + min(span_ms - 1, span_ms * made // entries)
        member = int(members * chance.random() ** 2)
        job, rows = _job(chance, at_ms, server_id, member, number)
        rows = rows[: entries - made]
        if len(rows) == 1:  # no room for its resolution: what is left is a gap, not a lie
            return
        yield job, [_sealed(row, made + n) for n, row in enumerate(rows, 1)], _steps(job)
        made += len(rows)
        number += 1


def _job(
    chance: random.Random, at_ms: int, server_id: int, member: int, number: int
) -> tuple[Record, list[Record]]:
    state, reason = chance.choice(_ENDS)
    quality, count = chance.choice(_QUALITIES), chance.choice((1, 1, 1, 2, 4))
    held = _HELD[quality, count]
    is_paid = state in {"delivered", "undelivered"}
    cost = held - chance.randrange(0, 900) if is_paid else 0
    job_id, hold_id, end_ms = new_id(at_ms), new_id(at_ms), at_ms + 20_000
    channel_id, member_id = 2**60 + 1000 + number % CHANNELS, 2**60 + 100_000 + member
    day = datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
    job = (
        job_id, state, server_id, channel_id, member_id, _PROMPT, 1024, 1024, quality.value, count,
        "png", 0, held, at_ms, 10_000_000, "", 2**60 + 10**6 + number, "[]", cost, 0, 0,
        count if state == "delivered" else 0, reason, at_ms, end_ms if is_paid else None, end_ms,
        count if is_paid else None,
    )  # fmt: skip
    place = (job_id, server_id, channel_id, member_id)
    days = (day, day)
    rows: list[Record] = [
        (hold_id, "hold", None, *place, count, held, count, held, "held", *days, at_ms)
    ]
    if is_paid:
        paid = (count, cost, count, cost, "billed", *days, end_ms)
        rows.append((new_id(end_ms), "settle", hold_id, *place, *paid))
    else:
        back = (count, held, count, held, "none", *days, end_ms)
        rows.append((new_id(end_ms), "release", hold_id, *place, *back))
    if state == "undelivered":
        back = (0, 0, -count, -cost, "none", *days, end_ms)
        rows.append((new_id(end_ms), "adjust", hold_id, *place, *back))
    return job, rows


def _sealed(row: Record, seq: int) -> Record:
    """Number and seal an entry, as the statement does that inserts one."""
    amounts, rest = row[:11], row[11:]
    first, *others = ("" if value is None else str(value) for value in (*amounts, 0, 0, *rest))
    return (*row, seq, seal_of("|".join((first, str(seq), *others))))


def _steps(job: Record) -> list[Record]:
    """The history of a job that ended."""
    job_id, end, at_ms = job[0], job[1], job[_JOB.index("created_at_ms")]
    state = State.HELD
    steps: list[Record] = [(job_id, 1, None, "create", state.value, at_ms, "")]
    for seq, event in enumerate(_PATHS[end], 2):
        after = next_state(state, Event(event))
        steps.append((job_id, seq, state.value, event, after.value, at_ms, ""))
        state = after
    return steps


def _fill_sqlite(path: str, past: Past) -> None:
    link = sqlite3.connect(Path(path), isolation_level=None)
    try:
        for pragma in ("synchronous=OFF", "cache_size=-400000", "foreign_keys=OFF"):
            link.execute(f"PRAGMA {pragma}")
        link.execute("BEGIN")
        for jobs, rows, steps in _pages(past):
            link.executemany(_insert("jobs", _JOB), jobs)
            link.executemany(_insert("ledger", _ENTRY), rows)
            link.executemany(_insert("job_history", _STEP), steps)
        for statement in _SUM_UP:
            link.execute(statement)
        link.execute("COMMIT")
        link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        link.close()


async def _fill_postgres(url: str, past: Past) -> None:
    link: Any = await asyncpg.connect(url)
    try:
        async with link.transaction():
            for jobs, rows, steps in _pages(past):
                await link.copy_records_to_table("jobs", records=jobs, columns=_JOB)
                await link.copy_records_to_table("ledger", records=rows, columns=_ENTRY)
                await link.copy_records_to_table("job_history", records=steps, columns=_STEP)
            for statement in _SUM_UP:
                await link.execute(statement)
        await link.execute("VACUUM ANALYZE")  # as autovacuum would have done long ago
    finally:
        await link.close()


def _pages(past: Past) -> Iterator[tuple[list[Record], list[Record], list[Record]]]:
    jobs: list[Record] = []
    rows: list[Record] = []
    steps: list[Record] = []
    for job, entries, history in past:
        jobs.append(job)
        rows += entries
        steps += history
        if len(jobs) == 20_000:
            yield jobs, rows, steps
            jobs, rows, steps = [], [], []
    yield jobs, rows, steps


def _insert(table: str, columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"


@click.command(help=__doc__)
@click.argument("database_url")
@click.option("--entries", default=1_000_000, show_default=True)
@click.option("--check/--no-check", "checks", default=False, help="Prove the ledger afterwards.")
def main(database_url: str, entries: int, *, checks: bool) -> None:
    started_s = time.monotonic()
    asyncio.run(seed(database_url, entries))
    click.echo(f"{entries:,} entries in {time.monotonic() - started_s:.0f} s")
    if checks:
        asyncio.run(_check(database_url))


async def _check(database_url: str) -> None:
    started_s = time.monotonic()
    async with opened_database(database_url) as database, database.read() as connection:
        problems = await ledger.check(connection)
    click.echo(f"{problems or 'proven'} in {time.monotonic() - started_s:.0f} s")


if __name__ == "__main__":
    main()
