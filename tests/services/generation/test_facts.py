"""What fal or Discord said once is kept, whatever the database and the disk do."""

import asyncio
import json

import pytest

from bot.core.errors import Broken, DatabaseUnavailable
from bot.core.jobs import Reason, State
from bot.services.generation.facts import Facts
from bot.storage.journal import Fact, Journal
from tests.fakes import rendering, ticket
from tests.services.generation.test_hardships import until_state, until_true

ERRORS = [DatabaseUnavailable("away"), Broken("cached statement plan is invalid")]


def lines(folder):
    """The facts that the journal holds."""
    path = folder / "data" / "journal.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def break_writes(house, error):
    house.database.errors = [error] * 100_000


async def hurried(house):
    """Stop as somebody does who sends the signal twice."""
    hurry = asyncio.Event()
    hurry.set()
    async with asyncio.timeout(5):
        await house.runner.stop(0, hurry)


async def ticket_in_the_journal_only(open_house, tmp_path, error):
    """A submit is answered while the database errs, and the bot is stopped there."""
    house = await open_house()
    house.queue.answers.clear()
    job = await house.start()
    await until_true(lambda: house.queue.submits)
    break_writes(house, error)
    house.queue.answers.set()
    await until_true((tmp_path / "data" / "journal.jsonl").exists)
    await until_true(lambda: lines(tmp_path))
    await hurried(house)
    return job


@pytest.mark.parametrize("error", ERRORS, ids=["unavailable", "broken"])
@pytest.mark.parametrize("state", [State.SUBMITTING, State.UNCLEAR])
async def test_a_ticket_outlives_a_stop_while_the_database_errs(open_house, tmp_path, error, state):
    job = await ticket_in_the_journal_only(open_house, tmp_path, error)
    again = await open_house()
    assert (await again.get(job)).state is State.SUBMITTING
    if state is State.UNCLEAR:
        await again.books.lose(await again.get(job), "another process")
    again.queue.gate.set()
    await again.generation.resume()
    await again.courier.until(1)
    await again.runner.stop(5)

    stored = await again.get(job)
    assert (stored.state, stored.ticket) == (State.DELIVERED, ticket(1))
    assert (again.queue.submits, again.queue.searches) == ([], [])
    assert lines(tmp_path) == []
    await again.check()


async def test_a_ticket_is_accepted_of_a_job_that_was_given_up_meanwhile(open_house, tmp_path):
    job = await ticket_in_the_journal_only(open_house, tmp_path, ERRORS[1])
    again = await open_house()
    lost = await again.books.lose(await again.get(job), "another process")
    await again.books.fail(lost, Reason.LOST, doubt_microusd=job.held_microusd, search=True)
    await again.generation.resume()

    stored = await again.get(job)
    assert (stored.state, stored.ticket) == (State.FAILED, ticket(1))
    assert stored.search_due_ms is not None
    again.queue.gate.set()
    again.queue.results = [rendering(1)]
    assert await again.generation.rescue.look() == 1
    await until_state(again, job, State.DELIVERED)
    assert again.queue.submits == []


async def test_a_rendering_outlives_a_stop_and_is_settled_once(open_house, tmp_path):
    house = await open_house()
    house.queue.results = [rendering(2, billed_microusd=90_000)]
    job = await house.start(count=2)
    await until_true(lambda: house.queue.running)
    break_writes(house, ERRORS[1])
    house.queue.gate.set()
    await until_true((tmp_path / "data" / "journal.jsonl").exists)
    await until_true(lambda: lines(tmp_path))
    await hurried(house)

    again = await open_house()
    assert (await again.get(job)).state is State.QUEUED
    again.queue.gate.set()
    again.queue.results = [AssertionError("fal was asked again")] * 3
    await again.generation.resume()
    await again.courier.until(1)
    await again.runner.stop(5)
    stored = await again.get(job)
    assert (stored.state, stored.cost_microusd, stored.pictures) == (State.DELIVERED, 90_000, 2)
    assert await again.kinds(job) == ["hold", "settle"]
    assert len(again.queue.results) == 3
    await again.check()


