"""A local Discord, and a server in it with the sample bot."""

from types import SimpleNamespace

import pytest

from standins.discord import StandInDiscord, StandInDiscordSettings
from tests.standins.discord.bot_process import running_bot


@pytest.fixture
async def discord():
    async with StandInDiscord(StandInDiscordSettings()) as server:
        yield server


@pytest.fixture
async def place(discord):
    """A server with a channel, a member, a moderator, and the bot ready."""
    guild = discord.add_guild("Studio")
    channel = guild.add_channel("general")
    world = SimpleNamespace(
        discord=discord,
        guild=guild,
        channel=channel,
        alice=guild.add_member("alice"),
        bob=guild.add_member("bob"),
        mo=guild.add_moderator("mo"),
    )
    async with running_bot(discord) as bot:
        await discord.wait_until_ready()
        world.bot = bot
        yield world
