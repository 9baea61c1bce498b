"""The web server of the process; what it serves is handed in as routes.

Strangers may reach it: what they send is bounded in size, time and number of connections, and
leaves no traceback in the log.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.services.retry import Seldom

_log = logging.getLogger(__name__)

_BODY_MAX_BYTES = 1024 * 1024
_LINE_MAX_BYTES = 8190
_HEADERS_MAX = 64
_CONNECTIONS_MAX = 200
"""Files and sockets are what fal, Discord and the database need too."""
_CLOSING_S = 1.0
"""For what a client still sends after its answer, and for what is under way at the end."""


Route = web.RouteDef
"""A page, as `aiohttp.web.get` and its sisters make them."""


class HttpServer:
    """Serves routes at an address.

    Args:
        host: Where to listen.
        port: 0 for any that is free.
        routes: All that there is to see; anything else is a 404, another method a 405.
        patience_s: For the head of a request, from the connection or the last answer on, and
            again for its body together with the answer.
    """

    def __init__(
        self, host: str, port: int, routes: Sequence[Route], *, patience_s: float = 15.0
    ) -> None:
        self._host = host
        self._port = port
        self._patience_s = patience_s
        self._malformed = _Malformed()
        self._listener: asyncio.Server | None = None
        app = web.Application(middlewares=[self._bounded], client_max_size=_BODY_MAX_BYTES)
        app.add_routes(routes)
        # aiohttp logs whatever it cannot read, with a traceback. This logger is not the process's,
        # so that its filter hears of this server alone; some of it is logged at DEBUG.
        logger = logging.Logger(f"{__name__}.aiohttp", logging.DEBUG)  # noqa: LOG001
        logger.parent = _log
        logger.addFilter(self._malformed)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=logger,
            keepalive_timeout=patience_s,
            lingering_time=_CLOSING_S,
            shutdown_timeout=_CLOSING_S,
            max_line_size=_LINE_MAX_BYTES,
            max_field_size=_LINE_MAX_BYTES,
            max_headers=_HEADERS_MAX,
        )

    @property
    def port(self) -> int:
        """The port that was taken, of use where the settings say 0."""
        assert self._listener is not None
        return int(self._listener.sockets[0].getsockname()[1])

    @property
    def malformed(self) -> int:
        """How many requests were none; each was answered with 400 and its connection closed."""
        return self._malformed.count

    async def open(self) -> None:
        """Start to listen.

        Raises:
            OSError: The address is not to be had.
        """
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connection, self._host, self._port)

    async def close(self) -> None:
        """Stop listening; what is under way has a moment to end."""
        if self._listener is not None:
            self._listener.close()
        await self._runner.cleanup()

    def _connection(self) -> asyncio.BaseProtocol:
        server = self._runner.server
        assert server is not None
        return _Full() if len(server.connections) >= _CONNECTIONS_MAX else server()

    @web.middleware
    async def _bounded(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        try:
            async with asyncio.timeout(self._patience_s):
                return await handler(request)
        except TimeoutError:
            late = web.HTTPRequestTimeout()
            late.force_close()
            raise late from None
        except ConnectionError:
            if request.transport is not None:
                raise
            # Whoever asked is gone: nobody reads this answer.
            raise web.HTTPBadRequest from None


class _Full(asyncio.Protocol):
    """Ends a connection that is one too many; whoever asks again finds room in a moment."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class _Malformed(logging.Filter):
    """Counts what aiohttp could not read as a request, and lets a line a minute tell of it."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self._seldom = Seldom()

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            return True
        self.count += 1
        if self._seldom.is_due():
            _log.info(
                "malformed request", extra={"detail": type(error).__name__, "so_far": self.count}
            )
        return False
