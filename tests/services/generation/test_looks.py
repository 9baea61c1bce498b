"""When late pictures are looked for, and what of fal's words ends that."""

import asyncio
from dataclasses import replace

from bot.core.errors import TemporaryFailure, Unproven
from bot.services.generation.times import Times
from tests.services.generation.test_rescue import gone
from tests.services.quiet import quiet_house
from tests.virtual_time import now_s, virtual

HOUR_S = 3600
LOOKS_EVERY_S = 900


async def test_words_that_take_turns_are_none_that_stays_the_same(open_house):
    house, job = await gone(open_house)
    words = [Unproven(word, word=word, end=TemporaryFailure(word)) for word in ("500 x", "500 y")]
    for number in range(8):
        house.queue.results = [words[number % 2]]
        assert await house.generation.rescue.look() == 1
    assert await house.doubt(job) == job.held_microusd


@virtual
async def test_a_clock_that_is_set_on_is_noticed_within_a_quarter_of_an_hour(tmp_path):
    async with quiet_house(tmp_path, times=replace(Times(), silence_max_s=0)) as house:
        house.queue.results = [Unproven("202"), Unproven("202")]
        await house.start()
        await house.courier.until(1, 24 * HOUR_S)
        house.queue.always["result"] = Unproven("202")
        house.keep("rescue", house.generation.rescue.run)
        await asyncio.sleep(48 * HOUR_S)
        house.queue.times.clear()
        house.clock.now += 6 * HOUR_S * 1000
        set_on_at = now_s()
        await asyncio.sleep(LOOKS_EVERY_S)
        [looked_at] = house.queue.times["result"]
        assert looked_at - set_on_at <= LOOKS_EVERY_S
