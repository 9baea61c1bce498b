"""`/healthz` and `/readyz` for the container's health check and for load balancers.

`/healthz` says that the process answers; `/readyz` that the database takes writes and Discord is
connected. Both answer JSON and tell nothing that is secret.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot.ops.http import Route

Probe = Callable[[], Awaitable[bool]]
Note = Callable[[], str | None]

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


def health_routes(probes: Mapping[str, Probe], notes: Mapping[str, Note]) -> list[Route]:
    """Make the two pages.

    Args:
        probes: What must be well for `/readyz` to be 200, by name.
        notes: What `/readyz` says beside them, by name, where there is something to say; a restart
            would not help, so it stays 200.
    """

    async def healthz(_: web.Request) -> web.Response:
        return _answer({"alive": True}, is_good=True)

    async def readyz(_: web.Request) -> web.Response:
        found = {name: await probe() for name, probe in probes.items()}
        said = {name: text for name, note in notes.items() if (text := note()) is not None}
        return _answer({**found, **said}, is_good=all(found.values()))

    return [web.get("/healthz", healthz), web.get("/readyz", readyz)]


def _answer(body: Mapping[str, bool | str], *, is_good: bool) -> web.Response:
    return web.Response(
        status=200 if is_good else 503, text=json.dumps(body), content_type="application/json"
    )
