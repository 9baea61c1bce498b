"""What the meter is told of a whole job, of refusals and of what goes wrong."""

import logging
from contextlib import suppress

import pytest

from bot.core.errors import DatabaseUnavailable, OverLimit, TemporaryFailure, Unproven
from bot.core.jobs import Event, Reason, State
from bot.core.models.registry import DEFAULT
from bot.ops.job_log import JobLog
from bot.services.generation.moves import Moves
from bot.services.meters import Meters
from bot.services.ports import Meter
from tests.fakes import RecordingMeter, rendering

MODEL = DEFAULT.id


async def test_a_whole_job_is_told_step_by_step(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [rendering(2)]
    await house.start(count=2)
    await house.courier.until(1)
    await house.runner.stop(5)

    assert house.meter.told == [
        ("moved", MODEL, "", "held"),
        ("answered", MODEL),
        ("moved", MODEL, "held", "submitting"),
        ("called", "submit", "ok"),
        ("moved", MODEL, "submitting", "queued"),
        ("called", "follow", "ok"),
        ("called", "result", "ok"),
        ("moved", MODEL, "queued", "rendered"),
        ("called", "fetch", "ok"),
        ("called", "fetch", "ok"),
        ("moved", MODEL, "rendered", "delivered"),
        ("delivered", MODEL, "answer"),
    ]
    assert all(0 <= seconds < 60 for seconds in house.meter.seconds)


async def test_a_refusal_is_told_with_its_reason_and_moves_nothing(open_house):
    house = await open_house(default_images_per_day=1)
    with pytest.raises(OverLimit):
        await house.accept(count=2)

    assert house.meter.told == [("refused", MODEL, "limit")]


async def test_a_cancel_in_our_line_never_calls_fal(open_house):
    house = await open_house(runs=False)
    job = await house.start()
    await house.runner.cancel(job.id, job.member_id, is_moderator=False)

    assert house.meter.of("called") == []
    assert house.meter.of("moved")[1:] == [("moved", MODEL, "held", "cancelled")]


async def test_calls_that_fail_are_told_by_the_name_of_their_error(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [Unproven("a gateway's page"), TemporaryFailure("500")]
    await house.start()
    await house.courier.until(1)
    await house.runner.stop(5)

    outcomes = [told[1:] for told in house.meter.of("called")]
    assert ("result", "Unproven") in outcomes
    assert outcomes[-1] == ("result", "TemporaryFailure")
    assert house.meter.told[-1] == ("moved", MODEL, "queued", "failed")


class InTheMiddle(Exception):
    pass


async def test_what_is_rolled_back_is_not_told(open_house):
    house = await open_house(runs=False)
    job = await house.accept()
    moves = Moves(house.database, house.clock, house.meter)
    told = len(house.meter.told)
    with suppress(InTheMiddle):
        async with moves.write(job.server_id) as transaction:
            await transaction.move(job, Event.SUBMIT)
            assert len(house.meter.told) == told, "not before the commit"
            raise InTheMiddle

    assert len(house.meter.told) == told
    assert (await house.get(job)).state is State.HELD


async def test_a_commit_without_an_answer_is_not_told(open_house):
    house = await open_house(runs=False)
    job = await house.accept()
    house.database.answers_lost = 1
    with pytest.raises(DatabaseUnavailable):
        await house.books.submit(job)

    assert (await house.get(job)).state is State.SUBMITTING
    assert house.meter.of("moved") == [("moved", MODEL, "", "held")]


class Falling(Meter):
    def moved(self, move):
        raise ZeroDivisionError

    def called(self, call, outcome, seconds):
        raise ZeroDivisionError


async def test_a_meter_that_falls_over_harms_no_job(open_house, caplog):
    house = await open_house()
    house.services.meter._meters = (Falling(), house.meter)
    house.queue.gate.set()
    job = await house.start()
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).state is State.DELIVERED
    assert house.meter.told[-1] == ("delivered", MODEL, "answer"), "the other one hears of it"
    assert {one.getMessage() for one in caplog.records if one.exc_info} == {"meter failed"}
    await house.check()


def test_every_call_of_the_port_goes_to_every_meter():
    calls = [name for name in vars(Meter) if not name.startswith("_")]

    assert [name for name in calls if name not in vars(Meters)] == []
    assert [name for name in calls if name not in vars(RecordingMeter)] == []


# The log


async def test_each_job_that_ends_is_a_line_without_its_prompt(open_house, caplog):
    caplog.set_level(logging.INFO, "bot.ops")
    house = await open_house(runs=False)
    house.services.meter._meters = (JobLog(),)
    done = await house.accept(prompt="a secret wish", count=2)
    house.clock.now += 1500
    done = await house.books.submit(done)
    await house.books.fail(done, Reason.TEMPORARY)

    [line] = [one for one in caplog.records if one.name == "bot.ops.job_log"]
    assert (line.getMessage(), line.levelname) == ("job ended", "INFO")
    told = {name: getattr(line, name) for name in ("job_id", "state", "reason", "model", "seconds")}
    assert told == {
        "job_id": done.id,
        "state": "failed",
        "reason": "temporary",
        "model": MODEL,
        "seconds": 1.5,
    }
    assert "secret" not in str(vars(line))
