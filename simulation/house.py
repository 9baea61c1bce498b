"""The wiring of the real parts, as `bot.app` does it; only here their constructors are known."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot.core.catalogue import Quality, Size
from bot.core.errors import BotError
from bot.fal.calls import FalSettings
from bot.fal.queue import FalQueue
from bot.services.allowance import HostLimits, Quota
from bot.services.books import Books
from bot.services.drive import Drive, Times
from bot.services.gifts import Gifts
from bot.services.imagine import Defaults, Imagine
from bot.services.moderation import Moderation
from bot.services.preferences import ServerPreferences
from bot.services.runner import Runner
from bot.services.words import Words
from bot.storage import rules
from bot.storage.database import Database
from bot.storage.shelf import Shelf
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
    database: Database
    imagine: Imagine
    runner: Runner
    gifts: Gifts
    moderation: Moderation
    preferences: ServerPreferences
    queue: FalQueue
    line: "asyncio.Task[None] | None" = None

    async def start(self) -> None:
        """Take up what an earlier process left, and begin to send."""
        await self.runner.resume()
        self.line = self.process.spawn(self.runner.run())

    async def stop(self, grace_s: float) -> None:
        """Stop as the bot does on SIGTERM."""
        if self.line is not None:
            self.line.cancel()
        await self.runner.stop(grace_s)
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
    quota, books = Quota(database, clock, limits), Books(database, clock)
    drive = Drive(
        books=books,
        queue=queue,
        courier=discord,
        quota=quota,
        shelf=Shelf(folder / "undelivered"),
        clock=clock,
        times=Times(),
    )
    runner = Runner(books=books, drive=drive, courier=discord, clock=clock, concurrency=CONCURRENCY)
    imagine = Imagine(
        database=database,
        clock=clock,
        limits=limits,
        defaults=Defaults(Size(1024, 1024), Quality.MEDIUM),
        words=Words(database, clock),
        books=books,
        runner=runner,
    )
    return House(
        process=process,
        database=database,
        imagine=imagine,
        runner=runner,
        gifts=Gifts(database, clock),
        moderation=Moderation(database, clock, limits),
        preferences=ServerPreferences(database, clock),
        queue=queue,
    )
