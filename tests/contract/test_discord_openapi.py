"""Everything the sample bot sends and the local Discord answers, held against Discord's file."""

import pytest

from standins.discord import StandInDiscord, StandInDiscordSettings
from standins.discord.contract import Contract, find_openapi
from standins.discord.routes import match
from tests.standins.discord.bot_process import running_bot

OPENAPI = find_openapi()
pytestmark = pytest.mark.skipif(OPENAPI is None, reason="Discord's OpenAPI file is not at hand")

USED = {
    "GET me",
    "GET application",
    "GET gateway",
    "PUT commands",
    "POST callback",
    "GET original",
    "PATCH original",
    "POST followup",
    "PATCH followup_message",
    "DELETE followup_message",
    "POST create_message",
    "GET channel_message",
    "PATCH channel_message",
    "DELETE channel_message",
    "POST create_dm",
}
SCRIPTS = (
    "message",
    "ephemeral",
    "defer_and_fill",
    "buttons",
    "pictures",
    "public_by_channel",
    "nonce",
    "ping",
    "direct_message",
    "fetch",
)


@pytest.fixture
def contract():
    assert OPENAPI is not None
    return Contract(OPENAPI)


@pytest.fixture
async def discord():
    async with StandInDiscord(StandInDiscordSettings(openapi=OPENAPI)) as server:
        yield server


async def test_all_that_a_bot_asks_and_gets_fits_the_description(discord):
    guild = discord.add_guild()
    channel, alice, mo = guild.add_channel(), guild.add_member("alice"), guild.add_moderator("mo")
    async with running_bot(discord) as bot:
        await discord.wait_until_ready()
        for script in SCRIPTS:
            await discord.slash(alice, channel, "do", {"script": script})
            report = await bot.report(script=script)
            assert "error" not in report, report
        sent = await discord.slash(alice, channel, "imagine", {"prompt": "a fox", "count": 2})
        message = (await sent.answer()).message
        await discord.wait_for(lambda: len(message.gallery) == 2)
        press = await discord.slash(alice, channel, "imagine", {"prompt": "slow"})
        press = await discord.press(alice, (await press.answer()).message, "Cancel")
        await press.answer()
        await discord.autocomplete(alice, channel, "imagine", "size", "1024")
        menu = await discord.user_menu(mo, channel, "Image quota", alice)
        await menu.answer()
        report = await discord.message_menu(mo, message, "Report image")
        await report.answer()
        buttons = next(m for m in discord.messages(channel) if m.selects)
        form = await discord.press(alice, buttons, "Form")
        await form.answer()
        await (await discord.submit(form, {"Note": "x"})).answer()
        await (await discord.select(alice, buttons, "Pick", ["a"])).answer()
    assert {f"{r.method} {r.name}" for r in discord.requests} >= USED
    assert discord.violations == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/channels/1/messages", {"components": [{"type": 99}]}),
        ("POST", "/channels/1/messages", {"content": 7}),
        ("POST", "/interactions/1/t/callback", {"type": 77}),
        ("PATCH", "/webhooks/1/t/messages/@original", {"content": "x" * 2001}),
        ("PUT", "/applications/1/commands", [{"name": "x" * 40, "description": "x"}]),
    ],
)
def test_the_check_can_fail(contract, method, path, body):
    assert contract.check_request(method, match(path), body)


def test_what_the_file_rejects_wrongly_passes(contract):
    body = {
        "attachments": [{"id": 0, "filename": "a.png"}],
        "allowed_mentions": {"parse": [], "users": [123456789012345678]},
        "tts": False,
    }
    route = match("/webhooks/1/t/messages/@original")
    assert contract.check_request("PATCH", route, body) == []
    command = [{"name": "x", "description": "x", "default_member_permissions": "32", "nsfw": False}]
    assert contract.check_request("PUT", match("/applications/1/commands"), command) == []
