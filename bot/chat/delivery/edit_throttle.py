"""How often cards are edited: only the newest news of each job, at a rate Discord takes.

Discord allows about five edits in two seconds for each interaction; all jobs together get a rate
of their own, so that a hundred waiting cards do not starve the answers that people wait for.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_EDIT_AFTER_S = 1.0
"""A card that has just been posted is left alone for as long."""

EDIT_EVERY_S = 2.5
FAR_EDIT_EVERY_S = 15.0
"""For cards far back in the line, whose place changes often and matters little."""

ALL_EDITS_EVERY_S = 0.1
_AT_ONCE_MAX = 8
_FINISHED_MAX = 1000
"""Jobs whose end is remembered; news of a job older than that are not on their way any more."""


class EditThrottle(Generic[T]):
    """Spaces edits out and forgets news that newer news has overtaken."""

    def __init__(self, edit: Callable[[T], Awaitable[None]]) -> None:
        self._edit = edit
        self._wanted: dict[str, T] = {}
        self._due_at: dict[str, float] = {}
        self._shown: dict[str, T] = {}
        self._free_at: dict[str, float] = {}
        self._edits: dict[str, asyncio.Task[None]] = {}
        self._finished: OrderedDict[str, None] = OrderedDict()
        self._wake = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    def want(self, key: str, news: T, *, is_far: bool = False) -> None:
        """Ask for an edit; what is shown already is not shown again, nor anything at the end."""
        if key in self._finished:
            return
        if self._shown.get(key) == news:
            self._wanted.pop(key, None)
            return
        now = asyncio.get_running_loop().time()
        free_at = self._free_at.setdefault(key, now + FIRST_EDIT_AFTER_S)
        # Counted from the last edit: newer news neither puts off an edit nor keeps it far.
        self._due_at[key] = free_at + (FAR_EDIT_EVERY_S - EDIT_EVERY_S if is_far else 0)
        self._wanted[key] = news
        self._wake.set()
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="card edits")

    async def finish(self, key: str) -> None:
        """Make room for a job's last card: nothing is edited after this returns.

        An edit that is under way is waited for, because one that lands after the last card would
        take the pictures away again.
        """
        for memory in (self._wanted, self._shown, self._due_at, self._free_at):
            memory.pop(key, None)
        self._finished[key] = None
        if len(self._finished) > _FINISHED_MAX:
            self._finished.popitem(last=False)
        task = self._edits.get(key)
        if task is not None:
            await asyncio.wait({task})

    async def close(self) -> None:
        """Stop; edits under way are cancelled."""
        tasks = [task for task in (self._worker, *self._edits.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._wanted:
            self._wake.clear()
            # A card whose last edit hangs must not hold up the others.
            keys = [key for key in self._wanted if key not in self._edits]
            if not keys or len(self._edits) >= _AT_ONCE_MAX:
                await self._wake.wait()
                continue
            key = min(keys, key=self._due_at.__getitem__)
            wait_s = self._due_at[key] - loop.time()
            if wait_s > 0:
                await self._rest(wait_s)
                continue
            news = self._wanted.pop(key)
            self._shown[key] = news
            self._free_at[key] = loop.time() + EDIT_EVERY_S
            self._edits[key] = asyncio.create_task(self._edit_one(key, news))
            await asyncio.sleep(ALL_EDITS_EVERY_S)

    async def _edit_one(self, key: str, news: T) -> None:
        try:
            await self._edit(news)
        except Exception:  # noqa: BLE001 - one card must not end the edits of the others
            _log.exception("card not edited", extra={"job_id": key})
        finally:
            self._edits.pop(key, None)
            self._wake.set()

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
