"""The owner of every background task: none of them ends, or dies, without a word.

What is *kept* is begun again after an unexpected error, in growing pauses. What is *vital* ends
the whole with its error, because the bot is of no use without it.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from bot.core.errors import BotError
from bot.services.retry import Pauses

_log = logging.getLogger(__name__)

_PAUSE_FIRST_S = 1.0
_PAUSE_MAX_S = 60.0
_CALM_S = 600.0
"""What has run so long is healthy again: its next pause is the first one."""

Work = Callable[[], Coroutine[Any, Any, None]]


class Supervisor:
    """Runs background work inside `async with`; the end of the block ends all of it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._ended = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def keep(self, name: str, work: Work) -> asyncio.Task[None]:
        """Run something for good: it is begun again after any error."""
        return self._start(name, self.kept(name, work))

    def vital(self, name: str, work: Work) -> asyncio.Task[None]:
        """Run something whose end, however it comes, is the end of the bot."""
        return self._start(name, self._vital(name, work))

    async def ended(self) -> None:
        """Wait until something vital has ended; its error is raised.

        Raises:
            BaseException: Whatever ended it.
        """
        await self._ended.wait()
        if self._failure is not None:
            raise self._failure

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def kept(self, name: str, work: Work) -> None:
        """Run something for good, in the task of whoever calls."""
        pauses = Pauses(_PAUSE_FIRST_S, _PAUSE_MAX_S)
        while True:
            begun = asyncio.get_running_loop().time()
            try:
                await work()
                _log.error("background work ended", extra={"task": name})
            except BotError as error:
                _log.error("background work failed", extra={"task": name, "detail": str(error)})
            except Exception:  # noqa: BLE001 - whatever it is, the work goes on
                _log.exception("background work stumbled", extra={"task": name})
            if asyncio.get_running_loop().time() - begun > _CALM_S:
                pauses.reset()
            await asyncio.sleep(pauses.next())

    async def _vital(self, name: str, work: Work) -> None:
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the end
            _log.error("the bot ends", extra={"task": name, "detail": str(error)})
            self._failure = self._failure or error
        self._ended.set()
