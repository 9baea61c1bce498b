"""The gateway: hello, identify, events to the right shard, heartbeat, resume, and its failures.

Opcodes and close codes are those of the gateway reference. It knows no payloads but its own.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import discord
from aiohttp import WSMsgType, web

from standins.discord.model import World
from standins.discord.session import Connection, ReadyMaker, Session

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 7, 8, 9, 10, 11
IGNORED = (PRESENCE, VOICE, MEMBERS)

UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, WRONG_TOKEN = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_SEQUENCE, INVALID_SHARD, INVALID_INTENTS = 4005, 4007, 4010, 4013

ACK_DELAY_S = 0.02
"""An answer at once makes discord.py 2.7.1 log a false "can't keep up" (fixed after it)."""

LARGEST_SENT_BYTES = 4096


class Gateway:
    """All sessions of the bot and the ways to disturb them."""

    def __init__(self, world: World, token: str, heartbeat_interval_ms: int) -> None:
        self.sessions: list[Session] = []
        self.refusing = False
        self.identified = 0
        self.on_change: Callable[[], None] = lambda: None
        self.ready_events: ReadyMaker | None = None
        self._world = world
        self._token = token
        self._interval_ms = heartbeat_interval_ms

    # ------------------------------------------------------------------ events out

    @property
    def connected(self) -> list[Session]:
        """The sessions that have a connection and got their READY."""
        return [one for one in self.sessions if one.connection is not None and one.ready]

    def emit(self, event: str, payload: Mapping[str, Any]) -> None:
        """Send an event to every session that owns its server and asked for it."""
        guild_id = payload.get("guild_id")
        if guild_id is None and event in ("GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE"):
            guild_id = payload.get("id")
        owner = None if guild_id is None else int(guild_id)
        intent = self._world.intent_of(event, payload)
        for session in self.sessions:
            if not session.owns(owner) or (intent and not getattr(session.intents, intent)):
                continue
            mine = dict(payload)
            if event.startswith("MESSAGE_") and not session.intents.message_content:
                mine = json.loads(json.dumps(mine, default=str))
                self._world.censor(mine)
            session.send(event, json.dumps(mine, default=str))

    # ------------------------------------------------------------------ disturbances

    def drop(self, shard: int | None = None) -> int:
        """Break connections without a close frame; returns how many."""
        hit = [one for one in self.connected if shard in (None, one.shard[0])]
        for session in hit:
            if session.connection is not None and session.request is not None:
                session.connection.abort(session.request)
        return len(hit)

    def ask_to_reconnect(self, shard: int | None = None) -> None:
        """Opcode 7: the bot shall reconnect and resume."""
        for session in self.connected:
            if shard in (None, session.shard[0]) and session.connection is not None:
                session.connection.put(RECONNECT)

    def invalidate(self, *, resumable: bool, shard: int | None = None) -> None:
        """Opcode 9; without `resumable` the session is forgotten and must identify again."""
        for session in self.connected:
            if shard in (None, session.shard[0]) and session.connection is not None:
                session.connection.put(INVALID_SESSION, data=resumable)
                if not resumable:
                    self.sessions.remove(session)

    async def close(self, code: int, shard: int | None = None) -> None:
        """Close connections with a code."""
        for session in self.connected:
            if shard in (None, session.shard[0]) and session.connection is not None:
                await session.connection.close(code)

    def forget_sessions(self) -> None:
        """Every resume will be refused (as after a long absence)."""
        self.sessions = [one for one in self.sessions if one.connection is not None]
        for session in self.sessions:
            session.id = "forgotten"

    def silence(self, *, silent: bool, shard: int | None = None) -> None:
        """Send nothing at all on open connections, not even heartbeat answers."""
        for session in self.connected:
            if shard in (None, session.shard[0]) and session.connection is not None:
                session.connection.silent = silent

    # ------------------------------------------------------------------ one connection

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection of the bot."""
        if self.refusing:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=2**16)
        await socket.prepare(request)
        compress = request.query.get("compress") == "zlib-stream"
        connection = Connection(socket, compress=compress)
        session: Session | None = None
        connection.put(HELLO, {"heartbeat_interval": self._interval_ms, "_trace": []})
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT or len(message.data) > LARGEST_SENT_BYTES:
                    await connection.close(DECODE_ERROR)
                    break
                session = await self._receive(connection, session, json.loads(message.data))
                if session is not None:
                    session.request = request
        finally:
            self._leave(session, connection, socket.close_code)
            connection.writer.cancel()
        return socket

    def _leave(self, session: Session | None, connection: Connection, code: int | None) -> None:
        if session is None or session.connection is not connection:
            return
        session.connection = session.request = None
        if code in (1000, 1001) and session in self.sessions:
            self.sessions.remove(session)  # such a close ends the session (gateway reference)
        self.on_change()

    async def _receive(
        self, connection: Connection, session: Session | None, payload: dict[str, Any]
    ) -> Session | None:
        op, data = payload.get("op"), payload.get("d")
        if op == HEARTBEAT:
            await asyncio.sleep(ACK_DELAY_S)
            connection.put(HEARTBEAT_ACK)
        elif op == IDENTIFY and isinstance(data, dict):
            if session is not None:
                await connection.close(ALREADY_AUTHENTICATED)
                return session
            return await self._identify(connection, data)  # pyright: ignore[reportUnknownArgumentType]
        elif op == RESUME and isinstance(data, dict):
            return await self._resume(connection, data)  # pyright: ignore[reportUnknownArgumentType]
        elif session is None:
            await connection.close(NOT_AUTHENTICATED)
        elif op not in IGNORED:
            await connection.close(UNKNOWN_OPCODE)
        return session

    async def _identify(self, connection: Connection, data: dict[str, Any]) -> Session | None:
        number, total = data.get("shard") or (0, 1)
        intents_value = data.get("intents")
        if data.get("token") != self._token:
            await connection.close(WRONG_TOKEN)
            return None
        if not 0 <= number < total:
            await connection.close(INVALID_SHARD)
            return None
        if not isinstance(intents_value, int):
            await connection.close(INVALID_INTENTS)
            return None
        intents = discord.Intents.none()
        intents.value = intents_value
        session = Session((number, total), intents)
        session.connection = connection
        self.identified += 1
        if self.ready_events is not None:
            for event, payload in self.ready_events(session):
                session.send(event, json.dumps(payload, default=str))
        # only now: a READY must be the first event of a session
        self.sessions.append(session)
        session.ready = True
        self.on_change()
        return session

    async def _resume(self, connection: Connection, data: dict[str, Any]) -> Session | None:
        if data.get("token") != self._token:
            await connection.close(WRONG_TOKEN)
            return None
        found = next((one for one in self.sessions if one.id == data.get("session_id")), None)
        sequence = data.get("seq")
        if found is None or not isinstance(sequence, int):
            connection.put(INVALID_SESSION, data=False)
            return None
        if not found.can_replay(sequence):
            await connection.close(INVALID_SEQUENCE)
            return None
        found.connection = connection
        found.replay(sequence)
        found.send("RESUMED", json.dumps({"_trace": []}))
        found.resumed += 1
        self.on_change()
        return found
