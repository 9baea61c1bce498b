"""How long a job at fal is waited for: exact, from both sides."""

import asyncio

from bot.core.errors import Gone, Unproven
from bot.services.generation.times import Times
from bot.services.generation.verdicts import Verdicts
from tests.virtual_time import now_s, virtual

# Verdicts


def word(text="500 x", end=None):
    return Unproven(text, word=text, end=end or Gone(text))


async def told(verdicts, seconds, error):
    """Hear an answer at each of some seconds; where it was an end."""
    ends = []
    for at_s in seconds:
        await asyncio.sleep(at_s - now_s())
        if verdicts.end_of("job", error) is not None:
            ends.append(at_s)
    return ends


@virtual
async def test_a_word_is_an_end_after_three_minutes_and_four_times():
    verdicts = Verdicts(Times())
    verdicts.asked("job", is_cancelled=False)
    assert await told(verdicts, [0, 60, 120, 179.9, 180, 181], word()) == [180, 181]


@virtual
async def test_three_minutes_are_not_enough_without_four_times_nor_four_times_without_them():
    verdicts = Verdicts(Times())
    verdicts.asked("job", is_cancelled=False)
    assert await told(verdicts, [0, 500, 1000, 1000.5], word()) == [1000.5]
    verdicts.forget("job")
    verdicts.asked("job", is_cancelled=False)
    assert await told(verdicts, [2000 + n for n in range(180)], word()) == []


@virtual
async def test_the_end_is_what_the_word_says():
    verdicts, end = Verdicts(Times(same_count=1, same_s=0)), Gone("404")
    verdicts.asked("job", is_cancelled=False)
    assert verdicts.end_of("job", word(end=end)) is end


@virtual
async def test_another_word_starts_anew():
    verdicts = Verdicts(Times())
    verdicts.asked("job", is_cancelled=False)
    assert await told(verdicts, [0, 60, 120], word()) == []
    assert await told(verdicts, [130], word("other")) == []
    assert await told(verdicts, [180, 240, 300, 359, 360], word()) == [360]


@virtual
async def test_noise_between_equal_words_does_not_start_anew():
    verdicts = Verdicts(Times())
    verdicts.asked("job", is_cancelled=False)
    for at_s in (0, 60, 120):
        assert await told(verdicts, [at_s], word()) == []
        assert await told(verdicts, [at_s + 1], Unproven("502")) == []
    assert await told(verdicts, [180], Unproven("502")) == []
    assert await told(verdicts, [181], word()) == [181]


@virtual
async def test_a_job_that_fal_works_on_starts_anew():
    verdicts = Verdicts(Times())
    verdicts.asked("job", is_cancelled=False)
    await told(verdicts, [0, 60, 120], word())
    verdicts.meant("job")
    assert await told(verdicts, [180, 240, 300, 359, 360], word()) == [360]


@virtual
async def test_silence_is_an_hour_from_the_last_time_that_fal_worked_on_it():
    verdicts = Verdicts(Times())
    verdicts.asked("job", is_cancelled=False)
    await asyncio.sleep(3000)
    verdicts.meant("job")
    await asyncio.sleep(3599.9)
    verdicts.asked("job", is_cancelled=False)
    assert not verdicts.is_silent("job")
    await asyncio.sleep(0.1)
    assert verdicts.is_silent("job")


@virtual
async def test_silence_is_three_minutes_from_a_cancel_or_from_work_after_it():
    verdicts = Verdicts(Times())
    verdicts.asked("job", is_cancelled=False)
    await asyncio.sleep(1000)
    verdicts.asked("job", is_cancelled=True)
    assert not verdicts.is_silent("job")
    await asyncio.sleep(100)
    verdicts.asked("job", is_cancelled=True)
    await asyncio.sleep(79.9)
    assert not verdicts.is_silent("job")
    await asyncio.sleep(0.1)
    assert verdicts.is_silent("job")
    verdicts.meant("job")
    await asyncio.sleep(179.9)
    assert not verdicts.is_silent("job")
    await asyncio.sleep(0.1)
    assert verdicts.is_silent("job")


@virtual
async def test_fal_may_work_on_a_job_for_two_hours_in_all():
    verdicts = Verdicts(Times())
    verdicts.asked("job", is_cancelled=False)
    await asyncio.sleep(5000)
    verdicts.meant("job")
    verdicts.asked("job", is_cancelled=False)
    assert verdicts.left_s("job") == 2200
    verdicts.forget("job")
    assert verdicts.left_s("job") == 7200
    assert not verdicts.is_silent("job")
    assert verdicts.end_of("job", word()) is None
