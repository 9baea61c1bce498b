"""The line stops where sending on would only lose money, says so everywhere, and goes on by itself.

On a skipping clock: how long it stands is asserted as well.
"""

import asyncio
from dataclasses import replace

import pytest

from bot.app import _line_note
from bot.core.errors import (
    AccountLocked,
    BadParameter,
    ContentRefused,
    ForeignHost,
    Halt,
    KeyRejected,
    SubmitUnclear,
    TemporaryFailure,
    Trouble,
    Unproven,
)
from bot.core.jobs import Reason, State
from bot.services.generation.halts import Halts
from bot.services.generation.times import Times
from bot.storage import notices
from tests.fakes import rendering
from tests.services.limits.test_alerts import set_log_channel
from tests.services.quiet import quiet_house
from tests.virtual_time import now_s, virtual

DAY_S = 24 * 3600
PATIENT = replace(Times(), unclear_max_s=3 * 3600)
"""So that a lost submit is not also counted as a loss."""


def crashed():
    return TemporaryFailure("500", cost_microusd=60_000)


async def started(house, count):
    return [await house.start(member_id=100 + number) for number in range(count)]


async def one_after_another(house, count):
    """Start jobs so that each one meets fal before the next."""
    found = []
    for number in range(count):
        found.append(await house.start(member_id=100 + number))
        await asyncio.sleep(0.01)
    return found


async def line_notices(house, server_id):
    async with house.database.real.read() as connection:
        found = await notices.oldest(connection, server_id, 50)
    return [one.body["halt"] for one in found if one.kind == "line"]


@virtual
async def test_three_lost_answers_in_a_row_stop_the_line_for_all(tmp_path):
    async with quiet_house(tmp_path, times=PATIENT, concurrency=1) as house:
        house.queue.submit_errors = [SubmitUnclear("502") for _ in range(3)]
        await one_after_another(house, 40)
        await asyncio.sleep(29)
        assert len(house.queue.submits) <= 3
        assert house.runner.halt is (Halt.UNCLEAR if len(house.queue.submits) == 3 else None)


@virtual
async def test_of_forty_requests_three_are_sent_where_no_answer_ever_comes(tmp_path):
    async with quiet_house(tmp_path, times=PATIENT) as house:
        house.queue.always["submit"] = SubmitUnclear("502")
        await one_after_another(house, 40)
        await asyncio.sleep(29)
        assert len(house.queue.submits) == 3
        assert house.runner.halt is Halt.UNCLEAR
        await asyncio.sleep(3000)
        times = house.queue.times["submit"]
        assert [round(s) for s in times[3:]] == [30, 90, 210, 450, 930, 1830, 2730]


@pytest.mark.parametrize(
    ("error", "halt"), [(AccountLocked("403"), Halt.ACCOUNT), (KeyRejected("401"), Halt.KEY)]
)
@virtual
async def test_a_locked_account_puts_jobs_back_and_the_line_goes_on_by_itself(
    tmp_path, error, halt
):
    async with quiet_house(tmp_path) as house:
        house.queue.always["submit"] = error
        jobs = await one_after_another(house, 6)
        assert house.runner.halt is halt
        assert {(await house.get(job)).state for job in jobs} == {State.HELD}
        await asyncio.sleep(100)
        assert len(house.queue.submits) == 3, "one at a time: at 0, 30 and 90"
        house.queue.always.clear()
        house.queue.answers.clear()
        await asyncio.sleep(200)
        assert len(house.queue.submits) == 4
        assert house.runner.halt is halt, "until fal has taken the probe"
        house.queue.answers.set()
        await house.courier.until(6, 10)
        assert house.runner.halt is None
        assert len(house.queue.submits) == 3 + 6
        for job in jobs:
            assert "failed" not in await house.history(job)
            assert await house.doubt(job) == 0


