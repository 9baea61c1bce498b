"""Carries out in Discord what moderators decided, so that no crash and no outage loses it.

Theory of operation. A decision and its errand are one transaction. Whoever decided tries the errand
at once and is told how it went; what could not be done then is tried again by a loop, after growing
pauses, also by the next run of the bot. Errands can be repeated safely: taking pictures away twice
is once, and a warning carries its errand's id as a nonce.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

from bot.core.errors import BotError, RouteBusy, Undeliverable
from bot.core.jobs import Job
from bot.services.ports import Clock, Takedowns
from bot.services.retry import retry
from bot.storage import errands, jobs
from bot.storage.database import Database
from bot.storage.errands import Errand, Kind

_log = logging.getLogger(__name__)

_LOOK_EVERY_S = 10.0
_TRY_MAX_S = 8.0
_AT_ONCE = 20
_READ_MAX = 1000
"""Those of other processes are among them: what they leave waiting must hold up nobody here."""
_PAUSE_FIRST_MS = 30_000
_PAUSE_MAX_MS = 3600_000
_END_OF_TIME_MS = 2**60
_KEPT_MAX_MS = 30 * 24 * 3600_000
"""A message that could not be changed for so long will not be changed; the audit has the rest."""


class News(StrEnum):
    """How an errand went, for who decided."""

    DONE = "done"
    LATER = "later"
    """Discord could not be reached; it is tried again."""
    CLOSED = "closed"
    """Discord does not let the bot: a channel it cannot see, or closed direct messages."""


class Outbox:
    """All errands of this process's servers."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        enforcer: Takedowns,
        *,
        owns: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._database = database
        self._clock = clock
        self._enforcer = enforcer
        self._owns = owns
        self._under_way: dict[str, asyncio.Task[News]] = {}

    async def run(self) -> None:
        """Do what is due, until cancelled; at first all that an earlier run left."""
        until_ms: int | None = _END_OF_TIME_MS
        while True:
            try:
                await self.do_due(until_ms)
                until_ms = None
            except BotError as error:
                _log.warning("no look for errands", extra={"detail": str(error)})
            except Exception:  # noqa: BLE001 - a removal must not wait for the next start
                _log.exception("errands stumbled")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def do_due(self, until_ms: int | None = None) -> None:
        """Try errands once that are due now, or at another instant; the longest waiting first."""
        due_ms = self._clock.now_ms() if until_ms is None else until_ms
        async with self._database.read() as connection:
            found = await errands.due(connection, due_ms, _READ_MAX)
        mine = [errand for errand in found if self._owns(errand.server_id)]
        await asyncio.gather(*(self.do(errand.id) for errand in mine[:_AT_ONCE]))

    async def do(self, errand_id: str) -> News:
        """Try an errand now, or wait for a try that is under way."""
        task = self._under_way.get(errand_id)
        if task is None:
            task = asyncio.create_task(self._attempt(errand_id), name=f"errand {errand_id}")
            self._under_way[errand_id] = task
            task.add_done_callback(lambda _: self._under_way.pop(errand_id, None))
        return await asyncio.shield(task)

    async def _attempt(self, errand_id: str) -> News:
        try:
            return await self._do(errand_id)
        except BotError as error:
            _log.warning("errand waits", extra={"errand": errand_id, "detail": str(error)})
            return News.LATER

    async def _do(self, errand_id: str) -> News:
        async with self._database.read() as connection:
            errand = await errands.get(connection, errand_id)
            job = await jobs.get(connection, errand.job_id) if errand else None
        if errand is None or job is None:
            return News.DONE
        news, detail = await self._try(errand, job)
        is_over = news is News.DONE or (news is News.CLOSED and errand.kind is Kind.WARN)
        now_ms = self._clock.now_ms()
        if not is_over and now_ms - errand.at_ms > _KEPT_MAX_MS:
            _log.error("errand given up", extra=_about(errand, detail))
            is_over = True
        if is_over:
            await retry(lambda: self._forget(errand), job.id, f"{errand.kind} done")
            return news
        _log.warning("errand not done", extra=_about(errand, detail))
        pause_ms = min(_PAUSE_FIRST_MS * 2 ** min(errand.tries, 10), _PAUSE_MAX_MS)
        async with self._database.write(errand.server_id) as connection:
            await errands.put_off(connection, errand.id, now_ms + pause_ms)
        return news

    async def _try(self, errand: Errand, job: Job) -> tuple[News, str]:
        try:
            async with asyncio.timeout(_TRY_MAX_S):
                match errand.kind:
                    case Kind.CLEAR:
                        await self._enforcer.clear(job, errand.reason)
                    case Kind.WARN:
                        await self._enforcer.warn(job, errand.reason, errand.id)
        except (RouteBusy, TimeoutError) as error:
            return News.LATER, str(error) or "no answer in time"
        except Undeliverable as error:
            return News.CLOSED, str(error)
        except Exception as error:  # noqa: BLE001 - one bad errand must not hold up the others
            _log.exception("errand stumbled", extra=_about(errand, str(error)))
            return News.LATER, str(error)
        return News.DONE, ""

    async def _forget(self, errand: Errand) -> None:
        async with self._database.write(errand.server_id) as connection:
            await errands.delete(connection, errand.id)


def _about(errand: Errand, detail: str) -> dict[str, str]:
    return {"job_id": errand.job_id, "errand": errand.kind.value, "detail": detail}
