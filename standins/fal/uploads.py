"""The two ways to bring a picture to fal, each in two calls, of which only the first has the key.

fal's JavaScript client announces a file and puts it where the answer says; fal's Python client
fetches a token and sends files with it, and knows the other way too. A file that names no end stays
for good.
"""

import json
from typing import cast

from aiohttp import web

from standins.fal.clock import iso
from standins.fal.faults import Stage
from standins.fal.inputs import JsonObject
from standins.fal.wire import answer, read_json, struck
from standins.fal.world import World

_STORAGES = ("fal-cdn-v3", "gcs")
_LIFECYCLE = "X-Fal-Object-Lifecycle"
LIFECYCLE_TOO = "X-Fal-Object-Lifecycle-Preference"
_TOKEN_LIFE_MS = 3_600_000
_LIFE = "expiration_duration_seconds"


async def initiate(world: World, request: web.Request) -> web.StreamResponse:
    """Give a file its two addresses."""
    trouble = await struck(world.faults, Stage.INITIATE, request, {})
    if trouble is not None:
        return trouble
    _check_storage(world, request)
    sent = await read_json(request) or {}
    content_type, name = sent.get("content_type"), sent.get("file_name")
    if not isinstance(content_type, str) or not isinstance(name, str) or not name or "/" in name:
        return _refused(world, request, "content_type and file_name are needed")
    try:
        upload = world.inbox.announce(name, content_type, _ends_at_ms(world, request))
    except ValueError:
        return _refused(world, request, f"{_LIFECYCLE} is no JSON object of seconds")
    urls = {"upload_url": upload.put_path, "file_url": upload.path}
    return answer({key: world.base_url + path for key, path in urls.items()})


async def put(world: World, request: web.Request) -> web.StreamResponse:
    """Take a file's bytes."""
    if "Authorization" in request.headers:
        world.frown(request, "the key was sent to the address of an upload")
    trouble = await struck(world.faults, Stage.UPLOAD, request, {})
    if trouble is not None:
        return trouble
    upload = world.inbox.announced(request.path)
    if upload is None:
        return answer({"detail": "Not Found"}, 404)
    if request.content_type != upload.content_type:
        return _refused(world, request, f"Content-Type: {upload.content_type} was announced", 403)
    upload.data = await request.read()
    return web.Response()


async def token(world: World, request: web.Request) -> web.StreamResponse:
    """Hand out a token for `send`."""
    trouble = await struck(world.faults, Stage.INITIATE, request, {})
    if trouble is not None:
        return trouble
    _check_storage(world, request)
    expires_at_ms = world.clock.now_ms() + _TOKEN_LIFE_MS
    body = {
        "token": world.inbox.token(expires_at_ms),
        "token_type": "Bearer",
        "base_url": world.base_url,
        "expires_at": iso(expires_at_ms),
    }
    return answer(body)


async def send(world: World, request: web.Request) -> web.StreamResponse:
    """Take a file from who has a token."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind == "Key":
        world.frown(request, "the key was sent to the host of the media")
    trouble = await struck(world.faults, Stage.UPLOAD, request, {})
    if trouble is not None:
        return trouble
    if kind != "Bearer" or not world.inbox.accepts(text, world.clock.now_ms()):
        return answer({"detail": "Invalid token"}, 401)
    name = request.headers.get("X-Fal-File-Name", "upload.bin")
    try:
        ends_at_ms = _ends_at_ms(world, request)
    except ValueError:
        return _refused(world, request, f"{_LIFECYCLE} is no JSON object of seconds")
    upload = world.inbox.announce(name.replace("/", "_"), request.content_type, ends_at_ms)
    upload.data = await request.read()
    return answer({"access_url": world.base_url + upload.path})


def _check_storage(world: World, request: web.Request) -> None:
    if request.query.get("storage_type") not in _STORAGES:
        world.frown(request, f"storage_type: {' or '.join(_STORAGES)} is needed")


def _ends_at_ms(world: World, request: web.Request) -> int | None:
    """When a file shall go; None keeps it for good, as 0 and saying nothing do.

    Raises:
        ValueError: It is not as fal's clients send it.
    """
    headers = request.headers
    seconds = life_s(headers.get(_LIFECYCLE) or headers.get(LIFECYCLE_TOO))
    return world.clock.now_ms() + round(seconds * 1000) if seconds else None


def life_s(text: str | None) -> float | None:
    """Read how long a file shall stay, of a header; None and 0 keep it for good.

    Raises:
        ValueError: It is not as fal's clients send it.
    """
    if text is None:
        return None
    told: object = json.loads(text)
    is_object = isinstance(told, dict)
    seconds = cast("JsonObject", told).get(_LIFE) or 0 if is_object else text
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise ValueError("no seconds")
    return seconds


def _refused(world: World, request: web.Request, sentence: str, status: int = 422) -> web.Response:
    world.frown(request, sentence)
    return answer({"detail": sentence}, status)