async def test_pictures_that_were_posted_before_a_stop_are_posted_once(open_house, tmp_path):
    house = await open_house()
    house.queue.results = [rendering(2)]
    house.queue.missing = {"http://127.0.0.1/1.png"}
    house.queue.gate.set()
    real = house.courier.deliver

    async def deliver(*args):
        posted = await real(*args)
        break_writes(house, ERRORS[0])
        return posted

    house.courier.deliver = deliver
    job = await house.start(count=2)
    await until_true((tmp_path / "data" / "journal.jsonl").exists)
    await until_true(lambda: lines(tmp_path))
    await hurried(house)

    again = await open_house()
    assert (await again.get(job)).state is State.RENDERED
    again.queue.gate.set()
    await again.generation.resume()
    await until_true(lambda: again.runner.at_fal == 0)
    await again.runner.stop(5)
    stored = await again.get(job)
    assert (stored.state, stored.message_id, stored.pictures) == (State.DELIVERED, 77, 1)
    assert [link.arrived for link in stored.links] == [True, False]
    assert stored.search_until_ms is not None, "the late one is looked for"
    assert again.courier.delivered == []
    await again.check()


async def test_replaying_twice_is_harmless(open_house, tmp_path):
    job = await ticket_in_the_journal_only(open_house, tmp_path, ERRORS[0])
    path = tmp_path / "data" / "journal.jsonl"
    text = path.read_text()
    again = await open_house()
    history = []
    for _ in range(2):
        path.write_text(text + text)
        late = again.generation.rescue._kit.late
        assert await Facts(again.books, late, Journal(tmp_path / "data")).replay() == 1
        assert path.read_text() == ""
        history.append(await again.history(job))
    assert history == [["held", "submitting", "queued"]] * 2
    await again.check()


async def test_a_torn_last_line_costs_only_itself(open_house, tmp_path, caplog):
    job = await ticket_in_the_journal_only(open_house, tmp_path, ERRORS[0])
    path = tmp_path / "data" / "journal.jsonl"
    with path.open("a") as file:
        file.write('["x", "ticket", {"request_id": "requ')
    later = Fact("another", "posted", {"message_id": 1, "channel_id": 1, "route": "x"})
    await Journal(tmp_path / "data").note(later)

    found = await Journal(tmp_path / "data").read()
    assert [fact.key for fact in found] == [(job.id, "ticket"), ("another", "posted")]
    assert sum(r.message == "a line of the journal cannot be read" for r in caplog.records) == 1
    again = await open_house()
    assert await again.generation.facts.replay() == 2
    assert (await again.get(job)).ticket == ticket(1)
    assert path.read_text() == ""


@pytest.mark.parametrize(
    "line",
    ["[]", "{}", "17", '["a", "b"]', '["a", 1, {}]', '["a", "ticket", 5]', "\x00", "[" * 3000],
)
async def test_a_line_that_is_no_fact_is_passed_over(tmp_path, line):
    (tmp_path / "journal.jsonl").write_text(f'{line}\n["job", "ticket", {{}}]\n')
    assert [fact.job_id for fact in await Journal(tmp_path).read()] == ["job"]


async def test_a_fact_that_does_not_fit_its_job_is_told_and_does_not_stop_the_start(
    open_house, tmp_path, caplog
):
    house = await open_house(runs=False)
    job = await house.books.submit(await house.accept())
    (tmp_path / "data").mkdir(exist_ok=True)
    journal = Journal(tmp_path / "data")
    await journal.note(Fact("nobody", "ticket", {"request_id": "x"}))
    await journal.note(Fact(job.id, "ticket", {"not": "a ticket"}))
    await journal.note(Fact(job.id, "a kind of a later version", {}))
    assert await house.generation.resume() == 1
    assert lines(tmp_path) == []
    told = [r for r in caplog.records if r.message == "fact of the journal does not fit its job"]
    assert len(told) == 2


