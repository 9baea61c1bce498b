"""Keeps the pictures: draws each once, off the event loop, and serves it as often as asked."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from uuid import uuid4

from bot.core.models.options import Format
from standins.fal.inputs import Wanted
from standins.fal.jobs import FalJob
from standins.fal.pictures import Drawing, draw

_CACHED_BYTES_MAX = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One picture of a job under its address."""

    path: str
    job: FalJob
    drawing: Drawing


class Gallery:
    """Addresses of pictures, and their bytes once somebody asked for them."""

    def __init__(self, *, picture_bytes_min: int, reuse_pictures: bool) -> None:
        self.picture_bytes_min = picture_bytes_min
        self.reuse_pictures = reuse_pictures
        self._exhibits: dict[str, Exhibit] = {}
        self._drawn: OrderedDict[Drawing, bytes] = OrderedDict()
        self._drawn_bytes = 0
        self._under_way: dict[Drawing, asyncio.Task[bytes]] = {}

    def exhibit(
        self, job: FalJob, wanted: Wanted, index: int, count: int, *, is_black: bool = False
    ) -> Exhibit:
        """Give one picture of a job an address nobody can guess."""
        suffix = "jpg" if wanted.format is Format.JPEG else wanted.format.value
        path = f"/files/b/{uuid4().hex}/picture-{index}.{suffix}"
        size, quality = wanted.size, wanted.quality
        drawing = Drawing(wanted.prompt, size, quality, wanted.format, index, count, is_black)
        exhibit = Exhibit(path, job, drawing)
        self._exhibits[path] = exhibit
        return exhibit

    def find(self, path: str, now_ms: int) -> Exhibit | None:
        """Look an address up, as long as its picture stays."""
        exhibit = self._exhibits.get(path)
        return exhibit if exhibit is not None and now_ms < exhibit.job.pictures_until_ms else None

    def remove(self, job: FalJob) -> list[str]:
        """Take the pictures of a job away; returns the addresses that they had."""
        paths = [path for path, exhibit in self._exhibits.items() if exhibit.job is job]
        for path in paths:
            del self._exhibits[path]
        return paths

    async def picture(self, drawing: Drawing) -> bytes:
        """Draw a picture, or return it as drawn before."""
        if self.reuse_pictures:
            drawing = replace(drawing, prompt="The stand-in's one picture", index=1, count=1)
        if drawing in self._drawn:
            self._drawn.move_to_end(drawing)
            return self._drawn[drawing]
        task = self._under_way.get(drawing)
        if task is None:
            task = asyncio.create_task(self._draw(drawing))
            self._under_way[drawing] = task
        return await asyncio.shield(task)

    async def _draw(self, drawing: Drawing) -> bytes:
        try:
            data = await asyncio.to_thread(draw, drawing, self.picture_bytes_min)
        finally:
            del self._under_way[drawing]
        self._drawn[drawing] = data
        self._drawn_bytes += len(data)
        while self._drawn_bytes > _CACHED_BYTES_MAX and len(self._drawn) > 1:
            _, oldest = self._drawn.popitem(last=False)
            self._drawn_bytes -= len(oldest)
        return data

    async def close(self) -> None:
        """Wait for what is being drawn."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
