"""From fal's media to the member: pictures as they come, and a shelf for what nobody took."""

import asyncio
import logging
from collections.abc import Collection, Mapping

from bot.core.errors import (
    ForeignHost,
    MediaRejected,
    RouteBusy,
    TemporaryFailure,
    Undeliverable,
)
from bot.core.jobs import Hitch, Job, Picture, PictureLink
from bot.services.generation.kit import Kit
from bot.services.ports import Delivered
from bot.services.retry import Pauses, Seldom, retry
from bot.storage.undelivered_files import UndeliveredFiles

_log = logging.getLogger(__name__)


class Deliverer:
    """The step of jobs whose pictures are made."""

    def __init__(self, kit: Kit, shelf: UndeliveredFiles) -> None:
        self._kit = kit
        self._shelf = shelf

    async def deliver(self, job: Job) -> Job:
        """Fetch and post the pictures; those that are late come in a message of their own."""
        fetched = await self._fetch_all(job)
        if not fetched:
            _log.error("no picture to be had", extra={"job_id": job.id, "links": len(job.links)})
            self._kit.brakes.lost(job.id)
            why = Hitch.NO_PICTURE
            return await retry(lambda: self._kit.books.lose_pictures(job, why), job.id, why)
        self._kit.brakes.arrived()
        return await self._bring(job, fetched)

    async def _bring(self, job: Job, fetched: Mapping[int, Picture]) -> Job:
        """Post pictures for as long as Discord may only be away."""
        pictures = [fetched[index] for index in sorted(fetched)]
        pauses = Pauses(self._kit.times.retry_first_s, self._kit.times.retry_max_s)
        seldom, until = Seldom(), _now() + self._kit.times.deliver_max_s
        while True:
            if await self._kit.books.state_of(job) is not job.state:
                # Another process brought it; ours would take the place of its pictures.
                return await self._kit.books.get(job.id) or job
            try:
                taken = await self._post(job, pictures)
            except RouteBusy as error:
                if seldom.is_due():
                    _log.warning("delivery late", extra={"job_id": job.id, "detail": str(error)})
                if _now() > until:
                    return await self.strand(job, fetched, str(error))
                await asyncio.sleep(pauses.next())
            except Undeliverable as error:
                return await self.strand(job, fetched, str(error))
            else:
                return await self._kit.facts.deliver(job, taken, sorted(fetched))

    async def _post(self, job: Job, pictures: list[Picture]) -> Delivered:
        balance = await self._kit.quota.balance(job, arrived=len(pictures))
        if job.is_rescued:
            return await self._kit.courier.bring(job, pictures, balance)
        return await self._kit.courier.deliver(job, pictures, balance)

    async def strand(self, job: Job, fetched: Mapping[int, Picture], why: str) -> Job:
        """Keep pictures that nobody took; what the disk does not take stays at its links."""
        _log.error("undeliverable", extra={"job_id": job.id, "detail": why})
        is_whole = await self._put(job, fetched) and len(fetched) == len(job.links)
        return await retry(
            lambda: self._kit.books.strand(job, why, search=not is_whole), job.id, "undeliverable"
        )

    async def _put(self, job: Job, fetched: Mapping[int, Picture]) -> bool:
        """Put pictures on the shelf; whether the disk took them."""
        try:
            await self._shelf.put(job.id, {index + 1: fetched[index] for index in fetched})
        except OSError as error:
            _log.error("pictures not kept", extra={"job_id": job.id, "detail": str(error)})
            return False
        return True

    async def keep(self, job: Job) -> bool:
        """Try once to put on the shelf what is missing there; whether all of it lies there now."""
        there = {number - 1 for number in await self._shelf.numbers(job.id)}
        fetched = await self.fetch_now(job, but=there)
        return await self._put(job, fetched) and len(there | fetched.keys()) >= len(job.links)

    async def give_up(self, job: Job) -> Job:
        """Keep the pictures of a job whose delivery stumbles again and again."""
        fetched: dict[int, Picture] = {}
        try:
            fetched = await self._fetch_all(job)
        except Exception:  # noqa: BLE001 - perhaps the very reason to give up
            _log.exception("pictures not fetched", extra={"job_id": job.id})
        return await self.strand(job, fetched, Hitch.GAVE_UP)

    # Fetching

    async def _fetch_all(self, job: Job) -> dict[int, Picture]:
        """Fetch until all are there, or those that are there have waited long enough."""
        wanted = {index: link for index, link in enumerate(job.links) if not link.arrived}
        tasks = {
            asyncio.create_task(self._fetch(job, link), name=f"picture of {job.id}"): index
            for index, link in wanted.items()
        }
        fetched: dict[int, Picture] = {}
        until = _now() + self._kit.times.fetch_max_s
        pending = set(tasks)
        try:
            while pending:
                done, pending = await asyncio.wait(
                    pending,
                    timeout=max(0.0, until - _now()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not done:
                    break
                for task in done:
                    picture = task.result()
                    if picture is None:
                        continue
                    if not fetched:
                        until = _now() + self._kit.times.fetch_wait_s
                    fetched[tasks[task]] = picture
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        return fetched

    async def _fetch(self, job: Job, link: PictureLink) -> Picture | None:
        """Fetch one, however long it takes; None where its host may not be asked."""
        pauses = Pauses(self._kit.times.retry_first_s, self._kit.times.retry_max_s)
        seldom = Seldom()
        while True:
            try:
                return await self._kit.queue.fetch(link)
            except ForeignHost as error:
                _log.error("foreign host", extra={"job_id": job.id, "detail": error.detail})
                self._kit.brakes.foreign_host(job.id)
                return None
            except (MediaRejected, TemporaryFailure) as error:
                if seldom.is_due():
                    _log.warning("picture late", extra={"job_id": job.id, "detail": error.detail})
            await asyncio.sleep(pauses.next())

    async def fetch_now(self, job: Job, *, but: Collection[int] = ()) -> dict[int, Picture]:
        """Try each missing picture once, but for some; for the search that goes on for days."""
        fetched: dict[int, Picture] = {}
        for index, link in enumerate(job.links):
            if link.arrived or index in but:
                continue
            try:
                fetched[index] = await self._kit.queue.fetch(link)
            except (MediaRejected, TemporaryFailure) as error:
                about = {"job_id": job.id, "detail": error.detail}
                _log.info("picture still not to be had", extra=about)
        return fetched


def _now() -> float:
    """A clock that no correction of the time of day moves."""
    return asyncio.get_running_loop().time()
