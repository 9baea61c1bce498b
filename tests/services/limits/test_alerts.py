"""Budgets that fill up: each line is told once in a run of the window, whoever crosses it."""

import asyncio
import logging
from dataclasses import dataclass, field, replace

import pytest

from bot.core.errors import OverLimit
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.preferences import Preferences
from bot.services.limits.alerts import Alerts
from bot.services.limits.allowance import Asker
from bot.storage import notices, preferences
from bot.storage.connection import Connection, Row
from tests.fakes import rendering, ticket
from tests.services.conftest import CHANNEL, MEMBER, SERVER

DAY_MS = 24 * 3600 * 1000
ASKER = Asker(SERVER, CHANNEL, MEMBER, frozenset())
CHANNEL_CAP = Rule(Subject.CHANNEL, CHANNEL, Unit.IMAGES, Window.DAY, 10)
SERVER_CAP = Rule(Subject.SERVER, 0, Unit.IMAGES, Window.WEEK, 20)


async def set_log_channel(house, server_id: int = SERVER, channel_id: int | None = 77) -> None:
    async with house.database.write(server_id) as connection:
        known = await preferences.load(connection, server_id)
        await preferences.put(connection, server_id, replace(known, log_channel_id=channel_id))


async def alerts_of(house, server_id: int = SERVER) -> list[dict]:
    async with house.database.read() as connection:
        found = await notices.oldest(connection, server_id, 100)
    assert {one.kind for one in found} <= {"alert"}
    return [one.body for one in found]


async def lines_of(house, server_id: int = SERVER) -> list[tuple[str, str]]:
    return [(body["subject"], body["line"]) for body in await alerts_of(house, server_id)]


async def marks(house) -> list[tuple[int, str, str]]:
    async with house.database.read() as connection:
        rows = await connection.fetch("SELECT server_id, subject, line FROM alerts")
    return sorted((row["server_id"], row["subject"], row["line"]) for row in rows)


@pytest.fixture
async def house(open_house):
    opened = await open_house(runs=False, default_images_per_day=1000)
    await set_log_channel(opened)
    return opened


async def test_each_line_is_told_once_with_its_figures(house):
    await house.put(CHANNEL_CAP)
    for _ in range(4):
        await house.accept()
    assert await alerts_of(house) == []
    for _ in range(6):
        await house.accept()

    half, most, full = await alerts_of(house)
    assert [one["line"] for one in (half, most, full)] == ["50", "80", "100"]
    assert (half["subject"], half["subject_id"]) == ("channel", CHANNEL)
    assert (half["used"], half["amount"], half["percent"]) == (5, 10, 50)
    assert (full["used"], full["percent"], full["is_host"]) == (10, 100, False)
    assert half["resets_at_ms"] > house.clock.now_ms()


async def test_ten_jobs_that_cross_together_tell_each_line_of_each_cap_once(house):
    await house.put(CHANNEL_CAP)
    await house.put(replace(SERVER_CAP, amount=10))
    await asyncio.gather(*(house.accept(member_id=number) for number in range(1, 11)))

    assert sorted(await lines_of(house)) == sorted(
        (subject, line) for subject in ("channel", "server") for line in ("50", "80", "100")
    )
    assert len(await marks(house)) == 6
    await house.check()


async def test_a_hold_over_several_lines_is_one_message_and_marks_the_lower_ones_too(house):
    await house.put(replace(CHANNEL_CAP, amount=4))
    await house.accept(count=4)

    assert await lines_of(house) == [("channel", "100")]
    assert [line for _, _, line in await marks(house)] == ["100", "50", "80"]


async def test_the_next_run_of_the_window_and_another_amount_are_told_again(house):
    await house.put(replace(CHANNEL_CAP, amount=2))
    await house.accept()
    house.clock.now += DAY_MS
    await house.accept()
    await house.put(replace(CHANNEL_CAP, amount=4))
    await house.accept()

    assert [(b["line"], b["amount"], b["used"]) for b in await alerts_of(house)] == [
        ("50", 2, 1),
        ("50", 2, 1),
        ("50", 4, 2),
    ]


