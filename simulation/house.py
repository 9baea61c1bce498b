"""The real services in a process of a history, with fal and Discord played by the world."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.core.errors import BotError
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Size
from bot.core.models.registry import DEFAULT
from bot.core.preferences import Defaults
from bot.fal.calls import FalSettings
from bot.fal.queue import FalQueue
from bot.services.container import Services
from bot.services.generation.build import Policy
from bot.services.limits.allowance import HostLimits
from bot.services.ports import Ports
from bot.services.supervisor import Supervisor
from bot.storage import rules
from bot.storage.database import Database
from simulation.discord import Discord
from simulation.fal import ADMIN_KEY, KEY, Fal
from simulation.process import Process
from simulation.wires import Network
from simulation.world import World, WorldClock

CONCURRENCY = 3


@dataclass
class House:
    """The bot, as one process has it."""

    process: Process
    world: World
    services: Services
    works: "list[asyncio.Task[None]]" = field(default_factory=list)

    async def start(self) -> None:
        """Take up what an earlier process left, and begin to send."""
        parts = self.services.generation
        await parts.resume()
        for name, work in (
            ("line", parts.runner.run),
            ("strays", self._strays),
            ("rescue", parts.rescue.run),
            ("halts", parts.halts.run),
        ):
            self.works.append(self.process.spawn(Supervisor().kept(name, work)))

    async def _strays(self) -> None:
        """Look for strays as the runner does, and seldom once nothing makes new ones."""
        while True:
            await asyncio.sleep(3600.0 if self.world.is_calm_for(3600.0) else 60.0)
            await self.services.runner.adopt_strays()

    async def stop(self, grace_s: float) -> None:
        """Stop as the bot does on SIGTERM."""
        await self.services.runner.stop(grace_s)
        for work in self.works:
            work.cancel()
        with suppress(BotError):
            await self.services.database.close()


def fal_settings(world: World) -> FalSettings:
    """The host's settings for fal."""
    return FalSettings(
        key=KEY,
        admin_key=ADMIN_KEY if world.weather.has_admin_key else None,
        concurrency=CONCURRENCY,
    )


async def furnish(
    process: Process,
    database: Database,
    world: World,
    fal: Fal,
    discord: Discord,
    folder: Path,
    limits: HostLimits,
) -> House:
    """Build the bot for a process."""
    # What a module remembers is forgotten with a real process.
    rules._known.clear()
    clock = WorldClock(world)
    queue = FalQueue(fal_settings(world), Network(world, fal))
    await queue.__aenter__()
    defaults = Defaults(DEFAULT, Size(1024, 1024), Quality.MEDIUM)
    policy = Policy(limits, defaults, folder, concurrency=CONCURRENCY)
    # No history has a moderator who removes pictures, or a log channel.
    unused: Any = None
    ports = Ports(queue, discord, takedowns=unused, log_poster=unused)
    return House(process, world, Services(database, clock, policy, ports))
