"""One gateway session: its sequence numbers, what may have to be replayed, and its connection."""

import asyncio
import json
import secrets
import zlib
from collections import deque
from typing import Any, Protocol

import discord
from aiohttp import web

REPLAYED = 5000
"""How many events a session can replay; a real one is bounded too."""


class Connection:
    """A WebSocket with its compression context and a queue that keeps the order of frames."""

    def __init__(self, socket: web.WebSocketResponse, *, compress: bool) -> None:
        self.socket = socket
        self._packer = zlib.compressobj() if compress else None
        self._frames: asyncio.Queue[str] = asyncio.Queue()
        self.writer = asyncio.create_task(self._write())
        self.silent = False

    def put(self, op: int, data: Any = None) -> None:
        """Queue a frame that is not an event."""
        self.put_text(json.dumps({"op": op, "d": data, "t": None, "s": None}))

    def put_text(self, text: str) -> None:
        """Queue a frame as it is."""
        if not self.silent:
            self._frames.put_nowait(text)

    async def _write(self) -> None:
        while True:
            text = await self._frames.get()
            try:
                if self._packer is None:
                    await self.socket.send_str(text)
                else:
                    # one context per connection, a sync flush per frame (gateway reference)
                    packed = self._packer.compress(text.encode())
                    await self.socket.send_bytes(packed + self._packer.flush(zlib.Z_SYNC_FLUSH))
            except (ConnectionError, RuntimeError):
                return
            finally:
                self._frames.task_done()

    async def close(self, code: int) -> None:
        """Close with a code, after all that is queued."""
        if not self.writer.done():
            flushed = asyncio.create_task(self._frames.join())
            await asyncio.wait({flushed, self.writer}, return_when=asyncio.FIRST_COMPLETED)
            flushed.cancel()
        await self.socket.close(code=code)

    def abort(self, request: web.Request) -> None:
        """Break the connection without a close frame."""
        self.writer.cancel()
        if request.transport is not None:
            request.transport.abort()


class Session:
    """What a bot identified as; outlives its connection so that it can resume.

    Attributes:
        id: The session id.
        shard: Shard number and total.
        ready: Whether READY and all GUILD_CREATE went out.
        resumed: How often it resumed.
    """

    def __init__(self, shard: tuple[int, int], intents: discord.Intents) -> None:
        self.id = secrets.token_hex(16)
        self.shard = shard
        self.intents = intents
        self.connection: Connection | None = None
        self.request: web.Request | None = None
        self.ready = False
        self.resumed = 0
        self.sequence = 0
        self._past: deque[tuple[int, str]] = deque(maxlen=REPLAYED)

    def owns(self, guild_id: int | None) -> bool:
        """Whether events of a server (None: of no server) come here."""
        number, total = self.shard
        return number == (0 if guild_id is None else (guild_id >> 22) % total)

    def send(self, event: str, data_json: str) -> None:
        """Number an event, keep it for a replay, and send it if there is a connection."""
        self.sequence += 1
        text = f'{{"op":0,"t":"{event}","s":{self.sequence},"d":{data_json}}}'
        self._past.append((self.sequence, text))
        if self.connection is not None:
            self.connection.put_text(text)

    def can_replay(self, after: int) -> bool:
        """Whether all events after a number are still here."""
        oldest = self._past[0][0] if self._past else self.sequence + 1
        return oldest <= after + 1 and after <= self.sequence

    def replay(self, after: int) -> None:
        """Send all events after a number again."""
        if self.connection is not None:
            for number, text in self._past:
                if number > after:
                    self.connection.put_text(text)


class ReadyMaker(Protocol):
    """Fills READY and the servers of a shard; the gateway knows no payloads."""

    def __call__(self, session: Session) -> list[tuple[str, dict[str, Any]]]:
        """The events that a new session gets, READY first."""
        ...
