"""The local Discord as a process of its own, driven over `/_standin/` from another one."""

import asyncio
import json
import sys
from types import SimpleNamespace

import aiohttp
import pytest

from tests.standins.discord.bot_process import running_bot


@pytest.fixture
async def remote():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "standins.discord", "--loose", "--shards", "2"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    addresses = json.loads(await process.stdout.readline())
    async with aiohttp.ClientSession() as session:

        async def call(verb, expected=200, **body):
            url = f"{addresses['control_url']}/{verb}"
            async with session.post(url, json=body) as answer:
                assert answer.status == expected, await answer.text()
                return await answer.json()

        yield SimpleNamespace(call=call, **addresses)
    process.terminate()
    assert await process.wait() == 0


async def test_a_hundred_commands_at_once_are_sent_and_timed(remote):
    guilds = [(await remote.call("guild", shard=n))["id"] for n in range(2)]
    many = []
    for guild in guilds:
        channel = (await remote.call("channel", guild=guild))["id"]
        for n in range(50):
            member = (await remote.call("member", guild=guild, name=f"m{n}"))["id"]
            one = {"member": member, "channel": channel, "name": "imagine"}
            many.append(one | {"options": {"prompt": f"fox {n}", "count": 2}})
    async with running_bot(remote):
        ready = await remote.call("ready", shards=2)
        assert "imagine" in ready["commands"]
        ids = (await remote.call("slash", many=many))["ids"]
        timings = (await remote.call("timings", ids=ids, wait_s=30, pictures=2))["timings"]
        assert [one["type"] for one in timings] == [4] * 100
        assert all(one["answer_s"] < 3 and one["pictures_s"] > 0.5 for one in timings)
        messages = (await remote.call("messages", channel=many[0]["channel"]))["messages"]
        assert {len(one["pictures"]) for one in messages} == {2}
        requests = (await remote.call("requests"))["requests"]
        assert {one["status"] for one in requests} == {200}
        pressed = {"message": messages[0]["id"], "button": "Nowhere"}
        refusal = await remote.call("press", 409, **many[0], **pressed)
        assert "no button" in refusal["refused"]
    assert (await remote.call("violations"))["violations"] == []


async def test_wrong_calls_are_told_so(remote):
    await remote.call("channel", 400, guild="1")
    await remote.call("fault", 400, route="nowhere")
    await remote.call("fault", route="original", method="PATCH", status=500, times=2)
    await remote.call("faults_clear")
    before = (await remote.call("clock", advance_s=0))["now"]
    after = (await remote.call("clock", advance_s=3600))["now"]
    assert after > before
    assert (await remote.call("drop"))["dropped"] == 0
    await remote.call("ready", 504, timeout_s=0.01)
