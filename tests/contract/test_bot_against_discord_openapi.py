"""Everything the real bot says to Discord over a whole scene, held against Discord's file."""

import pytest

from standins.discord import StandInDiscordSettings
from standins.discord.contract import find_openapi
from tests.end_to_end.test_settings_panel import Panel
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


@pytest.mark.skipif(OPENAPI is None, reason="Discord's OpenAPI file is not at hand")
async def test_the_settings_panel_fits_discord_s_description(tmp_path):
    settings = StandInDiscordSettings(openapi=OPENAPI)
    async with staged(tmp_path, discord=settings) as stage:
        panel = await Panel.open(stage)
        await panel.press("Pictures")
        await panel.choose("default_size", "1536x1024")
        await panel.fill("Type a highest size …", "1x1")
        await panel.press("Channels")
        await panel.choose("only", stage.channel)
        await panel.choose("log", stage.channel)
        await panel.press("Rules")
        await panel.choose("spoilers", "always")
        await panel.fill("Change the time zone …", "Berlin")
        await panel.press("Overview")
        await panel.fill("Pause …", "")
        await panel.press("Resume")
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 15)
        assert card.gallery[0].spoiler

        assert stage.discord.violations == []


@pytest.mark.skipif(OPENAPI is None, reason="Discord's OpenAPI file is not at hand")
async def test_audit_jobs_and_exports_fit_discord_s_description(tmp_path):
    settings = StandInDiscordSettings(openapi=OPENAPI)
    async with staged(tmp_path, discord=settings, FAL_CONCURRENCY="1") as stage:

        async def admin(name, **options):
            sent = await stage.discord.slash(
                stage.moderator, stage.channel, f"imagine-admin {name}", options
            )
            return await stage.reply(sent)

        stage.fal.hold()
        card, waiting = await stage.card(), await stage.card()
        for amount in range(1, 11):
            await admin("limit set", unit="images", window="day", amount=str(amount))
        await stage.discord.autocomplete(
            stage.moderator, stage.channel, "imagine-admin job", "job", ""
        )
        await admin("job", job=str(card.id))
        await admin("cancel", job=str(waiting.id), reason="enough")
        audit = await admin("audit")
        await stage.discord.press(stage.moderator, audit, "Older")
        await stage.discord.wait_for(lambda: "the newest" not in audit.text, 10)
        for what in ("jobs", "ledger", "audit"):
            exported = await admin("export", what=what)
            await stage.discord.wait_for(lambda message=exported: message.gallery, 10)

        assert stage.discord.violations == []
