"""What slipped through is found again: untold ends, abandoned jobs, pictures that nobody keeps."""

import pytest

from bot.core.errors import (
    ContentRefused,
    DatabaseUnavailable,
    RouteBusy,
    TemporaryFailure,
    Undeliverable,
    Unproven,
)
from bot.core.jobs import Reason, State
from bot.services.ports import Delivered
from tests.fakes import rendering, ticket
from tests.services.conftest import FAST, MEMBER
from tests.services.generation.test_hardships import until_state, until_true
from tests.services.limits.test_losses_and_bills import struck

OWN_ERROR = Unproven("500", word="500", end=TemporaryFailure("fal's own error"))


def kept(house, job):
    folder = house.folder / job.id
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []


# The shelf


async def undelivered(open_house):
    """Two pictures are made, one can be fetched, and no way to the member is open."""
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [rendering(2)]
    late = rendering(2).pictures[1].url
    house.queue.missing = {late}
    house.courier.errors = [Undeliverable(["closed"])]
    job = await house.start(count=2)
    await until_state(house, job, State.UNDELIVERED)
    await house.runner.stop(5)
    return house, job, late


async def test_a_picture_that_the_shelf_lacks_is_looked_for_until_it_lies_there(open_house):
    house, job, late = await undelivered(open_house)
    assert kept(house, job) == ["1.png"]

    assert await house.generation.rescue.look() == 1
    assert kept(house, job) == ["1.png"]
    assert (await house.get(job)).search_until_ms is not None

    house.queue.missing.remove(late)
    assert await house.generation.rescue.look() == 1
    assert kept(house, job) == ["1.png", "2.png"]
    stored = await house.get(job)
    assert (stored.state, stored.search_until_ms) == (State.UNDELIVERED, None)
    await house.check()


async def test_what_lies_on_the_shelf_need_not_be_at_fal_any_more(open_house):
    house, job, _ = await undelivered(open_house)
    house.queue.missing = {rendering(2).pictures[0].url}
    assert await house.generation.rescue.look() == 1
    assert kept(house, job) == ["1.png", "2.png"]
    assert (await house.get(job)).search_until_ms is None


async def test_what_the_disk_did_not_take_is_fetched_again(open_house):
    house = await open_house()
    house.folder.parent.mkdir()
    house.folder.write_bytes(b"a file where a folder should be")
    house.queue.gate.set()
    house.courier.errors = [Undeliverable(["closed"])]
    job = await house.start()
    await until_state(house, job, State.UNDELIVERED)
    await house.runner.stop(5)
    assert await house.generation.rescue.look() == 1

    house.folder.unlink()
    assert await house.generation.rescue.look() == 1
    assert kept(house, job) == ["1.png"]
    assert (await house.get(job)).search_until_ms is None