async def test_a_fact_that_the_database_refuses_stays_in_the_journal(
    open_house, tmp_path, monkeypatch
):
    job = await ticket_in_the_journal_only(open_house, tmp_path, ERRORS[1])
    monkeypatch.setattr("bot.services.retry._PAUSE_MAX_S", 0.1)
    again = await open_house(runs=False)
    break_writes(again, ERRORS[1])
    assert await again.generation.facts.replay() == 1
    assert [line[:2] for line in lines(tmp_path)] == [[job.id, "ticket"]]
    again.database.errors.clear()
    assert await again.generation.facts.replay() == 1
    assert (await again.get(job)).ticket == ticket(1)
    assert lines(tmp_path) == []


async def test_with_a_full_disk_too_the_ticket_stands_in_the_log(open_house, tmp_path, caplog):
    (tmp_path / "data").write_bytes(b"a file where a folder should be")
    house = await open_house()
    house.queue.answers.clear()
    house.queue.gate.set()
    job = await house.start()
    await until_true(lambda: house.queue.submits)
    house.database.errors = [ERRORS[1]] * 3
    house.queue.answers.set()
    await house.courier.until(1)
    await house.runner.stop(5)

    kept = [r for r in caplog.records if r.message == "fact kept"]
    assert kept[0].fact["request_id"] == ticket(1).request_id
    assert kept[0].job_id == job.id
    assert any(r.message == "the journal cannot be written" for r in caplog.records)
    assert (await house.get(job)).state is State.DELIVERED


async def test_the_journal_is_forced_to_the_disk_and_closed_to_others(tmp_path, monkeypatch):
    synced = []
    import os

    real = os.fsync
    monkeypatch.setattr("bot.storage.journal.os.fsync", lambda fd: (synced.append(fd), real(fd)))
    journal = Journal(tmp_path / "data")
    await journal.note(Fact("job", "ticket", {"request_id": "r"}))
    # The line, and the name of the file that was not there before.
    assert len(synced) == 2
    await journal.note(Fact("other", "ticket", {"request_id": "s"}))
    assert len(synced) == 3
    assert (tmp_path / "data" / "journal.jsonl").stat().st_mode & 0o777 == 0o600


async def test_one_fact_less_does_not_forget_the_others(tmp_path):
    journal = Journal(tmp_path)
    first, second = Fact("a", "ticket", {}), Fact("b", "ticket", {})
    await journal.note(first)
    await journal.note(second)
    await journal.settle(first)
    assert len(await Journal(tmp_path).read()) == 2
    await journal.settle(second)
    assert await Journal(tmp_path).read() == []


# A stop while a submit is in flight


async def test_a_stop_waits_for_the_answer_to_a_submit_beyond_the_grace(open_house):
    house = await open_house()
    house.queue.answers.clear()
    job = await house.start()
    await until_true(lambda: house.queue.submits)
    stopping = asyncio.create_task(house.runner.stop(0.01))
    await asyncio.sleep(0.3)
    assert not stopping.done()
    house.queue.answers.set()
    async with asyncio.timeout(5):
        await stopping
    stored = await house.get(job)
    assert (stored.state, stored.ticket) == (State.QUEUED, ticket(1))


async def test_a_second_signal_ends_the_wait_and_the_next_start_looks_for_it(open_house):
    house = await open_house()
    house.queue.answers.clear()
    job = await house.start()
    await until_true(lambda: house.queue.submits)
    hurry = asyncio.Event()
    stopping = asyncio.create_task(house.runner.stop(0.01, hurry))
    await asyncio.sleep(0.1)
    assert not stopping.done()
    hurry.set()
    async with asyncio.timeout(5):
        await stopping
    assert (await house.get(job)).state is State.SUBMITTING

    again = await open_house()
    again.queue.gate.set()
    again.queue.found = [ticket(1)]
    await again.generation.resume()
    await again.courier.until(1)
    await again.runner.stop(5)
    assert (await again.get(job)).state is State.DELIVERED
    assert again.queue.submits == []


async def test_after_a_stop_nothing_that_waits_is_sent(open_house):
    house = await open_house(concurrency=1)
    house.queue.answers.clear()
    await house.start()
    waiting = await house.start(member_id=31)
    await until_true(lambda: house.queue.submits)
    stopping = asyncio.create_task(house.runner.stop(0.01))
    house.queue.answers.set()
    await stopping
    await asyncio.sleep(0.05)
    assert len(house.queue.submits) == 1
    assert (await house.get(waiting)).state is State.HELD
