"""The two calls that bring a picture to fal: announce it with the key, put it without.

As fal's JavaScript client does (2026). An upload that names no end stays for good, which the
client asks for by saying nothing.
"""

import json
from typing import cast

from aiohttp import web

from standins.fal.faults import Stage
from standins.fal.inputs import JsonObject
from standins.fal.wire import answer, read_json, struck
from standins.fal.world import World

_STORAGE = "fal-cdn-v3"
_LIFECYCLE = "X-Fal-Object-Lifecycle"
_LIFE = "expiration_duration_seconds"


async def initiate(world: World, request: web.Request) -> web.StreamResponse:
    """Give a file its two addresses."""
    trouble = await struck(world.faults, Stage.INITIATE, request, {})
    if trouble is not None:
        return trouble
    if request.query.get("storage_type") != _STORAGE:
        world.frown(request, f"storage_type: {_STORAGE} is needed")
    sent = await read_json(request) or {}
    content_type, name = sent.get("content_type"), sent.get("file_name")
    if not isinstance(content_type, str) or not isinstance(name, str) or not name or "/" in name:
        return _refused(world, request, "content_type and file_name are needed")
    try:
        life_s = _life_s(request.headers.get(_LIFECYCLE))
    except ValueError:
        return _refused(world, request, f"{_LIFECYCLE} is no JSON object of seconds")
    ends_at_ms = world.clock.now_ms() + round(life_s * 1000) if life_s else None
    upload = world.inbox.announce(name, content_type, ends_at_ms)
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


def _life_s(text: str | None) -> float | None:
    """Read how long a file shall live; None and 0 mean for good.

    Raises:
        ValueError: It is not as fal's clients send it.
    """
    if text is None:
        return None
    told: object = json.loads(text)
    is_object = isinstance(told, dict)
    life_s = cast("JsonObject", told).get(_LIFE) or 0 if is_object else text
    if isinstance(life_s, bool) or not isinstance(life_s, int | float) or life_s < 0:
        raise ValueError("no seconds")
    return life_s


def _refused(world: World, request: web.Request, sentence: str, status: int = 422) -> web.Response:
    world.frown(request, sentence)
    return answer({"detail": sentence}, status)
