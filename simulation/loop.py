"""Virtual time: an event loop whose clock jumps to the next timer when nothing is ready.

Theory of operation. asyncio's own loop does all the work; only its selector is ours, and instead
of waiting it moves the clock. Nothing here depends on the machine: threads are not used, and tasks
have numbers for hashes, because a set of tasks would otherwise be walked by their addresses.
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

_STEPS_MAX = 400_000
_RESOLUTION_S = 1e-6


class Stuck(Exception):
    """The history cannot go on: nothing is left to wait for, or it turns in circles."""


class NumberedTask(asyncio.Task[Any]):
    """A task that sorts into sets by its number and not by its address."""

    def __init__(
        self,
        coro: Coroutine[Any, Any, Any],
        number: int,
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        self.number = number
        super().__init__(coro, loop=loop, context=context)

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop in virtual time.

    Attributes:
        steps: Rounds of the loop so far; bounds what turns in circles without time passing.
        born: Called with each new task.
    """

    def __init__(self, steps_max: int = _STEPS_MAX) -> None:
        super().__init__()
        self._now_s = 0.0
        self._selector = self
        self._clock_resolution = _RESOLUTION_S
        self._numbers = itertools.count(1)
        self.steps = 0
        self.steps_max = steps_max
        self.born: Callable[[NumberedTask, Context | None], None] | None = None
        self.set_task_factory(self._make_task)  # pyright: ignore[reportArgumentType]
        self.set_exception_handler(lambda _loop, _context: None)

    def time(self) -> float:
        """Seconds since the history began."""
        return self._now_s

    def select(self, timeout: float | None) -> tuple[()]:
        """Stand in for the selector: let the time pass that it would wait."""
        self.steps += 1
        if timeout is None:
            raise Stuck("everybody waits and nothing is left that could happen")
        if self.steps > self.steps_max:
            raise Stuck(f"more than {self.steps_max} steps: something turns in circles")
        if timeout > 0:
            self._now_s += timeout
        return ()

    def run_in_executor(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Do at once what a thread would do, and let its answer come a little later."""
        del executor
        future = self.create_future()
        try:
            result = func(*args)
        except Exception as error:  # noqa: BLE001 - a thread hands over whatever happens in it
            self.call_later(0.001, _hand_over, future, None, error)
        else:
            self.call_later(0.001, _hand_over, future, result, None)
        return future

    def handles(self) -> list[asyncio.Handle]:
        """All that is ready or scheduled."""
        return [*self._ready, *self._scheduled]  # pyright: ignore[reportAttributeAccessIssue]

    def _make_task(
        self,
        loop: asyncio.AbstractEventLoop,
        coro: Coroutine[Any, Any, Any],
        context: Context | None = None,
    ) -> NumberedTask:
        task = NumberedTask(coro, next(self._numbers), loop, context)
        if self.born is not None:
            self.born(task, context)
        return task

    def _process_events(self, event_list: object) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """There are no threads."""


def _hand_over(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
