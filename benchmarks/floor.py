"""What the machine can do at all: a warm client without libraries in between, and no decisions.

It answers a command with a fixed message, and for the picture downloads and uploads the same
bytes as the bots. It waits for nothing: its clock starts where a bot would learn of fal's end.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aiohttp

from benchmarks.bots import FAL_KEY
from benchmarks.figures import Figures
from benchmarks.places import Places, opened_places

_IDENTIFY = 2
_AGENT = "DiscordBot (https://example.org, 1)"
_INPUT = {
    "prompt": "a lighthouse at dusk",
    "image_size": {"width": 1024, "height": 1024},
    "quality": "medium",
    "num_images": 1,
    "output_format": "png",
}
_COMMAND = {
    "name": "imagine",
    "description": "Make a picture",
    "type": 1,
    "options": [{"type": 3, "name": "prompt", "description": "What it shows", "required": True}],
}
_MEASURE_MAX_S = 60.0


class RawBot:
    """One WebSocket, one HTTP session, no queue."""

    def __init__(self, places: Places, http: aiohttp.ClientSession) -> None:
        self._places = places
        self._http = http
        self._headers = {"Authorization": f"Bot {places.token}", "User-Agent": _AGENT}
        self.application = ""
        self.tokens: dict[str, str] = {}

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        """Register the command and open the gateway."""
        api = self._places.api_url
        url = f"{api}/oauth2/applications/@me"
        async with self._http.get(url, headers=self._headers) as response:
            self.application = (await response.json())["id"]
        url = f"{api}/applications/{self.application}/commands"
        async with self._http.put(url, json=[_COMMAND], headers=self._headers) as response:
            assert response.status == 200, await response.text()
        socket = await self._http.ws_connect(self._places.gateway_url)
        identify = {"token": self._places.token, "intents": 1, "properties": {}}
        await socket.send_json({"op": _IDENTIFY, "d": identify})
        return socket

    async def listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Answer every command with the same words, until cancelled."""
        async for frame in socket:
            event = json.loads(frame.data)
            if event["t"] != "INTERACTION_CREATE":
                continue
            data = event["d"]
            self.tokens[data["id"]] = data["token"]
            url = f"{self._places.api_url}/interactions/{data['id']}/{data['token']}/callback"
            body = {"type": 4, "data": {"content": "Waiting"}}
            async with self._http.post(url, json=body, params={"with_response": "1"}) as response:
                await response.read()

    async def bring(self, identity: str, picture_url: str) -> float:
        """Download and upload; returns when it began, on `time.monotonic`."""
        began_s = time.monotonic()
        async with self._http.get(picture_url) as response:
            data = await response.read()
        form = aiohttp.FormData(quote_fields=False)
        listed = {"attachments": [{"id": 0, "filename": "picture.png"}]}
        form.add_field("payload_json", json.dumps(listed), content_type="application/json")
        form.add_field("files[0]", data, filename="picture.png", content_type="image/png")
        token = self.tokens[identity]
        url = f"{self._places.api_url}/webhooks/{self.application}/{token}/messages/@original"
        async with self._http.patch(url, data=form) as response:
            assert response.status == 200, await response.text()
            await response.read()
        return began_s


async def measure(count: int) -> dict[str, Figures]:
    """Do `count` jobs one after another, and `count` at once."""
    async with opened_places() as places:
        await places.settle()
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as http:
            bot = RawBot(places, http)
            socket = await bot.connect()
            listening = asyncio.create_task(bot.listen(socket))
            try:
                async with asyncio.timeout(2 * _MEASURE_MAX_S):
                    await places.discord("ready")
                    url = await _picture_url(places, http)
                    await _run(bot, places, url, 3, _in_turn)
                    return {
                        "one by one": await _run(bot, places, url, count, _in_turn),
                        "all at once": await _run(bot, places, url, count, _at_once),
                    }
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening
                await socket.close()


async def _picture_url(places: Places, http: aiohttp.ClientSession) -> str:
    """Let the local fal make one picture, which stands for all."""
    await places.pace(0.0)
    key = {"Authorization": f"Key {FAL_KEY}"}
    url = f"{places.fal_url}/openai/gpt-image-2"
    async with http.post(url, json=_INPUT, headers=key) as response:
        result_url = (await response.json())["response_url"]
    for _ in range(100):
        await asyncio.sleep(0.05)
        async with http.get(result_url, headers=key) as response:
            if response.status == 200:
                return (await response.json())["images"][0]["url"]
    raise TimeoutError("the local fal made no picture")


_Way = Callable[[RawBot, list[str], str], Awaitable[list[float]]]


async def _in_turn(bot: RawBot, ids: list[str], url: str) -> list[float]:
    return [await bot.bring(one, url) for one in ids]


async def _at_once(bot: RawBot, ids: list[str], url: str) -> list[float]:
    return await asyncio.gather(*(bot.bring(one, url) for one in ids))


async def _run(bot: RawBot, places: Places, url: str, count: int, way: _Way) -> Figures:
    figures, ids = Figures(jobs=count), list[str]()
    cpu_before_s = time.process_time()
    for number in range(count):
        one = places.command(number, "a lighthouse at dusk")
        ids += (await places.discord("slash", **one))["ids"]
        await asyncio.sleep(0.02)
    started_s = await way(bot, ids, url)
    figures.bot_cpu_s = time.process_time() - cpu_before_s
    timings: list[dict[str, Any]] = (await places.discord("timings", ids=ids))["timings"]
    figures.answers_s = [one["answer_s"] for one in timings]
    figures.pictures_s = [
        one["sent_s"] + one["pictures_s"] - began_s
        for one, began_s in zip(timings, started_s, strict=True)
    ]
    figures.fal_calls = {"media": count}
    return figures
