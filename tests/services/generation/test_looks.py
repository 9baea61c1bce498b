"""When late pictures are looked for, and what of fal's words ends that."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.errors import CancelledAtFal, TemporaryFailure, Undeliverable, Unproven
from bot.core.jobs import State
from bot.services.generation.times import Times
from tests.fakes import rendering
from tests.services.generation.test_rescue import NOT_FOUND, SILENT, gone, until_ended
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


async def test_a_search_does_not_wait_for_a_day_that_a_wrong_clock_named(open_house):
    house = await open_house(times=SILENT)
    house.clock.now += 40 * 24 * HOUR_S * 1000
    house.queue.gate.set()
    house.queue.results = [NOT_FOUND] * 2
    job = await house.start()
    await house.courier.until(1)
    await house.runner.stop(5)
    house.clock.now -= 40 * 24 * HOUR_S * 1000
    house.queue.results = [NOT_FOUND]
    assert await house.generation.rescue.look() == 1
    again = await house.get(job)
    assert again.search_due_ms is not None
    assert again.search_due_ms <= house.clock.now, "by the clock that is right now"


async def test_a_closed_way_is_tried_once_a_look(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [rendering(2)]
    house.queue.missing = {rendering(2).pictures[1].url}
    job = await house.start(count=2)
    await house.courier.until(1)
    await until_ended(house, job)
    house.queue.missing = set()
    house.courier.errors = [Undeliverable(["closed"])]
    assert await house.generation.rescue.look() == 1
    assert (house.courier.errors, house.courier.brought) == ([], [])
    assert await house.generation.rescue.look() == 1
    assert len(house.courier.brought) == 1


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


@virtual
@pytest.mark.parametrize(("is_wished", "told_s"), [(True, 5), (False, 5 + 195)])
async def test_fals_word_that_it_was_cancelled_needs_no_minutes_where_it_was(
    tmp_path, is_wished, told_s
):
    cancelled = Unproven("499", word="499 x", end=CancelledAtFal("499"))
    async with quiet_house(tmp_path) as house:
        house.queue.gate.clear()
        job = await house.start()
        await asyncio.sleep(5)
        if is_wished:
            await house.runner.cancel(job.id, job.member_id, is_moderator=False)
        house.queue.results = [cancelled] * 1000
        house.queue.gate.set()
        await house.courier.until(1, HOUR_S)
        assert now_s() == told_s
        stored = await house.get(job)
        assert stored.state is (State.CANCELLED if is_wished else State.FAILED)
        assert await house.doubt(job) == job.held_microusd
        for _ in range(5):
            house.clock.now += 24 * HOUR_S * 1000
            assert await house.generation.rescue.look() == 1
        assert await house.doubt(job) == 0, "it stayed the same over the looks"
        await house.check()
