"""The books of what is found late: each bill once, whatever was booked or answered meanwhile."""

from bot.core.errors import ContentRefused
from bot.core.jobs import State
from bot.services.reporting.losses import Losses
from tests.fakes import rendering
from tests.services.generation.test_rescue import counted, gone, until_ended


async def test_files_that_were_found_are_no_longer_looked_for(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [rendering(1)]
    house.queue.missing = {"http://127.0.0.1/0.png"}
    failed = await until_ended(house, await house.start())
    assert failed.search_until_ms is not None
    rescued = await house.generation.rescue._kit.late.rescue(failed, None)
    assert (rescued.state, rescued.search_until_ms, rescued.search_due_ms) == (
        State.RENDERED, None, None
    )  # fmt: skip


async def test_a_bill_that_the_host_booked_during_a_look_is_not_counted_twice(open_house):
    house, job = await gone(open_house)
    asked_about = await house.get(job)
    await Losses(house.database, house.clock).correct(job.id, 50_000, "the bill")
    late = house.generation.rescue._kit.late
    await late.rescue(asked_about, rendering(1, billed_microusd=60_000))
    assert await counted(house) == 60_000
    await house.check()


async def test_a_failures_bill_that_the_host_booked_during_a_look_is_not_counted_twice(open_house):
    house, job = await gone(open_house)
    asked_about = await house.get(job)
    await Losses(house.database, house.clock).correct(job.id, 50_000, "the bill")
    await house.generation.rescue._kit.late.refute(asked_about, 55_000, "422")
    assert await counted(house) == 55_000
    await house.check()


async def test_a_failures_bill_is_booked_once_though_the_commit_got_no_answer(open_house):
    house, job = await gone(open_house)
    house.queue.results = [ContentRefused("no", cost_microusd=55_000)]
    house.database.answers_lost = 1
    assert await house.generation.rescue.look() == 1
    assert (await house.get(job)).cost_microusd == await counted(house) == 55_000
    await house.check()
