import asyncio
from contextlib import aclosing

import pytest

from bot.core.errors import Gone, Trouble, Unproven
from bot.core.jobs import Phase, Progress, Ticket
from standins.fal.faults import Reply, Stage
from standins.fal.trouble import EXHAUSTED
from tests.fal.conftest import collected

ENDED = Progress(Phase.ENDED)
RUNNING = Progress(Phase.RUNNING)


async def test_the_stream_reports_each_change_once_and_ends(fal, queue, order):
    first, second = await queue.submit(order), await queue.submit(order)
    ahead, job = await fal.next_job(), await fal.next_job()
    assert first.request_id == ahead.id
    async with aclosing(queue.follow(second)) as reports:
        assert await anext(reports) == Progress(Phase.WAITING, 1)
        await fal.start(ahead)
        assert await anext(reports) == Progress(Phase.WAITING, 0)
        await fal.start(job)
        assert await anext(reports) == RUNNING
        fal.log(job, "a line that changes nothing")
        await fal.finish(job)
        assert await anext(reports) == ENDED
        with pytest.raises(StopAsyncIteration):
            await anext(reports)
    assert (fal.counts["stream"], fal.counts["status"]) == (1, 0)


async def test_a_whole_job_costs_three_requests_and_one_per_picture(fal, queue, rendered):
    ticket = await rendered(count=2)
    assert await collected(queue, ticket) == [ENDED]
    for link in (await queue.result(ticket)).pictures:
        await queue.fetch(link)
    assert fal.counts == {"submit": 1, "stream": 1, "result": 1, "media": 2}
    assert fal.violations == []


async def test_the_result_comes_over_the_connection_of_the_stream(fal, hurried, order):
    """Another connection would cost its handshake just when the picture is ready."""
    counted = []
    host, port = fal.media_host.split(":")

    async def pipe(reader, writer):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def relay(reader, writer):
        counted.append(writer)
        to_reader, to_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pipe(reader, to_writer), pipe(to_reader, writer))

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        port_seen = server.sockets[0].getsockname()[1]
        async with hurried(queue_url=f"http://127.0.0.1:{port_seen}") as queue:
            for _ in range(3):
                ticket = await queue.submit(order)
                await fal.finish(await fal.next_job())
                assert await collected(queue, ticket) == [ENDED]
                await queue.result(ticket)
            assert len(counted) == 2


async def test_a_running_request_may_go_back_into_the_queue(fal, queue, running):
    ticket, job = await running()
    async with aclosing(queue.follow(ticket)) as reports:
        assert await anext(reports) == RUNNING
        await fal.requeue(job)
        assert await anext(reports) == Progress(Phase.WAITING, 0)
        await fal.start(job)
        assert await anext(reports) == RUNNING
        await fal.finish(job)
        assert await anext(reports) == ENDED


@pytest.mark.parametrize(
    "name",
    [
        "stream_404",
        "stream_405",
        "stream_500",
        "stream_nginx_502",
        "stream_429",
        "stream_not_json",
        "stream_garbled",
        "stream_garbled_and_cut",
        "stream_huge",
        "stream_closed",
        "stream_empty",
    ],
)
async def test_without_a_working_stream_the_status_is_asked_for(
    fal, hurried, running, trouble, name
):
    ticket, job = await running()
    trouble(name, times=None)
    async with (
        hurried(pace={"restream_s": 60}) as queue,
        aclosing(queue.follow(ticket)) as reports,
    ):
        assert await anext(reports) == RUNNING
        ending = asyncio.ensure_future(anext(reports))
        asked = fal.counts["status"]
        await fal.until(lambda: fal.counts["status"] > asked + 1)
        await fal.finish(job)
        assert await ending == ENDED
    assert fal.counts["stream"] == 1


async def test_after_a_while_the_stream_is_tried_again(fal, queue, running, trouble):
    ticket, job = await running()
    trouble("stream_405", times=2)
    async with aclosing(queue.follow(ticket)) as reports:
        assert await anext(reports) == RUNNING
        ending = asyncio.ensure_future(anext(reports))
        await fal.until(lambda: fal.counts["stream"] == 3)
        asked = fal.counts["status"]
        await fal.finish(job)
        assert await ending == ENDED
    assert asked == fal.counts["status"]


async def test_a_cut_stream_loses_no_change(fal, queue, running, trouble):
    ticket, job = await running()
    cut = trouble("stream_cut", times=None)
    async with aclosing(queue.follow(ticket)) as reports:
        assert await anext(reports) == RUNNING
        await fal.requeue(job)
        assert await anext(reports) == Progress(Phase.WAITING, 0)
        ending = asyncio.ensure_future(anext(reports))
        await fal.until(lambda: cut.strikes == 2)
        await fal.finish(job)
        assert await ending == ENDED
    assert fal.counts["status"] >= 2


async def test_a_stream_without_even_a_comment_is_given_up(fal, hurried, running, trouble):
    ticket, job = await running()
    silent = trouble("stream_silent")
    async with (
        hurried(pace={"silent_s": 0.05}) as queue,
        aclosing(queue.follow(ticket)) as reports,
    ):
        assert await anext(reports) == RUNNING
        assert fal.counts["status"] >= 1
        await fal.finish(job)
        assert await anext(reports) == ENDED
    silent.release()


