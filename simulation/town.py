"""Who keeps the bot running: starts its processes, restarts the dead, stops them in the middle."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bot.core.errors import BotError
from bot.services.limits.allowance import HostLimits
from bot.storage.database import Database
from simulation.discord import Discord
from simulation.fal import Fal
from simulation.house import House, furnish
from simulation.process import Process
from simulation.world import World

_DOWNTIMES_S = (0.5, 2.0, 30.0, 600.0, 7200.0, 40_000.0)
_GRACES_S = (0.0, 0.5, 5.0, 20.0)
_RESTART_S = 5.0


class Storage(Protocol):
    """Opens the database of a history for a process."""

    async def open(self, process: Process) -> Database:
        """Open it; what the process leaves open is closed with it."""
        ...


@dataclass
class Town:
    """The processes of a history and what they stand on.

    Attributes:
        houses: Those that run, the newest last.
        on_born: What is called when one begins to run.
    """

    world: World
    fal: Fal
    discord: Discord
    storage: Storage
    folder: Path
    limits: HostLimits
    houses: list[House] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    on_born: Callable[[], None] | None = None
    is_over: bool = False

    @property
    def house(self) -> House | None:
        """The process that answers members now."""
        return self.houses[-1] if self.houses else None

    async def start(self) -> None:
        """Start a process, again and again until it stays up."""
        while not self.is_over:
            process = Process(self.world.loop, len(self.processes) + 1)
            self.processes.append(process)
            opening = process.spawn(self._open(process))
            await asyncio.wait({opening, self.world.on_crash}, return_when="FIRST_COMPLETED")
            if not process.is_alive:
                return
            error = opening.exception()
            if error is None:
                self.houses.append(opening.result())
                self.world.tell(f"process {process.number} runs")
                return
            if not isinstance(error, BotError):
                raise error
            self.world.tell(f"process {process.number} does not start: {error}")
            process.kill()
            await asyncio.sleep(_RESTART_S)

    async def _open(self, process: Process) -> House:
        database = await self.storage.open(process)
        house = await furnish(
            process, database, self.world, self.fal, self.discord, self.folder, self.limits
        )
        await house.start()
        return house

    async def keep(self) -> None:
        """Restart what dies."""
        while True:
            died = await self.world.on_crash
            self.world.on_crash = self.world.loop.create_future()
            self._forget(died)
            await self._rest(self.world.dice.choice(_DOWNTIMES_S))
            self._plan_next_crash()
            if not self.houses:
                await self.start()

    def _plan_next_crash(self) -> None:
        world = self.world
        if not world.is_calm and world.chance(0.4):
            world.crash_at = world.crossings + world.dice.randrange(1, 200)

    async def stop_and_start(self, *, is_overlapping: bool) -> None:
        """Stop the process as a host does, with or without a new one beside it."""
        world = self.world
        old = self.house
        if old is None:
            return
        if is_overlapping:
            world.fired.add("two processes")
            world.tell("a second process starts")
            await self.start()
            await asyncio.sleep(world.dice.choice((0.0, 1.0, 20.0)))
            grace_s = 20.0
        else:
            world.fired.add("impatient stop")
            grace_s = world.dice.choice(_GRACES_S)
        if not old.process.is_alive:
            return
        world.tell(f"process {old.process.number} is stopped, with {grace_s} s")
        if not is_overlapping:
            self.houses.remove(old)
        stopping = old.process.spawn(old.stop(grace_s))
        await asyncio.wait({stopping, world.on_crash}, return_when="FIRST_COMPLETED")
        world.tell(f"process {old.process.number} is gone")
        old.process.kill()
        self._forget(old.process)
        if not self.houses:
            await self._rest(world.dice.choice(_DOWNTIMES_S[:3]))
            await self.start()

    def _forget(self, died: Process) -> None:
        self.houses = [one for one in self.houses if one.process is not died]

    async def _rest(self, span_s: float) -> None:
        now_s = self.world.now_s
        self.world.pauses.append((now_s, now_s + span_s))
        await asyncio.sleep(span_s)
