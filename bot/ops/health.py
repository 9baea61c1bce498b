"""`/healthz` and `/readyz` for the container's health check and for load balancers.

`/healthz` says that the process answers; `/readyz` that the database takes writes and Discord is
connected. Both answer JSON and tell nothing that is secret.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

Probe = Callable[[], Awaitable[bool]]

STEADY_S = 5.0


class Steady:
    """A probe that costs something: asked at most every few seconds, by all askers together."""

    def __init__(self, probe: Probe, for_s: float = STEADY_S) -> None:
        self._probe = probe
        self._for_s = for_s
        self._asking = asyncio.Lock()
        self._answer = False
        self._asked_s: float | None = None

    async def __call__(self) -> bool:
        """Answer anew, or as a moment ago."""
        async with self._asking:
            now_s = time.monotonic()
            if self._asked_s is None or now_s - self._asked_s >= self._for_s:
                self._answer = await self._probe()
                self._asked_s = time.monotonic()
            return self._answer


class Health:
    """A small web server with two pages.

    Attributes:
        notes: What `/readyz` says beside its probes, by name, where there is something to say; a
            restart would not help, so it stays 200.
    """

    def __init__(self, host: str, port: int, probes: Mapping[str, Probe]) -> None:
        self._host = host
        self._port = port
        self._probes = probes
        self.notes: dict[str, Callable[[], str | None]] = {}
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(app, access_log=None)

    @property
    def port(self) -> int:
        """The port that was taken, of use where the settings say 0."""
        return int(self._runner.addresses[0][1])

    async def open(self) -> None:
        """Start to listen.

        Raises:
            OSError: The address is not to be had.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return _answer({"alive": True}, is_good=True)

    async def _readyz(self, _: web.Request) -> web.Response:
        found = {name: await probe() for name, probe in self._probes.items()}
        said = {name: text for name, note in self.notes.items() if (text := note()) is not None}
        return _answer({**found, **said}, is_good=all(found.values()))


def _answer(body: Mapping[str, bool | str], *, is_good: bool) -> web.Response:
    return web.Response(
        status=200 if is_good else 503, text=json.dumps(body), content_type="application/json"
    )
