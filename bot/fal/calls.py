"""The connections to fal: three warm clients, and one bounded call over them.

Theory of operation. Submits have a client of their own that speaks HTTP/1.1. Over HTTP/2 every
request shares one connection, and in httpcore (1.0.9) a read timeout or a GOAWAY of one stream
ends all of them, and a connection that the server closed while idle is noticed only after the
next request was written. For a GET that costs a repetition; for a submit it would leave a job
of which nobody knows whether it was made. Over HTTP/1.1 an idle connection is looked at before
it is used, and nothing that another job does can break a submit.

Reads (status, stream, result, cancel) share HTTP/2: no handshake between the end of a job and
its result, and forty streams over one connection. A read timeout of httpx there means that the
whole connection is silent, so it is dead and had better be given up by all; it must strike,
or a connection that died without a word would be used until the system notices, many minutes
later. What bounds a single call is a deadline around all of it.

Pictures come over HTTP/1.1 from other hosts, by a client that never had the key. That one is
aiohttp's: it reads megabytes for a fifth of the processor time.

The environment's proxies are ignored: they would see the key's traffic without the host having
said so in the settings.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Self, cast

import aiohttp
import httpx

from bot.core.errors import KeyRejected, TemporaryFailure
from bot.fal.failures import plain
from bot.fal.network import MediaClient, Network
from bot.fal.wire import Answer

TRANSPORT_FAILURES = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    aiohttp.ClientError,
    TimeoutError,
    OSError,
)
"""What a call over the network can end with instead of an answer."""
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
"""Those that come before the first byte of a request."""

_HEADERS = {"User-Agent": "imagine-bot", "Accept": "*/*", "Accept-Encoding": "identity"}
_LIBRARY_LOGS = ("httpx", "httpcore", "hpack", "h2")
_KEEPALIVE_S = 45.0
"""Shorter than the idle limits usual for servers (60 s and more): a connection is given up
before the other side does it, at the price of a handshake after a quiet minute."""
_IDLE_CONNECTIONS_MAX = 16
"""httpcore (1.0.9) walks over all connections for each idle one, at each request and each end of
an answer: with a hundred idle ones that was a third of what a job cost. Sixteen are enough for
reads over HTTP/2, which need one, and for submits, which take turns; what is above costs a
handshake again."""
_DEAD_SHARE = 0.75
_MIB = 1024 * 1024
_JITTER = 0.2


def _spread(pause_s: float) -> float:
    """Move a pause a little: many jobs that lost their streams at once shall not ask at once."""
    return pause_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # spreads load


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Waiting times and bounds; only tests have a reason to change them.

    Attributes:
        connect_s: For the connection, and again for its encryption.
        submit_s: For the answer to a submit.
        answer_s: For any other call, from first to last byte.
        picture_s: For one picture, once.
        stall_s: A picture of which nothing comes for so long is asked for again.
        silent_s: A status stream without even a comment for so long is given up.
        silence_s: A watch that hears no proper word of fal's for so long is given up.
        restream_s: How long to poll before a stream is tried again; doubles up to
            `restream_most_s` while streams bring nothing.
        poll_first_s: The first wait between two polls; grows up to `poll_most_s`.
        outage_most_s: The longest wait between two calls that fail.
        repeat_first_s: The wait before a failed GET of a result or picture is repeated; doubles.
        tries: How often such a GET is made in all.
        unknown_after: How many times in a row fal must not know a request before it is told.
        hops: How many redirects of a picture are followed.
        picture_bytes_max: The largest picture file taken.
        jitter: Turns each of the waits between two calls into the one that is waited.
    """

    connect_s: float = 10.0
    submit_s: float = 60.0
    answer_s: float = 30.0
    picture_s: float = 120.0
    stall_s: float = 20.0
    silent_s: float = 40.0
    silence_s: float = 60.0
    restream_s: float = 15.0
    restream_most_s: float = 300.0
    poll_first_s: float = 1.0
    poll_most_s: float = 5.0
    outage_most_s: float = 15.0
    repeat_first_s: float = 0.25
    tries: int = 4
    unknown_after: int = 5
    hops: int = 3
    picture_bytes_max: int = 64 * _MIB
    jitter: Callable[[float], float] = _spread


@dataclass(frozen=True, slots=True, kw_only=True)
class FalSettings:
    """Plain values of the `FAL_*` settings.

    Attributes:
        admin_key: For the request history, should it be closed to `key`; may be None.
        media_hosts: Patterns of hosts that pictures may be fetched from, see `bot.fal.media`.
        concurrency: Jobs at fal at once; sizes the connection pools.
    """

    key: str = field(repr=False)
    admin_key: str | None = field(default=None, repr=False)
    queue_url: str = "https://queue.fal.run"
    api_url: str = "https://api.fal.ai/v1"
    media_hosts: tuple[str, ...] = ("*.fal.media",)
    concurrency: int = 4
    pace: Pace = Pace()


