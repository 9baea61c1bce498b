"""What all calls of the stand-in share, and the decision how a job ends."""

import asyncio
import base64
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, cast

from aiohttp import web

from bot.core.models.gpt_image_2 import GPT_IMAGE_2, GPT_IMAGE_2_EDIT
from bot.core.models.model import Model
from bot.core.models.options import Size
from bot.core.models.prices import MEGAPIXEL_PX
from bot.core.money import MICROUSD_PER_USD
from standins.fal.clock import Changes, FalClock
from standins.fal.endings import cost_microusd, failed, invalid, unfetched, units_text
from standins.fal.faults import EndsWith, Faults, Output, Units
from standins.fal.fetching import Fetcher, addresses
from standins.fal.gallery import Gallery
from standins.fal.inbox import Inbox
from standins.fal.inputs import JsonObject, Wanted
from standins.fal.jobs import Ending, FalJob, FalState
from standins.fal.journal import Journal
from standins.fal.line import Line
from standins.fal.outside import Outside
from standins.fal.settings import StandInFalSettings
from standins.fal.webhooks import Webhooks


class World:
    """The stand-in's whole state.

    Attributes:
        base_url: The stand-in's own address without a trailing slash, known once it listens.
    """

    def __init__(self, settings: StandInFalSettings) -> None:
        self.settings = settings
        self.clock = FalClock()
        self.changes = Changes()
        self.faults = Faults(self.clock.now_ms)
        self.journal = Journal(settings.record_max)
        self.gallery = Gallery(
            picture_bytes_min=settings.picture_bytes_min, reuse_pictures=settings.reuse_pictures
        )
        self.inbox = Inbox()
        self.outside = Outside()
        self.webhooks = Webhooks(settings, self.clock, self.changes, self.faults, self.outside)
        self._fetcher = Fetcher(settings, self.clock, self.inbox, self.gallery, self.outside)
        self.line = Line(
            self.clock,
            self.changes,
            self,
            run_s=settings.run_s,
            concurrency=settings.concurrency,
        )
        self.base_url = ""
        self._tasks: set[asyncio.Task[Any]] = set()

    def frown(self, request: web.Request, sentence: str) -> None:
        """Record a violation together with the call that made it."""
        self.journal.frown(f"{request.method} {request.path}: {sentence}")

    def background(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside the calls, until it or the stand-in ends."""
        self._keep(asyncio.create_task(work))

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End everything that waits or runs."""
        self.line.close()
        self.faults.clear()
        self.changes.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.outside.close()
        await self.gallery.close()

    async def finish(self, job: FalJob) -> None:
        """End a job as it would end by itself, when its runner has the pictures of the input.

        Raises:
            ValueError: It has ended, or cannot start.
        """
        if job.state is FalState.IN_QUEUE:
            self.line.start(job)
        if job.fetching is not None:
            await asyncio.wait({job.fetching})
        self.line.finish(job)

    def started(self, job: FalJob) -> None:
        """Let the runner of a job fetch its input pictures."""
        named = addresses(job.input, job.wanted.model) if job.wanted is not None else []
        if named:
            job.fetching = asyncio.create_task(self._fetcher.fetch(named, self.base_url))
            self._keep(job.fetching)

    def ended(self, job: FalJob) -> None:
        """Tell the webhook of a job how it ended."""
        if job.webhook_url is not None:
            self.background(self.webhooks.tell(job, job.webhook_url))

    async def inlined(self, job: FalJob, body: object) -> object:
        """Put pictures into an answer as data URIs, where the job asked for `sync_mode`."""
        if job.wanted is None or not job.wanted.is_inline or job.ending is None:
            return body
        if job.ending.status != 200:
            return body
        answered = cast("dict[str, list[JsonObject]]", body)
        images: list[JsonObject] = []
        for image in answered["images"]:
            path = str(image.get("url", "")).removeprefix(self.base_url)
            exhibit = self.gallery.find(path, self.clock.now_ms())
            if exhibit is not None:
                data = base64.b64encode(await self.gallery.picture(exhibit.drawing)).decode()
                images.append({**image, "url": f"data:{image['content_type']};base64,{data}"})
        return {**answered, "images": images}

    def model(self, endpoint: str) -> Model | None:
        """The model of an endpoint, None where there is none."""
        known = (GPT_IMAGE_2, GPT_IMAGE_2_EDIT, *self.settings.models)
        return next((model for model in known if endpoint in model.ids), None)

    def unit_microusd(self, endpoint: str) -> int:
        """What a unit of an endpoint costs."""
        model = self.model(endpoint)
        return model.unit_microusd if model is not None else MICROUSD_PER_USD

    def refusal_units(self, *, tells: bool | None = None, billed_microusd: int = 0) -> str | None:
        """The text of the units header of a failed result, None where it has none."""
        if tells is None:
            tells = self.settings.tells_units and self.settings.refusals_tell_units
        return units_text(billed_microusd) if tells else None

    def decide(self, job: FalJob) -> Ending:
        """Say how a job ends, by its input and the faults."""
        ending = self._decided(job)
        told = self.faults.take(Units, job.input)
        if told is None:
            return ending
        return Ending(
            ending.status,
            ending.body,
            ending.headers,
            ending.error_type,
            ending.is_model_error,
            told[0].text,
        )

    def _decided(self, job: FalJob) -> Ending:
        wanted = job.wanted
        if wanted is None:
            return invalid(job.problems, self.refusal_units())
        got = job.fetched
        if got.problems:
            if self.settings.inputs_fail_in_words:
                return unfetched(got.refused_url, self.refusal_units())
            return invalid(list(got.problems), self.refusal_units())
        if wanted.is_auto and got.sizes:
            wanted = replace(wanted, size=_fitted(wanted.model, got.sizes[0]))
        trouble = self.faults.take(EndsWith, job.input)
        if trouble is not None:
            fault = trouble[0]
            if fault.billed:
                job.billed_microusd = self._cost_microusd(job, wanted, wanted.count)
            told = self.refusal_units(tells=fault.tells_units, billed_microusd=job.billed_microusd)
            return failed(fault.name, sent=job.input, told_units=told)
        return self._with_pictures(job, wanted)

    def _with_pictures(self, job: FalJob, wanted: Wanted) -> Ending:
        other = self.faults.take(Output, job.input)
        output = other[0] if other is not None else Output()
        count = wanted.count if output.count is None else output.count
        images = [self._image(job, wanted, index, count, output) for index in range(1, count + 1)]
        job.billed_microusd = self._cost_microusd(job, wanted, count)
        unit = wanted.model.unit_microusd
        told = units_text(job.billed_microusd, unit) if self.settings.tells_units else None
        body: JsonObject = {"images": images}
        if output.is_black:
            body["has_nsfw_concepts"] = [True] * count
        return Ending(200, body, told_units=told)

    def _cost_microusd(self, job: FalJob, wanted: Wanted, count: int) -> int:
        inputs, mask = job.fetched.sizes, job.fetched.mask
        if mask is not None and self.settings.bills_mask:
            inputs = (*inputs, mask)
        return cost_microusd(wanted, count, inputs, self.settings.units_step_microusd)

    def _image(
        self, job: FalJob, wanted: Wanted, index: int, count: int, output: Output
    ) -> JsonObject:
        exhibit = self.gallery.exhibit(job, wanted, index, count, is_black=output.is_black)
        image: JsonObject = {
            "url": self.base_url + exhibit.path,
            "content_type": f"image/{wanted.format}",
            "file_name": exhibit.path.rpartition("/")[2],
            "width": wanted.size.width,
            "height": wanted.size.height,
        }
        if output.only is not None and index not in output.only:
            return image
        changed = {**image, **output.instead}
        return {name: value for name, value in changed.items() if name not in output.without}


def _fitted(model: Model, picture: Size) -> Size:
    """A size of a megapixel with about the sides' ratio of a picture."""
    scale = (MEGAPIXEL_PX / picture.area) ** 0.5
    wanted = Size(round(picture.width * scale), round(picture.height * scale))
    return model.sizes.nearest(wanted)
