"""The courier over a real discord.py, before the local Discord."""

import gc
from io import BytesIO
from typing import Any

import discord
import pytest
from discord.http import Route

from bot.chat.client import point_at
from bot.chat.courier import DiscordCourier
from bot.core.catalogue import Format, Size
from bot.core.jobs import Picture, State
from bot.standin.discord import StandInDiscord
from tests.chat.samples import make_balance, make_job, make_pot
from tests.fakes import ManualClock


@pytest.fixture
async def discord_and_client():
    address = Route.BASE
    async with StandInDiscord() as local:
        point_at(local.api_url)
        client = discord.Client(intents=discord.Intents.none())
        try:
            await client.login(local.token)
            yield local, client
        finally:
            await client.close()
            point_at(address)


async def test_a_picture_leaves_the_memory_as_soon_as_it_is_posted(discord_and_client):
    local, client = discord_and_client
    channel = local.add_guild("Studio").add_channel("pictures")
    no_quota: Any = None  # only edits of waiting cards ask for it
    courier = DiscordCourier(client, ManualClock(), no_quota)
    job = make_job(
        state=State.RENDERED, server_id=channel.guild_id, channel_id=channel.id,
        interaction_token=None, count=1,
    )  # fmt: skip
    data = bytes(200_000)
    gc.collect()
    gc.disable()  # a cycle that waits for the collector is what this looks for
    try:
        picture = Picture(data, Format.PNG, Size(1024, 1024))
        await courier.deliver(job, [picture], make_balance(make_pot()))
        left = [one for one in gc.get_objects() if isinstance(one, BytesIO) and not one.closed]
        assert [one for one in left if len(one.getvalue()) == len(data)] == []
    finally:
        gc.enable()
    (message,) = local.messages(channel)
    assert [len(shown.data) for shown in message.gallery] == [len(data)]
    await courier.close()
