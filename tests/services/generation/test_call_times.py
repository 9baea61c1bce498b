"""When fal and Discord are called, to the second, with the bot's real times on a skipping clock."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.errors import (
    AccountLocked,
    CannotLook,
    Gone,
    KeyRejected,
    NotSent,
    RouteBusy,
    SubmitUnclear,
    TemporaryFailure,
    Trouble,
    Undeliverable,
    Unproven,
)
from bot.core.jobs import Reason, State
from bot.services.generation.times import Times
from tests.fakes import rendering, ticket
from tests.services.quiet import quiet_house
from tests.virtual_time import now_s, virtual

DAY_S = 24 * 3600
HOUR_MS = 3_600_000
RETRIES = [0, 5, 15, 35, 75, 135]
"""Pauses of five seconds that double to a minute."""


def retries(until_s, *, from_s=0):
    """All tries up to a second, that one included."""
    return [from_s + s for s in (*RETRIES, *range(195, 40 * DAY_S, 60)) if from_s + s <= until_s]


async def ended(house, job):
    """Wait for the end of a job; it rings no bell, and the clock skips."""
    while not (await house.get(job)).state.is_ended:  # noqa: ASYNC110
        await asyncio.sleep(0.5)
    return await house.get(job)


# The search for a lost submit


@virtual
async def test_evidence_is_looked_for_in_growing_pauses_for_ten_minutes(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.submit_errors = [SubmitUnclear("502")]
        job = await house.start()
        await house.courier.until(1, DAY_S)
        assert house.queue.times["find"] == [2, 7, 17, 37, *range(77, 618, 60)]
        assert house.courier.times["end"] == [617]
        assert (await house.get(job)).reason is Reason.LOST
        assert house.queue.times["submit"] == [0]


@virtual
async def test_a_lost_submit_that_is_found_goes_on_at_once(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.submit_errors = [SubmitUnclear("502")]
        house.queue.found = [None, None, ticket(1)]
        await house.start()
        await house.courier.until(1, DAY_S)
        assert house.courier.times["deliver"] == [17]


@virtual
async def test_a_history_that_is_closed_is_asked_three_times(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.submit_errors = [SubmitUnclear("502")]
        house.queue.always["find"] = CannotLook("403")
        await house.start()
        await house.courier.until(1, DAY_S)
        assert house.queue.times["find"] == [2, 7, 17]
        assert house.courier.times["end"] == [17]


@virtual
async def test_a_history_that_cannot_be_read_now_is_asked_all_the_time(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.submit_errors = [SubmitUnclear("502")]
        house.queue.always["find"] = TemporaryFailure("503")
        await house.start()
        await house.courier.until(1, DAY_S)
        assert len(house.queue.times["find"]) == 14
        assert house.courier.times["end"] == [617]


# What fal says of a job


@virtual
async def test_an_answer_that_proves_nothing_is_asked_for_in_growing_pauses_for_an_hour(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.always["result"] = Unproven("202")
        job = await house.start()
        await house.courier.until(1, DAY_S)
        # The last one is the last look before the member is told.
        assert house.queue.times["result"] == [*retries(3615), 3615]
        assert house.courier.times["end"] == [3615]
        assert (await house.get(job)).reason is Reason.SILENT


@virtual
async def test_a_rejected_key_is_tried_once_a_minute(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.always["result"] = Unproven("401", trouble=Trouble.KEY)
        await house.start()
        await house.courier.until(1, DAY_S)
        assert house.queue.times["result"] == [*range(0, 3601, 60), 3600]


@virtual
async def test_fals_own_word_that_stays_the_same_is_an_end_after_three_minutes(tmp_path):
    async with quiet_house(tmp_path) as house:
        crash = Unproven("500", word="500 x", end=TemporaryFailure("500"))
        house.queue.always["result"] = crash
        job = await house.start()
        await house.courier.until(1, DAY_S)
        assert house.queue.times["result"] == retries(195)
        assert house.courier.times["end"] == [195]
        assert (await house.get(job)).reason is Reason.TEMPORARY


@virtual
async def test_a_cancelled_job_of_which_nothing_is_proven_ends_after_three_minutes(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.always["result"] = Unproven("502", trouble=Trouble.OUTAGE)
        job = await house.start()
        await asyncio.sleep(100)
        await house.runner.cancel(job.id, job.member_id, is_moderator=False)
        await house.courier.until(1, DAY_S)
        # The wish is seen at 135, and 180 s later the look at 315 is the last but one.
        assert house.queue.times["result"] == [*retries(315), 315]
        assert (await house.get(job)).state is State.CANCELLED


@pytest.mark.parametrize("hours", [-30, 30])
@virtual
async def test_no_bound_depends_on_the_time_of_day(tmp_path, hours):
    async with quiet_house(tmp_path) as house:
        house.queue.results = [Unproven("202") for _ in range(len(retries(195)))]
        job = await house.start()
        await asyncio.sleep(20)
        house.clock.now += hours * HOUR_MS
        assert (await ended(house, job)).state is State.DELIVERED
        assert house.courier.times["deliver"] == [255]


# Pictures


@virtual
async def test_a_missing_picture_is_fetched_in_growing_pauses_for_an_hour(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.late["0.png"] = 10_000
        job = await house.start()
        await house.courier.until(1, DAY_S)
        assert house.queue.times["0.png"] == retries(3600)
        assert house.courier.times["end"] == [3600]
        assert (await house.get(job)).reason is Reason.MEDIA


@virtual
async def test_late_pictures_are_waited_for_from_the_first_one_on(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.results = [rendering(3)]
        house.queue.late = {"0.png": 2, "1.png": 3, "2.png": 10_000}
        await house.start(count=3)
        await house.courier.until(1, DAY_S)
        assert house.queue.times["0.png"] == [0, 5, 15]
        assert house.courier.times["deliver"] == [35], "20 s after the first, which came at 15"
        assert house.queue.times["2.png"] == [0, 5, 15, 35]
        assert [count for _, count in house.courier.delivered] == [2]


@virtual
async def test_a_second_picture_does_not_make_the_wait_longer(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.results = [rendering(3)]
        house.queue.late = {"0.png": 1, "1.png": 2, "2.png": 10_000}
        await house.start(count=3)
        await house.courier.until(1, DAY_S)
        assert house.courier.times["deliver"] == [25]
        assert [count for _, count in house.courier.delivered] == [2]


@virtual
async def test_pictures_that_are_all_there_wait_for_nothing(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.results = [rendering(4)]
        house.queue.late = {"0.png": 1, "3.png": 2}
        await house.start(count=4)
        await house.courier.until(1, DAY_S)
        assert house.courier.times["deliver"] == [15]
        assert [count for _, count in house.courier.delivered] == [4]


# Discord


@virtual
async def test_pictures_are_posted_in_growing_pauses_for_six_hours(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.courier.always["deliver"] = RouteBusy("503")
        job = await house.start()
        stored = await ended(house, job)
        assert house.courier.times["deliver"] == retries(6 * 3600 + 15)
        assert stored.state is State.UNDELIVERED
        assert house.courier.times["end"] == [6 * 3600 + 15]


@virtual
async def test_pictures_that_can_never_be_posted_are_tried_once(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.courier.always["deliver"] = Undeliverable(["403"])
        job = await house.start()
        assert (await ended(house, job)).state is State.UNDELIVERED
        assert house.courier.times["deliver"] == [0]


@virtual
async def test_an_end_is_told_in_growing_pauses_for_six_hours(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.results = [Gone("404")]
        house.courier.always["end"] = RouteBusy("503")
        await house.start()
        await asyncio.sleep(DAY_S)
        assert house.courier.times["end"] == retries(6 * 3600 - 1)


# The line


@virtual
async def test_a_job_that_cannot_be_sent_is_sent_in_doubling_pauses_up_to_a_minute(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.always["submit"] = NotSent("no route")
        await house.start()
        await asyncio.sleep(304)
        assert house.queue.times["submit"] == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303]


@virtual
async def test_a_pause_that_fal_asks_for_is_kept(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.always["submit"] = NotSent("429", retry_after_s=37)
        await house.start()
        await asyncio.sleep(150)
        assert house.queue.times["submit"] == [0, 37, 74, 111, 148]


@pytest.mark.parametrize("error", [AccountLocked("403"), KeyRejected("401")])
@virtual
async def test_a_locked_account_is_tried_in_pauses_of_half_a_minute_to_a_quarter_hour(
    tmp_path, error
):
    async with quiet_house(tmp_path) as house:
        house.queue.always["submit"] = error
        job = await house.start()
        await house.courier.until(1, DAY_S)
        assert house.queue.times["submit"] == [0, 30, 90, 210, 450, 930, 1830, 2730]
        assert house.courier.times["end"] == [3630], "its hour in the line is over"
        assert (await house.get(job)).reason is Reason.TOO_OLD


@virtual
async def test_after_a_pause_one_job_is_the_probe_and_then_all_go(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.submit_errors = [NotSent("429", retry_after_s=20) for _ in range(4)]
        house.queue.answers.clear()
        for number in range(6):
            await house.start(member_id=30 + number)
        house.queue.answers.set()
        await asyncio.sleep(10)
        assert house.queue.times["submit"] == [0] * 4
        house.queue.answers.clear()
        await asyncio.sleep(15)
        assert house.queue.times["submit"] == [0] * 4 + [20], "one, whose answer is awaited"
        house.queue.answers.set()
        await house.courier.until(6, 60)
        assert house.queue.times["submit"] == [0] * 4 + [20] + [25] * 5


@virtual
async def test_a_job_that_comes_during_a_pause_waits_for_its_end(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.submit_errors = [NotSent("429", retry_after_s=20)]
        await house.start()
        await asyncio.sleep(12)
        await house.start(member_id=31)
        await house.courier.until(2, 60)
        assert house.queue.times["submit"] == [0, 20, 20]


@virtual
async def test_more_refusals_of_jobs_that_were_under_way_make_a_pause_no_longer(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.answers.clear()
        house.queue.submit_errors = [NotSent("no route") for _ in range(4)]
        for number in range(4):
            await house.start(member_id=30 + number)
        await asyncio.sleep(5)
        house.queue.answers.set()
        await house.courier.until(4, 60)
        assert house.queue.times["submit"] == [0] * 4 + [6] * 4


@virtual
async def test_a_job_is_given_back_after_an_hour_in_the_line(tmp_path):
    async with quiet_house(tmp_path, concurrency=1) as house:
        house.queue.gate.clear()
        await house.start()
        late = await house.start()
        await asyncio.sleep(3601)
        house.queue.gate.set()
        await house.courier.until(2, 60)
        assert (await house.get(late)).reason is Reason.TOO_OLD
        assert house.queue.times["submit"] == [0]


# What runs beside the line


@virtual
async def test_a_stray_is_settled_at_the_second_look_after_two_minutes(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.keep("strays", house.runner.look_for_strays)
        job = await house.accept()
        await house.courier.until(1, DAY_S)
        assert house.courier.times["end"] == [120]
        assert (await house.get(job)).reason is Reason.UNANSWERED
        await asyncio.sleep(10)
        card = await house.books.set_message(await house.accept(), 1)
        assert card is not None
        await house.courier.until(2, DAY_S)
        assert house.queue.times["submit"] == [240]


@virtual
async def test_late_pictures_are_looked_for_in_doubling_pauses_to_six_hours_for_a_week(tmp_path):
    async with quiet_house(tmp_path, times=replace(Times(), silence_max_s=0)) as house:
        house.queue.results = [Unproven("202"), Unproven("202")]
        job = await house.start()
        await house.courier.until(1, DAY_S)
        assert house.queue.times["result"] == [0, 0]
        house.queue.times.clear()
        house.queue.always["result"] = Unproven("202")
        house.keep("rescue", house.generation.rescue.run)
        await asyncio.sleep(9 * DAY_S)
        looks = house.queue.times["result"]
        # A pause is measured from a look, and looks are 15 s apart.
        pauses = [60 * 2**n for n in range(9)]
        expected = [looks[0]]
        for pause in pauses:
            expected.append(expected[-1] + pause)
        while expected[-1] < 7 * DAY_S:
            expected.append(expected[-1] + 6 * 3600)
        assert looks == expected
        assert looks[0] == 0
        assert (await house.get(job)).search_until_ms is None


@virtual
async def test_a_database_that_is_away_is_asked_in_doubling_pauses_up_to_a_minute(tmp_path, caplog):
    async with quiet_house(tmp_path) as house:
        reads: list[float] = []
        real = house.database.read

        def read():
            reads.append(now_s())
            return real()

        house.database.read = read
        house.queue.results = [ZeroDivisionError("a bug")]
        job = await house.start()
        while not house.queue.submits:  # noqa: ASYNC110 - a list rings no bell
            await asyncio.sleep(0)
        reads.clear()
        house.database.reads_failing = 9
        await house.courier.until(1, DAY_S)
        # The job is read again a second after it stumbled.
        assert [s for s in reads if s > 0][:10] == [1, 2, 4, 8, 16, 32, 64, 124, 184, 244]
        assert (await house.get(job)).state is not State.HELD
    waits = [r for r in caplog.records if r.message == "job waits for the database"]
    assert len(waits) == 4, "at 1, 64, 124 and 184"


@virtual
async def test_a_step_that_stumbles_is_tried_three_times_a_second_apart(tmp_path):
    async with quiet_house(tmp_path) as house:
        house.queue.always["result"] = ZeroDivisionError("a bug")
        job = await house.start()
        await house.courier.until(1, DAY_S)
        assert house.queue.times["result"] == [0, 1, 2]
        assert house.courier.times["end"] == [3]
        assert (await house.get(job)).reason is Reason.UNEXPECTED
