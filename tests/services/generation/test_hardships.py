"""What must not be lost: paid pictures, holds and news, whatever breaks at the worst moment."""

import asyncio
from dataclasses import replace

from bot.core.errors import (
    NotSent,
    RouteBusy,
    SubmitUnclear,
    TemporaryFailure,
    Undeliverable,
    Unproven,
)
from bot.core.jobs import Reason, State
from tests.fakes import rendering, ticket
from tests.services.conftest import FAST, MEMBER, SERVER

HOUR_MS = 3_600_000


async def until(holds, timeout_s=10):
    async with asyncio.timeout(timeout_s):
        while not await holds():  # noqa: ASYNC110 - neither fal nor the database rings a bell
            await asyncio.sleep(0.01)


async def until_state(house, job, state):
    async def holds():
        return (await house.get(job)).state is state

    await until(holds)


async def until_true(holds, timeout_s=10):
    async def asked():
        return holds()

    await until(asked, timeout_s)


# The database goes away


async def test_a_ticket_outlives_a_database_that_is_away_when_fal_answers(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.answers.clear()
    job = await house.start()
    await until_true(lambda: house.queue.submits)
    house.database.writes_failing = 3
    house.queue.answers.set()
    await house.courier.until(1)
    await house.runner.stop(5)

    assert await house.history(job) == ["held", "submitting", "queued", "rendered", "delivered"]
    await house.check()


async def test_what_was_not_sent_is_not_lost_when_the_database_is_away(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.answers.clear()
    house.queue.submit_errors = [NotSent("no route", retry_after_s=0.01)]
    job = await house.start()
    await until_true(lambda: house.queue.submits)
    house.database.writes_failing = 2
    house.queue.answers.set()
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).state is State.DELIVERED
    assert len(house.queue.submits) == 2


async def test_pictures_are_posted_once_though_the_database_is_away_afterwards(open_house):
    house = await open_house()
    house.queue.answers.clear()
    house.queue.gate.set()
    job = await house.start()
    await until_true(lambda: house.queue.submits)
    house.courier.away_after = house.database
    house.queue.answers.set()
    await until_state(house, job, State.DELIVERED)

    assert len(house.courier.delivered) == 1


async def test_a_stop_while_the_ticket_is_written_does_not_lose_it(open_house):
    house = await open_house()
    house.queue.answers.clear()
    job = await house.start()
    await until_true(lambda: house.queue.submits)
    async with house.database.write(SERVER):
        house.queue.answers.set()
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(house.runner.stop(0))
        await asyncio.sleep(0.1)
    await stopping

    assert (await house.get(job)).ticket == ticket(1)


async def test_a_job_whose_card_cannot_be_noted_runs_all_the_same(open_house):
    house = await open_house()
    house.queue.gate.set()
    job = await house.accept()
    house.database.writes_failing = 1
    await house.imagine.start(job, 1)
    await house.courier.until(1)


async def test_an_end_is_told_though_the_database_is_away_for_a_moment(open_house):
    house = await open_house()
    house.queue.submit_errors = [SubmitUnclear("cut")]
    house.queue.answers.clear()
    job = await house.start()
    await until_true(lambda: house.queue.submits)
    house.database.reads_failing = 1
    house.queue.answers.set()
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).interaction_token is None


async def test_a_job_that_is_given_up_waits_for_the_database(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [ZeroDivisionError("a bug") for _ in range(3)]
    job = await house.start()
    await until_true(lambda: len(house.queue.results) == 0)
    house.database.writes_failing = 1
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).reason is Reason.UNEXPECTED
    await house.check()


# The bot was down for long


async def test_pictures_of_a_job_that_ended_long_ago_are_fetched_after_a_long_absence(open_house):
    first = await open_house(runs=False)
    job = await first.books.accept(await first.books.submit(await first.accept()), ticket(1))

    second = await open_house(absent_ms=8 * HOUR_MS)
    second.queue.gate.set()
    await second.runner.resume()
    await second.courier.until(1)
    await second.runner.stop(5)

    assert (await second.get(job)).state is State.DELIVERED


async def test_a_lost_submit_is_looked_for_after_a_long_absence(open_house):
    first = await open_house(runs=False)
    job = await first.books.submit(await first.accept())

    second = await open_house(absent_ms=8 * HOUR_MS)
    second.queue.gate.set()
    second.queue.found = [None, ticket(9)]
    await second.runner.resume()
    await second.courier.until(1)
    await second.runner.stop(5)

    assert (await second.get(job)).state is State.DELIVERED


async def test_a_network_that_comes_up_late_loses_no_picture_after_a_long_absence(open_house):
    first = await open_house(runs=False)
    job = await first.books.accept(await first.books.submit(await first.accept()), ticket(1))
    job = await first.books.render(job, rendering(1))

    second = await open_house(absent_ms=8 * HOUR_MS)
    second.queue.fetches = [TemporaryFailure("no name"), TemporaryFailure("no name")]
    second.courier.errors = [RouteBusy("no name")]
    await second.runner.resume()
    await second.courier.until(1)
    await second.runner.stop(5)

    assert (await second.get(job)).state is State.DELIVERED


async def test_a_clock_that_jumps_loses_no_picture(open_house):
    house = await open_house()
    job = await house.books.accept(await house.books.submit(await house.accept()), ticket(1))
    job = await house.books.render(job, rendering(1))
    house.clock.now += 8 * HOUR_MS
    house.queue.fetches = [TemporaryFailure("no name"), TemporaryFailure("no name")]
    await house.runner.resume()
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).state is State.DELIVERED


