"""The calls that the stand-in makes itself: for pictures of an input, and to webhooks.

It calls loopback addresses and nobody else. fal calls everybody else and refuses these.
"""

import asyncio
from collections.abc import Mapping
from ipaddress import ip_address

import aiohttp
from yarl import URL

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0"
_REDIRECTS_MAX = 5
_PIECE_BYTES = 65_536


class NotFetched(Exception):
    """A picture could not be had.

    Attributes:
        kind: fal's name for it.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def is_near(address: URL | str) -> bool:
    """Whether an address is one of the web, on loopback."""
    try:
        url = URL(address)
        is_loopback = url.host == "localhost" or ip_address(url.host or "").is_loopback
    except ValueError:
        return False
    return is_loopback and url.scheme in ("http", "https")


class Outside:
    """One pool of connections for all calls, made with the first."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @property
    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def fetch(self, address: str, *, bytes_max: int, timeout_s: float) -> bytes:
        """Fetch a file without any credentials, as fal's helper does.

        Raises:
            NotFetched: It is not there, not near, too large, or too slow.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await self._fetch(URL(address, encoded=True), bytes_max)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise NotFetched("file_download_error") from None

    async def _fetch(self, url: URL, bytes_max: int) -> bytes:
        for _ in range(1 + _REDIRECTS_MAX):
            if not is_near(url):
                break
            headers = {"User-Agent": _AGENT}
            async with self._http.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status in (301, 302, 303, 307, 308) and "Location" in answer.headers:
                    url = url.join(URL(answer.headers["Location"], encoded=True))
                    continue
                if answer.status != 200:
                    break
                return await _body(answer, bytes_max)
        raise NotFetched("file_download_error")

    async def post(
        self, address: str, body: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> int | None:
        """Send a body; returns the status of the answer, None where none came."""
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._http.post(
                    URL(address, encoded=True), data=body, headers=headers, allow_redirects=False
                ) as answer,
            ):
                return answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()


async def _body(answer: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    """Read an answer, but never more than a number of bytes."""
    body = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE_BYTES):
        body += piece
        if len(body) > bytes_max:
            raise NotFetched("file_too_large")
    return bytes(body)