async def test_a_hold_that_is_rolled_back_leaves_no_mark_and_no_message(house):
    await house.put(replace(CHANNEL_CAP, amount=4))
    job, alerts = await house.accept(), Alerts()
    allowance = await house.quota.of(ASKER)

    async def note(*, fails: bool) -> None:
        async with house.database.write(SERVER) as connection:
            await alerts.note_crossed(connection, allowance, job, house.clock.now_ms())
            if fails:
                raise RuntimeError("the hold fails")

    with pytest.raises(RuntimeError):
        await note(fails=True)
    assert await marks(house) == []
    await note(fails=False)
    assert await lines_of(house) == [("channel", "50")]


async def test_a_settle_above_its_hold_is_seen_by_the_next_hold(house):
    first = await house.accept()
    held = first.held_microusd
    await house.put(Rule(Subject.SERVER, 0, Unit.USD, Window.MONTH, held * 10))
    submitting = await house.books.submit(first)
    queued = await house.books.accept(submitting, ticket(1))
    await house.books.render(queued, rendering(1, billed_microusd=held * 6))
    assert await alerts_of(house) == []

    await house.accept()
    [body] = await alerts_of(house)
    assert (body["line"], body["used"]) == ("50", held * 7)


async def test_the_first_refusal_of_a_spent_cap_is_told_once_with_what_was_asked(house):
    await house.put(replace(CHANNEL_CAP, amount=5))
    await house.accept(count=4)
    for _ in range(3):
        with pytest.raises(OverLimit):
            await house.accept(count=2)

    told = await alerts_of(house)
    assert [body["line"] for body in told] == ["80", "stopped"]
    assert (told[1]["used"], told[1]["amount"], told[1]["asked"]) == (4, 5, 2)


async def test_a_large_request_that_does_not_fit_early_does_not_use_up_the_message_of_the_end(
    house,
):
    await house.put(replace(CHANNEL_CAP, amount=5))
    await house.accept(count=2)
    with pytest.raises(OverLimit):
        await house.accept(count=4)
    await house.accept(count=2)
    with pytest.raises(OverLimit):
        await house.accept(count=4)

    assert [line for _, line in await lines_of(house)] == ["refused", "80", "stopped"]


async def test_a_members_own_limit_and_a_cap_of_nothing_alert_nobody(house):
    await house.put(Rule(Subject.MEMBER, MEMBER, Unit.IMAGES, Window.DAY, 1))
    await house.accept()
    await house.put(Rule(Subject.CHANNEL, 21, Unit.IMAGES, Window.DAY, 0))
    for changes in ({}, {"channel_id": 21, "member_id": 31}):
        with pytest.raises(OverLimit):
            await house.accept(**changes)

    assert await alerts_of(house) == []
    assert await marks(house) == []


async def test_a_database_that_is_away_loses_the_notice_and_not_the_refusal(house):
    await house.put(replace(CHANNEL_CAP, amount=1))
    await house.accept()
    with pytest.raises(OverLimit) as caught:
        await house.accept()
    await house.put(replace(CHANNEL_CAP, amount=1), server_id=11)
    await set_log_channel(house, 11)
    alerts, now_ms = Alerts(), house.clock.now_ms()

    house.database.writes_failing = 1
    await alerts.note_refused(house.database, 11, caught.value, now_ms)
    assert await lines_of(house, 11) == []
    await alerts.note_refused(house.database, 11, caught.value, now_ms)
    assert await lines_of(house, 11) == [("channel", "stopped")]


