"""The HTTP side: what the bot asks for, refused or answered as Discord would.

One request after another of the same bot may run at once; each takes effect in one step without
an await, as if Discord had a single thread.
"""

import asyncio
import json
import re
import time
from typing import Any

from aiohttp import web

from standins.discord.actions import Actions
from standins.discord.cdn import content_type
from standins.discord.contract import Contract
from standins.discord.errors import ApiError, bad_form
from standins.discord.faults import Fault
from standins.discord.limits import RateLimited
from standins.discord.message_rules import CREATE_MESSAGE_BYTES, too_large
from standins.discord.model import Upload
from standins.discord.multipart import read_multipart
from standins.discord.record import Request, Violation
from standins.discord.routes import Route, match
from standins.discord.shapes import as_object
from standins.discord.state import DiscordState

API = "/api/v10"
VIA = "1.1 google"
_USER_AGENT = re.compile(r"DiscordBot \(\S+,? [^)]+\)")


class Rest:
    """Answers everything under `/api/v10` and the CDN."""

    def __init__(self, state: DiscordState, contract: Contract | None) -> None:
        self._state = state
        self._contract = contract
        self._actions = Actions(state)

    async def handle(self, http: web.Request) -> web.StreamResponse:
        """Answer one request of the bot."""
        route = match(http.rel_url.raw_path.removeprefix(API))
        entry = self._new_entry(http, route)
        self._state.requests.append(entry)
        raw = await http.read()
        fault = self._state.faults.take(route.name, http.method, entry.channel_id)
        if fault is not None and (fault.lost_request or fault.delay_before_s):
            await asyncio.sleep(fault.delay_before_s)
            if fault.lost_request:
                return _hang_up(http)
        response = self._answer(http, route, raw, entry, fault)
        if fault is not None and fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        entry.took_s = time.monotonic() - entry.at_s
        self._state.bell.ring()
        if fault is not None and fault.lost_answer:
            return _hang_up(http)
        entry.status = response.status
        return response

    def _new_entry(self, http: web.Request, route: Route) -> Request:
        sent = self._state.sent_by_token(route.token) if route.by_token else None
        channel_id = route.args.get("channel_id")
        message_id = route.args.get("message_id")
        interaction_id = sent.id if sent is not None else None
        if sent is not None:
            channel_id = sent.record.channel_id
        return Request(
            method=http.method,
            name=route.name,
            route=route.template,
            interaction_id=interaction_id,
            channel_id=_number(channel_id),
            message_id=_number(message_id),
        )

    def _answer(
        self, http: web.Request, route: Route, raw: bytes, entry: Request, fault: Fault | None
    ) -> web.Response:
        headers: dict[str, str] = {"Via": VIA}
        try:
            self._check_caller(http, route)
            if fault is not None and fault.status is not None:
                return _refuse(fault)
            headers |= self._state.limits.check(http.method, route)
            answer = self._take_effect(http, route, raw, entry)
        except RateLimited as limit:
            return _rate_limited(limit, headers)
        except ApiError as error:
            entry.code = error.code
            if error.status == 501:
                where = f"{http.method} {route.template}"
                self._note([Violation("route", where, error.sentence)])
            return _json(error.body(), error.status, headers)
        return _empty(headers) if answer is None else _json(answer, 200, headers)

    def _take_effect(self, http: web.Request, route: Route, raw: bytes, entry: Request) -> Any:
        body, files = self._read(http, route, raw)
        if self._state.settings.strict:
            entry.body = body
        entry.files = [(file.filename, len(file.data)) for file in files]
        if self._contract is not None:
            self._note(self._contract.check_request(http.method, route, body))
        answer = self._actions.run(http.method, route, body, dict(http.query), files)
        answered = as_object(answer)
        if "channel_id" in answered:
            entry.message_id = _number(answered.get("id"))
        if self._contract is not None:
            self._note(self._contract.check_answer(http.method, route, answer))
        return answer

    def _note(self, violations: list[Violation]) -> None:
        self._state.violations.extend(violations)

    def _check_caller(self, http: web.Request, route: Route) -> None:
        if route.by_token:
            return  # discord.py sends neither header there, and Discord takes it
        agent = http.headers.get("User-Agent", "")
        if not _USER_AGENT.match(agent):
            self._note([Violation("request", route.template, f"User-Agent {agent!r}")])
            raise ApiError(403, 0, "error code: 1010")
        if http.headers.get("Authorization") != f"Bot {self._state.settings.token}":
            raise ApiError(401, 0, "401: Unauthorized")

    def _read(self, http: web.Request, route: Route, raw: bytes) -> tuple[Any, list[Upload]]:
        if route.name == "create_message" and len(raw) > CREATE_MESSAGE_BYTES:
            raise too_large()
        try:
            if http.content_type == "multipart/form-data":
                return read_multipart(http.headers["Content-Type"], raw)
            return (json.loads(raw) if raw else None), []
        except ValueError as error:
            raise bad_form(str(error)) from error

    async def media(self, http: web.Request) -> web.Response:
        """A file of a message, to anybody who has its signed address."""
        fault = self._state.faults.take("cdn", "GET", None)
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
            if fault.status is not None:
                return web.Response(status=fault.status)
        data = self._state.cdn.fetch(str(http.rel_url))
        if data is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=data, content_type=content_type(http.path))


def _number(value: Any) -> int | None:
    return int(value) if value is not None and str(value).isdecimal() else None


def _json(body: Any, status: int, headers: dict[str, str]) -> web.Response:
    # discord.py compares the content type whole: no charset may follow
    kind = {"Content-Type": "application/json"}
    raw = json.dumps(body, default=str).encode()
    return web.Response(body=raw, status=status, headers=headers | kind)


def _empty(headers: dict[str, str]) -> web.Response:
    return web.Response(status=204, headers=headers)


def _hang_up(http: web.Request) -> web.Response:
    """Close the connection; the answer that aiohttp then tries to send goes nowhere."""
    if http.transport is not None:
        http.transport.abort()
    return web.Response(status=500)


def _rate_limited(limit: RateLimited, headers: dict[str, str]) -> web.Response:
    more = limit.headers | {"Retry-After": str(max(1, round(limit.retry_after_s)))}
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(limit.retry_after_s, 3),
        "global": limit.everywhere,
    }
    if limit.code:
        body["code"] = limit.code
    return _json(body, 429, headers | more)


def _refuse(fault: Fault) -> web.Response:
    status = fault.status or 500
    if not fault.via:  # Cloudflare in front of Discord: HTML, no Via, no JSON
        headers = {"Retry-After": str(round(fault.retry_after_s)), "Content-Type": "text/html"}
        text = b"<html><body>error code: 1015</body></html>"
        return web.Response(body=text, status=status, headers=headers)
    if status == 429:
        everywhere = fault.scope == "global"
        headers = {"Via": VIA, "X-RateLimit-Scope": fault.scope}
        if everywhere:
            headers["X-RateLimit-Global"] = "true"
        return _rate_limited(RateLimited(fault.retry_after_s, headers, everywhere=everywhere), {})
    return _json({"message": fault.message, "code": fault.code}, status, {"Via": VIA})
