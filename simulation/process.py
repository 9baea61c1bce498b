"""The bot's processes: born, killed at any await, and gone without a last word.

Theory of operation. All that a process runs carries its context, so everything that would ever
wake one of its tasks can be found in the loop and struck out. A killed process is not cancelled:
no `finally` of it runs, its tasks just never go on. They are kept until the history is over, so
that the collector does not run those blocks in the middle of it.
"""

import asyncio
import gc
import sys
import warnings
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar, copy_context
from types import CoroutineType
from typing import Any

from simulation.loop import NumberedTask, VirtualLoop

_OWNER: ContextVar["Process | None"] = ContextVar("owner", default=None)


class Process:
    """One life of the bot.

    Attributes:
        at_death: What the system does when the process is gone: close files and connections.
    """

    def __init__(self, loop: VirtualLoop, number: int) -> None:
        self.number = number
        self.is_alive = True
        self.at_death: list[Callable[[], None]] = []
        self.tasks: list[NumberedTask] = []
        self._loop = loop
        self._context = copy_context()
        self._context.run(_OWNER.set, self)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Let the process do something."""
        return self._loop.create_task(work, context=self._context)

    def kill(self) -> None:
        """End it between two instructions; nothing of it runs any more."""
        if not self.is_alive:
            return
        self.is_alive = False
        for handle in self._loop.handles():
            if handle._context.get(_OWNER) is self:  # pyright: ignore[reportAttributeAccessIssue]
                handle.cancel()
        for close in self.at_death:
            close()


def current() -> Process | None:
    """The process that the running task belongs to; None for the world."""
    return _OWNER.get()


def note_birth(task: NumberedTask, context: Context | None) -> None:
    """Keep a new task with its process."""
    owner = _OWNER.get() if context is None else context.get(_OWNER)
    if owner is not None:
        owner.tasks.append(task)


def bury(loop: VirtualLoop, processes: list[Process]) -> None:
    """Let go of what the dead hold; the collector may take it once `silence` holds."""
    for process in processes:
        for task in process.tasks:
            _close(task)
        process.tasks.clear()
        process.at_death.clear()
    for task in asyncio.all_tasks(loop):
        _close(task)
    loop.close()


def _close(task: "asyncio.Task[Any]") -> None:
    """End what a task was in the middle of.

    Left to the collector, a coroutine deep in time-outs once crashed the interpreter (3.11.7).
    """
    task._log_destroy_pending = False  # pyright: ignore[reportAttributeAccessIssue]
    coroutine = task.get_coro()
    if not task.done() and isinstance(coroutine, CoroutineType):
        # Whatever it still wants to await or to complain about, nobody hears it any more.
        with suppress(BaseException):
            coroutine.close()


@contextmanager
def silence() -> Iterator[None]:
    """Keep quiet about what a history leaves behind, and have it collected inside."""
    noisy = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
            gc.collect()
    finally:
        sys.unraisablehook = noisy
