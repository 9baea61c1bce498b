"""What carries the calls to fal, so that a simulation can stand in for the wires.

Without a `Network` the clients open real connections; with one nothing else of this room changes:
addresses, headers, time-outs and the reading of answers stay what they are.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import httpx
import yarl


class MediaBody(Protocol):
    """The bytes of a picture as they arrive."""

    def iter_any(self) -> AsyncIterator[bytes]:
        """Give the pieces in the sizes in which they come."""
        ...


class MediaResponse(Protocol):
    """The part of aiohttp's answer that fetching a picture reads."""

    status: int

    @property
    def headers(self) -> Mapping[str, str]:
        """Looked up without regard to case."""
        ...

    @property
    def content(self) -> MediaBody:
        """The body, read by its pieces."""
        ...


class MediaClient(Protocol):
    """The part of aiohttp's session that fetching a picture uses."""

    def get(
        self, url: yarl.URL, *, allow_redirects: bool
    ) -> AbstractAsyncContextManager[MediaResponse]:
        """Ask for a picture.

        Raises:
            Whatever aiohttp raises.
        """
        ...

    async def close(self) -> None:
        """Close what is open."""
        ...


class Network(Protocol):
    """Stands in for the connections of one `FalQueue`."""

    def transport(self) -> httpx.AsyncBaseTransport:
        """Carry the calls of one of httpx's clients."""
        ...

    def media_client(self) -> MediaClient:
        """Fetch pictures."""
        ...
