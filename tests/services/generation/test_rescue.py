"""Pictures that come after their member was told that there are none: found, free, booked once."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from bot.core.errors import (
    CannotLook,
    ContentRefused,
    DatabaseUnavailable,
    Gone,
    MediaRejected,
    SubmitUnclear,
    TemporaryFailure,
    Trouble,
    Unproven,
)
from bot.core.jobs import Reason, State
from bot.core.limits import Account
from bot.services.generation.runner import CancelOutcome
from bot.services.ports import CancelAnswer
from bot.storage import ledger
from tests.fakes import rendering, ticket
from tests.services.conftest import CHANNEL, FAST, MEMBER, SERVER

HOUR_MS = 3_600_000
SILENT = replace(FAST, silence_max_s=0)
NOT_FOUND = Unproven("404", word="404", end=Gone("404"))
OUTAGE = Unproven("502", trouble=Trouble.OUTAGE)


async def until_ended(house, job):
    async with asyncio.timeout(10):
        while not (await house.get(job)).state.is_ended:  # noqa: ASYNC110 - it rings no bell
            await asyncio.sleep(0.01)
    return await house.get(job)


async def until_brought(house):
    async with asyncio.timeout(10):
        while not house.courier.brought:  # noqa: ASYNC110 - it rings no bell
            await asyncio.sleep(0.01)


async def until_running(house):
    async with asyncio.timeout(10):
        while not house.queue.running:  # noqa: ASYNC110 - it rings no bell
            await asyncio.sleep(0.01)


async def paid(house, job):
    async with house.database.read() as connection:
        charge = await ledger.net_charge(connection, job.id)
    return charge.images, charge.microusd


async def counted(house, account=Account.SERVER):
    """What counts against the server's own budget."""
    async with house.database.read() as connection:
        found = await ledger.usage(
            connection,
            server_id=SERVER,
            member_id=MEMBER,
            channel_id=CHANNEL,
            periods=[(account, "2000-01-01")],
        )
    return found[account, "2000-01-01"].microusd


async def gone(open_house, *errors, **changes):
    """A job of which nothing was proven for too long."""
    house = await open_house(times=SILENT)
    house.queue.gate.set()
    house.queue.results = [*(errors or (NOT_FOUND, NOT_FOUND))]
    job = await house.start(**changes)
    await house.courier.until(1)
    await house.runner.stop(5)
    return house, job


async def test_money_in_doubt_counts_against_the_budgets_and_not_against_the_member(open_house):
    house, job = await gone(open_house)

    stored = await house.get(job)
    assert (stored.state, stored.reason) == (State.FAILED, Reason.GONE)
    assert await house.doubt(job) == stored.possible_loss_microusd == job.held_microusd
    assert await counted(house) == job.held_microusd
    assert await paid(house, job) == (0, 0)
    assert stored.search_until_ms is not None
    await house.check()


async def test_what_was_given_up_is_found_later_and_comes_for_nothing(open_house):
    _, job = await gone(open_house)
    again = await open_house(times=SILENT)
    again.queue.results = [rendering(1, billed_microusd=60_000)]
    assert await again.generation.rescue.look() == 1
    await until_brought(again)
    await again.runner.stop(5)

    stored = await again.get(job)
    assert (stored.state, stored.pictures, stored.free_pictures) == (State.DELIVERED, 1, 1)
    assert (stored.cost_microusd, stored.search_until_ms) == (60_000, None)
    assert (await again.doubt(job), stored.possible_loss_microusd) == (0, 0)
    assert await counted(again) == 60_000, "the host pays"
    assert await paid(again, job) == (0, 0)
    assert await again.history(job) == [
        "held", "submitting", "queued", "failed", "rendered", "delivered"
    ]  # fmt: skip
    await again.check()


async def test_a_rescued_job_that_a_restart_finds_half_way_is_brought_and_not_charged(open_house):
    house, job = await gone(open_house)
    failed = await house.get(job)
    await house.generation.rescue._kit.late.rescue(failed, rendering(1))

    again = await open_house()
    await again.generation.resume()
    await until_brought(again)
    await again.runner.stop(5)

    assert again.courier.delivered == []
    assert (await again.get(job)).state is State.DELIVERED
    assert await paid(again, job) == (0, 0)
    await again.check()


async def test_not_found_never_ends_a_search_and_the_money_stays_in_doubt(open_house):
    house, job = await gone(open_house)
    for _ in range(6):
        house.queue.results = [NOT_FOUND]
        assert await house.generation.rescue.look() == 1
    assert await house.doubt(job) == job.held_microusd


