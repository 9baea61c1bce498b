"""Reports over real jobs: days of the server's zone, refusals by reason, tables as files."""

import asyncio
import csv
import io
import zipfile
from dataclasses import replace
from datetime import date

import pytest

from bot.core.codes import JobCode, MemberCode, OptionCode
from bot.core.errors import BadRequest, Blocked, ForbiddenPrompt, NotAllowed, OverLimit, Refused
from bot.core.jobs import State
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.preferences import Places
from bot.core.typed.ranges import Days
from bot.services.limits.alerts import Alerts
from bot.services.limits.refusals import Refusals, reason_of
from bot.services.reporting.usage import CSV_COLUMNS, _cells
from bot.storage import preferences, usage
from bot.storage.usage import DailyUsage, Figures
from tests.fakes import rendering
from tests.said import saying
from tests.services.conftest import CHANNEL, MEMBER, SERVER

HOUR_MS = 3600 * 1000
# 28 May 2026, 20:26 UTC: already the next day in Tokyo.
START_MS = 1_780_000_000_000


async def set_preferences(house, **changes) -> None:
    async with house.database.write(SERVER) as connection:
        known = await preferences.load(connection, SERVER)
        await preferences.put(connection, SERVER, replace(known, **changes))


async def deliver(house, *, billed: int = 50_000, **request) -> None:
    house.queue.gate.set()
    house.queue.results.append(rendering(request.get("count", 1), billed))
    job = await house.start(**request)
    async with asyncio.timeout(10):
        while (await house.get(job)).state is not State.DELIVERED:  # noqa: ASYNC110 - a row rings no bell
            await asyncio.sleep(0.005)


async def refuse(house, **request) -> Refused:
    with pytest.raises(Refused) as refused:
        await house.accept(**request)
    return refused.value


async def test_a_report_sums_days_members_and_endings_of_one_server(open_house):
    house = await open_house()
    reports = house.services.usage
    await deliver(house, count=2)
    await deliver(house, member_id=31, billed=70_000)
    await deliver(house, server_id=SERVER + 1)
    await house.books.cancel(await house.accept(), MEMBER)
    open_job = await house.accept()

    found = await reports.report(SERVER, "today")

    assert found.days == Days(date(2026, 5, 28), date(2026, 5, 28))
    assert found.zone == "UTC"
    assert found.total == Figures(3, 3, 120_000, 3, 120_000, 0, 0)
    assert list(found.found.members) == [31, MEMBER]
    assert found.others == Figures()
    assert found.by_quality()["medium"] == found.total
    assert found.by_quality()["high"] == Figures()
    assert found.found.outcomes == {"delivered": 2, "cancelled": 1}
    assert found.found.open.jobs == 1
    assert found.found.open.microusd == open_job.held_microusd
    assert found.largest_days(3) == [(date(2026, 5, 28), found.total)]
    await house.check()


async def test_a_job_counts_on_the_local_day_of_its_hold_whenever_it_ends(open_house):
    house = await open_house(runs=False)
    reports = house.services.usage
    await set_preferences(house, zone="Asia/Tokyo")
    job = await house.accept()
    house.clock.now += 24 * HOUR_MS
    await house.books.cancel(job, MEMBER)

    today = await reports.report(SERVER, "today")
    yesterday = await reports.report(SERVER, "yesterday")

    assert today.days.first == date(2026, 5, 30)
    assert today.total.jobs == 0
    assert yesterday.found.outcomes == {"cancelled": 1}
    assert list(yesterday.by_day()) == [date(2026, 5, 29)]


