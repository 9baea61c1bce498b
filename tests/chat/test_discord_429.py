"""What the meter hears of Discord's 429, from the real client before the local Discord."""

from types import SimpleNamespace
from typing import Any

import pytest
from discord.http import Route

from bot.chat.client import ImagineClient, point_at
from standins.discord import Fault, StandInDiscord
from tests.fakes import RecordingMeter


@pytest.mark.parametrize("scope", ["user", "global", "shared"])
async def test_each_429_is_told_with_its_scope_and_the_message_is_posted(scope: Any):
    address, meter = Route.BASE, RecordingMeter()
    async with StandInDiscord() as local:
        point_at(local.api_url)
        channel = local.add_guild("Studio").add_channel("pictures")
        client = ImagineClient(shard_count=None, shard_ids=None)
        services: Any = SimpleNamespace(meter=meter)
        client.services = services
        try:
            await client.login(local.token)
            local.faults.add(
                Fault(route="create_message", status=429, retry_after_s=0.01, scope=scope, times=2)
            )
            await client.get_partial_messageable(channel.id).send("hello")
        finally:
            await client.close()
            point_at(address)

    assert meter.told == [("slowed", scope)] * 2
    assert len(local.messages(channel)) == 1
