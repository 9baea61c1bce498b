"""The world around the bot: its clock, its dice, its diary, and the boundaries where things happen.

Whatever leaves the bot (a statement, a call to fal, a word to Discord) crosses a boundary. There
time passes, another task gets its turn, and the process may die.
"""

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from simulation.loop import VirtualLoop
from simulation.process import Process, current
from simulation.weather import Weather

_BASES_MS = (
    1_782_849_540_000,  # 30 June 2026, 19:59 UTC: hours before a month ends
    1_783_036_800_000,  # 3 July 2026, midnight UTC
    1_785_412_800_000,  # 30 July 2026, noon
    1_792_886_400_000,  # 25 October 2026, a day with an hour more in Europe
)
_STORY_MAX = 400


class BrokenPromise(Exception):
    """An invariant does not hold.

    Attributes:
        invariant: Its name.
        causes: What had gone wrong around the job it is about.
    """

    def __init__(self, invariant: str, what: str, causes: frozenset[str] = frozenset()) -> None:
        super().__init__(what)
        self.invariant = invariant
        self.what = what
        self.causes = causes

    def __reduce__(self) -> tuple[type["BrokenPromise"], tuple[str, str, frozenset[str]]]:
        return type(self), (self.invariant, self.what, self.causes)


@dataclass
class World:
    """What all parts of a history share.

    Attributes:
        wall_offset_ms: How wrong the machine's clock is; fal's and Discord's are right.
        is_calm: No new faults are made any more, since `calm_s`.
        fired: Troubles that really happened, beyond those of single jobs.
        crash_at: The crossing at which the process dies.
        deaths: When processes died of a crash.
        pauses: Spans of time in which somebody other than the bot kept it from working.
        on_answer: Called when the answer to a submit has reached the bot.
    """

    seed: int
    loop: VirtualLoop
    weather: Weather
    dice: random.Random
    latency: random.Random
    base_ms: int = 0
    wall_offset_ms: int = 0
    is_calm: bool = False
    calm_s: float = 0.0
    crossings: int = 0
    crash_at: int = -1
    fired: set[str] = field(default_factory=set)
    story: list[str] = field(default_factory=list)
    pauses: list[tuple[float, float]] = field(default_factory=list)
    deaths: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    failure: BrokenPromise | None = None
    on_answer: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        # A month's end is where a zone matters most.
        bases = _BASES_MS[:1] if self.weather.has("zone change") else _BASES_MS
        self.base_ms = self.dice.choice(bases)
        self._digest = hashlib.sha256()
        self.over = self.loop.create_future()
        self.on_crash = self.loop.create_future()

    @property
    def now_s(self) -> float:
        """True time, in seconds since the history began."""
        return self.loop.time()

    @property
    def now_ms(self) -> int:
        """True time, in milliseconds since 1970."""
        return self.base_ms + int(self.loop.time() * 1000)

    @property
    def digest(self) -> str:
        """The same for two runs in which the same happened."""
        return self._digest.hexdigest()

    def tell(self, what: str) -> None:
        """Write into the diary."""
        line = f"{self.now_s:12.3f} {what}"
        self._digest.update(line.encode("utf-8", "replace"))
        self.story.append(line)
        if len(self.story) > _STORY_MAX:
            del self.story[: _STORY_MAX // 2]

    def is_calm_for(self, span_s: float) -> bool:
        """Whether nothing new has gone wrong for so long."""
        return self.is_calm and self.now_s - self.calm_s > span_s

    def chance(self, odds: float) -> bool:
        """Throw the dice."""
        return self.dice.random() < odds

    def strikes(self, trouble: str, odds: float = 1.0) -> bool:
        """Whether a kind of trouble strikes here and now, and note it if it does."""
        if self.is_calm or not self.weather.has(trouble) or self.dice.random() >= odds:
            return False
        self.fired.add(trouble)
        return True

    def fail(self, broken: BrokenPromise) -> None:
        """Note that a promise is broken; the first one ends the history."""
        if self.failure is None:
            self.failure = broken
            self.tell(f"BROKEN {broken.invariant}: {broken.what}")
            if not self.over.done():
                self.over.set_result(None)

    async def cross(self, span_s: float = 0.004) -> None:
        """Cross a boundary of the bot: time passes, and the process may die here.

        Args:
            span_s: How long it usually takes at most.
        """
        self.crossings += 1
        if self.crossings == self.crash_at:
            process = current()
            if process is not None:
                self.fired.add("crash")
                await self.die(process)
        draw = self.latency.random()
        if draw < 0.5:
            return
        if draw < 0.95:
            wait_s = span_s * self.latency.random()
        elif draw < 0.995 or not self.weather.is_slow:
            wait_s = span_s * 20 * self.latency.random()
        else:
            wait_s = 1.0 + 4.0 * self.latency.random()
        await asyncio.sleep(wait_s)

    async def die(self, process: Process) -> None:
        """Kill the process in which this runs; it never goes on."""
        self.kill(process)
        await self.loop.create_future()

    def kill(self, process: Process) -> None:
        """Kill a process, if it still runs; whoever keeps the bot running hears of it."""
        if not process.is_alive:
            return
        self.tell(f"process {process.number} dies")
        process.kill()
        self.deaths.append(self.now_s)
        if not self.on_crash.done():
            self.on_crash.set_result(process)


class WorldClock:
    """The clock port: the time of day as the machine believes it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now_ms(self) -> int:
        """Milliseconds since 1970, as wrong as the clock is set."""
        return self._world.now_ms + self._world.wall_offset_ms
