"""What carries the fal client's calls instead of connections: raw HTTP, and pictures.

The client's own time-outs hold: what the far side keeps back longer than the client waits ends as
httpx would end it.
"""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from functools import cache
from types import TracebackType

import aiohttp
import httpx
import yarl

from simulation.desk import Call, Desk
from simulation.fal import MEDIA_HOST, Fal
from simulation.fal_answers import Reply
from simulation.world import BrokenPromise, World

_SILENT_S = 120.0
_PING_S = 15.0
_LINE_S = 0.08
_SLOW_SUBMITS = ("impatient stop", "two processes", "crash")


class Wire(httpx.AsyncBaseTransport):
    """Carries the calls of one client."""

    def __init__(self, world: World, desk: Desk, fal: Fal) -> None:
        self._world = world
        self._desk = desk
        self._fal = fal

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request over and its answer back."""
        world = self._world
        limits = request.extensions.get("timeout", {})
        await world.cross(_LINE_S)
        call = Call(
            request.method,
            str(request.url),
            dict(request.headers),
            request.content if request.method == "POST" else b"",
        )
        reply = self._desk.answer(call)
        world.counts[f"{request.method} {reply.failure or reply.status}"] += 1
        if reply.failure == "connect":
            raise httpx.ConnectError("All connection attempts failed")
        if reply.failure == "cut":
            await world.cross(_LINE_S)
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        if reply.failure == "silence":
            await asyncio.sleep(min(limits.get("read") or _SILENT_S, _SILENT_S))
            raise httpx.ReadTimeout("")
        await self._come_back(reply)
        if reply.headers.get("content-type") == "text/event-stream":
            return self._streamed(call, reply)
        return httpx.Response(
            reply.status,
            headers=reply.headers,
            content=reply.body,
            extensions={"http_version": b"HTTP/2"},
        )

    async def _come_back(self, reply: Reply) -> None:
        """Let an answer travel; one to a submit takes its time where that matters."""
        world, weather = self._world, self._world.weather
        request = self._fal.jobs.get(reply.request_id)
        is_slow = not world.is_calm and any(weather.has(one) for one in _SLOW_SUBMITS)
        try:
            if request is not None and is_slow and world.chance(0.6):
                await asyncio.sleep(world.dice.uniform(0.0, 25.0))
            await world.cross(_LINE_S)
        except asyncio.CancelledError:
            # The bot itself hung up on an answer that was coming; that is no excuse.
            if request is not None:
                request.known_s = world.now_s
            raise
        if request is not None:
            request.known_s = world.now_s
            world.on_answer()

    def _streamed(self, call: Call, reply: Reply) -> httpx.Response:
        events = _Events(self._world, self._desk, self._fal, call)
        return httpx.Response(
            reply.status,
            headers=reply.headers,
            stream=events,
            extensions={"http_version": b"HTTP/2"},
        )


class _Events(httpx.AsyncByteStream):
    """The body of a status stream: an event for each change, until the request has ended."""

    def __init__(self, world: World, desk: Desk, fal: Fal, call: Call) -> None:
        self._world = world
        self._desk = desk
        self._call = call
        request_id = call.url.split("/requests/")[1].split("/")[0]
        self._job = fal.jobs[request_id]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        said = ""
        while True:
            status = self._desk.status_of(self._job)
            if status != said:
                said = status
                reply = self._desk.answer(self._call)
                if reply.status != 200:
                    raise httpx.ReadError("the stream is cut")
                yield reply.body
                if said == "COMPLETED":
                    return
            else:
                yield b": ping\n\n"
            job, now_s = self._job, self._world.now_s
            change_s = (job.start_s if now_s < job.start_s else job.end_s) - now_s
            await asyncio.sleep(min(_PING_S, max(0.05, change_s)))


class MediaAnswer:
    """The part of aiohttp's answer that is read."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.status = status
        self._body = body
        self.headers = httpx.Headers(dict(headers))

    @property
    def content(self) -> "MediaAnswer":
        """The body, read by its pieces."""
        return self

    async def iter_any(self) -> AsyncIterator[bytes]:
        """Give the whole body at once."""
        yield self._body


class MediaHosts:
    """Serves the pictures that fal made."""

    def __init__(self, world: World, fal: Fal) -> None:
        self._world = world
        self._fal = fal

    def get(
        self, url: yarl.URL, *, allow_redirects: bool
    ) -> AbstractAsyncContextManager[MediaAnswer]:
        """Ask for a picture."""
        assert not allow_redirects
        return _Getting(self._world, self._fal, str(url))

    async def close(self) -> None:
        """There is nothing to close."""


class _Getting(AbstractAsyncContextManager[MediaAnswer]):
    def __init__(self, world: World, fal: Fal, url: str) -> None:
        self._world = world
        self._fal = fal
        self._url = url

    async def __aenter__(self) -> MediaAnswer:
        world = self._world
        await world.cross(_LINE_S)
        if not self._url.startswith((f"https://{MEDIA_HOST}/", "https://fal.media/")):
            world.fail(
                BrokenPromise("calls stay at fal", f"a picture was asked for at {self._url}")
            )
        answer = await self._answer()
        world.counts[f"media {answer.status}"] += 1
        await world.cross(_LINE_S)
        return answer

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def _answer(self) -> MediaAnswer:
        moved = self._url.replace("https://fal.media/moved/", f"https://{MEDIA_HOST}/")
        picture = self._fal.pictures.get(moved)
        if picture is None:
            return MediaAnswer(404, b"", {})
        trouble = picture.trouble if self._world.now_s < picture.until_s else ""
        if trouble == "connect":
            raise aiohttp.ClientConnectionError("cannot connect")
        if trouble == "stall":
            await asyncio.sleep(20.0)
            raise aiohttp.SocketTimeoutError("nothing came")
        if trouble == "redirect" and moved == self._url:
            place = self._url.replace(f"https://{MEDIA_HOST}/", "https://fal.media/moved/")
            return MediaAnswer(302, b"", {"location": place})
        if trouble.isdigit():
            return MediaAnswer(int(trouble), b"", {})
        body = png(picture.mark)
        return MediaAnswer(200, body[:-20] if trouble == "broken" else body, {})


class Network:
    """Implements `bot.fal.network.Network`."""

    def __init__(self, world: World, fal: Fal) -> None:
        self._world = world
        self._fal = fal
        self._desk = Desk(world, fal)

    def transport(self) -> httpx.AsyncBaseTransport:
        """Carry the calls of one of httpx's clients."""
        return Wire(self._world, self._desk, self._fal)

    def media_client(self) -> MediaHosts:
        """Serve pictures."""
        return MediaHosts(self._world, self._fal)


@cache
def png(mark: str) -> bytes:
    """A small picture that carries a mark."""

    def chunk(name: bytes, data: bytes) -> bytes:
        tail = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + tail

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"tEXt", b"mark\x00" + mark.encode()),
            chunk(b"IDAT", zlib.compress(b"\x00\x00")),
            chunk(b"IEND", b""),
        )
    )


def mark_of(data: bytes) -> str:
    """Read the mark of a picture."""
    at = data.index(b"mark\x00") + 5
    size = struct.unpack(">I", data[at - 13 : at - 9])[0]
    return data[at : at - 5 + size].decode()