class Calls:
    """The clients, opened and closed together.

    Raises:
        KeyRejected: A key has characters that no header may carry.
    """

    def __init__(self, settings: FalSettings, network: Network | None = None) -> None:
        self.pace = settings.pace
        self._network = network
        self._concurrency = settings.concurrency
        self._key = _checked_key(settings.key)
        self._admin_key = _checked_key(settings.admin_key) if settings.admin_key else None
        self._secrets = [k.encode("ascii") for k in (self._key, self._admin_key) if k]
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for name in _LIBRARY_LOGS:
            # At INFO httpx writes a line per request, at DEBUG hpack writes the key.
            logging.getLogger(name).setLevel(logging.WARNING)
        width = 2 * self._concurrency + 8
        self._submits = self._client(
            width, httpx.Timeout(self.pace.connect_s, read=self.pace.submit_s), self._key
        )
        self._reads = self._client(
            width, self._dead_after(self.pace.answer_s), self._key, http2=True
        )
        self.media = self._media_client(4 * self._concurrency)
        self._stack.push_async_callback(self.media.close)
        for client in (self._submits, self._reads):
            await self._stack.enter_async_context(client)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def __repr__(self) -> str:
        return "Calls()"

    def _dead_after(self, bound_s: float) -> httpx.Timeout:
        """Give a shared connection up before a call's own bound, so that the next has a new one."""
        return httpx.Timeout(self.pace.connect_s, read=bound_s * _DEAD_SHARE)

    def _media_client(self, width: int) -> MediaClient:
        if self._network is not None:
            return self._network.media_client()
        session = aiohttp.ClientSession(
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self.pace.connect_s, sock_read=self.pace.stall_s
            ),
            connector=aiohttp.TCPConnector(
                limit=width, keepalive_timeout=_KEEPALIVE_S, ssl=_ssl_context(http2=False)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            # a picture needs no content encoding, and a decoder could inflate without bound
            auto_decompress=False,
            trust_env=False,
        )
        # The tries are ours to count; without this a GET is made twice where a connection closes.
        session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        # It is one: its cached `headers` are a descriptor that no protocol describes.
        return cast("MediaClient", session)

    def _client(
        self, width: int, timeout: httpx.Timeout, key: str, *, http2: bool = False
    ) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers={**_HEADERS, "Authorization": f"Key {key}"},
            timeout=timeout,
            limits=httpx.Limits(
                max_connections=width,
                max_keepalive_connections=min(width, _IDLE_CONNECTIONS_MAX),
                keepalive_expiry=_KEEPALIVE_S,
            ),
            http2=http2,
            transport=None if self._network is None else self._network.transport(),
            verify=_ssl_context(http2=http2),
            follow_redirects=False,
            trust_env=False,
        )

    async def post_once(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send a submit and read its answer; nothing here ever sends it again.

        Raises:
            Whatever httpx raises: the caller must know how far the request came.
        """
        async with (
            asyncio.timeout(self.pace.submit_s + 3 * self.pace.connect_s),
            self._submits.stream("POST", url, content=body, headers=headers) as response,
        ):
            return await self._read(response, _MIB)

    async def ask(self, method: str, url: str, *, bytes_max: int = _MIB) -> Answer:
        """Make one call on the queue and read its answer.

        Raises:
            TemporaryFailure: No answer, or one that is too large.
        """
        return await self._ask(method, url, None, bytes_max)

    @property
    def has_admin_key(self) -> bool:
        """Whether the platform API can be asked with another key than the normal one."""
        return self._admin_key is not None and self._admin_key != self._key

    async def ask_platform(self, url: str, *, as_admin: bool, bytes_max: int) -> Answer:
        """Make one GET on the platform API.

        Raises:
            TemporaryFailure: No answer, or one that is too large.
        """
        headers = {"Authorization": f"Key {self._admin_key}"} if as_admin else None
        return await self._ask("GET", url, headers, bytes_max)

    async def _ask(
        self, method: str, url: str, headers: dict[str, str] | None, bytes_max: int
    ) -> Answer:
        try:
            async with (
                asyncio.timeout(self.pace.answer_s),
                self._reads.stream(method, url, headers=headers) as response,
            ):
                return await self._read(response, bytes_max)
        except TRANSPORT_FAILURES as error:
            raise TemporaryFailure(named(error)) from None

    @asynccontextmanager
    async def stream(self, url: str) -> AsyncGenerator[httpx.Response, None]:
        """Open a status stream; its body is the caller's to read and to time.

        Raises:
            TemporaryFailure: No answer.
        """
        request = self._reads.build_request(
            "GET",
            url,
            headers={"Accept": "text/event-stream"},
            timeout=self._dead_after(self.pace.silent_s),
        )
        try:
            async with asyncio.timeout(self.pace.answer_s):
                response = await self._reads.send(request, stream=True)
        except TRANSPORT_FAILURES as error:
            raise TemporaryFailure(named(error)) from None
        try:
            yield response
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response, bytes_max: int) -> Answer:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > bytes_max:
                raise httpx.ReadError("the answer is too large")
        for secret in self._secrets:
            # A server may repeat what it was sent; nothing behind this line can leak it.
            if secret in body:
                body = body.replace(secret, b"***")
        return Answer(response.status_code, response.headers, bytes(body))


@cache
def _ssl_context(*, http2: bool) -> ssl.SSLContext:
    """Load the certificates once for each protocol: it takes a tenth of a second.

    Not once for both: the protocols that a connection offers are written into its context.
    """
    del http2
    return httpx.create_ssl_context(trust_env=False)


def _checked_key(key: str) -> str:
    """Strip a key, and refuse one that a library would quote in an error."""
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise KeyRejected("the key is empty or has characters that no key has")
    return key


def named(error: BaseException) -> str:
    """Say what went wrong on the way, without the request."""
    text = plain(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
