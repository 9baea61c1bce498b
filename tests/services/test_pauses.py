"""Each pause of what runs in the background, from both sides, on a clock that skips."""

import asyncio
import logging

import pytest

from bot.core.errors import Broken, DatabaseUnavailable, Halt, StaleState, Trouble
from bot.services.generation.brakes import Brakes
from bot.services.retry import Pauses, Seldom, retry
from bot.services.supervisor import Supervisor
from tests.virtual_time import now_s, virtual

DAY_S = 24 * 3600


class Away:
    """A change that fails until a second, and notes when it was tried."""

    def __init__(self, until_s, error=None):
        self.tries = []
        self._until_s = until_s
        self._error = error or DatabaseUnavailable("away")

    async def __call__(self):
        self.tries.append(now_s())
        if now_s() < self._until_s:
            raise self._error
        return "done"


def said(caplog, message):
    return [record for record in caplog.records if record.message == message]


# Patience


@pytest.mark.parametrize("error", [DatabaseUnavailable("away"), Broken("cached plan")])
@virtual
async def test_a_change_is_tried_in_doubling_pauses_of_a_tenth_to_five_seconds(error):
    change = Away(30, error)
    assert await retry(change, "job", "x") == "done"
    assert change.tries == [0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 11.3, 16.3, 21.3, 26.3, 31.3]


@virtual
async def test_a_change_that_is_not_possible_any_more_is_tried_once():
    change = Away(30, StaleState("ended"))
    with pytest.raises(StaleState):
        await retry(change, "job", "x")
    assert change.tries == [0]


@virtual
async def test_a_waiting_change_is_told_in_the_log_once_a_minute(caplog):
    await retry(Away(200), "job", "x")
    assert len(said(caplog, "change waits for the database")) == 4


@virtual
async def test_a_line_of_the_log_is_written_at_once_and_then_once_a_minute():
    seldom, due = Seldom(), []
    for _ in range(360):
        if seldom.is_due():
            due.append(now_s())
        await asyncio.sleep(0.5)
    assert due == [0, 60, 120]


def test_pauses_double_to_the_longest_and_begin_anew():
    pauses = Pauses(3, 20)
    assert [pauses.next() for _ in range(5)] == [3, 6, 12, 20, 20]
    pauses.reset()
    assert [pauses.next() for _ in range(2)] == [3, 6]


# The supervisor


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), Broken("away"), None])
@virtual
async def test_kept_work_is_begun_again_after_one_second_and_longer_each_time(error, caplog):
    begun = []

    async def work():
        begun.append(now_s())
        if error is not None:
            raise error

    async with Supervisor() as supervisor:
        supervisor.keep("work", work)
        await asyncio.sleep(250)
    assert begun == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]
    assert len(caplog.records) == len(begun), "each end is told"
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


@pytest.mark.parametrize(("for_s", "pause_s"), [(599, 4), (601, 1)])
@virtual
async def test_what_ran_for_ten_minutes_is_healthy_again(for_s, pause_s):
    begun = []

    async def work():
        begun.append(now_s())
        await asyncio.sleep(0 if len(begun) < 3 else for_s)
        raise ZeroDivisionError

    async with Supervisor() as supervisor:
        supervisor.keep("work", work)
        await asyncio.sleep(700)
    assert begun == [0, 1, 3, 3 + for_s + pause_s]


@virtual
async def test_vital_work_that_ends_ends_the_bot_with_its_error(caplog):
    async def fails():
        await asyncio.sleep(5)
        raise ZeroDivisionError("a bug")

    async def fails_later():
        await asyncio.sleep(6)
        raise KeyError

    async with Supervisor() as supervisor:
        supervisor.vital("discord", fails)
        supervisor.vital("other", fails_later)
        with pytest.raises(ZeroDivisionError):
            await supervisor.ended()
        assert now_s() == 5
    assert [record.task for record in said(caplog, "the bot ends")] == ["discord"]


@virtual
async def test_vital_work_that_just_returns_ends_the_bot_too():
    async with Supervisor() as supervisor:
        supervisor.vital("discord", lambda: asyncio.sleep(5))
        await supervisor.ended()
        assert now_s() == 5


@virtual
async def test_kept_work_that_dies_does_not_end_the_bot_and_the_end_ends_all():
    ended = []

    async def lasting():
        try:
            await asyncio.sleep(DAY_S)
        finally:
            ended.append(now_s())

    async def dies():
        raise ZeroDivisionError

    async with Supervisor() as supervisor:
        supervisor.keep("lasting", lasting)
        supervisor.keep("dies", dies)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(50):
                await supervisor.ended()
        assert ended == []
    assert ended == [50]


# The brakes


