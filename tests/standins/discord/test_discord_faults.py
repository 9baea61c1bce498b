"""What Discord may do to a bot, on demand, against the real discord.py."""

import asyncio

import aiohttp
import discord as dpy
import pytest

from standins.discord import Fault
from tests.standins.discord.bot_process import run_script

MIB = 1024 * 1024


async def ended(place, script, **wanted):
    """Run a script and return what came of it."""
    sent = await run_script(place, script)
    return sent, await place.bot.report(script=script, timeout_s=15, **wanted)


async def refused(place, script):
    sent, report = await ended(place, script)
    return sent, (report.get("status"), report.get("code"))


# ---------------------------------------------------------------- rules of Discord


async def test_a_late_answer_meets_an_unknown_interaction(place):
    sent, error = await refused(place, "late")
    assert error == (404, 10062)
    assert not sent.answered


async def test_a_second_answer_is_refused(place):
    _, error = await refused(place, "twice")
    assert error == (400, 40060)


async def test_a_token_ends_after_fifteen_minutes_but_the_channel_route_goes_on(place):
    sent = await run_script(place, "edit_after_wait")
    await sent.answer()
    place.discord.clock.advance(15 * 60)
    place.bot.go_on()
    report = await place.bot.report(script="edit_after_wait")
    assert (report["status"], report["code"]) == (401, 50027)
    assert sent.message().text == "first"
    _, report = await ended(place, "public_by_channel")
    assert "error" not in report


async def test_a_private_message_cannot_be_edited_by_the_channel_route(place):
    sent, error = await refused(place, "ephemeral_by_channel")
    assert error == (404, 10008)
    assert sent.message().text == "mine"


async def test_a_public_message_can_be_edited_by_the_channel_route(place):
    sent, report = await ended(place, "public_by_channel")
    assert "error" not in report
    assert sent.message().text == "changed"


async def test_a_file_over_the_limit_of_the_interaction_is_refused(place):
    sent = await run_script(place, "big_file", attachment_size_limit=2 * MIB)
    report = await place.bot.report(script="big_file")
    assert (report["status"], report["code"]) == (413, 40005)
    assert sent.message().attachments == []
    place.bot.reports.clear()
    sent = await run_script(place, "big_file", attachment_size_limit=20 * MIB)
    await place.bot.report(script="big_file", result=None)
    assert len(sent.message().attachments) == 1


async def test_a_boost_raises_the_limit_but_not_the_size_of_a_whole_request(place):
    place.guild.boost(3)
    _, error = await refused(place, "big_message")
    assert error == (413, 40005)
    assert place.discord.requests[-1].files == []


async def test_too_many_bytes_of_text_look_like_a_broken_discord(place):
    place.discord.faults.clear()
    sent = await run_script(place, "many_bytes")
    await place.discord.wait_for(
        lambda: any(r.status == 500 and r.name == "callback" for r in place.discord.requests)
    )
    assert not sent.answered


async def test_the_same_nonce_makes_one_message_only(place):
    _, report = await ended(place, "nonce")
    first, second = report["result"]
    assert first == second
    assert [m.text for m in place.discord.messages(place.channel)] == ["wait", "late pictures"]


async def test_where_the_bot_may_not_write(place):
    secret = place.guild.add_channel("secret", hidden_from_bot=True)
    quiet = place.guild.add_channel("quiet", bot_may_write=False)
    options = {"script": "in_channel"}
    for channel, code in ((secret, 50001), (quiet, 50013)):
        place.bot.reports.clear()
        sent = await place.discord.slash(place.alice, channel, "do", options)
        assert (await sent.answer()).message.text == "ok"
        place.bot.go_on()
        report = await place.bot.report(script="in_channel")
        assert (report["status"], report["code"]) == (403, code)


async def test_a_closed_direct_message(place):
    place.alice.accepts_direct_messages = False
    _, error = await refused(place, "direct_message")
    assert error == (403, 50007)
    assert place.discord.direct_messages(place.alice) == []


