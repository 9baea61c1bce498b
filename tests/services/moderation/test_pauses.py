"""When halts, log channels, errands and the shelf are looked at: exact, from both sides."""

import asyncio

import pytest

from bot.core.errors import RouteBusy, Trouble
from bot.services.moderation.log_channel import LogChannel
from bot.services.moderation.outbox import News, Outbox
from bot.storage import errands, notices
from bot.storage.errands import Errand, Kind
from tests.fakes import RecordingLogPoster, RecordingTakedowns
from tests.services.conftest import SERVER
from tests.services.limits.test_alerts import set_log_channel
from tests.services.quiet import quiet_house
from tests.services.test_pauses import DAY_S
from tests.virtual_time import now_s, virtual

# Halts


async def line_notices(house):
    async with house.database.real.read() as connection:
        found = await notices.oldest(connection, SERVER, 50)
    start_ms = house.clock.now
    return [((one.at_ms - start_ms) / 1000, one.body["halt"]) for one in found]


@virtual
async def test_a_busy_fal_is_told_of_after_five_minutes_and_its_end_at_once(tmp_path):
    async with quiet_house(tmp_path, runs=False) as house:
        await set_log_channel(house, SERVER, 77)
        house.keep("halts", house.generation.halts.run)
        await asyncio.sleep(0)
        brakes = house.generation.brakes
        brakes.not_sent("a", None)
        await asyncio.sleep(299)
        brakes.accepted()
        await asyncio.sleep(1000)
        assert await line_notices(house) == []
        brakes.not_sent("a", None)
        for _ in range(40):
            await asyncio.sleep(10)
            brakes.sent("b")
            brakes.not_sent("b", None)
        brakes.accepted()
        await asyncio.sleep(1)
        assert await line_notices(house) == [(1599, "busy"), (1699, None)]


@virtual
async def test_a_hard_halt_is_told_of_at_once_and_once(tmp_path):
    async with quiet_house(tmp_path, runs=False) as house:
        await set_log_channel(house, SERVER, 77)
        house.keep("halts", house.generation.halts.run)
        await asyncio.sleep(0)
        brakes = house.generation.brakes
        brakes.not_sent("a", None)
        await asyncio.sleep(100)
        brakes.refused("a", Trouble.ACCOUNT)
        for _ in range(40):
            await asyncio.sleep(100)
            brakes.sent("b")
            brakes.refused("b", Trouble.ACCOUNT)
        brakes.accepted()
        await asyncio.sleep(1)
        assert await line_notices(house) == [(100, "account"), (4100, None)]


@pytest.mark.parametrize("fails", ["reads_failing", "writes_failing"])
@virtual
async def test_a_halt_is_told_of_once_the_database_is_back(tmp_path, fails):
    async with quiet_house(tmp_path, runs=False) as house:
        await set_log_channel(house, SERVER, 77)
        await set_log_channel(house, SERVER + 1, 78)
        house.keep("halts", house.generation.halts.run)
        await asyncio.sleep(0)
        setattr(house.database, fails, 3)
        house.generation.brakes.refused("a", Trouble.KEY)
        await asyncio.sleep(100)
        assert [halt for _, halt in await line_notices(house)] == ["key"]


# The log channel and errands


@virtual
async def test_a_closed_log_channel_is_tried_in_doubling_pauses_up_to_an_hour(tmp_path):
    async with quiet_house(tmp_path, runs=False) as house:
        await set_log_channel(house, SERVER, 77)
        poster, tries = RecordingLogPoster(), []
        poster.errors[SERVER] = [RouteBusy("403")] * 12

        class Timed:
            async def post(self, server_id, channel_id, notices, nonce):
                tries.append(now_s())
                await poster.post(server_id, channel_id, notices, nonce)

        async with house.database.write(SERVER) as connection:
            await notices.add(connection, SERVER, "alert", {}, house.clock.now_ms())
        house.keep("log", LogChannel(house.database, house.clock, Timed()).run)
        await asyncio.sleep(12_400)
        # 5, 10, 20 … 2560 and 3600 s, each rounded up to the next look, two seconds apart.
        assert tries == [
            0, 6, 16, 36, 76, 156, 316, 636, 1276, 2556, 5116, 8716, 12316
        ]  # fmt: skip
        assert len(poster.posted) == 1


@virtual
async def test_a_log_channel_that_hangs_is_left_after_thirty_seconds(tmp_path):
    async with quiet_house(tmp_path, runs=False) as house:
        await set_log_channel(house, SERVER, 77)
        tries = []

        class Hanging:
            async def post(self, server_id, channel_id, notices, nonce):
                tries.append(now_s())
                await asyncio.sleep(DAY_S)

        async with house.database.write(SERVER) as connection:
            await notices.add(connection, SERVER, "alert", {}, house.clock.now_ms())
        house.keep("log", LogChannel(house.database, house.clock, Hanging()).run)
        await asyncio.sleep(130)
        assert tries == [0, 36, 76, 126]


@virtual
async def test_an_errand_is_tried_in_doubling_pauses_up_to_an_hour(tmp_path):
    async with quiet_house(tmp_path, runs=False) as house:
        job = await house.accept()
        async with house.database.write(SERVER) as connection:
            errand = Errand("e1", SERVER, Kind.CLEAR, job.id, "", house.clock.now_ms())
            await errands.add(connection, errand)
        tries = []

        class Timed(RecordingTakedowns):
            async def clear(self, job, reason):
                tries.append(now_s())
                raise RouteBusy("503")

        house.keep("errands", Outbox(house.database, house.clock, Timed()).run)
        await asyncio.sleep(12_000)
        assert tries == [0, 30, 90, 210, 450, 930, 1890, 3810, 7410, 11010]


@virtual
async def test_an_errand_that_hangs_is_left_after_eight_seconds(tmp_path):
    async with quiet_house(tmp_path, runs=False) as house:
        job = await house.accept()
        async with house.database.write(SERVER) as connection:
            errand = Errand("e1", SERVER, Kind.CLEAR, job.id, "", house.clock.now_ms())
            await errands.add(connection, errand)

        class Hanging(RecordingTakedowns):
            async def clear(self, job, reason):
                await asyncio.sleep(DAY_S)

        assert await Outbox(house.database, house.clock, Hanging()).do("e1") is News.LATER
        assert now_s() == 8


# The shelf


@virtual
async def test_the_shelf_is_looked_through_once_an_hour(tmp_path):
    async with quiet_house(tmp_path, runs=False) as house:
        looks = []
        keeping = house.generation.shelf_keeping
        real = keeping._shelf.clear

        async def clear(before_s):
            looks.append(now_s())
            return await real(before_s)

        keeping._shelf.clear = clear
        house.keep("shelf", keeping.run)
        await asyncio.sleep(3 * 3600 + 1)
        assert looks == [0, 3600, 7200, 10800]
