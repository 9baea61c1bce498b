"""When each call to fal is made, to the microsecond, on a clock that skips."""

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from bot.core.errors import (
    Trouble,
    Unproven,
)
from bot.core.jobs import Phase, PictureLink, Progress, Ticket
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size
from bot.fal import FalQueue, FalSettings, Pace
from bot.services.ports import Order
from tests.virtual_time import now_s, virtual

BASE = "https://queue.test/openai/gpt-image-2"
OWN = f"{BASE}/requests/r1"
TICKET = Ticket("r1", f"{OWN}/status", OWN, f"{OWN}/cancel")
ORDER = Order("job-1", "a fox", Size(1024, 768), Quality.LOW, 1, Format.PNG)
LINK = PictureLink("https://v3.fal.media/files/a.png", "image/png", 0, 0)
FOR_EVER_S = 1e9

GROWING = [0, 1, 2.5, 4.75, 8.125]
"""What begins with a second and grows by half."""


def said(word, status=200):
    return httpx.Response(status, json={"status": word, "request_id": "r1"})


def broken():
    return httpx.Response(502, text="<html>")


def unknown():
    return httpx.Response(404, json={"status": "NOT_FOUND"})


def refused(status):
    return httpx.Response(status, json={"detail": "no"})


def made():
    return httpx.Response(200, json={"images": [{"url": LINK.url, "content_type": "image/png"}]})


def streamed(*pieces):
    """A stream of events; a number is so many seconds without anything."""

    async def body():
        for piece in pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                await asyncio.sleep(piece)

    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body())


def event(word):
    return f'data: {{"status": "{word}", "request_id": "r1"}}\n\n'.encode()


@dataclass
class Wires(httpx.AsyncBaseTransport):
    """Carries no call anywhere: notes its second and gives the answer that was written for it.

    `answers` has for each call what makes its answers; the last one makes all that follow. An
    exception is raised, None never answers.
    """

    answers: dict = field(default_factory=dict)
    times: dict = field(default_factory=lambda: defaultdict(list))

    def transport(self):
        return self

    def media_client(self):
        return self

    async def handle_async_request(self, request):
        name = "submit" if request.method == "POST" else request.url.path.rpartition("/")[2]
        return await self.answer("result" if name == "r1" else name)

    async def answer(self, name):
        self.times[name].append(now_s())
        script = self.answers[name]
        make = script.pop(0) if len(script) > 1 else script[0]
        if make is None:
            await asyncio.sleep(FOR_EVER_S)
            raise AssertionError("the end of time")
        if isinstance(make, Exception):
            raise make
        return make()

    @asynccontextmanager
    async def get(self, url, *, allow_redirects):
        yield await self.answer("media")

    async def close(self):
        pass


class Piece:
    """The answer of a media host."""

    def __init__(self, status, *pieces):
        self.status = status
        self.headers = {}
        self.content = self
        self._pieces = pieces

    async def iter_any(self):
        for piece in self._pieces:
            yield piece


@asynccontextmanager
async def opened(wires, **pace):
    settings = FalSettings(
        key="key", queue_url="https://queue.test", pace=Pace(jitter=lambda s: s, **pace)
    )
    async with FalQueue(settings, wires) as queue:
        yield queue


async def followed(wires, for_s=FOR_EVER_S, **pace):
    """Watch for so long, or until the end; what was reported and when."""
    seen = []
    async with opened(wires, **pace) as queue:
        try:
            async with asyncio.timeout(for_s):
                seen.extend([(now_s(), r) async for r in queue.follow(TICKET)])
        except TimeoutError:
            pass
    return seen


# Polls


@virtual
async def test_polls_begin_after_a_second_and_grow_by_half_to_five():
    wires = Wires({"stream": [lambda: refused(405)], "status": [lambda: said("IN_QUEUE")]})
    await followed(wires, 29, restream_s=1000)
    assert wires.times["status"] == [*GROWING, 13.125, 18.125, 23.125, 28.125]
    assert wires.times["stream"] == [0]


@virtual
async def test_polls_that_fail_grow_to_fifteen():
    wires = Wires({"stream": [lambda: refused(405)], "status": [broken]})
    await followed(wires, 95, restream_s=1000, silence_s=1000)
    assert wires.times["status"] == [
        *GROWING, 13.1875, 20.78125, 32.171875, 47.171875, 62.171875, 77.171875, 92.171875
    ]  # fmt: skip


@virtual
async def test_polls_after_an_outage_come_at_most_five_seconds_apart_again():
    answers = [broken] * 8 + [lambda: said("IN_QUEUE")]
    wires = Wires({"stream": [lambda: refused(405)], "status": answers})
    await followed(wires, 60, restream_s=1000, silence_s=1000)
    assert wires.times["status"][6:] == [20.78125, 32.171875, 47.171875, 52.171875, 57.171875]


