"""One call to fal: with which key, how much of an answer is read, and how it may end."""

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.core.errors import BadParameter, KeyRejected, TemporaryFailure, Trouble, Unproven
from bot.core.jobs import Ticket
from bot.fal import FalQueue, FalSettings
from bot.fal.calls import Calls


async def test_a_wrong_key_is_rejected_by_every_call(fal, hurried, order):
    ticket = Ticket("abc", "", "", "")
    async with hurried(key="wrong:key") as queue:
        with pytest.raises(KeyRejected):
            await queue.submit(order)
        for call in (queue.result(ticket), queue.cancel(ticket), anext(queue.follow(ticket))):
            with pytest.raises(Unproven) as caught:
                await call
            assert caught.value.trouble is Trouble.KEY
    assert fal.counts == {"submit": 1, "result": 4, "cancel": 1, "stream": 1, "status": 1}


async def test_the_key_is_nowhere_to_be_seen(fal, hurried, order, trouble, caplog):
    caplog.set_level(logging.DEBUG)
    secret = "id-of-the-key:secret-of-the-key"
    shown = []
    async with hurried(key=secret, admin_key="other:secret-of-the-key") as queue:
        shown += [repr(queue), repr(vars(queue)), repr(queue._calls)]
        with pytest.raises(KeyRejected) as caught:
            await queue.submit(order)
        shown += [repr(caught.value), str(caught.value), repr(caught.value.__cause__)]
    shown.append(caplog.text)
    assert not [
        record for record in caplog.records if record.name.startswith(("http", "hpack", "h2"))
    ]
    assert "secret-of-the-key" not in "".join(shown)


async def test_an_answer_that_repeats_the_key_does_not_spread_it(hurried, order):
    body = b'{"detail": "wrong key id-of-key:secret-of-key"}'

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with hurried(queue_url=url, key="id-of-key:secret-of-key") as queue:
            with pytest.raises(BadParameter) as caught:
                await queue.submit(order)
    assert caught.value.detail == "400 wrong key ***"


@pytest.mark.parametrize("key", ["", " ", "id:se\ncret", "id:secr\u00e9t", "id: secret", "id:s\0"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(key):
    with pytest.raises(KeyRejected) as caught:
        FalQueue(FalSettings(key=key))
    assert key.strip() == "" or key not in str(caught.value)


def test_a_key_with_a_newline_at_its_end_is_used_without_it():
    settings = FalSettings(key="id:secret\n")
    assert "secret" not in repr(settings)
    assert "secret" not in repr(FalQueue(settings))
    assert "admin" not in repr(replace(settings, admin_key="id:admin"))


@asynccontextmanager
async def answering(answer):
    """A server that always says the same, or nothing for None; tells what it was asked."""
    asked = []

    async def serve(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if answer is not None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
            await writer.drain()
        else:
            await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", asked


@pytest.fixture
async def calls(settings):
    keys = {"key": "id-of-key:secret-of-key", "admin_key": "id-of-admin:secret-of-admin"}
    pace = replace(settings.pace, answer_s=0.3)
    async with Calls(replace(settings, pace=pace, **keys)) as opened:
        yield opened


@pytest.mark.parametrize(("bound", "is_taken"), [(10, True), (9, False)])
async def test_an_answer_is_read_up_to_its_bound(calls, bound, is_taken):
    async with answering(b"0123456789") as (url, _):
        if is_taken:
            assert (await calls.ask("GET", url, bytes_max=bound)).body == b"0123456789"
            return
        with pytest.raises(TemporaryFailure, match="the answer is too large"):
            await calls.ask("GET", url, bytes_max=bound)


async def test_a_call_without_an_answer_ends_at_its_bound(calls):
    begun = asyncio.get_running_loop().time()
    async with answering(None) as (url, _):
        with pytest.raises(TemporaryFailure, match="Timeout"):
            await calls.ask("GET", url)
    assert 0.2 <= asyncio.get_running_loop().time() - begun < 5


async def test_the_admin_s_key_goes_to_the_platform_alone_and_only_when_asked_for(calls):
    async with answering(b"{}") as (url, asked):
        await calls.ask("GET", url)
        await calls.ask_platform(url, as_admin=False, bytes_max=100)
        await calls.ask_platform(url, as_admin=True, bytes_max=100)
    keys = ["admin" if "secret-of-admin" in text else "key" for text in asked]
    assert keys == ["key", "key", "admin"]
    assert "secret-of-key" not in asked[-1]


async def test_the_proxies_of_the_environment_are_not_asked(calls, settings, monkeypatch):
    async with answering(b"of the proxy") as (proxy, passed), answering(b"{}") as (url, asked):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        async with Calls(settings) as opened:
            assert (await opened.ask("GET", url)).body == b"{}"
    assert (len(asked), passed) == (1, [])
