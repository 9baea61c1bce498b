import pytest

from bot.core.errors import (
    BadParameter,
    CancelledAtFal,
    ContentRefused,
    Gone,
    TemporaryFailure,
    Trouble,
    Unproven,
)
from bot.core.jobs import Ticket
from bot.fal.kinds import CALL_CANCEL, CALL_FAILURE, CALL_PARAMETER, CANCEL, CONTENT, PARAMETER
from bot.services.ports import CancelAnswer
from standins.fal.endings import FAILURES, UNTYPED
from standins.fal.faults import Reply, Stage
from standins.fal.server import StandInFal
from standins.fal.settings import QueuedCancel, RunningCancel, StandInFalSettings

IN_BETWEEN = [
    *("302", "405", "499", "402", "locked", "401", "429", "500", "502", "503", "nginx_502"),
    *("in_progress", "too_early", "passing_500", "garbled", "not_json", "closed", "404"),
    *("gateway_400", "gateway_401", "gateway_403", "gateway_404", "gateway_408", "gateway_410"),
    *("gateway_425", "gateway_499"),
]
"""What a single result call may get although the job is made: each lost a paid picture once."""


def error_of(kind):
    if kind in CONTENT:
        return ContentRefused
    if kind in PARAMETER | CALL_PARAMETER:
        return BadParameter
    return CancelledAtFal if kind in CANCEL | CALL_CANCEL else TemporaryFailure


async def unproven(queue, ticket):
    """Ask once and return what it could not prove."""
    with pytest.raises(Unproven) as caught:
        await queue.result(ticket)
    assert type(caught.value) is Unproven
    return caught.value


async def test_a_result_has_its_pictures_and_its_bill(fal, queue, rendered):
    rendering = await queue.result(await rendered(count=3))
    assert [(link.width, link.height) for link in rendering.pictures] == [(1024, 768)] * 3
    assert rendering.billed_microusd == fal.billed_microusd > 0


@pytest.mark.parametrize("name", FAILURES)
async def test_every_family_of_errors_becomes_its_core_error(fal, queue, rendered, trouble, name):
    trouble(f"result_{name}_billed")
    ticket = await rendered()
    kind = FAILURES[name].kind
    if kind in CALL_FAILURE | CALL_PARAMETER | CALL_CANCEL:
        end = (await unproven(queue, ticket)).end
    else:
        with pytest.raises(error_of(kind)) as caught:
            await queue.result(ticket)
        assert fal.counts["result"] == 1
        end = caught.value
    assert end is not None
    assert type(end) is error_of(kind)
    assert end.cost_microusd == fal.billed_microusd > 0


@pytest.mark.parametrize("name", IN_BETWEEN)
async def test_no_single_answer_loses_a_picture_that_fal_made(fal, queue, rendered, trouble, name):
    trouble(f"result_{name}")
    ticket = await rendered()
    try:
        rendering = await queue.result(ticket)
    except Unproven:
        rendering = await queue.result(ticket)
    assert len(rendering.pictures) == 1
    assert rendering.billed_microusd == fal.billed_microusd


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("locked", Trouble.ACCOUNT),
        ("402", Trouble.ACCOUNT),
        ("401", Trouble.KEY),
        *(
            (name, Trouble.OUTAGE)
            for name in (
                *("302", "405", "429", "500", "503", "nginx_502", "garbled", "not_json"),
                *("gateway_404", "gateway_410", "gateway_401", "gateway_400", "closed"),
            )
        ),
        ("in_progress", None),
        ("too_early", None),
    ],
)
async def test_what_is_not_fals_word_about_the_job_never_ends_it(
    fal, queue, rendered, trouble, name, why
):
    armed = trouble(f"result_{name}", times=None)
    ticket = await rendered()
    for _ in range(3):
        error = await unproven(queue, ticket)
        assert (error.word, error.end, error.trouble) == (None, None, why)
    fal.faults.remove(armed)
    assert len((await queue.result(ticket)).pictures) == 1


@pytest.mark.parametrize("name", ["not_json", "gateway_404", "gateway_410", "too_early", "404"])
async def test_half_a_minute_of_it_is_waited_out_by_asking_again(
    fal, queue, rendered, trouble, name
):
    trouble(f"result_{name}", for_s=30)
    ticket = await rendered()
    for passed_s in (10, 10, 15):
        await unproven(queue, ticket)
        fal.advance(passed_s)
    assert len((await queue.result(ticket)).pictures) == 1


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("framework_500", TemporaryFailure),
        ("gpu_503", TemporaryFailure),
        ("own_401", TemporaryFailure),
        ("own_404", TemporaryFailure),
        ("cancelled_499", CancelledAtFal),
    ],
)
async def test_an_untyped_end_of_fals_says_the_same_each_time(
    fal, queue, rendered, trouble, name, end
):
    assert name in UNTYPED
    trouble(f"result_{name}_billed")
    ticket = await rendered()
    first, second = await unproven(queue, ticket), await unproven(queue, ticket)
    assert first.word == second.word is not None
    assert first.trouble is None
    assert first.end is not None
    assert type(first.end) is end
    assert first.end.cost_microusd == fal.billed_microusd > 0
    # Asked twice in a moment, and not four times: it will not change within moments.
    assert fal.counts["result"] == 4


