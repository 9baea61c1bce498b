"""A local Discord as a process of its own: `python -m standins.discord --port 8095`.

Prints one line of JSON with its addresses and token once it listens, and runs until it is stopped.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

from standins.discord.control import ControlledDiscord
from standins.discord.settings import StandInDiscordSettings


def _settings() -> StandInDiscordSettings:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--token", default=StandInDiscordSettings().token)
    parser.add_argument("--openapi", type=Path, help="hold everything against Discord's file")
    parser.add_argument("--loose", action="store_true", help="for benchmarks: keep little")
    parser.add_argument("--no-limits", action="store_true", help="never answer 429 by itself")
    given = parser.parse_args()
    return StandInDiscordSettings(
        port=given.port,
        token=given.token,
        shard_count=given.shards,
        strict=not given.loose,
        openapi=given.openapi,
        enforce_limits=not given.no_limits,
    )


async def _run() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
            loop.add_signal_handler(name, stop.set)
    async with ControlledDiscord(_settings()) as discord:
        addresses = {
            "api_url": discord.api_url,
            "gateway_url": discord.gateway_url,
            "control_url": f"http://127.0.0.1:{discord.port}/_standin",
            "token": discord.token,
        }
        sys.stdout.write(json.dumps(addresses) + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_run())
