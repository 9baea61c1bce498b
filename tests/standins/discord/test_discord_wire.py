"""The gateway as raw frames, and two bots at once."""

import asyncio
import json
import zlib

import aiohttp
import pytest

from tests.standins.discord.bot_process import run_script, running_bot


def identify(token, intents=1):
    properties = {"os": "x", "browser": "x", "device": "x"}
    return {"op": 2, "d": {"token": token, "intents": intents, "properties": properties}}


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


async def frames(socket, count):
    return [json.loads((await socket.receive()).data) for _ in range(count)]


async def test_plain_text_frames_when_no_compression_is_asked_for(discord, http):
    guild = discord.add_guild()
    async with http.ws_connect(f"{discord.gateway_url}?v=10&encoding=json") as socket:
        [hello] = await frames(socket, 1)
        assert hello["op"] == 10
        await socket.send_json(identify(discord.token))
        ready, created = await frames(socket, 2)
        assert (ready["t"], ready["s"], ready["d"]["shard"]) == ("READY", 1, [0, 1])
        assert (created["t"], created["d"]["id"]) == ("GUILD_CREATE", str(guild.id))
        await socket.send_json({"op": 1, "d": 2})
        assert (await frames(socket, 1))[0]["op"] == 11


async def test_one_compression_context_for_a_whole_connection(discord, http):
    url = f"{discord.gateway_url}?v=10&encoding=json&compress=zlib-stream"
    async with http.ws_connect(url) as socket:
        unpacker = zlib.decompressobj()
        hello = json.loads(unpacker.decompress((await socket.receive()).data))
        await socket.send_json(identify(discord.token))
        raw = (await socket.receive()).data
        assert raw.endswith(b"\x00\x00\xff\xff")
        assert json.loads(unpacker.decompress(raw))["t"] == "READY"
        assert hello["op"] == 10


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (identify("wrong"), 4004),
        ({"op": 3, "d": {}}, 4003),
        ({"op": 2, "d": {"token": "stand-in.discord.token", "intents": 1, "shard": [3, 2]}}, 4010),
        ({"op": 2, "d": {"token": "stand-in.discord.token", "shard": [0, 1]}}, 4013),
        ({"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}, 4004),
    ],
)
async def test_close_codes(discord, http, payload, code):
    async with http.ws_connect(discord.gateway_url) as socket:
        await socket.receive()
        await socket.send_json(payload)
        await socket.receive()
        assert socket.close_code == code


async def test_a_resume_of_an_unknown_session_is_invalid(discord, http):
    async with http.ws_connect(discord.gateway_url) as socket:
        await socket.receive()
        resume = {"token": discord.token, "session_id": "gone", "seq": 7}
        await socket.send_json({"op": 6, "d": resume})
        [invalid] = await frames(socket, 1)
        assert (invalid["op"], invalid["d"]) == (9, False)


async def test_two_bots_get_every_event_and_one_answer_wins(place):
    async with running_bot(place.discord) as second:
        await place.discord.wait_for(lambda: len(place.discord.gateway.connected) == 2, 15)
        sent = await run_script(place, "message")
        assert (await sent.answer()).message.text == "hello"
        reports = await asyncio.gather(
            place.bot.report(script="message"), second.report(script="message")
        )
        assert sorted(one.get("code") or 0 for one in reports) == [0, 40060]
        assert len(place.discord.messages(place.channel)) == 1


async def test_a_refused_connection_is_tried_again(place):
    place.discord.gateway.refusing = True
    place.discord.gateway.drop()
    await place.discord.wait_for(lambda: not place.discord.gateway.connected)
    place.discord.gateway.refusing = False
    await place.bot.report(event="resumed", timeout_s=20)
