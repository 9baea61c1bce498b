"""What every call has in common on the wire: keys, JSON, faults that need no knowledge of it."""

import json
from collections.abc import Mapping
from typing import cast

from aiohttp import web

from standins.fal.faults import Alter, Delay, Drop, Faults, Reply, Stage
from standins.fal.inputs import JsonObject

WRONG_KEY: JsonObject = {"detail": "No user found for Key ID and Secret"}
MALFORMED_KEY: JsonObject = {
    "detail": "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."
}
NO_KEY: JsonObject = {"detail": "Authentication is required to access this application"}
NOT_FOUND: JsonObject = {"status": "NOT_FOUND"}


def answer(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Send JSON, or a text as it is."""
    if isinstance(body, str):
        own_type = {"Content-Type": "text/html; charset=utf-8", **(headers or {})}
        return web.Response(text=body, status=status, headers=own_type)
    return web.json_response(body, status=status, headers=headers)


def sent_key(request: web.Request) -> tuple[str, JsonObject | None]:
    """Read the key of a call.

    Returns:
        The key, and the body of the 401 where its form is wrong.
    """
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return "", NO_KEY
    if scheme != "Key":
        return "", WRONG_KEY
    return key, None if key.count(":") == 1 else MALFORMED_KEY


def drop(request: web.Request) -> web.Response:
    """Close the connection without a byte; the returned answer goes nowhere."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def altered(faults: Faults, stage: Stage, sent: Mapping[str, object], body: object) -> object:
    """Let an `Alter` strike on the right answer."""
    if not isinstance(body, dict):
        return body
    told = cast("JsonObject", body)
    taken = faults.take(Alter, sent, stage)
    if taken is None:
        return told
    changed = {**told, **taken[0].instead}
    return {name: value for name, value in changed.items() if name not in taken[0].without}


def replied(fault: Reply, identity: Mapping[str, str]) -> web.Response:
    """Answer as a fault says; `identity` goes along where fal itself is the one who speaks."""
    headers = {**identity, **fault.headers} if fault.identified else fault.headers
    return answer(fault.body, fault.status, headers)


async def struck(
    faults: Faults,
    stage: Stage,
    request: web.Request,
    sent: Mapping[str, object],
    identity: Mapping[str, str] | None = None,
) -> web.Response | None:
    """Let the faults strike that replace the whole answer of a call without side effects."""
    taken = faults.take(Delay, sent, stage)
    if taken is not None:
        await taken[1].pause(taken[0].delay_s)
    if faults.take(Drop, sent, stage) is not None:
        return drop(request)
    reply = faults.take(Reply, sent, stage)
    if reply is not None:
        return replied(reply[0], identity or {})
    return None


async def read_json(request: web.Request) -> JsonObject | None:
    """Read a JSON object, or None where the body is none."""
    try:
        value: object = json.loads(await request.read())
    except ValueError:
        return None
    return cast("JsonObject", value) if isinstance(value, dict) else None
