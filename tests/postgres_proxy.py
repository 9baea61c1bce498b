"""A wire to PostgreSQL that can be cut: in the moment of a commit, before it or after."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Cut = Literal["question", "answer", "silence"]
"""The commit never arrives; its answer never comes back; or that, with the wire left open."""


@dataclass
class Wire:
    """The proxy; `cut` says what happens to the next message that holds `at`, once.

    Attributes:
        cuts: How often that happened.
        refuses: Whether new connections are closed at once.
        forgets: Whether the server never hears that a client is gone.
    """

    url: str
    server: str
    cut: Cut | None = None
    at: bytes = b"COMMIT\0"
    cuts: int = 0
    refuses: bool = False
    forgets: bool = False
    _clients: set[asyncio.StreamWriter] = field(default_factory=set)
    _servers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it or it is cut."""
        if self.refuses:
            writer.close()
            return
        from_server, to_server = await asyncio.open_unix_connection(self.server)
        self._clients.add(writer)
        self._servers.add(to_server)
        is_dumb, is_done = asyncio.Event(), asyncio.Event()
        back = asyncio.create_task(self._back(from_server, writer, is_dumb, is_done))
        try:
            while data := await reader.read(65536):
                cut = self.cut if self.at in data else None
                if cut is not None:
                    self.cut = None
                    self.cuts += 1
                    is_dumb.set()
                    if cut == "question":
                        break
                to_server.write(data)
                if cut == "answer":
                    await is_done.wait()
                    break
        except ConnectionError:
            pass
        finally:
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)
            writer.close()
            if not self.forgets:
                to_server.close()

    async def _back(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        is_dumb: asyncio.Event,
        is_done: asyncio.Event,
    ) -> None:
        while data := await reader.read(65536):
            if is_dumb.is_set():
                is_done.set()
            else:
                writer.write(data)
        if not is_dumb.is_set():
            writer.close()

    def close(self) -> None:
        """End every connection; the server is not told of it where the wire forgets."""
        for writer in self._clients if self.forgets else self._clients | self._servers:
            writer.close()


@asynccontextmanager
async def wired(url: str) -> AsyncGenerator[Wire]:
    """A proxy on the loopback address before the server of a test's address."""
    parts = urlsplit(url)
    folder = parse_qs(parts.query)["host"][0]
    wire = Wire("", f"{folder}/.s.PGSQL.5432")
    listening = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    wire.url = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
    try:
        yield wire
    finally:
        listening.close()
        wire.forgets = False
        wire.close()
        await asyncio.sleep(0)