async def test_an_end_of_before_a_long_absence_is_told(open_house):
    first = await open_house(runs=False)
    job = await first.books.fail(await first.accept(), Reason.CONTENT)

    second = await open_house(absent_ms=8 * HOUR_MS)
    await second.runner.resume()
    await second.courier.until(1)

    assert second.courier.ended[0].id == job.id


# Pictures that nothing seems to take


async def test_pictures_that_the_courier_stumbles_over_are_kept(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.courier.errors = [ZeroDivisionError("a bug") for _ in range(3)]
    job = await house.start()
    await until_state(house, job, State.UNDELIVERED)

    assert (house.folder / job.id / "1.png").read_bytes() == b"picture"
    assert await house.kinds(job) == ["hold", "settle", "adjust"]


async def test_a_full_disk_does_not_end_an_undeliverable_job_as_lost(open_house):
    house = await open_house()
    house.folder.parent.mkdir()
    house.folder.write_bytes(b"a file where a folder should be")
    house.queue.gate.set()
    house.courier.errors = [Undeliverable(["closed"]) for _ in range(9)]
    job = await house.start()
    await until_state(house, job, State.UNDELIVERED)

    assert (await house.get(job)).links


# The line


async def test_one_success_after_a_pause_opens_the_line_again(open_house):
    house = await open_house(concurrency=4)
    house.queue.submit_errors = [NotSent("429", retry_after_s=0.3) for _ in range(4)]
    house.queue.answers.clear()
    for number in range(8):
        await house.start(prompt=f"{number}")
    await until_true(lambda: len(house.queue.submits) == 4)
    house.queue.answers.set()

    await until_true(lambda: house.queue.running == 4, 5)


async def test_a_cancel_that_was_asked_for_keeps_a_held_job_from_being_sent(open_house):
    first = await open_house(runs=False)
    job = await first.books.set_message(await first.accept(), 1)
    job = await first.books.submit(job)
    await first.books.request_cancel(job, MEMBER)
    await first.books.returned(job, "no route")

    second = await open_house()
    await second.runner.resume()
    await second.courier.until(1)

    assert (await second.get(job)).state is State.CANCELLED
    assert second.queue.submits == []
    await second.check()


async def test_a_cancel_right_after_a_put_back_does_not_stop_the_line(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.answers.clear()
    house.queue.submit_errors = [NotSent("late", retry_after_s=0.01)]
    job = await house.start()
    await until_true(lambda: house.queue.submits)
    lag = asyncio.Event()
    house.database.lags.append(lag)
    house.queue.answers.set()
    await until_state(house, job, State.HELD)
    await house.runner.cancel(job.id, MEMBER, is_moderator=False)
    lag.set()
    await house.start(prompt="another")
    await until_true(lambda: house.courier.delivered)

    assert [ended.id for ended in house.courier.ended] == [job.id]


async def test_a_result_that_cannot_be_learned_holds_no_place_at_fal(open_house):
    house = await open_house(
        concurrency=1, times=replace(FAST, retry_first_s=60, rest_first_s=60, rest_max_s=60)
    )
    house.queue.gate.set()
    house.queue.results = [Unproven("untyped 500")]
    await house.start()
    await house.start(member_id=31)
    await house.courier.until(1)

    assert house.courier.delivered[0][0].member_id == 31


async def test_a_found_job_counts_as_one_at_fal(open_house):
    house = await open_house(concurrency=1)
    house.queue.found = [ticket(9)]
    house.queue.submit_errors = [SubmitUnclear("cut")]
    job = await house.start()
    await until_state(house, job, State.QUEUED)
    await until_true(lambda: house.queue.running)

    assert house.runner.at_fal == 1


async def test_an_accepted_job_whose_card_stands_is_taken_up_although_nobody_started_it(open_house):
    house = await open_house()
    house.queue.gate.set()
    job = await house.accept()
    await house.books.set_message(job, 1)
    await house.runner.adopt_strays()
    assert house.runner.waiting == 0
    await house.runner.adopt_strays()
    await house.imagine.start(job, 1)
    await house.courier.until(1)
    await house.runner.stop(5)

    assert len(house.queue.submits) == 1


async def test_a_stray_without_a_card_is_given_back_and_never_sent(open_house):
    """Its member was told "no", or nothing, and may have asked again."""
    house = await open_house()
    job = await house.accept()
    # A clock that was set back must not keep it for ever.
    house.clock.now -= 24 * HOUR_MS
    await house.runner.adopt_strays()
    assert (await house.get(job)).state is State.HELD
    await house.runner.adopt_strays()
    await house.courier.until(1)

    assert (await house.get(job)).reason is Reason.UNANSWERED
    assert house.queue.submits == []
    await house.check()


# Evidence


async def test_a_request_of_another_job_is_passed_over_in_the_search(open_house):
    house = await open_house()
    first = await house.start()
    await until_true(lambda: house.queue.running)
    house.queue.submit_errors = [SubmitUnclear("cut")]
    house.queue.found = [(ticket(1), ticket(2))]
    second = await house.start()
    await until_true(lambda: house.queue.running == 2)

    assert (await house.get(first)).ticket == ticket(1)
    assert (await house.get(second)).ticket == ticket(2)
    [(at_ms, from_ms, until_ms)] = house.queue.searches
    assert (at_ms - from_ms, until_ms - at_ms) == (60_000, 180_000)