async def test_comments_keep_a_stream_alive(fal, hurried, running):
    ticket, job = await running()
    # The stand-in sends a comment every 0.05 s.
    async with (
        hurried(pace={"silent_s": 0.3}) as queue,
        aclosing(queue.follow(ticket)) as reports,
    ):
        assert await anext(reports) == RUNNING
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.7):
                await anext(reports)
    assert (fal.counts["stream"], fal.counts["status"]) == (1, 0)
    await fal.finish(job)


async def test_a_word_that_nobody_knows_is_no_news(fal, queue, running, trouble):
    ticket, job = await running()
    trouble("stream_405", times=None)
    strange = trouble("status_unknown_word", times=None)
    reports = asyncio.ensure_future(collected(queue, ticket))
    await fal.until(lambda: strange.strikes > 3)
    fal.faults.remove(strange)
    await fal.finish(job)
    assert (await reports)[-1] == ENDED


@pytest.mark.parametrize(
    "name",
    ["500", "nginx_502", "429", "closed", "garbled", "not_json"],
)
async def test_an_outage_is_waited_out(fal, queue, running, trouble, name):
    ticket, job = await running()
    outage = [trouble(f"{call}_{name}", times=None) for call in ("stream", "status")]
    reports = asyncio.ensure_future(collected(queue, ticket))
    await fal.until(lambda: fal.counts["status"] > 10 and fal.counts["stream"] > 1)
    await fal.finish(job)
    for armed in outage:
        fal.faults.remove(armed)
    assert await reports == [ENDED]


async def test_an_answer_that_does_not_come_is_asked_for_again(fal, hurried, running, trouble):
    ticket, job = await running()
    stalled = [trouble(name) for name in ("stream_stalled", "status_stalled")]
    await fal.finish(job)
    async with hurried(pace={"answer_s": 0.05}) as queue:
        assert await collected(queue, ticket) == [ENDED]
    for armed in stalled:
        armed.release()


async def test_a_request_that_fal_does_not_know_is_told_but_not_at_once(fal, queue):
    with pytest.raises(Unproven) as caught:
        await collected(queue, Ticket("abc", "", "", ""))
    assert type(caught.value.end) is Gone
    assert caught.value.word
    assert fal.counts["status"] == 5


async def test_a_request_may_be_unknown_at_first(fal, queue, running, trouble):
    ticket, job = await running()
    trouble("stream_404", times=2)
    trouble("status_404", times=4)
    await fal.finish(job)
    assert await collected(queue, ticket) == [ENDED]


async def test_a_404_of_something_in_between_is_an_outage(fal, queue, running):
    ticket, job = await running()
    html = [
        fal.faults.add(Reply(stage, 404, "<html>404</html>"), times=20)
        for stage in (Stage.STREAM, Stage.STATUS)
    ]
    await fal.finish(job)
    reports = asyncio.ensure_future(collected(queue, ticket))
    await fal.until(lambda: html[1].strikes > 8)
    fal.faults.clear()
    assert await reports == [ENDED]


async def test_a_key_that_stops_working_ends_the_watch(queue, running, trouble):
    ticket, _ = await running()
    trouble("stream_405")
    trouble("status_401")
    with pytest.raises(Unproven) as caught:
        await collected(queue, ticket)
    assert (caught.value.trouble, caught.value.word) == (Trouble.KEY, None)


async def test_a_403_must_be_said_repeatedly(fal, queue, running):
    ticket, job = await running()
    for stage in (Stage.STREAM, Stage.STATUS):
        fal.faults.add(Reply(stage, 403, {"detail": "no"}))
    await fal.finish(job)
    assert await collected(queue, ticket) == [ENDED]
    fal.faults.add(Reply(Stage.STREAM, 403, {"detail": "no"}), times=None)
    fal.faults.add(Reply(Stage.STATUS, 403, {"detail": "no"}), times=3)
    with pytest.raises(Unproven) as caught:
        await collected(queue, ticket)
    assert caught.value.trouble is Trouble.KEY


async def test_a_locked_account_does_not_end_the_watch(fal, queue, running):
    ticket, job = await running()
    fal.faults.add(Reply(Stage.STREAM, 405, ""), times=None)
    locked = fal.faults.add(Reply(Stage.STATUS, 403, {"detail": EXHAUSTED}), times=None)
    reports = asyncio.ensure_future(collected(queue, ticket))
    await fal.until(lambda: locked.strikes > 8)
    fal.faults.remove(locked)
    await fal.finish(job)
    assert await reports == [ENDED]


async def test_a_caller_may_stop_at_any_time(fal, queue, running):
    ticket, job = await running()
    async with aclosing(queue.follow(ticket)) as reports:
        assert await anext(reports) == RUNNING
    task = asyncio.ensure_future(collected(queue, ticket))
    await fal.until(lambda: fal.counts["stream"] == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await fal.finish(job)
    assert await collected(queue, ticket) == [ENDED]


async def test_forty_jobs_are_followed_at_once(fal, hurried, order):
    fal.concurrency = 40
    async with hurried(concurrency=40) as queue:
        tickets = await asyncio.gather(*(queue.submit(order) for _ in range(40)))
        watches = [asyncio.ensure_future(collected(queue, ticket)) for ticket in tickets]
        await fal.until(lambda: fal.counts["stream"] == 40)
        for job in fal.jobs:
            await fal.finish(job)
        for watch in watches:
            assert (await watch)[-1] == ENDED
    assert fal.counts == {"submit": 40, "stream": 40}