@virtual
async def test_one_foreign_media_host_stops_the_line_at_once(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.always["0.png"] = ForeignHost("cdn.elsewhere.test")
        first = await house.start()
        await house.courier.until(1, 60)
        assert house.runner.halt is Halt.MEDIA
        assert (await house.get(first)).reason is Reason.MEDIA
        assert (await house.get(first)).search_until_ms is not None
        await started(house, 5)
        await asyncio.sleep(25)
        assert len(house.queue.submits) == 1
        await asyncio.sleep(10)
        assert len(house.queue.submits) == 2, "the probe, which meets the same"
        await asyncio.sleep(50)
        assert len(house.queue.submits) == 2
        house.queue.always.clear()
        await house.courier.until(6, 60)
        assert house.runner.halt is None


@virtual
async def test_three_jobs_that_were_paid_and_brought_nothing_stop_the_line(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.results = [crashed() for _ in range(4)]
        await one_after_another(house, 10)
        await asyncio.sleep(20)
        assert (len(house.queue.submits), house.runner.halt) == (3, Halt.LOSSES)
        await asyncio.sleep(30)
        assert (len(house.queue.submits), house.runner.halt) == (4, Halt.LOSSES)
        await house.courier.until(10, 100)
        assert house.runner.halt is None
        # 30 s after the third, and 60 s after the probe that was lost as well.
        assert [round(s) for s in house.queue.times["submit"][3:]] == [30, 90, *[90] * 5]


@virtual
async def test_failures_that_cost_nothing_stop_nothing(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.results = [TemporaryFailure("500", cost_microusd=0) for _ in range(9)]
        await one_after_another(house, 10)
        await house.courier.until(10, 1)
        assert house.runner.halt is None


@pytest.mark.parametrize("cost", [None, 0, 60_000])
@virtual
async def test_refused_prompts_never_stop_the_line(tmp_path, cost):
    async with quiet_house(tmp_path) as house:
        refused = ContentRefused("no", cost_microusd=cost)
        house.queue.results = [refused] * 10
        house.queue.submit_errors = []
        await one_after_another(house, 10)
        house.queue.submit_errors = [refused, BadParameter("422")] * 5
        await one_after_another(house, 10)
        await house.courier.until(20, 1)
        assert house.runner.halt is None


@virtual
async def test_a_refused_prompt_as_a_probe_opens_the_line(tmp_path):
    """One member must not be able to keep the line shut for all."""
    async with quiet_house(tmp_path) as house:
        house.queue.submit_errors = [AccountLocked("403"), ContentRefused("no")]
        await started(house, 3)
        await house.courier.until(3, 40)
        assert house.runner.halt is None


@virtual
async def test_steady_5xx_about_jobs_at_fal_stops_the_line_until_fal_speaks(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.always["follow"] = Unproven("502", trouble=Trouble.OUTAGE)
        await house.start()
        await asyncio.sleep(74)
        assert house.runner.halt is None
        await asyncio.sleep(2)
        assert house.runner.halt is Halt.OUTAGE, "the fifth one in a row"
        await started(house, 4)
        sent = len(house.queue.submits)
        house.queue.always.clear()
        await house.courier.until(5, 600)
        assert sent == 1
        assert house.runner.halt is None


@virtual
async def test_a_probe_that_is_cancelled_lets_the_next_one_go(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.submit_errors = [AccountLocked("403")]
        first = await house.start()
        await started(house, 2)
        await asyncio.sleep(10)
        await house.runner.cancel(first.id, first.member_id, is_moderator=False)
        await house.courier.until(3, 60)
        assert now_s() == 30


@virtual
async def test_a_probe_of_which_nothing_is_proven_lets_the_next_one_go_after_a_longer_pause(
    tmp_path,
):
    async with quiet_house(tmp_path) as house:
        house.queue.results = [*(crashed() for _ in range(3)), *[Unproven("202")] * 1000]
        await one_after_another(house, 6)
        await asyncio.sleep(250)
        assert house.runner.halt is Halt.LOSSES
        # 30 s after the third, then 60 and 120 s after a probe that came to nothing.
        assert [round(s) for s in house.queue.times["submit"][3:]] == [30, 90, 210]


# What is said of it


@virtual
async def test_cards_requests_and_readyz_say_why_the_line_stands(tmp_path):
    async with quiet_house(tmp_path, concurrency=1) as house:
        house.queue.gate.clear()
        await house.start(member_id=30)
        waiting = [await house.start(member_id=31), await house.start(member_id=32)]
        await asyncio.sleep(1)
        brakes = house.generation.brakes
        assert _line_note(brakes) is None
        assert (await house.imagine.accept(house.request(member_id=33))).halt is None
        house.courier.shown.clear()

        brakes.refused("x", Trouble.ACCOUNT)
        await asyncio.sleep(0.1)
        shown = [(job_id, place.in_line, place.halt) for job_id, place in house.courier.shown]
        assert shown == [
            (waiting[0].id, 1, Halt.ACCOUNT),
            (waiting[1].id, 2, Halt.ACCOUNT),
        ]
        assert _line_note(brakes) == "paused: account"
        accepted = await house.imagine.accept(house.request(member_id=34))
        assert (accepted.halt, accepted.position) == (Halt.ACCOUNT, 3)

        house.courier.shown.clear()
        brakes.accepted()
        await asyncio.sleep(0.1)
        assert {place.halt for _, place in house.courier.shown} == {None}
        assert _line_note(brakes) is None


@virtual
async def test_a_request_during_a_halt_is_told_its_place_though_places_at_fal_are_free(tmp_path):
    async with quiet_house(tmp_path) as house:
        assert (await house.imagine.accept(house.request())).position == 0
        house.generation.brakes.refused("x", Trouble.KEY)
        assert (await house.imagine.accept(house.request())).position == 1


@virtual
async def test_log_channels_of_this_process_hear_of_a_halt_once_and_of_its_end(tmp_path):
    async with quiet_house(tmp_path) as house:
        for server_id in (1, 2, 3):
            await set_log_channel(house, server_id, 70 + server_id)
        halts = Halts(
            house.database, house.clock, house.generation.brakes, owns=lambda server: server != 2
        )
        house.keep("halts", halts.run)
        house.queue.submit_errors = [AccountLocked("403") for _ in range(4)]
        job = await house.start()
        await asyncio.sleep(100)
        assert await line_notices(house, 1) == ["account"]
        await house.courier.until(1, 1000)
        await asyncio.sleep(1)
        for server_id in (1, 2, 3):
            expected = [] if server_id == 2 else ["account", None]
            assert await line_notices(house, server_id) == expected
        assert (await house.get(job)).state is State.DELIVERED


@virtual
async def test_a_halt_that_changes_is_told_anew(tmp_path):
    async with quiet_house(tmp_path) as house:
        await set_log_channel(house, 1, 71)
        house.keep("halts", house.generation.halts.run)
        await asyncio.sleep(0)
        house.generation.brakes.refused("x", Trouble.KEY)
        await asyncio.sleep(1)
        house.generation.brakes.refused("x", Trouble.ACCOUNT)
        await asyncio.sleep(1)
        assert await line_notices(house, 1) == ["key", "account"]


@virtual
async def test_the_log_says_when_the_line_stops_and_when_it_goes_on(tmp_path, caplog):
    async with quiet_house(tmp_path) as house:
        house.queue.submit_errors = [AccountLocked("403") for _ in range(2)]
        await house.start()
        await house.courier.until(1, 200)
    said = [
        (r.message, r.levelname)
        for r in caplog.records
        if r.name == "bot.services.generation.brakes"
    ]
    assert said == [
        ("the line is paused", "ERROR"),
        ("the line is paused", "ERROR"),
        ("the line goes on", "WARNING"),
    ]


# Places at fal


@virtual
async def test_a_job_that_rests_holds_no_place_and_takes_one_when_it_is_asked_about(tmp_path):
    async with quiet_house(tmp_path, concurrency=1) as house:
        house.queue.results = [Unproven("202"), rendering(1)]
        await house.start()
        await asyncio.sleep(3)
        assert house.runner.at_fal == 0
        house.queue.gate.clear()
        waiting = await house.start(member_id=31)
        await asyncio.sleep(1)
        assert (await house.get(waiting)).state is State.QUEUED
        await asyncio.sleep(3)
        assert house.runner.at_fal == 2, "what fal works on has a place, above the number too"
        late = await house.start(member_id=32)
        house.queue.gate.set()
        await house.courier.until(3, 10)
        assert house.runner.at_fal == 0
        assert late.id in {job.id for job, _ in house.courier.delivered}


@virtual
async def test_a_rejected_key_frees_places_and_they_are_taken_back_afterwards(tmp_path):
    async with quiet_house(tmp_path, concurrency=2) as house:
        house.queue.results = [Unproven("401", trouble=Trouble.KEY) for _ in range(2)]
        await started(house, 2)
        await asyncio.sleep(30)
        assert house.runner.at_fal == 0
        house.queue.gate.clear()
        await asyncio.sleep(31)
        assert house.runner.at_fal == 2
        await started(house, 2)
        await asyncio.sleep(10)
        assert len(house.queue.submits) == 2