async def test_refusals_are_counted_by_reason(open_house):
    house = await open_house(runs=False, default_images_per_day=3)
    reports = house.services.usage
    await house.put(Rule(Subject.CHANNEL, CHANNEL + 1, Unit.IMAGES, Window.DAY, 0))
    await refuse(house, count=4)
    await refuse(house, channel_id=CHANNEL + 1)
    await set_preferences(house, places=Places.EXCEPT, channel_ids=frozenset({CHANNEL + 2}))
    await refuse(house, channel_id=CHANNEL + 2)
    await set_preferences(house, pause_sentence="Back soon.")
    await refuse(house)
    await refuse(house)
    await refuse(house, server_id=SERVER + 1, count=4)

    found = await reports.report(SERVER, "today")

    assert found.found.refusals == {"limit": 1, "budget": 1, "not_offered": 1, "paused": 2}
    assert found.refused == 5
    assert found.total == Figures()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Blocked(MemberCode.BLOCKED), "blocked"),
        (ForbiddenPrompt("word", "entry"), "words"),
        (NotAllowed(JobCode.NOT_YOURS), "other"),
        (BadRequest(OptionCode.COUNT), "other"),
    ],
)
def test_each_kind_of_refusal_has_a_word(error, reason):
    assert reason_of(error) == reason


async def test_a_member_is_told_why_even_if_nobody_can_note_it(open_house):
    house = await open_house(runs=False, default_images_per_day=1)
    request = house.request(count=2)
    error = await refuse(house, count=2)
    assert isinstance(error, OverLimit)
    house.database.writes_failing = 1
    await Refusals(house.database, Alerts()).note(request, error, START_MS)
    found = await house.services.usage.report(SERVER, "today")
    assert found.refused == 1


async def test_the_table_has_every_day_member_and_quality(open_house):
    house = await open_house()
    reports = house.services.usage
    await deliver(house, count=2, billed=123_456)
    await deliver(house, member_id=31)
    await deliver(house, server_id=SERVER + 1)

    sheet = await reports.sheet(SERVER, (await reports.report(SERVER, "today")).days, 10_000)

    assert sheet.name == f"usage-{SERVER}-2026-05-28-2026-05-28.csv"
    rows = list(csv.reader(io.StringIO(sheet.data.decode())))
    assert rows == [
        list(CSV_COLUMNS),
        ["2026-05-28", "30", "medium", "1", "2", "0.123456", "123456", "0.123456", "123456"],
        ["2026-05-28", "31", "medium", "1", "1", "0.050000", "50000", "0.050000", "50000"],
    ]


async def fill(house, rows: int) -> Days:
    first = date(2026, 1, 1)
    async with house.database.write(SERVER) as connection:
        for number in range(rows):
            await connection.execute(
                "INSERT INTO daily_usage VALUES ($1, '2026-01-01', $2, 'low', 1, 1, 7, 1, 7, 0, 0)",
                SERVER,
                10**17 + number,
            )
    return Days(first, first)


async def test_a_table_that_is_too_large_is_zipped_and_whole(open_house):
    house = await open_house(runs=False)
    reports = house.services.usage
    rows = 2 * usage.PAGE_ROWS + 3
    days = await fill(house, rows)
    plain = await reports.sheet(SERVER, days, 10**7)

    packed = await reports.sheet(SERVER, days, len(plain.data) - 1)

    assert packed.name == f"usage-{SERVER}-2026-01-01-2026-01-01.zip"
    assert len(packed.data) < len(plain.data) / 4
    with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
        [name] = archive.namelist()
        assert name == plain.name
        assert archive.read(name) == plain.data
    assert plain.data.count(b"\n") == rows + 1
    with pytest.raises(BadRequest, check=saying("Choose fewer days")):
        await reports.sheet(SERVER, days, 500)


async def test_a_table_without_rows_has_its_heading(open_house):
    house = await open_house(runs=False)
    days = Days(date(2026, 1, 1), date(2026, 1, 1))
    sheet = await house.services.usage.sheet(SERVER, days, 10_000)
    assert sheet.data.decode() == ",".join(CSV_COLUMNS) + "\n"


def test_only_our_own_words_and_numbers_stand_in_the_table():
    """No cell can begin like a formula of a spreadsheet."""
    row = DailyUsage("2026-01-01", 1, "low", Figures(1, 1, 1, 1, 1))
    assert all(str(cell)[0] not in "=+-@\t\r" for cell in _cells(row))
