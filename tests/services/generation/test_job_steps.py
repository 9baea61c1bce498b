"""Steps of a job: each ends with a committed state, a rest grows, and giving up loses nothing."""

import pytest

from bot.core.errors import SubmitUnclear, Trouble, Unproven
from bot.core.jobs import Job, Reason, State
from bot.services.generation.job_steps import JobSteps
from bot.services.generation.times import Times
from tests.fakes import rendering, ticket
from tests.services.conftest import MEMBER, House
from tests.services.quiet import quiet_house
from tests.virtual_time import now_s, virtual

FIRST_S, MOST_S = Times().rest_first_s, Times().rest_max_s


def steps_of(house: House) -> JobSteps:
    return house.runner._steps


async def brought_to(house: House, state: State) -> Job:
    job = await house.accept()
    if state is State.HELD:
        return job
    job = await house.books.submit(job)
    if state is State.SUBMITTING:
        return job
    if state is State.UNCLEAR:
        return await house.books.lose(job, "cut")
    job = await house.books.accept(job, ticket(1))
    if state is State.QUEUED:
        return job
    return await house.books.render(job, rendering(1))


@pytest.mark.parametrize(
    ("state", "way"),
    [
        (State.HELD, [State.QUEUED, State.RENDERED, State.DELIVERED]),
        (State.SUBMITTING, [State.UNCLEAR, State.QUEUED, State.RENDERED, State.DELIVERED]),
        (State.UNCLEAR, [State.QUEUED, State.RENDERED, State.DELIVERED]),
        (State.QUEUED, [State.RENDERED, State.DELIVERED]),
        (State.RENDERED, [State.DELIVERED]),
    ],
)
async def test_from_each_state_the_steps_lead_to_the_member_and_each_is_stored(
    open_house, state, way
):
    house = await open_house(runs=False)
    house.queue.gate.set()
    house.queue.found = [ticket(8)]
    job = await brought_to(house, state)
    taken = []
    while not job.state.is_ended:
        job = await steps_of(house).step(job)
        assert await house.get(job) == job
        taken.append(job.state)

    assert taken == way
    assert len(house.queue.submits) == (state is State.HELD)
    await house.check()


async def test_a_submit_without_an_answer_ends_its_step_as_unclear(open_house):
    house = await open_house(runs=False)
    house.queue.submit_errors = [SubmitUnclear("cut")]
    job = await steps_of(house).step(await brought_to(house, State.HELD))
    assert (await house.get(job)).state is job.state is State.UNCLEAR


async def rested(house: House, job: Job, error: Unproven, times: int) -> list[float]:
    pauses: list[float] = []
    for _ in range(times):
        begun = now_s()
        await steps_of(house).rest(job, error)
        pauses.append(round(now_s() - begun, 6))
    return pauses


@virtual
async def test_each_job_rests_longer_each_time_until_it_is_forgotten(tmp_path):
    async with quiet_house(tmp_path, runs=False) as house:
        job, other = await house.accept(), await house.accept(member_id=MEMBER + 1)
        error = Unproven("500")
        doubling = [min(FIRST_S * 2**number, MOST_S) for number in range(12)]

        assert await rested(house, job, error, 12) == doubling
        assert doubling[-1] == MOST_S
        assert await rested(house, other, error, 1) == [FIRST_S], "each has pauses of its own"
        steps_of(house).forget(job.id)
        assert await rested(house, job, error, 1) == [FIRST_S]


@virtual
async def test_a_rejected_key_is_not_asked_about_every_second(tmp_path):
    async with quiet_house(tmp_path, runs=False) as house:
        job = await house.accept()
        error = Unproven("401", trouble=Trouble.KEY)
        assert await rested(house, job, error, 3) == [MOST_S] * 3


@pytest.mark.parametrize(
    ("state", "end", "reason", "is_doubtful"),
    [
        (State.HELD, State.FAILED, Reason.UNEXPECTED, False),
        (State.UNCLEAR, State.FAILED, Reason.UNEXPECTED, True),
        (State.QUEUED, State.FAILED, Reason.UNEXPECTED, True),
        (State.RENDERED, State.UNDELIVERED, Reason.UNDELIVERABLE, False),
    ],
)
async def test_who_is_given_up_pays_nothing_and_what_may_be_there_is_kept_or_sought(
    open_house, state, end, reason, is_doubtful
):
    house = await open_house(runs=False)
    job = await steps_of(house).give_up(await brought_to(house, state))

    assert (job.state, job.reason) == (end, reason)
    assert await house.doubt(job) == (job.held_microusd if is_doubtful else 0)
    assert bool(job.search_until_ms) == is_doubtful
    assert (house.folder / job.id / "1.png").exists() == (state is State.RENDERED)
    assert (await house.quota.balance(job)).pots[0].used == 0
    await house.check()
