"""Who calls and where, read from what Discord sends, by discord.py itself."""

from typing import Any

import discord
import pytest

from bot.chat.interaction.permission import asker
from bot.services.limits.allowance import Asker

SERVER, CHANNEL, THREAD, MEMBER, ROLE = 10, 20, 21, 30, 40


def command_in(channel: dict[str, Any]) -> discord.Interaction[Any]:
    """A command as it comes over the gateway, before anything of its server is cached."""
    state = discord.Client(intents=discord.Intents(guilds=True))._connection
    bot: Any = {"id": "2", "username": "bot", "discriminator": "0", "avatar": None}
    state.user = discord.ClientUser(state=state, data=bot)
    user = {"id": str(MEMBER), "username": "mia", "discriminator": "0", "avatar": None}
    member = {"user": user, "roles": [str(ROLE)], "permissions": "0", "flags": 0}
    data: Any = {
        "id": "1",
        "type": 2,
        "token": "token",
        "version": 1,
        "application_id": "2",
        "attachment_size_limit": 10_000_000,
        "guild_id": str(SERVER),
        "guild": {"id": str(SERVER), "features": [], "locale": "en-US"},
        "member": {
            **member,
            "joined_at": "2026-01-01T00:00:00+00:00",
            "deaf": False,
            "mute": False,
        },
        "channel": channel,
    }
    return discord.Interaction(data=data, state=state)


TEXT = {"id": str(CHANNEL), "type": 0, "name": "art", "position": 0, "parent_id": "19"}
IN_THREAD = {
    "id": str(THREAD),
    "type": 11,
    "name": "cats",
    "parent_id": str(CHANNEL),
    "owner_id": str(MEMBER),
    "message_count": 1,
    "member_count": 1,
    "thread_metadata": {
        "archived": False,
        "auto_archive_duration": 60,
        "archive_timestamp": "2026-01-01T00:00:00+00:00",
    },
}


@pytest.mark.parametrize("channel", [TEXT, IN_THREAD], ids=["channel", "thread"])
async def test_a_thread_has_its_parent_s_budget_and_a_channel_not_its_category_s(channel):
    called = command_in(channel)
    assert called.channel_id == int(channel["id"])
    assert asker(called, called.user) == Asker(SERVER, CHANNEL, MEMBER, frozenset({ROLE}))
