"""Serves the pictures, well or badly. Media need no key, and none may be sent here."""

from aiohttp import web

from standins.fal.faults import (
    BrokenMedia,
    HugeMedia,
    OtherMedia,
    ResizedMedia,
    SlowMedia,
    Stage,
    TruncatedMedia,
)
from standins.fal.gallery import Exhibit
from standins.fal.inputs import JsonObject
from standins.fal.wire import answer, struck
from standins.fal.world import World

_BLOCK = b"\0" * 65_536


async def media(world: World, request: web.Request) -> web.StreamResponse:
    """Answer with a picture's file."""
    if "Authorization" in request.headers:
        world.frown(request, "the key was sent to the host of the media")
    upload = world.inbox.find(request.path, world.clock.now_ms())
    exhibit = world.gallery.find(request.path, world.clock.now_ms())
    sent: JsonObject = exhibit.job.input if exhibit else {}
    trouble = await struck(world.faults, Stage.MEDIA, request, sent)
    if trouble is not None:
        return trouble
    if upload is not None:
        return web.Response(body=upload.data, headers={"Content-Type": upload.content_type})
    if exhibit is None:
        return answer({"detail": "File not found"}, 404)
    try:
        return await _streamed(world, request, exhibit) or await _whole(world, exhibit)
    except ConnectionError:
        return web.Response()  # the client left; nothing to tell it any more


async def _whole(world: World, exhibit: Exhibit) -> web.Response:
    """The picture in one piece, or other bytes where a fault says so."""
    sent = exhibit.job.input
    drawing = exhibit.drawing
    content_type = f"image/{drawing.format}"
    resized = world.faults.take(ResizedMedia, sent)
    if resized is not None:
        drawing = type(drawing)(
            drawing.prompt,
            resized[0].size,
            drawing.quality,
            drawing.format,
            drawing.index,
            drawing.count,
        )
    other = world.faults.take(OtherMedia, sent)
    if other is not None and other[0].content_type is not None:
        content_type = other[0].content_type
    if other is not None and other[0].body is not None:
        return web.Response(body=other[0].body, headers={"Content-Type": content_type})
    data = await world.gallery.picture(drawing)
    if world.faults.take(BrokenMedia, sent) is not None:
        half = len(data) // 2
        # no decoder of the three formats reads on over ones; over zeros two of them do
        data = data[:half] + b"\xff" * (len(data) - half)
    return web.Response(body=data, headers={"Content-Type": content_type})


async def _streamed(
    world: World, request: web.Request, exhibit: Exhibit
) -> web.StreamResponse | None:
    """The faults of transport: slow, endless, cut; None where none is armed."""
    sent = exhibit.job.input
    response = web.StreamResponse(headers={"Content-Type": f"image/{exhibit.drawing.format}"})
    huge = world.faults.take(HugeMedia, sent)
    if huge is not None:
        return await _send_huge(request, response, huge[0])
    if world.faults.take(TruncatedMedia, sent) is not None:
        data = await world.gallery.picture(exhibit.drawing)
        response.content_length = len(data)
        await response.prepare(request)
        await response.write(data[: len(data) // 2])
        if request.transport is not None:
            request.transport.close()
        return response
    slow = world.faults.take(SlowMedia, sent)
    if slow is None:
        return None
    data = await world.gallery.picture(exhibit.drawing)
    response.content_length = len(data)
    await response.prepare(request)
    for start in range(0, len(data), slow[0].piece_bytes):
        await response.write(data[start : start + slow[0].piece_bytes])
        await slow[1].pause(slow[0].pause_s)
    return response


async def _send_huge(
    request: web.Request, response: web.StreamResponse, fault: HugeMedia
) -> web.StreamResponse:
    if fault.is_declared:
        response.content_length = fault.size_bytes
    await response.prepare(request)
    for _ in range(fault.size_bytes // len(_BLOCK)):
        await response.write(_BLOCK)
    await response.write(_BLOCK[: fault.size_bytes % len(_BLOCK)])
    return response
