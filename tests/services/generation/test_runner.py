"""Driving: the line is fair, fal is never overfilled, every end resolves its hold once."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.errors import (
    ContentRefused,
    Gone,
    NotAllowed,
    NotSent,
    RouteBusy,
    SubmitUnclear,
    TemporaryFailure,
    TooLate,
    Trouble,
    Undeliverable,
    Unproven,
)
from bot.core.jobs import Reason, State
from bot.services.generation.runner import CancelOutcome
from bot.services.generation.times import Times
from bot.storage import ledger
from tests.fakes import rendering, ticket
from tests.services.conftest import FAST, MEMBER


async def test_a_job_goes_through_its_states_and_is_settled_at_what_fal_bills(open_house):
    house = await open_house()
    house.queue.gate.set()
    job = await house.start()
    await house.courier.until(1)
    await house.runner.stop(5)

    stored = await house.get(job)
    assert (stored.state, stored.cost_microusd, stored.pictures) == (State.DELIVERED, 60_000, 1)
    assert stored.interaction_token is None
    assert await house.history(job) == ["held", "submitting", "queued", "rendered", "delivered"]
    assert await house.kinds(job) == ["hold", "settle"]
    await house.check()


async def test_no_more_jobs_are_at_fal_than_allowed(open_house):
    house = await open_house(concurrency=2)
    for _ in range(6):
        await house.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        while house.queue.running < 2:  # noqa: ASYNC110 - the queue rings no bell
            await asyncio.sleep(0)
    house.queue.gate.set()
    await house.courier.until(6)

    assert house.queue.running_max == 2


async def test_nobodys_single_request_waits_behind_anothers_five(open_house):
    house = await open_house(concurrency=1)
    for number in range(5):
        await house.start(prompt=f"many {number}")
    await house.start(prompt="single", member_id=31)
    house.queue.gate.set()
    await house.courier.until(6)

    sent = [order.prompt for order in house.queue.submits]
    assert sent.index("single") <= 2
    assert [prompt for prompt in sent if prompt != "single"] == [f"many {n}" for n in range(5)]


async def test_what_was_not_sent_is_sent_again_and_waits_as_long_as_fal_asks(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.submit_errors = [NotSent("no route", retry_after_s=0.1) for _ in range(3)]
    begun = asyncio.get_running_loop().time()
    job = await house.start()
    await house.courier.until(1)

    # The exact seconds are asserted on a clock that skips, see `test_call_times`.
    assert 0.3 <= asyncio.get_running_loop().time() - begun < 3
    assert len(house.queue.submits) == 4
    assert (await house.kinds(job))[:1] == ["hold"]
    await house.check()


async def test_an_unclear_submit_is_never_repeated_and_its_possible_loss_is_noted(open_house):
    house = await open_house()
    house.queue.submit_errors = [SubmitUnclear("cut")]
    job = await house.start()
    await house.courier.until(1)

    stored = await house.get(job)
    assert (stored.state, stored.reason) == (State.FAILED, Reason.LOST)
    assert stored.possible_loss_microusd == stored.held_microusd
    assert len(house.queue.submits) == 1
    assert await house.kinds(job) == ["hold", "release"]


async def test_an_unclear_submit_that_is_found_goes_on(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.found = [None, ticket(9)]
    house.queue.submit_errors = [SubmitUnclear("cut")]
    job = await house.start()
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).ticket == ticket(9)
    assert len(house.queue.submits) == 1
    await house.check()


@pytest.mark.parametrize(
    ("error", "reason", "loss"),
    [
        (ContentRefused("no"), Reason.CONTENT, False),
        (TemporaryFailure("500"), Reason.TEMPORARY, False),
        (Gone("404"), Reason.GONE, True),
    ],
)
async def test_a_failed_result_returns_the_hold(open_house, error, reason, loss):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [error]
    job = await house.start()
    await house.courier.until(1)

    stored = await house.get(job)
    assert (stored.state, stored.reason) == (State.FAILED, reason)
    assert bool(stored.possible_loss_microusd) == loss
    assert await house.kinds(job) == ["hold", "release"]
    await house.check()


async def test_a_failure_that_fal_bills_is_the_hosts_cost_and_not_the_members(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [ContentRefused("no", cost_microusd=50_000)]
    job = await house.start()
    await house.courier.until(1)

    assert (await house.get(job)).cost_microusd == 50_000
    assert await house.kinds(job) == ["hold", "settle"]
    balance = await house.quota.balance(job)
    assert balance.pots[0].used == 0
    await house.check()


@pytest.mark.parametrize("error", [Unproven("x"), Unproven("401", trouble=Trouble.KEY)])
async def test_a_result_that_cannot_be_learned_now_is_waited_for(open_house, error):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [error, error, rendering(1)]
    job = await house.start()
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).state is State.DELIVERED
    await house.check()


async def test_a_bill_above_the_hold_is_recorded_as_it_is(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [rendering(1, billed_microusd=900_000)]
    job = await house.start()
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).cost_microusd == 900_000
    await house.check()


async def test_a_missing_picture_is_not_charged_and_comes_later_for_nothing(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [rendering(3, billed_microusd=100_000)]
    house.queue.missing = {"http://127.0.0.1/1.png"}
    job = await house.start(count=3)
    await house.courier.until(1)
    await until_state(house, job, State.DELIVERED)

    stored = await house.get(job)
    assert (stored.pictures, [link.arrived for link in stored.links]) == (2, [True, False, True])
    assert await charged(house, job) == (2, 66_666)
    await house.check()

    house.queue.missing.clear()
    assert await house.generation.rescue.look() == 1
    stored = await house.get(job)
    assert (stored.pictures, stored.free_pictures, stored.search_until_ms) == (3, 1, None)
    assert house.courier.brought == [(house.courier.brought[0][0], 1)]
    assert await charged(house, job) == (2, 66_666)
    await house.check()


async def charged(house, job):
    async with house.database.read() as connection:
        charge = await ledger.net_charge(connection, job.id)
    return charge.images, charge.microusd


async def until_state(house, job, state):
    async with asyncio.timeout(10):
        while (await house.get(job)).state is not state:  # noqa: ASYNC110 - it rings no bell
            await asyncio.sleep(0.01)


async def test_a_busy_route_is_tried_again(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.courier.errors = [RouteBusy("503"), RouteBusy("503")]
    job = await house.start()
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).state is State.DELIVERED


async def test_what_cannot_be_delivered_is_kept_and_not_charged(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.courier.errors = [Undeliverable(["all closed"])]
    job = await house.start()
    async with asyncio.timeout(10):
        while (await house.get(job)).state is not State.UNDELIVERED:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert (house.folder / job.id / "1.png").read_bytes() == b"picture"
    balance = await house.quota.balance(job)
    assert balance.pots[0].used == 0
    assert await house.kinds(job) == ["hold", "settle", "adjust"]
    await house.check()


async def test_a_job_that_waited_too_long_is_given_back_unsent(open_house):
    house = await open_house(times=Times(held_max_s=60))
    job = await house.accept()
    house.clock.now += 61_000
    await house.imagine.start(job, 1)
    await house.courier.until(1)

    assert (await house.get(job)).reason is Reason.TOO_OLD
    assert house.queue.submits == []
    await house.check()


async def test_a_job_that_never_ends_at_fal_is_given_up_with_its_possible_loss(open_house):
    house = await open_house(times=replace(FAST, at_fal_max_s=0.05))
    house.queue.results = [Unproven("202 IN_PROGRESS")]
    job = await house.start()
    await house.courier.until(1)

    stored = await house.get(job)
    assert (stored.reason, stored.possible_loss_microusd) == (Reason.SILENT, stored.held_microusd)
    assert house.queue.cancels
    assert await house.doubt(job) == job.held_microusd
    await house.check()


async def test_resume_takes_up_each_state(open_house):
    first = await open_house(runs=False)
    held = await first.accept(prompt="held")
    await first.books.set_message(held, 1)
    submitting = await first.books.submit(await first.accept(prompt="submitting"))
    queued = await first.accept(prompt="queued")
    queued = await first.books.accept(await first.books.submit(queued), ticket(50))
    rendered = await first.books.accept(
        await first.books.submit(await first.accept(prompt="rendered")), ticket(51)
    )
    rendered = await first.books.render(rendered, rendering(1))
    untold = await first.books.fail(await first.accept(prompt="untold"), Reason.CONTENT)

    second = await open_house()
    second.queue.gate.set()
    assert await second.runner.resume() == 4
    await second.courier.until(5)
    await second.runner.stop(5)

    assert [order.prompt for order in second.queue.submits] == ["held"]
    states = {job.prompt: (await second.get(job)).state for job in (held, queued, rendered)}
    assert set(states.values()) == {State.DELIVERED}
    assert (await second.get(submitting)).reason is Reason.LOST
    assert (await second.get(untold)).interaction_token is None
    await second.check()


async def test_cancel_in_line_is_free_and_in_other_hands_refused(open_house):
    house = await open_house(runs=False)
    job = await house.start()
    with pytest.raises(NotAllowed):
        await house.runner.cancel(job.id, 999, is_moderator=False)

    assert await house.runner.cancel(job.id, MEMBER, is_moderator=False) is CancelOutcome.CANCELLED
    with pytest.raises(TooLate):
        await house.runner.cancel(job.id, MEMBER, is_moderator=False)
    with pytest.raises(TooLate):
        await house.runner.cancel("0" * 16, MEMBER, is_moderator=False)
    assert await house.kinds(job) == ["hold", "release"]
    assert house.runner.waiting == 0


async def test_a_cancel_before_the_card_is_confirmed_is_not_forgotten(open_house):
    house = await open_house()
    job = await house.accept()
    await house.runner.cancel(job.id, MEMBER, is_moderator=False)
    await house.imagine.start(job, 1)

    assert house.queue.submits == []
    assert (await house.get(job)).state is State.CANCELLED


async def test_a_cancel_while_submitting_reaches_fal_as_soon_as_it_has_the_job(open_house):
    house = await open_house(runs=False)
    job = await house.books.submit(await house.accept())
    assert await house.runner.cancel(job.id, MEMBER, is_moderator=False) is CancelOutcome.ASKED
    await house.books.accept(job, ticket(3))
    again = await open_house()
    again.queue.gate.set()
    from bot.core.errors import CancelledAtFal

    again.queue.results = [CancelledAtFal("499")]
    await again.runner.resume()
    await again.courier.until(1)

    assert again.queue.cancels == [ticket(3)]
    assert (await again.get(job)).state is State.CANCELLED
    await again.check()


async def test_a_cancel_that_came_too_late_is_not_remembered_for_ever(open_house):
    house = await open_house(runs=False)
    job = await house.books.submit(await house.accept())
    note = house.books.request_cancel

    async def overtaken(job, by, reason=""):
        await house.books.fail(job, Reason.TEMPORARY)
        return await note(job, by, reason)

    house.books.request_cancel = overtaken
    with pytest.raises(TooLate):
        await house.runner.cancel(job.id, MEMBER, is_moderator=False)
    assert house.runner._kit.wishes.of(job) is None


async def test_a_step_that_stumbles_is_tried_again_and_then_given_up_with_its_hold_resolved(
    open_house,
):
    house = await open_house(times=FAST)
    house.queue.gate.set()
    house.queue.results = [ZeroDivisionError("a bug") for _ in range(3)]
    job = await house.start()
    await house.courier.until(1, timeout_s=20)
    await house.runner.stop(5)

    stored = await house.get(job)
    assert (stored.state, stored.reason) == (State.FAILED, Reason.UNEXPECTED)
    assert house.runner.at_fal == 0
    await house.check()
