"""The stand-in Discord and fal as processes of their own, and the words to drive them with."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
PICTURE_BYTES = 1_500_000
MEMBERS = 50
_START_MAX_S = 30.0
_AT_FAL_MAX = 400
Payload = dict[str, Any]


@dataclass(slots=True)
class Places:
    """One Discord with a channel full of members, and one fal."""

    http: aiohttp.ClientSession
    api_url: str
    gateway_url: str
    control_url: str
    token: str
    fal_url: str
    discord_pid: int
    fal_pid: int
    guild: str = ""
    channel: str = ""
    members: Sequence[str] = ()

    async def discord(self, verb: str, **body: object) -> Payload:
        """Do something in the local Discord."""
        async with self.http.post(f"{self.control_url}/{verb}", json=body) as response:
            answer = await response.json()
            assert response.status == 200, f"{verb}: {answer}"
            return answer

    async def fal_state(self) -> Payload:
        """What the local fal counted, and its newest jobs."""
        async with self.http.get(f"{self.fal_url}/_standin/state") as response:
            return await response.json()

    async def pace(self, run_s: float) -> None:
        """Set how long jobs run from now on."""
        body = {"run_s": run_s, "concurrency": _AT_FAL_MAX}
        async with self.http.post(f"{self.fal_url}/_standin/set", json=body) as response:
            assert response.status == 200

    async def settle(self) -> None:
        """Make a server with members; before a bot connects."""
        self.guild = guild = (await self.discord("guild", name="Studio"))["id"]
        self.channel = (await self.discord("channel", guild=guild, name="pictures"))["id"]
        people = [
            await self.discord("member", guild=guild, name=f"member {n}") for n in range(MEMBERS)
        ]
        self.members = [one["id"] for one in people]

    def command(self, number: int, prompt: str) -> Payload:
        """`/imagine` by one member after another."""
        return {
            "member": self.members[number % len(self.members)],
            "channel": self.channel,
            "name": "imagine",
            "options": {"prompt": prompt},
        }


@asynccontextmanager
async def opened_places() -> AsyncGenerator[Places]:
    """Start both; they end with the block, and nothing else does."""
    options = ["--run-s", "10", "--concurrency", str(_AT_FAL_MAX), "--port", "0"]
    options += ["--picture-bytes-min", str(PICTURE_BYTES), "--reuse-pictures"]
    async with (
        child("standins.discord", "--loose") as discord,
        child("standins.fal", *options) as fal,
        aiohttp.ClientSession() as http,
    ):
        told = json.loads(await _first_line(discord))
        fal_url = (await _first_line(fal)).strip()
        yield Places(http=http, fal_url=fal_url, discord_pid=discord.pid, fal_pid=fal.pid, **told)


@asynccontextmanager
async def child(
    module: str, *options: str, env: dict[str, str] | None = None, log: IO[bytes] | None = None
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A Python process that is asked to end at the end of the block, then made to.

    With a log all that it writes goes there, else its output is the caller's to read.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *options,
        cwd=ROOT, env=env, stdin=asyncio.subprocess.DEVNULL,
        stdout=log or asyncio.subprocess.PIPE, stderr=log,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _first_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(_START_MAX_S):
        line = (await process.stdout.readline()).decode()
    assert line, "a stand-in ended before it listened"
    return line
