"""A clock that skips whatever time nobody uses: hours pass in milliseconds, and exactly.

asyncio's own loop does all the work; only its selector is ours, and instead of waiting it moves the
clock. There are no threads: what would run in one runs at once. A loop that turns without any time
passing ends with an error, and so does one in which everybody waits for something that never comes.
"""

import asyncio
import functools
import inspect
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

_TURNS_MAX = 100_000


class HotLoop(Exception):
    """Something turns in circles without ever waiting."""


class SkippingSelector(selectors.DefaultSelector):
    def __init__(self):
        super().__init__()
        self.now_s = 0.0
        self.turns = 0

    def select(self, timeout=None):
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise HotLoop("everybody waits for something that never comes")
        self.turns = 0 if timeout > 0 else self.turns + 1
        if self.turns > _TURNS_MAX:
            raise HotLoop(f"{_TURNS_MAX} turns at second {self.now_s}")
        self.now_s += max(0.0, timeout)
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.selector = SkippingSelector()
        super().__init__(self.selector)

    def time(self):
        return self.selector.now_s

    def run_in_executor(self, executor, func, *args):
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - a thread hands over whatever happens in it
            future.set_exception(error)
        return future


def now_s() -> float:
    """The second of the running clock, rounded to a microsecond."""
    return round(asyncio.get_running_loop().time(), 6)


def play(scene: Coroutine[Any, Any, None]) -> None:
    """Run something on the skipping clock."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(scene)


def virtual(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let a test run on the skipping clock; its fixtures must not be asynchronous."""

    @functools.wraps(test)
    def run(*args: Any, **named: Any) -> None:
        play(test(*args, **named))

    assert not inspect.iscoroutinefunction(run)
    return run
