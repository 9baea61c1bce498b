"""When results, submits and pictures are asked for: exact, from both sides."""

from io import BytesIO

import aiohttp
import httpx
import pytest
from PIL import Image

from bot.core.errors import (
    ForeignHost,
    KeyRejected,
    MediaRejected,
    NotSent,
    SubmitUnclear,
    TemporaryFailure,
    Unproven,
)
from bot.core.jobs import PictureLink
from tests.fal.test_call_times import (
    LINK,
    ORDER,
    TICKET,
    Piece,
    Wires,
    broken,
    made,
    opened,
    refused,
    said,
)
from tests.virtual_time import now_s, virtual

# Results


@pytest.mark.parametrize("answer", [broken, httpx.ConnectError("no")])
@virtual
async def test_a_result_is_asked_for_four_times_after_doubling_pauses(answer):
    wires = Wires({"result": [answer]})
    async with opened(wires) as queue:
        with pytest.raises(Unproven):
            await queue.result(TICKET)
    assert wires.times["result"] == [0, 0.25, 0.75, 1.75]
    assert now_s() == 1.75, "and no pause after the last one"


@virtual
async def test_fals_own_word_is_asked_for_twice_and_a_try_in_between_does_not_count():
    own = lambda: httpx.Response(500, json={"detail": "x"}, headers={"x-fal-request-id": "r1"})  # noqa: E731
    wires = Wires({"result": [own]})
    async with opened(wires) as queue:
        with pytest.raises(Unproven):
            await queue.result(TICKET)
    assert wires.times["result"] == [0, 0.25]


@virtual
async def test_a_result_that_is_too_early_is_asked_for_once():
    wires = Wires({"result": [lambda: said("IN_PROGRESS", 202)]})
    async with opened(wires) as queue:
        with pytest.raises(Unproven):
            await queue.result(TICKET)
    assert wires.times["result"] == [0]


@virtual
async def test_a_result_that_comes_at_the_last_try_is_taken():
    wires = Wires({"result": [broken, broken, broken, made]})
    async with opened(wires) as queue:
        assert (await queue.result(TICKET)).pictures == (LINK,)
    assert wires.times["result"] == [0, 0.25, 0.75, 1.75]


@virtual
async def test_an_answer_that_never_comes_is_given_up_after_thirty_seconds():
    wires = Wires({"result": [None]})
    async with opened(wires) as queue:
        with pytest.raises(Unproven):
            await queue.result(TICKET)
    assert wires.times["result"] == [0, 30.25, 60.75, 91.75]
    assert now_s() == 121.75


@pytest.mark.parametrize(("answer", "at_s"), [(None, 30), (broken, 0)])
@virtual
async def test_a_cancel_is_asked_for_once(answer, at_s):
    wires = Wires({"cancel": [answer]})
    async with opened(wires) as queue:
        with pytest.raises(Unproven):
            await queue.cancel(TICKET)
    assert wires.times["cancel"] == [0]
    assert now_s() == at_s


# Submits


@pytest.mark.parametrize(
    ("answer", "error", "at_s"),
    [
        (None, SubmitUnclear, 90),
        (broken, SubmitUnclear, 0),
        (httpx.ReadError("cut"), SubmitUnclear, 0),
        (httpx.ConnectError("no"), NotSent, 0),
        (lambda: httpx.Response(429, headers={"retry-after": "7"}), NotSent, 0),
        (lambda: refused(401), KeyRejected, 0),
    ],
)
@virtual
async def test_a_submit_is_sent_once_whatever_comes(answer, error, at_s):
    wires = Wires({"submit": [answer]})
    async with opened(wires) as queue:
        with pytest.raises(error):
            await queue.submit(ORDER)
    assert wires.times["submit"] == [0]
    assert now_s() == at_s


# Pictures


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: Piece(404), MediaRejected),
        (lambda: Piece(410), MediaRejected),
        (lambda: Piece(503), TemporaryFailure),
        (lambda: Piece(200, b"no picture"), MediaRejected),
        (aiohttp.ClientConnectionError("no"), TemporaryFailure),
    ],
)
@virtual
async def test_a_picture_is_asked_for_four_times_after_doubling_pauses(answer, error):
    wires = Wires({"media": [answer]})
    async with opened(wires) as queue:
        with pytest.raises(error):
            await queue.fetch(LINK)
    assert wires.times["media"] == [0, 0.25, 0.75, 1.75]
    assert now_s() == 1.75


@virtual
async def test_a_picture_of_which_nothing_comes_is_given_up_after_two_minutes():
    file = BytesIO()
    Image.new("RGB", (64, 64)).save(file, "PNG")
    whole = file.getvalue()
    wires = Wires({"media": [None, lambda: Piece(200, whole[:50], whole[50:])]})
    async with opened(wires) as queue:
        assert (await queue.fetch(LINK)).data == whole
    assert wires.times["media"] == [0, 120.25]


@pytest.mark.parametrize("url", ["https://elsewhere.test/a.png", "http://v3.fal.media/a.png"])
@virtual
async def test_a_foreign_host_is_never_asked(url):
    wires = Wires()
    async with opened(wires) as queue:
        with pytest.raises(ForeignHost):
            await queue.fetch(PictureLink(url, "image/png", 0, 0))
    assert wires.times == {}
