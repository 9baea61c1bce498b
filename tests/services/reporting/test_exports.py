"""Exports of one server: every row of a range once, in bounded files, and nobody waits for them."""

import asyncio
import csv
import gzip
import io
import json
import tracemalloc
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import pytest

from bot.core.errors import BadRequest, Refused
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.preferences import Preferences
from bot.core.typed.ranges import Days
from bot.services.reporting.export_tables import What, table_of
from bot.services.reporting.exports import EVERYTHING, PAGE_ROWS, PARTS_MAX, Exports
from bot.storage import jobs, preferences
from bot.texts.audit import words_of
from tests.fakes import rendering, ticket
from tests.said import saying
from tests.services.conftest import MEMBER, SERVER
from tests.storage.samples import make_job as sample_job

MEGABYTES = 10**7
DAY_MS = 24 * 3600 * 1000


def table(parts: list[Path]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for part in parts:
        data = part.read_bytes()
        text = (gzip.decompress(data) if part.suffix == ".gz" else data).decode()
        found += csv.DictReader(io.StringIO(text, newline=""))
    return found


async def rows(service: Exports, what: What, bytes_max: int = MEGABYTES, server_id=SERVER, **asked):
    asked = asked or {"period": EVERYTHING}
    async with service.made(
        await service.scope(server_id, what, **asked), bytes_max, words_of
    ) as export:
        found = table(export.parts)
        assert export.rows == len(found)
    return found


async def seed(house, count: int, prompt: str = "", step_ms: int = 1000) -> None:
    """Many jobs in few statements, the last one now."""
    async with house.database.write(SERVER) as connection:
        for number in range(count):
            at_ms = house.clock.now - (count - 1 - number) * step_ms
            text = prompt or Random(number).randbytes(40).hex()
            job = sample_job(server_id=SERVER, created_at_ms=at_ms, prompt=text)
            await jobs.insert(connection, job, at_ms)


async def test_jobs_ledger_and_audit_are_there_whole(open_house, tmp_path):
    house = await open_house(runs=False)
    service = house.services.exports
    job = await house.accept(prompt='=HYPERLINK("http://x")\n"two"', count=2)
    job = await house.books.accept(await house.books.submit(job), ticket(1))
    house.clock.now += 1
    await house.books.render(job, rendering(2, 90_001))
    rule = Rule(Subject.EVERYONE, 0, Unit.IMAGES, Window.DAY, 5)
    moderation = house.services.moderation
    await moderation.set_limit(SERVER, rule, actor_id=7, reason="-too many")

    [found] = await rows(service, What.JOBS)
    assert found["prompt"] == '\'=HYPERLINK("http://x")\n"two"'
    assert (found["id"], found["state"], found["count"]) == (job.id, "rendered", "2")
    assert (found["cost_microusd"], found["cost_usd"]) == ("90001", "0.090001")
    assert found["fal_request_id"] == "request-1"
    assert found["created_at"] == "2026-05-28T20:26:40.000Z"
    assert (found["message_id"], found["ended_at"], found["removed_by"]) == ("", "", "")
    hold, settle = await rows(service, What.LEDGER)
    assert (hold["kind"], hold["day"], hold["member_id"]) == ("hold", "2026-05-28", str(MEMBER))
    assert (settle["kind"], settle["charge_usd"], settle["source"]) == (
        "settle", "0.090001", "billed"
    )  # fmt: skip
    [change] = await rows(service, What.AUDIT)
    assert (change["kind"], change["actor_id"], change["after"]) == ("limit.set", "7", "5 pictures")
    assert (change["before"], change["reason"]) == ("", "'-too many")
    assert json.loads(change["facts"]) == {
        "subject": {
            "fact": "limit", "subject": "everyone", "subject_id": "0", "unit": "images",
            "window": "day",
        },
        "before": None,
        "after": {"fact": "amount", "unit": "images", "amount": 5, "until_ms": None},
    }  # fmt: skip
    assert not any((tmp_path / "data" / "exports").iterdir())


async def test_nothing_secret_and_nothing_of_another_server_is_exported(open_house):
    house = await open_house(runs=False)
    service = house.services.exports
    await seed(house, 3)
    await house.accept(server_id=SERVER + 1, prompt="elsewhere")

    for what in What:
        columns = list(table_of(what, words_of).columns)
        assert not [name for name in columns if "token" in name or "url" in name]
        text = str(await rows(service, what))
        assert "elsewhere" not in text
        assert "secret-token" not in text
    [own] = await rows(service, What.JOBS, server_id=SERVER + 1)
    assert own["prompt"] == "elsewhere"
    assert await rows(service, What.AUDIT, server_id=SERVER + 1) == []


async def test_a_range_is_the_days_of_the_server_s_zone(open_house):
    house = await open_house(runs=False)
    service = house.services.exports
    async with house.database.write(SERVER) as connection:
        await preferences.put(connection, SERVER, Preferences(zone="Asia/Tokyo"))
        # 15:00 in UTC is midnight in Tokyo.
        for minute, name in ((-1, "the 28th"), (0, "the 29th")):
            at_ms = 1_779_980_400_000 + minute * 60_000
            job = sample_job(server_id=SERVER, created_at_ms=at_ms, prompt=name)
            await jobs.insert(connection, job, at_ms)

    async def prompts(**asked) -> list[str]:
        return [row["prompt"] for row in await rows(service, What.JOBS, **asked)]

    assert await prompts(period="today") == ["the 29th"]
    assert await prompts(period="yesterday") == ["the 28th"]
    assert await prompts(period="2026-05-01..2026-05-28") == ["the 28th"]
    assert await prompts(first="2026-05-28") == ["the 28th", "the 29th"]
    assert await prompts(first="2026-05-28", last="2026-05-28") == ["the 28th"]
    assert await prompts(period="All") == ["the 28th", "the 29th"]
    scope = await service.scope(SERVER, What.JOBS)
    assert scope.days == Days(date(2026, 5, 1), date(2026, 5, 29))
    for wrong in ({"period": "soon"}, {"period": "all", "first": "2026-05-01"}, {"last": "today"}):
        with pytest.raises(BadRequest):
            await service.scope(SERVER, What.JOBS, **wrong)


async def test_files_keep_to_the_limit_and_a_cut_says_where_to_go_on(open_house):
    house = await open_house(runs=False)
    service = house.services.exports
    await seed(house, 600, step_ms=DAY_MS // 40)
    scope = await service.scope(SERVER, What.JOBS, period=EVERYTHING)

    async def made(bytes_max: int):
        async with service.made(scope, bytes_max, words_of) as export:
            assert all(part.stat().st_size <= bytes_max for part in export.parts)
            return export, table(export.parts)

    whole, everything = await made(MEGABYTES)
    assert [part.name for part in whole.parts] == ["jobs-all.csv"]
    packed, found = await made(80_000)
    assert [part.name for part in packed.parts] == ["jobs-all.csv.gz"]
    assert found == everything
    parts, found = await made(12_000)
    assert 1 < len(parts.parts) < PARTS_MAX
    assert found == everything

    cut, found = await made(4_000)
    assert cut.is_cut
    assert len(cut.parts) == PARTS_MAX
    assert found == everything[: cut.rows]
    assert cut.next_day is not None
    assert everything[cut.rows]["created_at"].startswith(cut.next_day.isoformat())
    rest = await rows(service, What.JOBS, first=cut.next_day.isoformat())
    missing = everything[cut.rows :]
    assert rest[-len(missing) :] == missing
    async with service.made(
        replace(scope, days=Days(cut.next_day, cut.next_day)), 300, words_of
    ) as day:
        assert (day.is_cut, day.next_day) == (True, None)


async def test_one_export_of_a_server_at_a_time_and_the_next_after_it(open_house):
    house = await open_house(runs=False)
    service = house.services.exports
    await seed(house, 3)
    scope = await service.scope(SERVER, What.JOBS)
    async with service.made(scope, MEGABYTES, words_of) as export:
        with pytest.raises(Refused, check=saying("is being made already")):
            async with service.made(scope, MEGABYTES, words_of):
                pass
        async with service.made(replace(scope, server_id=SERVER + 1), MEGABYTES, words_of) as other:
            assert other.rows == 0
            assert other.parts == []
        assert export.parts[0].exists()
    with pytest.raises(OSError, match="the sender's own"):
        async with service.made(scope, MEGABYTES, words_of):
            raise OSError("the sender's own")
    assert len(await rows(service, What.JOBS)) == 3


async def test_a_disk_that_takes_nothing_is_a_sentence(open_house, tmp_path):
    house = await open_house(runs=False)
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "exports").write_text("not a folder")
    with pytest.raises(Refused, check=saying("The host's disk does not take it")):
        await rows(house.services.exports, What.JOBS)


async def test_others_go_on_while_a_long_export_is_made(open_house):
    house = await open_house(runs=False)
    service = house.services.exports
    await seed(house, 20 * PAGE_ROWS, prompt="x" * 200)
    loop = asyncio.get_running_loop()
    turns, slowest, is_done = 0, 0.0, False

    async def beside() -> None:
        nonlocal turns, slowest
        while not is_done:
            began = loop.time()
            await asyncio.sleep(0)
            turns, slowest = turns + 1, max(slowest, loop.time() - began)

    scope = await service.scope(SERVER, What.JOBS, period=EVERYTHING)
    running = asyncio.create_task(beside())
    began = loop.time()
    async with service.made(scope, MEGABYTES, words_of) as export:
        took = loop.time() - began
    is_done = True
    await running
    assert export.rows == 20 * PAGE_ROWS
    assert slowest < took / 3
    assert turns > 100


async def test_few_rows_are_in_memory_at_once(open_house):
    house = await open_house(runs=False)
    service = house.services.exports
    await seed(house, 20 * PAGE_ROWS, prompt="x" * 4000)
    scope = await service.scope(SERVER, What.JOBS, period=EVERYTHING)
    tracemalloc.start()
    try:
        async with service.made(scope, MEGABYTES, words_of):
            _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 20 * PAGE_ROWS * 4000 / 2


async def test_an_export_that_is_cancelled_leaves_nothing_behind(open_house, tmp_path):
    house = await open_house(runs=False)
    service = house.services.exports
    await seed(house, 2000)
    doing = asyncio.create_task(rows(service, What.JOBS))
    async with asyncio.timeout(10):
        while not list((tmp_path / "data" / "exports").glob("*/*")):  # noqa: ASYNC110 - no bell rings
            await asyncio.sleep(0)
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing

    assert not any((tmp_path / "data" / "exports").iterdir())
    assert len(await rows(service, What.JOBS)) == 2000
