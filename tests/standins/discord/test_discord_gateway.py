"""Shards, drops, resumes and refusals of the gateway, with the real discord.py."""

import pytest

from standins.discord import StandInDiscord, StandInDiscordSettings
from tests.standins.discord.bot_process import run_script, running_bot


async def works(place):
    answer = await (await run_script(place, "message")).answer()
    return answer.message.text == "hello"


@pytest.mark.parametrize("how", ["drop", "reconnect", "resumable"])
async def test_the_bot_resumes_and_gets_what_it_missed(place, how):
    gateway = place.discord.gateway
    if how == "drop":
        assert gateway.drop() == 1
        await place.discord.wait_for(lambda: not gateway.connected)
        missed = await run_script(place, "message")
        assert (await missed.answer(10)).message.text == "hello"
    elif how == "reconnect":
        gateway.ask_to_reconnect()
    else:
        gateway.invalidate(resumable=True)
    await place.bot.report(event="resumed", timeout_s=15)
    assert gateway.sessions[0].resumed == 1
    assert gateway.identified == 1
    assert await works(place)


async def test_a_lost_session_is_identified_anew(place):
    place.discord.gateway.forget_sessions()
    place.discord.gateway.drop()
    await place.discord.wait_for(lambda: place.discord.gateway.identified == 2, 20)
    assert await works(place)


async def test_an_invalid_session_is_identified_anew(place):
    place.discord.gateway.invalidate(resumable=False)
    await place.discord.wait_for(lambda: place.discord.gateway.identified == 2, 20)
    assert await works(place)


async def test_a_wrong_token_ends_the_bot(discord):
    async with running_bot(discord, token="wrong") as bot:
        assert (await bot.report(event="ended"))["error"] == "LoginFailure"


async def test_each_shard_gets_the_events_of_its_servers():
    settings = StandInDiscordSettings(shard_count=3)
    async with StandInDiscord(settings) as discord:
        guilds = [discord.add_guild(f"g{n}", shard=n) for n in range(3)]
        assert [(guild.id >> 22) % 3 for guild in guilds] == [0, 1, 2]
        async with running_bot(discord) as bot:
            await discord.wait_until_ready(shards=3)
            for number, guild in enumerate(guilds):
                channel, member = guild.add_channel(), guild.add_member("alice")
                before = [one.sequence for one in discord.gateway.sessions]
                sent = await discord.slash(member, channel, "imagine", {"prompt": "x"})
                assert (await sent.answer()).type == 4
                after = [one.sequence for one in discord.gateway.sessions]
                grown = [
                    one.shard[0]
                    for one, then, now in zip(discord.gateway.sessions, before, after, strict=True)
                    if now > then
                ]
                assert grown == [number]
            discord.gateway.drop(shard=1)
            assert (await bot.report(event="resumed"))["shard"] == 1


async def test_a_server_that_is_added_while_the_bot_runs_works_at_once(place):
    guild = place.discord.add_guild("Second", locale="de")
    channel = guild.add_channel("allgemein", age_restricted=True)
    member = guild.add_member("carla", locale="de")
    sent = await place.discord.slash(member, channel, "imagine", {"prompt": "x"})
    assert (await sent.answer()).type == 4
    role = guild.add_role("Artists", mentionable=True)
    member.give(role)
    member.take(role)
    place.discord.kick_bot(guild)
    await place.bot.report(event="removed", guild=guild.id)


async def test_a_bot_that_restarts_finds_everything_again(place):
    message = (await (await run_script(place, "message")).answer()).message
    place.bot.process.terminate()
    await place.bot.process.wait()
    await place.discord.wait_for(lambda: not place.discord.gateway.connected)
    async with running_bot(place.discord) as again:
        await place.discord.wait_until_ready()
        place.bot = again
        sent = await place.discord.message_menu(place.bob, message, "Report image")
        assert (await sent.answer()).message.text == f"Reported {message.id}"