async def test_a_whole_shelf_is_not_searched(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.courier.errors = [Undeliverable(["closed"])]
    job = await house.start()
    await until_state(house, job, State.UNDELIVERED)
    assert kept(house, job) == ["1.png"]
    assert (await house.get(job)).search_until_ms is None


# Ends


async def test_a_member_is_told_of_an_undelivered_job_once_discord_is_back(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.courier.errors = [Undeliverable(["closed"])]
    house.courier.end_errors = [RouteBusy("503")] * 3
    job = await house.start()
    await house.courier.until(1)

    assert [(one.id, one.reason) for one in house.courier.ended] == [(job.id, Reason.UNDELIVERABLE)]
    await until_true(lambda: house.courier.end_errors == [])
    await house.runner.stop(5)
    assert (await house.get(job)).interaction_token is None


async def test_an_end_whose_commit_lost_its_answer_is_told_by_the_second_look(open_house):
    house = await open_house(runs=False)
    job = await house.accept()
    house.database.answers_lost = 1
    with pytest.raises(DatabaseUnavailable):
        await house.runner.cancel(job.id, MEMBER, is_moderator=False)
    assert (await house.get(job)).state is State.CANCELLED

    await house.runner.adopt_strays()
    assert house.courier.ended == []
    await house.runner.adopt_strays()
    await house.courier.until(1)
    await house.runner.adopt_strays()
    await house.runner.adopt_strays()
    await house.runner.stop(5)
    assert [one.id for one in house.courier.ended] == [job.id]


# Jobs


async def test_a_sent_job_that_nobody_drives_is_taken_up_by_the_second_look(open_house):
    house = await open_house()
    house.queue.gate.set()
    job = await house.books.submit(await house.accept())
    await house.books.accept(job, ticket(7))

    await house.runner.adopt_strays()
    assert (await house.get(job)).state is State.QUEUED
    await house.runner.adopt_strays()
    await house.courier.until(1)
    await house.runner.stop(5)
    assert (await house.get(job)).state is State.DELIVERED
    assert house.queue.submits == []


async def test_a_job_that_waited_while_its_member_struck_out_is_given_back_unsent(open_house):
    house = await open_house(runs=False, default_images_per_day=100)
    await struck(house, 4)
    job = await house.start()
    await struck(house)
    other = await house.start(member_id=MEMBER + 1)
    running = await open_house()
    running.queue.gate.set()
    await running.generation.resume()
    await running.courier.until(2)
    await running.runner.stop(5)

    stored = await running.get(job)
    assert (stored.state, stored.reason) == (State.FAILED, Reason.STRIKES)
    assert await running.kinds(job) == ["hold", "release"]
    assert (await running.get(other)).state is State.DELIVERED
    assert len(running.queue.submits) == 1
    await running.check()


# fal's own words


async def test_an_own_error_that_stays_is_told_soon_and_doubted_until_a_later_look(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [OWN_ERROR] * 20
    job = await house.start()
    await house.courier.until(1)
    await house.runner.stop(5)
    stored = await house.get(job)
    assert (stored.state, stored.reason) == (State.FAILED, Reason.TEMPORARY)
    assert await house.doubt(job) == job.held_microusd
    assert house.runner.halt is None

    for _ in range(4):
        assert await house.generation.rescue.look() == 1
        assert await house.doubt(job) == job.held_microusd
    assert await house.generation.rescue.look() == 1
    assert await house.doubt(job) == 0
    assert (await house.get(job)).search_until_ms is None
    await house.check()


async def test_an_own_error_that_was_none_after_all_brings_its_picture_for_nothing(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [OWN_ERROR] * 20
    job = await house.start()
    await house.courier.until(1)
    house.queue.results = [rendering(1, billed_microusd=60_000)]
    assert await house.generation.rescue.look() == 1
    await until_state(house, job, State.DELIVERED)

    assert await house.doubt(job) == 0
    assert (await house.get(job)).cost_microusd == 60_000
    await house.check()


async def test_a_refusal_at_once_leaves_no_doubt(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [ContentRefused("no")]
    job = await house.start()
    await house.courier.until(1)
    assert await house.doubt(job) == 0
    assert (await house.get(job)).search_until_ms is None


# Searches in the history


async def test_a_late_search_looks_further_back_each_time(open_house):
    house = await open_house(runs=False, times=FAST)
    job = await house.books.submit(await house.accept())
    lost = await house.books.lose(job, "cut")
    await house.books.fail(lost, Reason.LOST, doubt_microusd=job.held_microusd, search=True)
    for _ in range(3):
        assert await house.generation.rescue.look() == 1
    days = [(at_ms - from_ms) / 86_400_000 for at_ms, from_ms, _ in house.queue.searches]
    assert days == [2, 4, 8]
    assert {until_ms for _, _, until_ms in house.queue.searches} == {None}


async def test_a_late_search_begins_before_now_though_the_submit_seems_still_to_come(open_house):
    """The time of day was wrong when it was sent, and has been set right since."""
    house = await open_house(runs=False)
    day_ms = 86_400_000
    house.clock.now += 40 * day_ms
    lost = await house.books.lose(await house.books.submit(await house.accept()), "cut")
    house.clock.now -= 40 * day_ms
    await house.generation.runner._steps._sender.find(lost, is_late=True)
    [(_, from_ms, until_ms)] = house.queue.searches
    assert (house.clock.now - from_ms, until_ms) == (2 * day_ms, None)


async def test_a_request_whose_answer_is_just_being_noted_is_no_other_jobs(open_house):
    """It is in fal's history already, and in the database not yet."""
    house = await open_house()
    lost = await house.books.lose(await house.books.submit(await house.accept()), "cut")
    twins = []

    async def find(order, **_):
        house.queue.answers.clear()
        twins.append(await house.start())
        await until_true(lambda: house.queue.submits)
        house.database.writes_failing = 3
        house.queue.answers.set()
        await until_true(lambda: house.database.writes_failing < 3)
        return (ticket(1),)

    house.queue.find = find
    assert await house.generation.runner._steps._sender.find(lost) is None
    await until_state(house, twins[0], State.QUEUED)
    assert (await house.get(twins[0])).ticket == ticket(1)
    await house.runner.stop(0)


# Two processes


async def test_pictures_that_another_process_brought_fewer_of_are_noted(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [rendering(3)]
    job = await house.books.submit(await house.accept(count=3))
    rendered = await house.books.render(await house.books.accept(job, ticket(1)), rendering(3))
    facts = house.generation.facts
    await facts.deliver(rendered, Delivered(77, rendered.channel_id, "answer"), [0, 1])

    known = await facts.deliver(rendered, Delivered(77, rendered.channel_id, "answer"), [0, 1, 2])
    assert (known.state, known.pictures, known.free_pictures) == (State.DELIVERED, 3, 1)
    assert known.search_until_ms is None
    again = await facts.deliver(rendered, Delivered(77, rendered.channel_id, "answer"), [0, 2])
    assert again.pictures == 3
    await house.check()


async def test_the_trace_of_another_process_is_no_proof_that_nothing_was_sent(open_house):
    house = await open_house(runs=False)
    sender = house.runner._steps._sender
    job = await house.accept()
    house.database.errors = [DatabaseUnavailable("disk full")]
    with pytest.raises(DatabaseUnavailable):
        await sender.submit(job)
    house.database.errors = []
    other = await open_house(runs=False)
    sent = await other.books.submit(job, "another attempt")

    assert (await sender.lose(sent)).state is State.UNCLEAR
    assert house.queue.submits == []


async def test_a_job_that_another_process_brought_meanwhile_is_not_posted_again(open_house):
    house = await open_house(runs=False)
    job = await house.books.submit(await house.accept(count=2))
    rendered = await house.books.render(await house.books.accept(job, ticket(1)), rendering(2))
    delivered = Delivered(77, rendered.channel_id, "answer")
    known = await house.books.deliver(rendered, delivered, [0, 1])

    assert await house.runner._steps._deliverer.deliver(rendered) == known
    assert house.courier.delivered == []