async def test_noise_never_ends_a_search(open_house):
    house, job = await gone(open_house)
    for error in (OUTAGE, OUTAGE, OUTAGE, OUTAGE, Unproven("202 IN_PROGRESS")):
        house.queue.results = [error]
        assert await house.generation.rescue.look() == 1
    assert await house.doubt(job) == job.held_microusd


@pytest.mark.parametrize("cost", [None, 0, 55_000])
async def test_fals_own_word_that_nothing_was_made_ends_the_doubt(open_house, cost):
    house, job = await gone(open_house)
    house.queue.results = [ContentRefused("no", cost_microusd=cost)]
    assert await house.generation.rescue.look() == 1

    stored = await house.get(job)
    assert (stored.state, stored.search_until_ms) == (State.FAILED, None)
    assert await house.doubt(job) == 0
    assert await counted(house) == (cost or 0)
    assert await house.generation.rescue.look() == 0
    await house.check()


async def test_an_answer_of_fals_that_stays_the_same_over_looks_is_an_end(open_house):
    house, job = await gone(open_house)
    crash = Unproven("500", word="500 x", end=TemporaryFailure("500"))
    for expected in (*[job.held_microusd] * 4, 0):
        house.queue.results = [crash]
        assert await house.generation.rescue.look() == 1
        assert await house.doubt(job) == expected
    await house.check()


