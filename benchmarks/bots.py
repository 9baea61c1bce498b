"""The bots under test, each a process of its own before its own pair of stand-ins."""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.places import Places, child, opened_places
from standins.process import BotProcess

FAL_KEY = "demo:demo"
FAL_CONCURRENCY = 200
"""Above what any scenario has in flight, so that our own line never waits."""


@dataclass(slots=True)
class Bot:
    """A bot that is connected and has registered its commands."""

    name: str
    pid: int
    places: Places


@asynccontextmanager
async def our_bot(
    folder: Path, extra: Mapping[str, str], name: str = "this bot"
) -> AsyncGenerator[Bot]:
    """The real bot with a database file of its own and the settings of production."""
    async with opened_places() as places:
        await places.settle()
        settings = {
            "DISCORD_TOKEN": places.token,
            "DISCORD_API_URL": places.api_url,
            "FAL_KEY": FAL_KEY,
            "FAL_QUEUE_URL": places.fal_url,
            "FAL_API_URL": f"{places.fal_url}/v1",
            "FAL_MEDIA_HOSTS": places.fal_url.removeprefix("http://"),
            "FAL_CONCURRENCY": str(FAL_CONCURRENCY),
            "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
            "DATA_DIR": str(folder / "data"),
            "DEFAULT_IMAGES_PER_DAY": "1000000",
            "HTTP_PORT": "0",
            **extra,
        }
        async with BotProcess(folder, settings) as process:
            await places.discord("ready", timeout_s=30)
            yield Bot(name, process.pid, places)


def earlier_bot(folder: Path, checkout: Path) -> AbstractAsyncContextManager[Bot]:
    """The bot as it stands in another checkout, such as that of the commit before a change."""
    return our_bot(folder, {"PYTHONPATH": str(checkout)}, "earlier")


@asynccontextmanager
async def baseline_bot(folder: Path) -> AsyncGenerator[Bot]:
    """The newcomer's bot; its log goes to a file, as ours does."""
    async with opened_places() as places:
        await places.settle()
        env = {
            **os.environ,
            "DISCORD_TOKEN": places.token,
            "DISCORD_API_URL": places.api_url,
            "DISCORD_GATEWAY_URL": places.gateway_url,
            "FAL_KEY": FAL_KEY,
            "FAL_QUEUE_URL": places.fal_url,
        }
        with (folder / "baseline.log").open("ab") as log:
            async with child("benchmarks.baseline", env=env, log=log) as process:
                await places.discord("ready", timeout_s=30)
                yield Bot("baseline", process.pid, places)
