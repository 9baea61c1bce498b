"""The courier over a real discord.py, before the local Discord."""

import gc
from dataclasses import replace
from io import BytesIO
from typing import Any

import discord
import pytest
from discord.http import Route

from bot.chat.client import point_at
from bot.chat.delivery.courier import DiscordCourier
from bot.core.errors import Undeliverable
from bot.core.jobs import Job, Picture, PictureLink, Reason, State
from bot.core.models.options import Format, Size
from standins.discord import Fault, StandInDiscord
from standins.discord.record import Request
from tests.chat.samples import make_balance, make_job, make_pot
from tests.fakes import ManualClock

PICTURE = Picture(b"picture", Format.PNG, Size(1024, 1024))


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


def late_job(channel: Any, **changes: Any) -> Job:
    links = tuple(PictureLink(f"http://127.0.0.1/{n}.png", "image/png", 0, 0) for n in range(2))
    given = {
        "state": State.RENDERED, "reason": Reason.LOST, "links": links, "made": 2, "pictures": 0,
        "server_id": channel.guild_id, "channel_id": channel.id, "interaction_token": None,
    }  # fmt: skip
    return make_job(**{**given, **changes})


def posted(local: StandInDiscord) -> list[Request]:
    return [one for one in local.requests if one.name == "create_message"]


@pytest.fixture
def courier(discord_and_client):
    no_quota: Any = None  # only edits of waiting cards ask for it
    return DiscordCourier(discord_and_client[1], ManualClock(), no_quota)


async def test_late_pictures_are_never_taken_for_the_message_before_them(
    discord_and_client, courier
):
    """Discord posts nothing for a nonce that it has just seen, so each message has its own."""
    local, _ = discord_and_client
    guild = local.add_guild("Studio")
    channel, alice = guild.add_channel("pictures"), guild.add_member("alice")
    balance = make_balance(make_pot())
    job = late_job(channel, member_id=alice.id)
    rescued = await courier.bring(job, [PICTURE], balance)
    first, second = job.links
    added = late_job(
        channel, member_id=alice.id, state=State.DELIVERED, pictures=1, message_id=77,
        links=(replace(first, arrived=True), second),
    )  # fmt: skip
    await courier.bring(added, [PICTURE], balance)
    await courier.deliver(late_job(channel, member_id=alice.id, reason=None), [PICTURE], balance)
    again = await courier.bring(job, [PICTURE], balance)

    nonces = [request.body["nonce"] for request in posted(local)]
    assert len(set(nonces)) == 3
    assert nonces[0] == nonces[3]
    assert all(len(nonce) <= 25 for nonce in nonces)
    assert all(request.body["enforce_nonce"] for request in posted(local))
    assert again == rescued, "a second try posts nothing new"
    late, others_before, _ = local.messages(channel)
    assert [late.pinged.users, others_before.pinged.users] == [{alice.id}] * 2
    assert "**Late, and free of charge:** fal's answer to the request was lost." in late.text
    assert "1 picture could not be fetched so far and is not charged" in late.text
    assert "the others came earlier" in others_before.text
    assert "could not be fetched so far" not in others_before.text
    assert "$" not in late.text + others_before.text


async def test_a_try_that_brings_more_pictures_is_not_taken_for_the_one_before(
    discord_and_client, courier
):
    local, _ = discord_and_client
    guild = local.add_guild("Studio")
    channel, alice = guild.add_channel("pictures"), guild.add_member("alice")
    job, balance = late_job(channel, member_id=alice.id), make_balance(make_pot())
    one = await courier.bring(job, [PICTURE], balance)
    both = await courier.bring(job, [PICTURE, PICTURE], balance)
    assert one.message_id != both.message_id
    assert [len(message.attachments) for message in local.messages(channel)] == [1, 2]


async def test_late_private_pictures_come_by_direct_message_only(discord_and_client, courier):
    local, _ = discord_and_client
    guild = local.add_guild("Studio")
    channel, alice = guild.add_channel("pictures"), guild.add_member("alice")
    job = late_job(channel, member_id=alice.id, private=True, message_id=77)

    taken = await courier.bring(job, [PICTURE], make_balance(make_pot()))

    assert taken.route == "direct"
    [late] = local.direct_messages(alice)
    assert late.gallery
    assert local.messages(channel) == []

    local.faults.add(Fault(route="create_message", status=403, code=50007, times=None))
    with pytest.raises(Undeliverable) as closed:
        await courier.bring(replace(job, pictures=1), [PICTURE], make_balance(make_pot()))
    assert closed.value.routes == ["direct: HTTP 403, code 50007"]
    assert local.messages(channel) == []


async def test_late_pictures_come_by_direct_message_where_the_channel_is_gone(
    discord_and_client, courier
):
    local, _ = discord_and_client
    guild = local.add_guild("Studio")
    channel, alice = guild.add_channel("pictures"), guild.add_member("alice")
    local.delete_channel(channel)

    taken = await courier.bring(
        late_job(channel, member_id=alice.id), [PICTURE], make_balance(make_pot())
    )

    assert taken.route == "direct"
    assert len(local.direct_messages(alice)) == 1
