import asyncio
import json

import pytest

from bot.core.errors import (
    AccountLocked,
    BadParameter,
    KeyRejected,
    NotSent,
    SubmitUnclear,
)
from bot.core.jobs import Ticket


async def test_an_order_becomes_one_job_with_bare_input(fal, queue, order):
    ticket = await queue.submit(order)
    job = await fal.next_job()
    assert ticket == Ticket(
        job.id,
        f"{fal.queue_url}/openai/gpt-image-2/requests/{job.id}/status",
        f"{fal.queue_url}/openai/gpt-image-2/requests/{job.id}",
        f"{fal.queue_url}/openai/gpt-image-2/requests/{job.id}/cancel",
    )
    assert job.input == {
        "prompt": order.prompt,
        "image_size": {"width": 1024, "height": 768},
        "quality": "low",
        "num_images": 1,
        "output_format": "png",
    }
    assert job.headers["x-fal-tags"] == "job=job-1"
    assert job.headers["x-fal-request-start-timeout"] == job.headers["x-fal-request-timeout"]
    assert job.headers["x-app-fal-disable-fallback"] == "true"
    assert json.loads(job.headers["x-fal-object-lifecycle-preference"])
    assert job.webhook_url is None
    assert fal.violations == []


@pytest.mark.parametrize(
    ("name", "error", "accepted"),
    [
        ("submit_lost", SubmitUnclear, 1),
        ("submit_closed", SubmitUnclear, 0),
        ("submit_500", SubmitUnclear, 0),
        ("submit_502", SubmitUnclear, 0),
        ("submit_503", SubmitUnclear, 0),
        ("submit_504", SubmitUnclear, 0),
        ("submit_500_accepted", SubmitUnclear, 1),
        ("submit_503_accepted", SubmitUnclear, 1),
        ("submit_nginx_502", SubmitUnclear, 0),
        ("submit_garbled", SubmitUnclear, 1),
        ("submit_not_json", SubmitUnclear, 1),
        ("submit_without_id", SubmitUnclear, 1),
        ("submit_429", NotSent, 0),
        ("submit_401", KeyRejected, 0),
        ("submit_403", KeyRejected, 0),
        ("submit_locked", AccountLocked, 0),
        ("submit_admin_lock", AccountLocked, 0),
        ("submit_404", BadParameter, 0),
        ("submit_405", BadParameter, 0),
        ("submit_402", AccountLocked, 0),
        ("submit_302", SubmitUnclear, 0),
        ("submit_499", SubmitUnclear, 0),
        ("submit_gateway_400", SubmitUnclear, 0),
        ("submit_gateway_401", SubmitUnclear, 0),
        ("submit_gateway_403", SubmitUnclear, 0),
        ("submit_gateway_404", SubmitUnclear, 0),
        ("submit_gateway_408", SubmitUnclear, 0),
        ("submit_gateway_409", SubmitUnclear, 0),
        ("submit_gateway_410", SubmitUnclear, 0),
    ],
)
async def test_a_bad_answer_is_told_apart_and_never_sent_again(
    fal, queue, order, trouble, name, error, accepted
):
    trouble(name)
    with pytest.raises(error) as caught:
        await queue.submit(order)
    assert type(caught.value) is error
    assert fal.counts["submit"] == 1
    assert len(fal.jobs) == accepted


async def test_a_wait_that_fal_asks_for_comes_with_the_refusal(queue, order, trouble):
    trouble("submit_429_retry_after")
    with pytest.raises(NotSent) as caught:
        await queue.submit(order)
    assert caught.value.retry_after_s == 1.0


async def test_an_answer_that_does_not_come_leaves_it_unclear(fal, hurried, order, trouble):
    stalled = trouble("submit_stalled_accepted")
    async with hurried(pace={"submit_s": 0.05}) as queue:
        with pytest.raises(SubmitUnclear):
            await queue.submit(order)
    stalled.release()
    assert (fal.counts["submit"], len(fal.jobs)) == (1, 1)


async def test_nobody_listening_means_nothing_was_sent(hurried, order):
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with hurried(queue_url=f"http://127.0.0.1:{port}") as queue:
        with pytest.raises(NotSent):
            await queue.submit(order)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b" " * 9_000_000,
    ],
)
async def test_an_answer_that_breaks_off_leaves_it_unclear(hurried, order, raw):
    asked = []

    async def serve(reader, writer):
        asked.append(await reader.readuntil(b"}}"[:1]))
        writer.write(raw)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with hurried(queue_url=f"http://127.0.0.1:{port}") as queue:
            with pytest.raises(SubmitUnclear):
                await queue.submit(order)
    assert len(asked) == 1


async def test_a_connection_that_the_server_closed_while_idle_is_not_used(hurried, order):
    """A submit over it would be unclear for no reason."""
    body = json.dumps({"request_id": "abc"}).encode()
    closed = asyncio.Event()
    asked = []

    async def serve(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.readuntil(b'"output_format":"png"}')
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with hurried(queue_url=f"http://127.0.0.1:{port}") as queue:
            for _ in range(3):
                closed.clear()
                assert (await queue.submit(order)).request_id == "abc"
                await closed.wait()
    assert len(asked) == 3


@pytest.mark.parametrize("name", ["submit_without_urls", "submit_foreign_urls"])
async def test_addresses_that_are_missing_or_foreign_are_rebuilt(fal, queue, order, trouble, name):
    trouble(name)
    ticket = await queue.submit(order)
    await fal.finish(await fal.next_job())
    assert ticket.status_url.startswith(f"{fal.queue_url}/openai/gpt-image-2/requests/")
    assert len((await queue.result(ticket)).pictures) == 1


async def test_a_missing_status_does_not_matter(fal, queue, order, trouble):
    trouble("submit_without_status")
    assert (await queue.submit(order)).request_id == (await fal.next_job()).id


async def test_a_stored_ticket_of_another_host_never_gets_the_key(fal, queue, order):
    asked = []

    async def serve(reader, writer):
        asked.append(await reader.readline())
        writer.close()

    ticket = await queue.submit(order)
    await fal.finish(await fal.next_job())
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        foreign = (
            f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/requests/{ticket.request_id}"
        )
        moved = Ticket(ticket.request_id, foreign, foreign, foreign)
        assert [report.phase.value async for report in queue.follow(moved)] == ["ended"]
        assert len((await queue.result(moved)).pictures) == 1
        await queue.cancel(moved)
    assert asked == []