async def test_looks_grow_rarer_and_end_after_the_search_is_over(open_house):
    span_s = 3 * 24 * 3600
    house = await open_house(times=replace(SILENT, search_first_s=60, search_max_s=span_s))
    house.queue.gate.set()
    house.queue.results = [NOT_FOUND, NOT_FOUND]
    job = await house.start()
    await house.courier.until(1)
    await house.runner.stop(5)
    looks = []
    while (due_ms := (await house.get(job)).search_due_ms) is not None:
        assert len(looks) < 40
        house.clock.now = due_ms - 1
        assert await house.generation.rescue.look() == 0
        house.clock.now = due_ms
        house.queue.results = [OUTAGE]
        assert await house.generation.rescue.look() == 1
        looks.append(due_ms // 1000)
    waits = [after - before for before, after in pairwise(looks)]
    assert waits[:9] == [60 * 2**tries for tries in range(8)] + [60 * 2**8]
    assert set(waits[9:]) == {6 * 3600}
    assert looks[-1] - looks[0] >= span_s > looks[-2] - looks[0]
    assert (await house.get(job)).search_until_ms is None
    assert await house.doubt(job) == job.held_microusd, "only a word ends the doubt"


async def test_a_clock_that_jumps_over_the_end_of_a_search_does_not_end_it(open_house):
    house, job = await gone(open_house)
    house.clock.now += 40 * 24 * HOUR_MS
    house.queue.results = [OUTAGE]
    assert await house.generation.rescue.look() == 1
    assert (await house.get(job)).search_due_ms is not None

    house.queue.results = [rendering(1, billed_microusd=60_000)]
    assert await house.generation.rescue.look() == 1
    assert (await house.get(job)).state is State.RENDERED


async def test_a_lost_submit_is_found_in_the_history_days_later(open_house):
    house = await open_house()
    house.queue.submit_errors = [SubmitUnclear("502")]
    job = await house.start()
    await house.courier.until(1)
    await house.runner.stop(5)
    assert (await house.get(job)).reason is Reason.LOST
    assert await house.doubt(job) == job.held_microusd

    again = await open_house(absent_ms=48 * HOUR_MS)
    again.queue.found = [CannotLook("403"), None, ticket(9)]
    again.queue.results = [rendering(1, billed_microusd=60_000)]
    for _ in range(3):
        assert await again.generation.rescue.look() == 1
    await until_brought(again)
    await again.runner.stop(5)

    stored = await again.get(job)
    assert (stored.ticket, stored.state) == (ticket(9), State.DELIVERED)
    assert (await again.doubt(job), await counted(again)) == (0, 60_000)
    assert len(house.queue.submits) == 1
    assert again.queue.submits == []
    await again.check()


async def test_files_that_are_missing_for_over_an_hour_come_all_the_same(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [rendering(2, billed_microusd=120_000)]
    house.queue.missing = {"http://127.0.0.1/0.png", "http://127.0.0.1/1.png"}
    job = await house.start(count=2)
    stored = await until_ended(house, job)
    assert (stored.state, stored.reason) == (State.FAILED, Reason.MEDIA)
    assert await paid(house, job) == (0, 0)
    assert await house.generation.rescue.look() == 1
    assert (await house.get(job)).state is State.FAILED

    house.queue.missing = {"http://127.0.0.1/1.png"}
    assert await house.generation.rescue.look() == 1
    await until_brought(house)
    await until_ended(house, job)
    house.queue.missing = set()
    assert await house.generation.rescue.look() == 1

    stored = await house.get(job)
    assert (stored.pictures, stored.free_pictures, stored.search_until_ms) == (2, 2, None)
    assert [count for _, count in house.courier.brought] == [1, 1]
    assert (await paid(house, job), await counted(house)) == ((0, 0), 120_000)
    await house.check()


async def test_a_cancelled_job_that_fal_finished_comes_for_nothing(open_house):
    house = await open_house()
    job = await house.start()
    await until_running(house)
    house.queue.results = [NOT_FOUND] * 500
    await house.runner.cancel(job.id, MEMBER, is_moderator=False)
    house.queue.gate.set()
    await house.courier.until(1)
    stored = await house.get(job)
    assert (stored.state, stored.reason) == (State.CANCELLED, Reason.MEMBER)
    assert await house.doubt(job) == job.held_microusd
    assert await counted(house) == job.held_microusd

    house.queue.results = [rendering(1, billed_microusd=60_000)]
    assert await house.generation.rescue.look() == 1
    await until_brought(house)
    await until_ended(house, job)
    assert (await house.get(job)).state is State.DELIVERED
    assert (await paid(house, job), await counted(house)) == ((0, 0), 60_000)
    await house.check()


async def test_what_fal_took_out_of_its_line_leaves_no_doubt(open_house):
    house = await open_house()
    job = await house.start()
    await until_running(house)

    async def removed(asked):
        house.queue.cancels.append(asked)
        return CancelAnswer.REMOVED

    house.queue.cancel = removed
    house.queue.results = [NOT_FOUND] * 500
    news = await house.runner.cancel(job.id, MEMBER, is_moderator=False)
    assert news is CancelOutcome.REMOVED
    house.queue.gate.set()
    await house.courier.until(1)
    await house.runner.stop(5)
    assert (await house.get(job)).state is State.CANCELLED
    assert (await house.doubt(job), await counted(house)) == (0, 0)
    assert len(house.queue.cancels) == 1, "asked again it would say that it was too late"
    await house.check()


async def test_late_pictures_that_nobody_takes_are_brought_by_a_later_look(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [rendering(2)]
    house.queue.missing = {"http://127.0.0.1/1.png"}
    job = await house.start(count=2)
    await house.courier.until(1)
    await until_ended(house, job)
    house.queue.missing = set()
    house.queue.fetches = [MediaRejected("404")]
    assert await house.generation.rescue.look() == 1
    assert (await house.get(job)).search_tries == 1
    assert await house.generation.rescue.look() == 1
    assert (await house.get(job)).pictures == 2
    await house.check()


async def test_pictures_that_a_moderator_removed_are_not_followed_by_late_ones(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [rendering(2)]
    house.queue.missing = {"http://127.0.0.1/1.png"}
    job = await house.start(count=2)
    await house.courier.until(1)
    await until_ended(house, job)
    async with house.database.write(SERVER) as connection:
        from bot.storage import pictures

        await pictures.mark_removed(connection, job.id, 1, house.clock.now)
    house.queue.missing = set()
    assert await house.generation.rescue.look() == 1

    assert house.courier.brought == []
    assert (await house.get(job)).search_until_ms is None


async def test_a_search_that_begins_while_nothing_is_due_begins_at_once(open_house):
    """Whoever waits for the next date sees what has just been committed."""
    house = await open_house(times=SILENT)
    looking = asyncio.create_task(house.generation.rescue.run())
    try:
        await asyncio.sleep(0.1)
        house.queue.gate.set()
        house.queue.results = [NOT_FOUND, NOT_FOUND]
        await house.start()
        async with asyncio.timeout(3):
            await until_brought(house)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    await house.runner.stop(5)


async def test_a_look_ends_only_with_the_last_of_its_searches(open_house):
    """A search that goes on beside the next look would ask, and post, a second time."""
    house = await open_house(times=SILENT)
    house.queue.gate.set()
    house.queue.results = [NOT_FOUND] * 4
    for _ in range(2):
        await house.start()
    await house.courier.until(2)
    await house.runner.stop(5)
    asked = []

    async def result(request):
        if request == ticket(1):
            await asyncio.sleep(0.2)
        else:
            house.database.writes_failing = 1
        asked.append(request)
        raise OUTAGE

    house.queue.result = result
    with pytest.raises(DatabaseUnavailable):
        await house.generation.rescue.look()
    assert asked == [ticket(2), ticket(1)]
