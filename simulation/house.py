"""The wiring of the real parts, as `bot.app` does it; only here their constructors are known."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.core.errors import BotError
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Size
from bot.core.models.registry import DEFAULT
from bot.core.preferences import Defaults
from bot.fal.calls import FalSettings
from bot.fal.queue import FalQueue
from bot.services.generation.build import Generation, Outside, Policy, build_generation
from bot.services.generation.imagine import Imagine
from bot.services.generation.runner import Runner
from bot.services.limits.allowance import HostLimits, Quota
from bot.services.limits.gifts import Gifts
from bot.services.limits.words import Words
from bot.services.moderation.limits import Moderation
from bot.services.moderation.preferences import ServerPreferences
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
    database: Database
    imagine: Imagine
    runner: Runner
    gifts: Gifts
    moderation: Moderation
    preferences: ServerPreferences
    queue: FalQueue
    generation: Generation
    works: "list[asyncio.Task[None]]" = field(default_factory=list)

    async def start(self) -> None:
        """Take up what an earlier process left, and begin to send."""
        await self.generation.resume()
        parts = self.generation
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
            await self.runner.adopt_strays()

    async def stop(self, grace_s: float) -> None:
        """Stop as the bot does on SIGTERM."""
        await self.runner.stop(grace_s)
        for work in self.works:
            work.cancel()
        with suppress(BotError):
            await self.database.close()


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
    quota, words = Quota(database, clock, limits), Words(database, clock)
    defaults = Defaults(DEFAULT, Size(1024, 1024), Quality.MEDIUM)
    generation = build_generation(
        Outside(database, clock, queue, discord, folder),
        Policy(limits=limits, defaults=defaults, concurrency=CONCURRENCY),
        quota,
        words,
    )
    return House(
        process=process,
        world=world,
        database=database,
        imagine=generation.imagine,
        runner=generation.runner,
        gifts=Gifts(database, clock),
        moderation=Moderation(database, clock, limits),
        preferences=ServerPreferences(database, clock),
        queue=queue,
        generation=generation,
    )
