"""Everything the real bot says to Discord over a whole scene, held against Discord's file."""

import pytest

from bot.standin.discord import StandInDiscordSettings
from bot.standin.discord.contract import find_openapi
from tests.scenes import play_everything
from tests.stage import staged

OPENAPI = find_openapi()

USED = {
    "GET me",
    "GET application",
    "GET gateway",
    "PUT commands",
    "POST callback",
    "PATCH original",
    "PATCH channel_message",
    "POST create_message",
    "POST create_dm",
}


@pytest.mark.skipif(OPENAPI is None, reason="Discord's OpenAPI file is not at hand")
async def test_a_whole_scene_fits_discord_s_description(tmp_path):
    settings = StandInDiscordSettings(openapi=OPENAPI)
    async with staged(tmp_path, discord=settings, FAL_CONCURRENCY="1") as stage:
        await play_everything(stage)

        assert {f"{r.method} {r.name}" for r in stage.discord.requests} >= USED
        assert stage.discord.violations == []