async def test_a_refusal_that_is_noted_after_midnight_belongs_to_the_day_before(house):
    await house.put(replace(CHANNEL_CAP, amount=1))
    await house.accept()
    with pytest.raises(OverLimit) as caught:
        await house.accept()
    house.clock.now = caught.value.standing.resets_at_ms
    await Alerts().note_refused(house.database, SERVER, caught.value, house.clock.now_ms())
    assert (await lines_of(house)).count(("channel", "stopped")) == 1

    await house.accept()
    with pytest.raises(OverLimit):
        await house.accept()
    assert (await lines_of(house)).count(("channel", "stopped")) == 2


@dataclass
class Counting:
    """Counts the statements of a real connection."""

    real: Connection
    statements: list[str] = field(default_factory=list)

    async def execute(self, sql: str, *args) -> int:
        self.statements.append(sql)
        return await self.real.execute(sql, *args)

    async def fetch(self, sql: str, *args) -> list[Row]:
        self.statements.append(sql)
        return await self.real.fetch(sql, *args)

    async def fetch_one(self, sql: str, *args) -> Row | None:
        self.statements.append(sql)
        return await self.real.fetch_one(sql, *args)

    def spoil(self) -> None:
        self.real.spoil()


async def test_nothing_crossed_and_lines_known_cost_no_statement(house):
    await house.put(CHANNEL_CAP)
    alerts, counts = Alerts(), []
    for _ in range(8):
        allowance = await house.quota.of(ASKER)
        job = await house.accept()
        async with house.database.write(SERVER) as connection:
            counting = Counting(connection)
            await alerts.note_crossed(counting, allowance, job, house.clock.now_ms())
        counts.append(len(counting.statements))

    # The hold itself has noted the line before: here it is met, remembered, and met no more.
    assert counts == [0, 0, 0, 0, 1, 0, 0, 1]


async def test_the_whole_bots_cap_is_told_once_over_all_servers_as_a_share_only(open_house, caplog):
    house = await open_house(runs=False, default_images_per_day=1000)
    held = (await house.accept()).held_microusd
    house = await open_house(
        runs=False, default_images_per_day=1000, bot_usd_per_day_microusd=held * 10
    )
    servers = range(SERVER, SERVER + 4)
    for server_id in servers:
        await set_log_channel(house, server_id)
    with caplog.at_level(logging.WARNING, "bot.services.limits.alerts"):
        await asyncio.gather(*(house.accept(server_id=s) for s in servers for _ in range(2)))

    told = [body for server_id in servers for body in await alerts_of(house, server_id)]
    assert sorted(body["line"] for body in told) == ["50", "80"]
    assert {(body["amount"], body["used"], body["asked"]) for body in told} == {(None, None, None)}
    assert await marks(house) == [(0, "bot", "50"), (0, "bot", "80")]
    noted = [record for record in caplog.records if "budget" in record.message]
    assert sorted(record.line for record in noted) == ["50", "80"]
    assert noted[0].amount_microusd == held * 10


async def test_the_whole_bots_day_is_the_same_in_every_zone_and_process(open_house):
    limits = {"runs": False, "default_images_per_day": 1000, "bot_usd_per_day_microusd": 100_000}
    house, other_process = await open_house(**limits), await open_house(**limits)
    await set_log_channel(house, SERVER + 1)
    async with house.database.write(SERVER) as connection:
        # There it is tomorrow already.
        east = Preferences(zone="Pacific/Kiritimati", log_channel_id=77)
        await preferences.put(connection, SERVER, east)

    await house.accept()
    with pytest.raises(OverLimit):
        await house.accept()
    with pytest.raises(OverLimit):
        await other_process.accept(server_id=SERVER + 1)
    told = await lines_of(house)
    assert told[-1][1] in {"refused", "stopped"}
    assert await lines_of(house, SERVER + 1) == []


async def test_a_server_without_a_log_channel_marks_and_tells_nobody(house):
    async with house.database.write(SERVER) as connection:
        await preferences.put(connection, SERVER, Preferences())
    await house.put(replace(CHANNEL_CAP, amount=1))
    await house.accept()

    assert await alerts_of(house) == []
    assert len(await marks(house)) == 3
