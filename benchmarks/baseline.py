"""The bot that a newcomer writes in an afternoon: `python -m benchmarks.baseline`.

No database, no limits, no money, no restart: `defer`, `fal_client.subscribe_async`, download,
follow-up. It follows the introductions of discord.py and of fal; only the addresses at the end
are for the local stand-ins. What it leaves out, our bot does in the same measures.
"""

import io
import os
from typing import Literal

import aiohttp
import discord
import fal_client
import fal_client.client as fal_wire
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route


class Newcomer(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.default())
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        await self.tree.sync()


client = Newcomer()


@client.tree.command(description="Make a picture")
@app_commands.describe(prompt="What the picture shows")
async def imagine(
    interaction: discord.Interaction,
    prompt: str,
    quality: Literal["low", "medium", "high"] = "medium",
) -> None:
    await interaction.response.defer(thinking=True)
    result = await fal_client.subscribe_async(
        "openai/gpt-image-2",
        arguments={
            "prompt": prompt,
            "image_size": {"width": 1024, "height": 1024},
            "quality": quality,
            "num_images": 1,
            "output_format": "png",
        },
    )
    async with (
        aiohttp.ClientSession() as session,
        session.get(result["images"][0]["url"]) as response,
    ):
        picture = await response.read()
    await interaction.followup.send(
        content=f"**{prompt}**", file=discord.File(io.BytesIO(picture), "picture.png")
    )


def _point_at_the_stand_ins() -> None:
    Route.BASE = os.environ["DISCORD_API_URL"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY_URL"])
    fal_wire.QUEUE_URL_FORMAT = f"{os.environ['FAL_QUEUE_URL']}/"


if __name__ == "__main__":
    _point_at_the_stand_ins()
    client.run(os.environ["DISCORD_TOKEN"])
