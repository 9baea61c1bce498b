"""The sample bot as a process of its own."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from standins.discord import StandInDiscord
from tests.fork_server import SpokenWith

SAMPLE_BOT = "tests.standins.discord.sample_bot"


@dataclass
class BotProcess:
    process: SpokenWith
    reports: list[dict] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def read_reports(self) -> None:
        async for line in self.process.stdout:
            self.reports.append(json.loads(line))
            self.arrived.set()
            self.arrived = asyncio.Event()

    async def read_log(self) -> None:
        async for line in self.process.stderr:
            self.log.append(line.decode())

    async def report(self, timeout_s: float = 10.0, **wanted) -> dict:
        """The first report with these fields."""
        async with asyncio.timeout(timeout_s):
            while True:
                for one in self.reports:
                    if all(one.get(key) == value for key, value in wanted.items()):
                        return one
                await self.arrived.wait()

    def go_on(self) -> None:
        """Let a script that waits for a line go on."""
        self.process.stdin.write(b"\n")


@asynccontextmanager
async def running_bot(
    discord: StandInDiscord, *arguments: str, token: str | None = None
) -> AsyncIterator[BotProcess]:
    process = await SpokenWith.start(
        SAMPLE_BOT,
        (
            *("--api", discord.api_url, "--gateway", discord.gateway_url),
            *("--token", token or discord.token, *arguments),
        ),
        Path.cwd(),
        os.environ,
    )
    bot = BotProcess(process)
    readers = [asyncio.create_task(bot.read_reports()), asyncio.create_task(bot.read_log())]
    try:
        yield bot
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await asyncio.gather(*readers)
        process.close()
        sys.stderr.write("".join(bot.log))


async def run_script(place, script: str, *, member=None, **options):
    """Run a script of the sample bot; returns the interaction."""
    return await place.discord.slash(
        member or place.alice, place.channel, "do", {"script": script}, **options
    )
