"""Another network under the client carries every one of its calls."""

from contextlib import asynccontextmanager

import aiohttp
import httpx

from bot.fal import FalQueue


class Picture:
    def __init__(self, answer):
        self.status = answer.status
        self.headers = answer.headers
        self.content = answer.content


class Pictures:
    def __init__(self, asked):
        self._asked = asked
        self.is_closed = False

    @asynccontextmanager
    async def get(self, url, *, allow_redirects):
        self._asked.append(("media", allow_redirects))
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            yield Picture(answer)

    async def close(self):
        self.is_closed = True


class Wires(httpx.AsyncHTTPTransport):
    def __init__(self, asked):
        super().__init__()
        self._asked = asked

    async def handle_async_request(self, request):
        self._asked.append((request.method, request.url.path.rpartition("/")[2]))
        return await super().handle_async_request(request)


class Network:
    def __init__(self):
        self.asked = []
        self.pictures = Pictures(self.asked)

    def transport(self):
        return Wires(self.asked)

    def media_client(self):
        return self.pictures


async def test_every_call_goes_over_the_network_that_was_given(fal, settings, order):
    network = Network()
    async with FalQueue(settings, network) as queue:
        ticket = await queue.submit(order)
        await fal.finish(await fal.next_job())
        assert [report.phase.value async for report in queue.follow(ticket)] == ["ended"]
        [link] = (await queue.result(ticket)).pictures
        assert (await queue.fetch(link)).size == order.size
        await queue.cancel(ticket)
        now_ms = fal.now_ms()
        found = await queue.find(order, at_ms=now_ms, from_ms=now_ms - 60_000, until_ms=None)
        assert found == (ticket,)
    assert network.asked == [
        ("POST", "gpt-image-2"),
        ("GET", "stream"),
        ("GET", ticket.request_id),
        ("media", False),
        ("PUT", "cancel"),
        *[("GET", "by-endpoint")] * 2,
    ]
    assert network.pictures.is_closed
    assert fal.counts.total() == len(network.asked)
