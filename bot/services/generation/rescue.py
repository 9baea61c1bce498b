"""Looks for days for pictures that were paid, or may have been, and did not come in time.

Theory of operation. A job that ended without pictures although fal may have made them keeps a date
until which it is looked for, and so does a delivered one of which a picture is missing. This loop
takes those that are due: it asks fal's history for the ticket, fal's queue for the result, fal's
media for the files. What it finds goes to the member free of charge, since they were told that
nothing is charged; the cost stands for the host. fal's own word that nothing was made ends the
search and takes the money out of doubt. "Not found" ends nothing: fal has said so of jobs that it
made and billed.
"""

import asyncio
import logging
from collections.abc import Callable

from bot.core.errors import (
    CannotLook,
    DatabaseUnavailable,
    Gone,
    RouteBusy,
    StaleState,
    Undeliverable,
    Unproven,
    Upstream,
)
from bot.core.jobs import Job, Picture, State
from bot.services.generation.delivering import Deliverer
from bot.services.generation.kit import Kit
from bot.services.generation.sending import Sender
from bot.services.ports import Delivered
from bot.services.retry import Pauses, retry

_log = logging.getLogger(__name__)

_PAUSE_S = 5.0
_EVERY_MAX_S = 900.0
_AT_ONCE_MAX = 4
_READ_MAX = 200
"""Those of other processes stand in the same order."""
_TRIES_MIN = 14
"""So often a job is looked for whatever the time of day says: a day of looks at least."""
_SAME_TRIES = 5
"""An answer of fal's own that stayed the same over so many looks: a quarter of an hour at least."""
_POSTS_MAX = 4
"""So often late pictures are posted in one go. A post whose answer was lost must be made again
while Discord still knows it, and before more pictures make it another one."""