@pytest.mark.parametrize("gone", ["message", "channel", "guild"])
async def test_what_was_deleted_meanwhile_is_unknown(place, gone):
    sent = await run_script(place, "edit_after_wait")
    message = (await sent.answer()).message
    if gone == "message":
        place.discord.delete_message(message)
    elif gone == "channel":
        place.discord.delete_channel(place.channel)
    else:
        place.discord.kick_bot(place.guild)
        await place.bot.report(event="removed", guild=place.guild.id)
    assert message.deleted
    place.bot.go_on()
    report = await place.bot.report(script="edit_after_wait")
    assert report["status"] == 404
    assert report["code"] == (10008 if gone == "message" else 10003)


async def test_signed_addresses_of_pictures_end_after_a_day(place):
    sent, report = await ended(place, "pictures")
    assert report["result"] is True  # they are in the gallery, not in the list of attachments
    url = sent.message().gallery[0].url
    async with aiohttp.ClientSession() as session:
        assert (await session.get(url)).status == 200
        assert (await session.get(url.partition("?")[0])).status == 404
        place.discord.clock.advance(24 * 3600 + 1)
        assert (await session.get(url)).status == 404


# ---------------------------------------------------------------- rate limits


async def test_five_edits_in_two_seconds_are_the_limit_of_one_interaction(place):
    sent = await run_script(place, "many_edits")
    await place.bot.report(script="many_edits", result=None)
    assert sent.message().text == "8"
    edits = [r for r in place.discord.requests if r.name == "original"]
    assert [r.status for r in edits].count(200) == 8
    assert 429 in [r.status for r in edits] or edits[5].at_s - edits[0].at_s > 1.5
    times = [edit.at_s for edit in sent.message().edits[1:]]
    assert times[5] - times[0] > 1.5


async def test_a_channel_has_its_own_bucket_and_discord_py_waits_for_it(place):
    await run_script(place, "channel_edits")
    await place.bot.report(script="channel_edits", result=None, timeout_s=15)
    edits = [r for r in place.discord.requests if r.name == "channel_message"]
    assert [r.status for r in edits] == [200] * 7
    assert edits[5].at_s - edits[0].at_s > 4


async def test_a_429_with_via_is_retried_and_one_from_cloudflare_is_not(place):
    fault = Fault(route="original", method="PATCH", status=429, retry_after_s=0.1)
    place.discord.faults.add(fault)
    _sent, report = await ended(place, "defer_and_fill")
    assert report == {"script": "defer_and_fill", "result": None}
    assert fault.hits == 1
    place.bot.reports.clear()
    blocked = Fault(route="original", method="PATCH", status=429, via=False)
    place.discord.faults.add(blocked)
    _, error = await refused(place, "defer_and_fill")
    assert error == (429, 0)


# ---------------------------------------------------------------- lost, late and broken answers


async def test_a_lost_answer_took_effect(place):
    place.discord.faults.add(Fault(route="create_message", method="POST", lost_answer=True))
    sent = await run_script(place, "in_channel")
    await sent.answer()
    place.bot.go_on()
    report = await place.bot.report(script="in_channel")
    assert report["error"] in ("ServerDisconnectedError", "ClientOSError")
    assert place.discord.messages(place.channel)[-1].text == "in the channel"
    assert place.discord.requests[-1].status is None


async def test_a_lost_request_took_none(place):
    place.discord.faults.add(Fault(route="create_message", method="POST", lost_request=True))
    sent = await run_script(place, "in_channel")
    await sent.answer()
    place.bot.go_on()
    assert "error" in await place.bot.report(script="in_channel")
    assert [m.text for m in place.discord.messages(place.channel)] == ["ok"]


async def test_a_slow_answer_and_a_broken_discord_are_lived_through(place):
    slow = place.discord.faults.add(Fault(route="callback", delay_s=0.5))
    broken = place.discord.faults.add(Fault(route="original", method="PATCH", status=502))
    _sent, report = await ended(place, "defer_and_fill")
    assert report["result"] is None
    assert (slow.hits, broken.hits) == (1, 1)
    [callback] = [r for r in place.discord.requests if r.name == "callback"]
    assert callback.took_s >= 0.5
    edits = [r.status for r in place.discord.requests if r.name == "original"]
    assert edits == [502, 200]