def pauses_of(brakes, meet, count):
    """The pauses of a line whose probes all meet the same."""

    async def probe():
        pauses = []
        meet(brakes, "first")
        for number in range(count):
            pauses.append(round(brakes.wait_s, 6))
            await asyncio.sleep(brakes.wait_s)
            assert not brakes.is_probing
            brakes.sent(f"probe {number}")
            assert brakes.is_probing
            meet(brakes, f"probe {number}")
        return pauses

    return probe()


BUSY_S = [1, 2, 4, 8, 16, 32, 60, 60]
HARD_S = [30, 60, 120, 240, 480, 900, 900]


@pytest.mark.parametrize(
    ("halt", "meet", "pauses"),
    [
        (Halt.BUSY, lambda b, job: b.not_sent(job, None), BUSY_S),
        (Halt.BUSY, lambda b, job: b.not_sent(job, 17.0), [17] * 5),
        (Halt.KEY, lambda b, job: b.refused(job, Trouble.KEY), HARD_S),
        (Halt.ACCOUNT, lambda b, job: b.refused(job, Trouble.ACCOUNT), HARD_S),
        (Halt.MEDIA, lambda b, job: b.foreign_host(job), HARD_S),
        (Halt.UNCLEAR, lambda b, job: [b.unclear(job) for _ in range(3)], HARD_S),
        (Halt.LOSSES, lambda b, job: [b.lost(job) for _ in range(3)], HARD_S),
    ],
)
@virtual
async def test_the_line_waits_longer_after_each_probe_in_vain(halt, meet, pauses):
    brakes = Brakes()
    assert await pauses_of(brakes, meet, len(pauses)) == pauses
    assert brakes.halt is halt


@virtual
async def test_an_outage_needs_five_in_a_row_and_a_proper_word_begins_anew():
    brakes = Brakes()
    for _ in range(4):
        brakes.trouble(Trouble.OUTAGE)
    brakes.heard()
    for _ in range(4):
        brakes.trouble(Trouble.OUTAGE)
    brakes.trouble(Trouble.ACCOUNT)
    for _ in range(4):
        brakes.trouble(Trouble.OUTAGE)
    assert (brakes.halt, brakes.wait_s) == (None, 0)
    brakes.trouble(None)
    brakes.trouble(Trouble.OUTAGE)
    assert (brakes.halt, brakes.wait_s) == (Halt.OUTAGE, 30)
    brakes.heard()
    assert (brakes.halt, brakes.wait_s) == (None, 0)


@pytest.mark.parametrize("name", ["unclear", "lost"])
@virtual
async def test_three_in_a_row_stop_the_line_and_a_good_one_begins_anew(name):
    brakes = Brakes()
    good = brakes.accepted if name == "unclear" else brakes.arrived
    for job_id in "ab":
        getattr(brakes, name)(job_id)
    good()
    for job_id in "cd":
        getattr(brakes, name)(job_id)
    assert brakes.halt is None
    getattr(brakes, name)("e")
    assert brakes.halt is {"unclear": Halt.UNCLEAR, "lost": Halt.LOSSES}[name]


@pytest.mark.parametrize("halt", [Halt.KEY, Halt.ACCOUNT, Halt.OUTAGE, Halt.UNCLEAR, Halt.BUSY])
@virtual
async def test_a_halt_of_the_way_opens_with_an_accepted_submit(halt):
    brakes = Brakes()
    brakes._stop(halt, "a")
    brakes.arrived()
    assert brakes.halt is halt
    brakes.accepted()
    assert (brakes.halt, brakes.wait_s, brakes.is_probing) == (None, 0, False)


@pytest.mark.parametrize("halt", [Halt.LOSSES, Halt.MEDIA])
@virtual
async def test_a_halt_of_results_opens_with_pictures_only(halt):
    brakes = Brakes()
    brakes._stop(halt, "a")
    brakes.accepted()
    brakes.heard()
    assert brakes.halt is halt
    brakes.arrived()
    assert brakes.halt is None


@virtual
async def test_a_probe_that_goes_away_lets_the_next_one_try():
    brakes = Brakes()
    brakes.refused("a", Trouble.KEY)
    brakes.sent("probe")
    brakes.left("another")
    assert brakes.is_probing
    brakes.left("probe")
    assert not brakes.is_probing


@virtual
async def test_a_probe_that_cannot_be_sent_keeps_what_the_line_stands_for():
    brakes = Brakes()
    brakes.refused("a", Trouble.ACCOUNT)
    await asyncio.sleep(30)
    brakes.sent("probe")
    brakes.not_sent("probe", None)
    assert (brakes.halt, brakes.wait_s) == (Halt.ACCOUNT, 60)


@virtual
async def test_whoever_listens_hears_each_halt_once_and_its_end():
    brakes, heard = Brakes(), []
    brakes.listen(heard.append)
    brakes.not_sent("a", None)
    brakes.not_sent("b", None)
    await asyncio.sleep(2)
    brakes.not_sent("b", None)
    brakes.refused("c", Trouble.KEY)
    brakes.accepted()
    assert heard == [Halt.BUSY, Halt.KEY, None]
