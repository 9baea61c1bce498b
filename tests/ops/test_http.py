"""The web server before strangers, over raw sockets."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.ops.http import HttpServer

PATIENCE_S = 0.5
BODY_MAX_BYTES = 1024 * 1024
CONNECTIONS_MAX = 200
TLS_HELLO = bytes.fromhex(
    "16030100c8010000c40303" + "5a" * 32 + "20" + "a5" * 32 + "0006130113021303010000750010000e"
)
MALFORMED = {
    "garbage": b"\x00\xff\xfe\x80garbage\x01" * 20 + b"\r\n\r\n",
    "random line": b"hello\r\n\r\n",
    "a TLS hello": TLS_HELLO + b"\r\n\r\n",
    "an SSH banner": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a version that is none": b"GET /page HTTP/x.y\r\n\r\n",
    "a method that is none": b"G@T /page HTTP/1.1\r\nHost: a\r\n\r\n",
    "a huge target": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "a huge header": b"GET /page HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "too many headers": b"GET /page HTTP/1.1\r\n" + b"X: a\r\n" * 1000 + b"\r\n",
    "a header without a name": b"GET /page HTTP/1.1\r\n: a\r\n\r\n",
    "a header without a colon": b"GET /page HTTP/1.1\r\nHost\r\n\r\n",
    "a zero byte in a header": b"GET /page HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
    "a length that is none": b"POST /page HTTP/1.1\r\nContent-Length: many\r\n\r\n",
    "two lengths": b"POST /page HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "a length and chunks": b"POST /page HTTP/1.1\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a wrong port": b"GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n",
}


@asynccontextmanager
async def served(patience_s: float) -> AsyncGenerator[HttpServer]:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text=f"{len(await request.read())} bytes")

    async def broken(_: web.Request) -> web.Response:
        raise ValueError("a mistake of ours")

    routes = [web.get("/page", page), web.post("/page", page), web.get("/broken", broken)]
    opened = HttpServer("127.0.0.1", 0, routes, patience_s=patience_s)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with served(PATIENCE_S) as opened:
        yield opened


async def said(server: HttpServer, sent: bytes, *, then_ends: bool = False) -> bytes:
    """What comes back until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(sent)
        if then_ends:
            writer.write_eof()
        async with asyncio.timeout(PATIENCE_S + 5):
            return await reader.read()
    except ConnectionResetError:
        # It closed while bytes of ours were on their way.
        return b""
    finally:
        writer.close()


async def page(server: HttpServer, method: bytes = b"GET", path: bytes = b"/page") -> bytes:
    head = method + b" " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    return await said(server, head)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def loud(caplog) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno > logging.INFO]


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_no_request_is_a_400_without_a_traceback(server, caplog, sent):
    caplog.set_level(logging.INFO)

    answer = await said(server, sent)

    assert answer == b"" or status(answer) == 400
    assert server.malformed == 1
    assert loud(caplog) == []
    assert [one.exc_info for one in caplog.records if one.exc_info] == []
    assert status(await page(server)) == 200


async def test_many_of_them_are_counted_and_a_line_tells_of_them(server, caplog):
    caplog.set_level(logging.INFO)
    for _ in range(5):
        await said(server, b"hello\r\n\r\n")

    assert server.malformed == 5
    lines = [one for one in caplog.records if one.getMessage() == "malformed request"]
    assert [(one.levelname, one.so_far) for one in lines] == [("INFO", 1)]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /pa",
        b"GET /page HTTP/1.1\r\nHost: a\r\n",
        b"POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf",
        b"POST /page HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["nothing", "half a line", "half a head", "half a body", "half a chunk"],
)
@pytest.mark.parametrize("then_ends", [True, False], ids=["and goes", "and waits"])
async def test_half_a_request_costs_a_bounded_time_and_no_line(server, caplog, sent, then_ends):
    began = time.monotonic()
    answer = await said(server, sent, then_ends=then_ends)

    assert time.monotonic() - began < PATIENCE_S + 4
    assert answer == b"" or status(answer) in {400, 408}
    assert loud(caplog) == []
    assert status(await page(server)) == 200


@pytest.mark.parametrize(
    "head",
    [
        b"GET /page HTTP/1.1\r\nX-",
        b"POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n",
    ],
    ids=["head", "body"],
)
async def test_who_sends_a_byte_at_a_time_is_not_waited_for(server, caplog, head):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    began = time.monotonic()
    writer.write(head)
    answering = asyncio.create_task(reader.read())
    while not answering.done() and time.monotonic() - began < 10:
        writer.write(b"a")
        await asyncio.sleep(0.02)
    writer.close()

    assert time.monotonic() - began < PATIENCE_S + 4
    try:
        answer = await answering
    except ConnectionResetError:
        answer = b""
    assert answer == b"" or status(answer) == 408
    assert loud(caplog) == []


async def test_a_connection_that_is_kept_is_closed_when_nothing_more_comes(server):
    began = time.monotonic()
    answer = await said(server, b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n")

    assert status(answer) == 200
    assert time.monotonic() - began < PATIENCE_S + 4


@pytest.mark.parametrize(("more", "expected"), [(0, 200), (1, 413)])
async def test_a_body_has_a_limit(server, more, expected):
    body = bytes(BODY_MAX_BYTES + more)
    head = f"POST /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"

    assert status(await said(server, head.encode() + b"\r\n" + body)) == expected


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        (b"GET", b"/page", 200),
        (b"HEAD", b"/page", 200),
        (b"GET", b"/", 404),
        (b"GET", b"/page/../../etc/passwd", 404),
        (b"DELETE", b"/page", 405),
        (b"REPORT", b"/page", 405),
    ],
)
async def test_there_is_nothing_but_the_routes(server, caplog, method, path, expected):
    assert status(await page(server, method, path)) == expected
    assert loud(caplog) == []
    assert server.malformed == 0


async def test_a_mistake_of_ours_is_a_500_and_stands_in_the_log(server, caplog):
    answer = await page(server, path=b"/broken")

    assert status(answer) == 500
    assert b"mistake" not in answer
    [record] = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert isinstance(record.exc_info[1], ValueError)


async def test_connections_have_a_limit_and_leave_room_again(caplog):
    async with served(patience_s=60) as server, asyncio.timeout(30):
        writers: list[asyncio.StreamWriter] = []
        for _ in range(CONNECTIONS_MAX):
            writers.append((await asyncio.open_connection("127.0.0.1", server.port))[1])

        assert await page(server) == b""
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        answer = b""
        while not answer:
            answer = await page(server)
        assert status(answer) == 200
        assert loud(caplog) == []


async def test_who_waits_does_not_keep_it_from_closing(server):
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
    await asyncio.sleep(0.05)
    began = time.monotonic()
    await server.close()

    assert time.monotonic() - began < 4
    writer.close()
