"""Every pause between two calls, exactly: the jitter is where they all pass."""

import asyncio

import pytest

from bot.core.errors import MediaRejected, Unproven
from bot.core.jobs import PictureLink
from bot.fal import FalQueue, Pace
from bot.fal.calls import FalSettings
from standins.fal.faults import Reply, Stage


@pytest.fixture
def pauses():
    """The pauses that were to be waited."""
    return []


@pytest.fixture
async def queue(fal, pauses):
    """A queue with the real pace that waits no pause out."""

    def note(pause_s):
        pauses.append(pause_s)
        return 0.0

    settings = FalSettings(
        key=fal.settings.key,
        queue_url=fal.queue_url,
        api_url=fal.api_url,
        media_hosts=(fal.media_host,),
        pace=Pace(jitter=note),
    )
    async with FalQueue(settings) as opened:
        yield opened


async def watched(fal, queue, order, pauses, count):
    ticket = await queue.submit(order)
    watch = asyncio.ensure_future(anext(queue.follow(ticket)))
    await fal.until(lambda: len(pauses) >= count)
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    return pauses[:count]


async def test_polls_grow_from_one_second_to_five(fal, queue, order, pauses, trouble):
    trouble("stream_405")
    trouble("status_unknown_word", times=None)
    seen = await watched(fal, queue, order, pauses, 6)
    assert seen == [1.0, 1.5, 2.25, 3.375, 5.0, 5.0]


async def test_polls_that_fail_grow_to_fifteen(fal, queue, order, pauses, trouble):
    trouble("stream_405")
    trouble("status_500", times=None)
    seen = await watched(fal, queue, order, pauses, 9)
    assert seen == [1.0, 1.5, 2.25, 3.375, 5.0625, 7.59375, 11.390625, 15.0, 15.0]


async def test_a_result_is_asked_for_four_times_in_two_seconds(queue, rendered, pauses, trouble):
    trouble("result_500", times=None)
    with pytest.raises(Unproven):
        await queue.result(await rendered())
    assert pauses == [0.25, 0.5, 1.0]


async def test_fals_word_is_asked_for_twice(queue, rendered, pauses, trouble):
    trouble("result_framework_500")
    with pytest.raises(Unproven):
        await queue.result(await rendered())
    assert pauses == [0.25]


async def test_a_picture_is_asked_for_four_times_in_two_seconds(fal, queue, pauses):
    fal.faults.add(Reply(Stage.MEDIA, 404, ""), times=None)
    link = PictureLink(f"{fal.queue_url}/files/a.png", "image/png", 0, 0)
    with pytest.raises(MediaRejected):
        await queue.fetch(link)
    assert pauses == [0.25, 0.5, 1.0]


def test_the_usual_jitter_moves_a_pause_by_a_fifth_at_most():
    moved = [Pace().jitter(10.0) for _ in range(500)]
    assert 8.0 <= min(moved) < 9.0
    assert 11.0 < max(moved) <= 12.0