async def test_different_words_are_not_taken_for_the_same(queue, rendered, trouble):
    trouble("result_framework_500")
    first = await rendered()
    trouble("result_gpu_503")
    second = await rendered()
    words = {(await unproven(queue, ticket)).word for ticket in (first, second)}
    assert len(words) == 2


async def test_pictures_of_another_request_are_not_taken(fal, queue, rendered, trouble):
    armed = trouble("result_of_another", times=None)
    ticket = await rendered()
    assert (await unproven(queue, ticket)).word is None
    fal.faults.remove(armed)
    foreign = {"x-fal-request-id": "somebody-elses"}
    images = {"images": [{"url": "https://v3.fal.media/a.png"}]}
    armed = fal.faults.add(Reply(Stage.RESULT, 200, images, foreign), times=None)
    assert (await unproven(queue, ticket)).word is None
    fal.faults.remove(armed)
    assert len((await queue.result(ticket)).pictures) == 1


async def test_a_refusal_that_cost_nothing_says_so(queue, rendered, trouble):
    trouble("result_content_policy_violation")
    with pytest.raises(ContentRefused) as caught:
        await queue.result(await rendered())
    assert caught.value.cost_microusd == 0
    assert "fox" not in caught.value.detail


async def test_an_illegal_size_is_a_bad_parameter(queue, order, rendered):
    with pytest.raises(BadParameter) as caught:
        await queue.result(await rendered(size=type(order.size)(512, 512)))
    assert "image_size" in caught.value.detail


@pytest.mark.parametrize("name", ["units_missing", "units_garbled", "units_negative"])
async def test_a_bill_that_cannot_be_read_is_unknown(queue, rendered, trouble, name):
    trouble(f"result_{name}")
    rendering = await queue.result(await rendered())
    assert rendering.billed_microusd is None
    assert len(rendering.pictures) == 1


@pytest.mark.parametrize(("name", "microusd"), [("zero", 0), ("4000", 4 * 10**9), ("huge", 10**12)])
async def test_a_bill_that_can_be_read_is_believed(queue, rendered, trouble, name, microusd):
    trouble(f"result_units_{name}")
    assert (await queue.result(await rendered())).billed_microusd == microusd


@pytest.mark.parametrize(("name", "count"), [("fewer", 1), ("more", 5)])
async def test_another_number_of_pictures_is_taken(queue, rendered, trouble, name, count):
    trouble(f"result_{name}")
    assert len((await queue.result(await rendered(count=3))).pictures) == count


async def test_a_picture_without_an_address_is_counted(fal, queue, rendered, trouble):
    trouble("result_one_without_url")
    rendering = await queue.result(await rendered(count=4))
    assert (len(rendering.pictures), rendering.nameless, rendering.made) == (3, 1, 4)
    assert rendering.billed_microusd == fal.billed_microusd


@pytest.mark.parametrize("name", ["wrong_size", "null_size", "without_size", "without_type"])
async def test_what_a_result_says_about_its_pictures_may_be_missing(queue, rendered, trouble, name):
    trouble(f"result_{name}")
    rendering = await queue.result(await rendered())
    assert (await queue.fetch(rendering.pictures[0])).size.width == 1024


@pytest.mark.parametrize("name", ["none", "without_images", "null_images", "without_url"])
async def test_a_result_without_pictures_is_a_failure_that_may_have_cost(
    fal, queue, rendered, trouble, name
):
    trouble(f"result_{name}", times=None)
    ticket = await rendered()
    error = await unproven(queue, ticket)
    assert error.end is not None
    assert type(error.end) is TemporaryFailure
    assert error.end.cost_microusd == fal.billed_microusd
    assert error.word == (await unproven(queue, ticket)).word


@pytest.mark.parametrize(
    "name", ["500", "502", "503", "nginx_502", "429", "closed", "garbled", "not_json", "302"]
)
async def test_what_may_pass_is_asked_for_again(fal, queue, rendered, trouble, name):
    trouble(f"result_{name}", times=3)
    assert len((await queue.result(await rendered())).pictures) == 1
    assert fal.counts["result"] == 4