async def test_a_fault_can_wait_name_its_code_and_be_taken_away(place):
    fault = Fault(route="create_message", status=403, code=50001, message="Missing Access", skip=1)
    place.discord.faults.add(fault)
    _, error = await refused(place, "nonce")
    assert error == (403, 50001)
    place.discord.faults.add(Fault(route="create_message", status=500, times=None))
    place.discord.faults.clear()
    place.bot.reports.clear()
    _, report = await ended(place, "nonce")
    assert "error" not in report


def test_a_fault_for_no_route_is_refused():
    with pytest.raises(ValueError, match="unknown route"):
        Fault(route="nowhere")  # pyright: ignore[reportArgumentType]


# ---------------------------------------------------------------- authorisation


async def test_the_token_is_asked_for(discord):
    headers = {"User-Agent": "DiscordBot (https://example.invalid, 1)"}
    async with aiohttp.ClientSession(headers=headers) as session:
        url = f"{discord.api_url}/users/@me"
        assert (await session.get(url)).status == 401
        wrong = {"Authorization": "Bot wrong"}
        assert (await session.get(url, headers=wrong)).status == 401
        right = {"Authorization": f"Bot {discord.token}"}
        answer = await session.get(url, headers=right)
        assert answer.headers["Content-Type"] == "application/json"
        assert (await session.get(url, headers=right | {"User-Agent": "x"})).status == 403
        assert (await session.get(f"{discord.api_url}/voice/regions", headers=right)).status == 501
    assert [v.where for v in discord.violations] == ["request", "route"]


async def test_fifty_requests_a_second_are_the_limit_of_a_bot(discord):
    headers = {
        "User-Agent": "DiscordBot (https://example.invalid, 1)",
        "Authorization": f"Bot {discord.token}",
    }
    async with aiohttp.ClientSession(headers=headers) as session:
        urls = [f"{discord.api_url}/users/@me", f"{discord.api_url}/oauth2/applications/@me"] * 40
        answers = await asyncio.gather(*(session.get(url) for url in urls))
        refused = [one for one in answers if one.status == 429]
        assert len(refused) == 30
        assert refused[0].headers["X-RateLimit-Global"] == "true"
        assert (await refused[0].json())["global"] is True


# ---------------------------------------------------------------- commands

TEXT = {"name": "prompt", "description": "x", "type": 3}


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ({"name": "Big", "description": "x"}, "pattern of a command name"),
        ({"name": "a b", "description": "x"}, "pattern of a command name"),
        ({"name": "a", "description": ""}, "description"),
        ({"name": "a", "description": "x" * 101}, "description"),
        ({"name": "a", "description": "x", "options": [TEXT, TEXT]}, "names must be unique"),
        (
            {
                "name": "a",
                "description": "x",
                "options": [TEXT, {**TEXT, "name": "b", "required": True}],
            },
            "required options must be placed before",
        ),
        (
            {"name": "a", "description": "x", "options": [{**TEXT, "choices": [{}] * 26}]},
            "25 or fewer",
        ),
        (
            {
                "name": "a",
                "description": "x",
                "options": [
                    {**TEXT, "autocomplete": True, "choices": [{"name": "a", "value": "a"}]}
                ],
            },
            "exclude each other",
        ),
        ({"name": "Menu", "type": 2, "description": "x"}, "context menu"),
    ],
)
async def test_commands_that_discord_would_refuse(discord, command, reason):
    headers = {
        "User-Agent": "DiscordBot (https://example.invalid, 1)",
        "Authorization": f"Bot {discord.token}",
    }
    application = discord.state.world.application_id
    async with aiohttp.ClientSession(headers=headers) as session:
        url = f"{discord.api_url}/applications/{application}/commands"
        answer = await session.put(url, json=[command])
        body = await answer.json()
        assert (answer.status, body["code"]) == (400, 50035)
        assert reason in body["message"]
        good = {"name": "ünïcode-ok", "description": "x", "nsfw": True, "options": [TEXT]}
        answer = await session.put(url, json=[good])
        assert answer.status == 200
        assert (await answer.json())[0]["nsfw"] is True
    assert list(discord.commands) == ["ünïcode-ok"]


def test_discord_py_is_the_one_these_tests_were_written_for():
    assert dpy.__version__.startswith("2.7.")