class Rescue:
    """The loop over all jobs of this process that are still looked for.

    Args:
        kit: What every step of a job works with.
        sender: Looks for lost submits.
        deliverer: Fetches pictures.
        take: Hands a job whose pictures were found to the runner.
    """

    def __init__(
        self, kit: Kit, sender: Sender, deliverer: Deliverer, take: Callable[[Job], None]
    ) -> None:
        self._kit = kit
        self._sender = sender
        self._deliverer = deliverer
        self._take = take
        self._words: dict[str, tuple[str, int]] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._kit.books.searching.clear()
            if await self.look():
                # One look takes a few; others may be due behind them.
                await asyncio.sleep(_PAUSE_S)
            else:
                await self._until_due()

    async def _until_due(self) -> None:
        """Wait until something is due, or a search begins."""
        due_ms = await self._kit.late.next_due_ms()
        left_s = _EVERY_MAX_S if due_ms is None else (due_ms - self._kit.clock.now_ms()) / 1000
        try:
            # Bounded, because the time of day may be set, and another process may begin a search.
            async with asyncio.timeout(min(max(left_s, _PAUSE_S), _EVERY_MAX_S)):
                await self._kit.books.searching.wait()
        except TimeoutError:
            return

    async def look(self) -> int:
        """Look once for everything that is due; returns how many jobs that were."""
        found = await self._kit.late.due(self._kit.clock.now_ms(), _READ_MAX)
        due = [job for job in found if self._kit.owns(job.server_id)][:_AT_ONCE_MAX]
        ended = await asyncio.gather(*(self._guarded(job) for job in due), return_exceptions=True)
        # Only once all have ended: whoever looks again must not meet a search that still goes on.
        for error in filter(None, ended):
            raise error
        return len(due)

    async def _guarded(self, job: Job) -> None:
        try:
            if not await self._look_for(job):
                await self._postpone(job)
                return
        except StaleState as error:
            # Another process, or the host, was faster.
            _log.info("search overtaken", extra={"job_id": job.id, "detail": str(error)})
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one job must not keep the others from being found
            about = {"job_id": job.id, "state": job.state.value, "detail": str(error)}
            _log.exception("search stumbled", extra=about)
            await self._postpone(job)
            return
        self._words.pop(job.id, None)

    async def _postpone(self, job: Job) -> None:
        """Look again later, or no more; a clock that jumped is no reason for that."""
        now_ms = self._kit.clock.now_ms()
        if now_ms >= (job.search_until_ms or 0) and job.search_tries >= _TRIES_MIN:
            self._words.pop(job.id, None)
            _log.error("search given up", extra={"job_id": job.id})
            await self._kit.late.stop_search(job)
            return
        pause_s = min(
            self._kit.times.search_first_s * 2.0 ** min(job.search_tries, 30),
            self._kit.times.search_rest_s,
        )
        await self._kit.late.look_again(job, now_ms + int(pause_s * 1000))

    async def _look_for(self, job: Job) -> bool:
        """Take a job one step nearer to its pictures; True where the search is over."""
        if job.state is State.DELIVERED:
            return await self._bring_missing(job)
        if job.state is State.UNDELIVERED:
            return await self._keep_missing(job)
        if job.links:
            return await self._rescue_files(job)
        if job.ticket is None:
            return await self._find_ticket(job)
        return await self._ask_result(job)

    async def _find_ticket(self, job: Job) -> bool:
        try:
            ticket = await self._sender.find(job, is_late=True)
        except CannotLook as error:
            _log.info("no look into the history", extra={"detail": error.detail})
            return False
        except Upstream as error:
            _log.info("history not to be read", extra={"detail": error.detail})
            return False
        if ticket is None:
            return False
        _log.warning("lost submit found", extra={"job_id": job.id, "request": ticket.request_id})
        found = await retry(lambda: self._kit.books.accept(job, ticket), job.id, "found late")
        return await self._ask_result(found)

    async def _ask_result(self, job: Job) -> bool:
        assert job.ticket is not None
        try:
            rendering = await self._kit.queue.result(job.ticket)
        except Unproven as error:
            end = self._repeated(job, error)
            if end is None or isinstance(end, Gone):
                return False
            return await self._refute(job, end)
        except Gone:
            return False
        except Upstream as error:
            return await self._refute(job, error)
        _log.warning("pictures found late", extra={"job_id": job.id})
        rescued = await retry(lambda: self._kit.late.rescue(job, rendering), job.id, "found late")
        self._take(rescued)
        return True

    def _repeated(self, job: Job, error: Unproven) -> Upstream | None:
        if error.word is None:
            return None
        word, count = self._words.get(job.id, ("", 0))
        count = count + 1 if word == error.word else 1
        self._words[job.id] = (error.word, count)
        return error.end if count >= _SAME_TRIES else None

    async def _refute(self, job: Job, error: Upstream) -> bool:
        """fal's own word: it made no pictures. Whether it billed them may stay in doubt."""
        _log.warning("nothing was made", extra={"job_id": job.id, "detail": error.detail})
        if error.may_be_billed:
            await self._kit.late.stop_search(job)
            return True
        cost, why = error.cost_microusd or 0, error.detail
        await retry(lambda: self._kit.late.refute(job, cost, why), job.id, "nothing was made")
        return True

    async def _rescue_files(self, job: Job) -> bool:
        """Fetch at least one file again; the delivery then fetches all that are there."""
        if not await self._deliverer.fetch_now(job):
            return False
        _log.warning("files found late", extra={"job_id": job.id})
        rescued = await retry(lambda: self._kit.late.rescue(job, None), job.id, "found late")
        self._take(rescued)
        return True

    async def _keep_missing(self, job: Job) -> bool:
        """Put pictures of a job on the shelf that could not be fetched when nobody took them."""
        if not await self._deliverer.keep(job):
            return False
        await self._kit.late.stop_search(job)
        return True

    async def _bring_missing(self, job: Job) -> bool:
        """Post pictures of a delivered job that were late."""
        if job.removed_by is not None:
            # A moderator removed what came first; the rest is not wanted either.
            await self._kit.late.stop_search(job)
            return True
        fetched = await self._deliverer.fetch_now(job)
        if not fetched:
            return False
        pictures = [fetched[index] for index in sorted(fetched)]
        taken = await self._post(job, pictures)
        if taken is None:
            return False
        added = await self._kit.facts.add(job, taken, sorted(fetched))
        return added.search_until_ms is None

    async def _post(self, job: Job, pictures: list[Picture]) -> Delivered | None:
        """Post late pictures; None where Discord does not take them now."""
        balance = await self._kit.quota.balance(job)
        pauses = Pauses(self._kit.times.retry_first_s, self._kit.times.retry_max_s)
        for tries in range(1, _POSTS_MAX + 1):
            try:
                return await self._kit.courier.bring(job, pictures, balance)
            except (RouteBusy, Undeliverable) as error:
                about = {"job_id": job.id, "detail": str(error)}
                _log.warning("late pictures not posted", extra=about)
                if isinstance(error, Undeliverable):
                    break
            if tries < _POSTS_MAX:
                await asyncio.sleep(pauses.next())
        return None
