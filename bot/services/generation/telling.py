"""Tells members how jobs ended that brought no pictures, once, however long Discord is away."""

import asyncio
import logging

from bot.core.errors import RouteBusy, StorageTrouble
from bot.core.jobs import Job, State
from bot.services.generation.kit import Kit
from bot.services.retry import Pauses, Seldom, retry

_log = logging.getLogger(__name__)

_UNTOLD = frozenset({State.FAILED, State.CANCELLED, State.UNDELIVERED})


class Teller:
    """Tells each end once; a job without its interaction token was told already."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._telling: set[str] = set()

    def is_telling(self, job_id: str) -> bool:
        """Whether a member is just being told of a job."""
        return job_id in self._telling

    async def tell(self, job: Job) -> None:
        """Tell the member; what cannot be told now is told by the next start."""
        is_told = job.state not in _UNTOLD or job.interaction_token is None
        if is_told or job.id in self._telling:
            return
        self._telling.add(job.id)
        try:
            await self._tell(job)
        except Exception as error:  # noqa: BLE001 - the job has ended; nothing else depends on it
            about = {"job_id": job.id, "state": job.state.value, "detail": str(error)}
            _log.exception("end not told", extra=about)
        finally:
            self._telling.discard(job.id)

    async def _tell(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        pauses = Pauses(self._kit.times.retry_first_s, self._kit.times.retry_max_s)
        seldom, until = Seldom(), loop.time() + self._kit.times.deliver_max_s
        while loop.time() < until:
            try:
                stored = await self._kit.books.get(job.id)
                if stored is None or stored.state not in _UNTOLD:
                    # Its pictures were found meanwhile; "no picture" would be no news any more.
                    return
                if stored.interaction_token is None:
                    # Somebody else was faster.
                    return
                await self._kit.courier.end(job, await self._kit.quota.balance(job))
            except (RouteBusy, StorageTrouble) as error:
                if seldom.is_due():
                    _log.warning("end not told", extra={"job_id": job.id, "detail": str(error)})
                await asyncio.sleep(pauses.next())
            else:
                await retry(lambda: self._kit.books.told(job), job.id, "told")
                return
