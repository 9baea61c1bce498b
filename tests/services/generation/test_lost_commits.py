"""A commit that came through although its answer did not, and one that did not come through."""

import pytest

from bot.core.errors import DatabaseUnavailable, StaleState, SubmitUnclear
from bot.core.jobs import Reason, State
from tests.fakes import ticket
from tests.services.conftest import SERVER
from tests.services.generation.test_facts import ERRORS
from tests.services.generation.test_hardships import until_true
from tests.services.quiet import quiet_house
from tests.virtual_time import now_s, virtual

# Commits whose answer is lost


async def test_an_acceptance_whose_answer_was_lost_is_one_acceptance(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.database.answers_lost = 1
    job = await house.accept()
    assert [one.id for one in await house.books.unfinished()] == [job.id]
    await house.imagine.start(job, 1)
    await house.courier.until(1)
    await house.runner.stop(5)
    assert (await house.get(job)).state is State.DELIVERED
    assert len(house.queue.submits) == 1
    await house.check()


async def test_an_acceptance_that_was_not_committed_is_refused(open_house):
    house = await open_house(runs=False)
    house.database.writes_failing = 1
    with pytest.raises(DatabaseUnavailable):
        await house.accept()
    assert await house.books.unfinished() == []


@virtual
async def test_where_nobody_can_be_asked_the_member_is_told_no_and_the_job_is_given_back(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.keep("strays", house.runner.look_for_strays)
        await house.accept(prompt="so that everything is read already")
        real = house.database.write

        def write(*locks):
            house.database.write = real
            house.database.answers_lost, house.database.reads_failing = 1, 12
            return real(*locks)

        house.database.write = write
        with pytest.raises(DatabaseUnavailable):
            await house.accept()
        assert now_s() == 5.5, "asked every half second for more than five"
        assert house.database.reads_failing == 0
        await house.courier.until(2, 1000)
        assert {job.reason for job in house.courier.ended} == {Reason.UNANSWERED}
        assert house.queue.submits == []
        await house.check()


async def test_a_trace_whose_commit_got_no_answer_puts_the_job_back_without_a_doubt(open_house):
    house = await open_house()
    house.queue.gate.set()
    job = await house.accept()
    stored = await house.books.set_message(job, 1)
    assert stored is not None
    house.database.answers_lost = 1
    house.runner.add(stored)
    await house.courier.until(1)
    await house.runner.stop(5)
    assert await house.history(job) == [
        "held", "submitting", "held", "submitting", "queued", "rendered", "delivered"
    ]  # fmt: skip
    assert len(house.queue.submits) == 1
    assert await house.doubt(job) == 0
    await house.check()


async def test_a_trace_that_failed_once_does_not_speak_for_the_submit_after_it(open_house):
    """It was sent at the second try, so what stumbles then is unclear and never sent again."""
    house = await open_house()
    job = await house.accept()
    stored = await house.books.set_message(job, 1)
    assert stored is not None
    house.database.writes_failing = 1
    house.queue.submit_errors = [ZeroDivisionError("a bug, after the bytes were sent")]
    house.runner.add(stored)
    await house.courier.until(1)
    await house.runner.stop(5)
    assert len(house.queue.submits) == 1
    assert (await house.get(job)).reason is Reason.LOST
    assert await house.doubt(job) == job.held_microusd


async def test_an_unclear_submit_is_noted_although_the_database_errs(open_house):
    house = await open_house()
    house.queue.answers.clear()
    house.queue.submit_errors = [SubmitUnclear("cut")]
    job = await house.start()
    await until_true(lambda: house.queue.submits)
    house.database.errors = [ERRORS[1]] * 3
    house.queue.answers.set()
    await house.courier.until(1)
    assert "unclear" in await house.history(job)


async def test_a_ticket_that_cannot_be_this_job_s_is_not_taken(open_house):
    house = await open_house(runs=False)
    job = await house.books.accept(await house.books.submit(await house.accept()), ticket(1))
    with pytest.raises(StaleState):
        await house.books.accept(job, ticket(2))
    with pytest.raises(StaleState):
        await house.books.accept(await house.accept(), ticket(3))
    async with house.database.read() as connection:
        rows = await connection.fetch("SELECT * FROM jobs WHERE server_id = $1", SERVER)
    assert len(rows) == 2
