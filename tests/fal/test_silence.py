"""A watch that hears no proper word of fal's about its own request is given up after a while."""

import asyncio
from contextlib import aclosing

import pytest

from bot.core.errors import Trouble, Unproven
from bot.core.jobs import Phase, Progress
from standins.fal.faults import RawStream, Reply, Stage
from tests.fal.conftest import collected

ENDED = Progress(Phase.ENDED)
RUNNING = Progress(Phase.RUNNING)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("500", Trouble.OUTAGE),
        ("nginx_502", Trouble.OUTAGE),
        ("302", Trouble.OUTAGE),
        ("not_json", Trouble.OUTAGE),
        ("gateway_404", Trouble.OUTAGE),
        ("gateway_410", Trouble.OUTAGE),
        ("closed", Trouble.OUTAGE),
        ("stalled", Trouble.OUTAGE),
        ("locked", Trouble.ACCOUNT),
        ("402", Trouble.ACCOUNT),
    ],
)
async def test_a_watch_that_hears_nothing_proper_is_given_up(
    fal, hurried, running, trouble, name, why
):
    ticket, job = await running()
    armed = [trouble(f"{call}_{name}", times=None) for call in ("stream", "status")]
    loop = asyncio.get_running_loop()
    async with hurried(pace={"silence_s": 1.0}) as queue:
        begun = loop.time()
        with pytest.raises(Unproven) as caught:
            await collected(queue, ticket)
        assert 1.0 <= loop.time() - begun < 2.5
        assert (caught.value.trouble, caught.value.word) == (why, None)
        for fault in armed:
            fal.faults.remove(fault)
        await fal.finish(job)
        assert await collected(queue, ticket) == [ENDED]


async def test_a_stream_that_only_keeps_alive_is_not_heard(fal, hurried, running, trouble):
    ticket, _ = await running()
    fal.faults.add(RawStream(b": ping\n\n" * 3), times=None)
    trouble("status_500", times=None)
    async with hurried(pace={"silence_s": 0.2}) as queue:
        with pytest.raises(Unproven):
            await collected(queue, ticket)


async def test_a_long_run_with_comments_only_is_no_silence(fal, hurried, running):
    ticket, job = await running()
    async with (
        hurried(pace={"silence_s": 0.7}) as queue,
        aclosing(queue.follow(ticket)) as reports,
    ):
        assert await anext(reports) == RUNNING
        # The stand-in sends a comment every 0.05 s.
        ending = asyncio.ensure_future(anext(reports))
        await asyncio.sleep(1.6)
        await fal.finish(job)
        assert await ending == ENDED
    assert (fal.counts["stream"], fal.counts["status"]) == (1, 0)


async def test_a_listener_may_take_longer_than_the_silence(fal, hurried, running):
    ticket, job = await running()
    async with (
        hurried(pace={"silence_s": 0.7}) as queue,
        aclosing(queue.follow(ticket)) as reports,
    ):
        assert await anext(reports) == RUNNING
        await asyncio.sleep(1.0)
        await fal.finish(job)
        assert await anext(reports) == ENDED


@pytest.mark.parametrize(
    "body",
    [
        {"status": "COMPLETED"},
        {"status": "COMPLETED", "request_id": "somebody-elses"},
        {"status": "IN_QUEUE", "request_id": "somebody-elses"},
    ],
)
async def test_a_status_of_nobody_or_of_another_is_not_believed(fal, hurried, running, body):
    ticket, _ = await running()
    fal.faults.add(Reply(Stage.STREAM, 405, ""), times=None)
    fal.faults.add(Reply(Stage.STATUS, 200, body), times=None)
    async with hurried(pace={"silence_s": 0.5}) as queue:
        with pytest.raises(Unproven) as caught:
            await collected(queue, ticket)
    assert caught.value.trouble is Trouble.OUTAGE


async def test_a_stream_about_another_request_is_not_believed(fal, hurried, running, trouble):
    ticket, _ = await running()
    event = b'data: {"status": "COMPLETED", "request_id": "somebody-elses"}\n\n'
    fal.faults.add(RawStream(event), times=None)
    trouble("status_of_another", times=None)
    async with hurried(pace={"silence_s": 0.5}) as queue:
        with pytest.raises(Unproven):
            await collected(queue, ticket)


async def test_unknown_words_are_no_outage(fal, hurried, running, trouble):
    ticket, _ = await running()
    trouble("stream_405", times=None)
    trouble("status_unknown_word", times=None)
    async with hurried(pace={"silence_s": 0.5}) as queue:
        with pytest.raises(Unproven) as caught:
            await collected(queue, ticket)
    assert caught.value.trouble is None
