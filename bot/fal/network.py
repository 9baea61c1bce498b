"""What the fal client needs of a network, so that another one can be put under it.

Without one, `bot.fal.calls` opens real connections: httpx for the queue, aiohttp for pictures.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import httpx
import yarl


class Content(Protocol):
    """The body of a picture's answer."""

    def iter_any(self) -> AsyncIterator[bytes]:
        """Its bytes, in pieces as they come."""
        ...


class MediaAnswer(Protocol):
    """The answer to one GET of a picture; header names are looked up without regard to case."""

    @property
    def status(self) -> int:
        """Its status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers."""
        ...

    @property
    def content(self) -> Content:
        """Its body."""
        ...


class Media(Protocol):
    """Fetches pictures; a subset of aiohttp's session. It never follows a redirect by itself."""

    def get(
        self, url: yarl.URL, *, allow_redirects: bool
    ) -> AbstractAsyncContextManager[MediaAnswer]:
        """Ask for one address. What fails is raised as `OSError` or `TimeoutError`."""
        ...


class Network(Protocol):
    """Everything that leaves the fal client."""

    @property
    def media(self) -> Media:
        """Where pictures come from."""
        ...

    def transport(self) -> httpx.AsyncBaseTransport:
        """What carries the calls on the queue and the platform API; asked for once a client.

        It raises httpx's errors: a `ConnectError` or `ConnectTimeout` before a byte was sent,
        anything else after it.
        """
        ...