@pytest.mark.parametrize("name", ["404", "passing_500"])
async def test_fals_own_word_is_asked_for_again_once(fal, queue, rendered, trouble, name):
    trouble(f"result_{name}")
    assert len((await queue.result(await rendered())).pictures) == 1
    assert fal.counts["result"] == 2


@pytest.mark.parametrize("name", ["500", "429", "closed", "not_json"])
async def test_what_does_not_pass_is_told_after_some_tries(fal, queue, rendered, trouble, name):
    trouble(f"result_{name}", times=None)
    await unproven(queue, await rendered())
    assert fal.counts["result"] == 4


async def test_a_result_asked_for_too_early_says_nothing(fal, queue, order):
    ticket = await queue.submit(order)
    error = await unproven(queue, ticket)
    assert (error.word, error.trouble) == (None, None)
    assert fal.counts["result"] == 1


async def test_an_unknown_request_is_gone_if_that_stays(queue):
    error = await unproven(queue, Ticket("abc", "", "", ""))
    assert type(error.end) is Gone
    assert error.word == (await unproven(queue, Ticket("abc", "", "", ""))).word


@pytest.mark.parametrize("request_id", ["", "../../v1/keys", "a/b", "a?b"])
async def test_an_id_that_is_none_asks_nobody(fal, queue, request_id):
    ticket = Ticket(request_id, "", "", "")
    error = await unproven(queue, ticket)
    assert type(error.end) is Gone
    with pytest.raises(Unproven) as caught:
        await anext(queue.follow(ticket))
    assert (caught.value.word, type(caught.value.end)) == (error.word, Gone)
    assert await queue.cancel(ticket) is CancelAnswer.UNKNOWN
    assert fal.counts.total() == 0


async def test_a_wait_for_the_whole_answer_is_bounded(hurried, rendered, trouble):
    ticket = await rendered()
    stalled = trouble("result_stalled", times=None)
    async with hurried(pace={"answer_s": 0.03, "tries": 2}) as queue:
        assert (await unproven(queue, ticket)).trouble is Trouble.OUTAGE
    stalled.release()


async def test_a_waiting_request_is_cancelled(fal, queue, order):
    ticket = await queue.submit(order)
    assert await queue.cancel(ticket) is CancelAnswer.REQUESTED
    with pytest.raises(CancelledAtFal):
        await queue.result(ticket)
    assert await queue.cancel(ticket) is CancelAnswer.TOO_LATE


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, {"status": "OK"}, CancelAnswer.REMOVED),
        (200, {"success": True}, CancelAnswer.REMOVED),
        (200, {"success": False}, CancelAnswer.REQUESTED),
        (202, {"status": "CANCELLATION_REQUESTED"}, CancelAnswer.REQUESTED),
        (400, {"status": "ALREADY_COMPLETED"}, CancelAnswer.TOO_LATE),
        (404, {"status": "NOT_FOUND"}, CancelAnswer.UNKNOWN),
    ],
)
async def test_every_answer_to_a_cancel_has_its_meaning(fal, queue, order, status, body, said):
    ticket = await queue.submit(order)
    fal.faults.add(Reply(Stage.CANCEL, status, body))
    assert await queue.cancel(ticket) is said


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("500", Trouble.OUTAGE),
        ("nginx_502", Trouble.OUTAGE),
        ("429", Trouble.OUTAGE),
        ("closed", Trouble.OUTAGE),
        ("not_json", Trouble.OUTAGE),
        ("garbled", Trouble.OUTAGE),
        ("302", Trouble.OUTAGE),
        ("gateway_400", Trouble.OUTAGE),
        ("gateway_404", Trouble.OUTAGE),
        ("401", Trouble.KEY),
        ("locked", Trouble.ACCOUNT),
    ],
)
async def test_a_cancel_that_is_not_understood_is_told_and_not_repeated(
    fal, queue, order, trouble, name, why
):
    ticket = await queue.submit(order)
    trouble(f"cancel_{name}")
    with pytest.raises(Unproven) as caught:
        await queue.cancel(ticket)
    assert caught.value.trouble is why
    assert fal.counts["cancel"] == 1


async def test_a_running_request_that_heeds_the_cancel_ends_cancelled(hurried, order):
    settings = StandInFalSettings(
        queued_cancel=QueuedCancel.OK, running_cancel=RunningCancel.ENDS, response_suffix=True
    )
    async with StandInFal(settings) as fal:
        fal.hold()
        async with hurried(queue_url=fal.queue_url) as queue:
            ticket, waiting = await queue.submit(order), await queue.submit(order)
            assert ticket.response_url.endswith("/response")
            await fal.start(await fal.next_job())
            assert await queue.cancel(ticket) is CancelAnswer.REQUESTED
            with pytest.raises(CancelledAtFal):
                await queue.result(ticket)
            assert await queue.cancel(waiting) is CancelAnswer.REMOVED