@virtual
async def test_a_stream_that_brings_nothing_is_tried_after_growing_pauses():
    wires = Wires({"stream": [lambda: refused(405)], "status": [lambda: said("IN_PROGRESS")]})
    await followed(wires, 1090)
    # 15, 30, 60, 120, 240 and 300 s, each rounded up to the next poll.
    assert wires.times["stream"] == [0, 18.125, 51.25, 114.375, 237.5, 480.625, 783.75, 1086.875]
    polls = wires.times["status"]
    assert polls[:8] == [*GROWING, 13.125, 18.125, 18.125]
    assert polls[8:10] == [19.125, 20.625], "the polls begin anew beside a stream"


@virtual
async def test_a_stream_that_worked_is_tried_again_as_soon_as_the_first_time():
    cut = [lambda: streamed(event("IN_PROGRESS"))]
    first = [lambda: refused(405)] * 2
    wires = Wires({"stream": first + cut, "status": [lambda: said("IN_PROGRESS")]})
    await followed(wires, 90)
    assert wires.times["stream"] == [0, 18.125, 51.25, 69.375, 87.5]


# Streams


@virtual
async def test_a_stream_without_even_a_comment_is_given_up_after_forty_seconds():
    wires = Wires(
        {
            "stream": [lambda: streamed(event("IN_PROGRESS"), FOR_EVER_S)],
            "status": [lambda: said("COMPLETED")],
        }
    )
    assert await followed(wires) == [(0, Progress(Phase.RUNNING)), (40, Progress(Phase.ENDED))]
    assert wires.times == {"stream": [0], "status": [40]}


@virtual
async def test_comments_keep_a_stream_for_hours():
    pings = [piece for _ in range(200) for piece in (39.0, b": ping\n\n")]
    stream = [event("IN_PROGRESS"), *pings, event("COMPLETED")]
    wires = Wires({"stream": [lambda: streamed(*stream)]})
    assert await followed(wires) == [(0, Progress(Phase.RUNNING)), (7800, Progress(Phase.ENDED))]
    assert wires.times == {"stream": [0]}


@virtual
async def test_a_stream_that_is_not_answered_is_given_up_after_thirty_seconds():
    wires = Wires({"stream": [None], "status": [lambda: said("COMPLETED")]})
    assert await followed(wires) == [(30, Progress(Phase.ENDED))]


# Silence


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (broken, Trouble.OUTAGE),
        (httpx.ConnectError("no"), Trouble.OUTAGE),
        (None, Trouble.OUTAGE),
        (lambda: httpx.Response(403, json={"detail": "User is locked."}), Trouble.ACCOUNT),
        (lambda: said("DREAMING"), None),
    ],
)
@virtual
async def test_a_watch_is_given_up_after_a_minute_without_a_proper_word(answer, why):
    wires = Wires({"stream": [httpx.ConnectError("no")], "status": [answer]})
    with pytest.raises(Unproven) as caught:
        await followed(wires)
    assert now_s() == 60
    assert (caught.value.trouble, caught.value.word) == (why, None)


@virtual
async def test_the_minute_begins_with_each_proper_word():
    answers = [*[broken] * 3, lambda: said("IN_QUEUE"), broken]
    wires = Wires({"stream": [lambda: refused(405)], "status": answers})
    with pytest.raises(Unproven):
        await followed(wires)
    assert now_s() == 4.75 + 60


@virtual
async def test_the_minute_begins_when_the_listener_comes_back():
    wires = Wires({"stream": [lambda: refused(405)], "status": [lambda: said("IN_QUEUE"), broken]})
    async with opened(wires) as queue:
        reports = queue.follow(TICKET)
        assert await anext(reports) == Progress(Phase.WAITING)
        await asyncio.sleep(500)
        with pytest.raises(Unproven):
            await anext(reports)
    assert now_s() == 560
    assert wires.times["status"][:4] == [0, 500, 501, 502.5]


@virtual
async def test_a_request_that_fal_does_not_know_is_told_at_the_fifth_poll():
    wires = Wires({"stream": [lambda: refused(405)], "status": [unknown]})
    with pytest.raises(Unproven) as caught:
        await followed(wires)
    assert wires.times["status"] == GROWING
    assert now_s() == GROWING[-1]
    assert caught.value.word


@virtual
async def test_unknown_must_be_said_in_a_row():
    answers = [*[unknown] * 4, lambda: said("IN_QUEUE"), unknown]
    wires = Wires({"stream": [lambda: refused(405)], "status": answers})
    with pytest.raises(Unproven):
        await followed(wires, restream_s=1000)
    assert len(wires.times["status"]) == 4 + 1 + 5


@pytest.mark.parametrize(("status", "times"), [(401, [0]), (403, [0, 1, 2.5])])
@virtual
async def test_a_refused_key_ends_a_watch(status, times):
    wires = Wires({"stream": [lambda: refused(405)], "status": [lambda: refused(status)]})
    with pytest.raises(Unproven) as caught:
        await followed(wires)
    assert wires.times["status"] == times
    assert caught.value.trouble is Trouble.KEY
