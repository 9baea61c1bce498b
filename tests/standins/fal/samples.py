"""Pictures and servers that the stand-in's client would have."""

import base64
import io
from contextlib import asynccontextmanager

from aiohttp import web
from PIL import Image


def picture(picture_format="PNG", size=(64, 48), mode="RGB", **options):
    buffer = io.BytesIO()
    Image.new(mode, size, "teal").save(buffer, picture_format, **options)
    return buffer.getvalue()


def data_uri(data=None):
    return f"data:image/png;base64,{base64.b64encode(data or picture()).decode()}"


@asynccontextmanager
async def serving(handle):
    """A server on loopback that answers every call with `handle`; gives its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
