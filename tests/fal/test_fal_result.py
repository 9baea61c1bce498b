import pytest

from bot.core.errors import (
    BadParameter,
    CancelledAtFal,
    ContentRefused,
    Gone,
    KeyRejected,
    NotReady,
    TemporaryFailure,
)
from bot.core.jobs import Ticket
from bot.fal.failures import KINDS
from bot.services.ports import CancelAnswer
from bot.standin.fal.endings import FAILURES
from bot.standin.fal.faults import Reply, Stage
from bot.standin.fal.settings import QueuedCancel, RunningCancel, StandInFalSettings


async def test_a_result_has_its_pictures_and_its_bill(fal, queue, rendered):
    rendering = await queue.result(await rendered(count=3))
    assert [(link.width, link.height) for link in rendering.pictures] == [(1024, 768)] * 3
    assert rendering.billed_microusd == fal.billed_microusd > 0


@pytest.mark.parametrize("name", FAILURES)
async def test_every_family_of_errors_becomes_its_core_error_at_once(
    fal, queue, rendered, trouble, name
):
    trouble(f"result_{name}_billed")
    ticket = await rendered()
    with pytest.raises(KINDS[FAILURES[name].kind]) as caught:
        await queue.result(ticket)
    assert caught.value.cost_microusd == fal.billed_microusd > 0
    assert fal.counts["result"] == 1


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


@pytest.mark.parametrize(("name", "microusd"), [("zero", 0), ("huge", 10**12)])
async def test_a_bill_that_can_be_read_is_believed(queue, rendered, trouble, name, microusd):
    trouble(f"result_units_{name}")
    assert (await queue.result(await rendered())).billed_microusd == microusd


@pytest.mark.parametrize(("name", "count"), [("fewer", 1), ("more", 4)])
async def test_another_number_of_pictures_is_taken(queue, rendered, trouble, name, count):
    trouble(f"result_{name}")
    assert len((await queue.result(await rendered(count=3))).pictures) == count


@pytest.mark.parametrize("name", ["wrong_size", "null_size", "without_size", "without_type"])
async def test_what_a_result_says_about_its_pictures_may_be_missing(queue, rendered, trouble, name):
    trouble(f"result_{name}")
    rendering = await queue.result(await rendered())
    assert (await queue.fetch(rendering.pictures[0])).size.width == 1024


@pytest.mark.parametrize("name", ["none", "without_images", "null_images", "without_url"])
async def test_a_result_without_pictures_is_a_failure_that_may_have_cost(
    fal, queue, rendered, trouble, name
):
    trouble(f"result_{name}")
    ticket = await rendered()
    with pytest.raises(TemporaryFailure) as caught:
        await queue.result(ticket)
    assert caught.value.cost_microusd == fal.billed_microusd
    assert fal.counts["result"] == 1


@pytest.mark.parametrize(
    "name", ["500", "502", "503", "nginx_502", "429", "closed", "404", "garbled", "not_json"]
)
async def test_what_may_pass_is_asked_for_again(fal, queue, rendered, trouble, name):
    trouble(f"result_{name}", times=3)
    assert len((await queue.result(await rendered())).pictures) == 1
    assert fal.counts["result"] == 4


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("500", TemporaryFailure),
        ("429", TemporaryFailure),
        ("closed", TemporaryFailure),
        ("not_json", TemporaryFailure),
        ("404", Gone),
    ],
)
async def test_what_does_not_pass_is_told_after_some_tries(
    fal, queue, rendered, trouble, name, error
):
    trouble(f"result_{name}", times=None)
    with pytest.raises(error):
        await queue.result(await rendered())
    assert fal.counts["result"] == 4


async def test_a_result_asked_for_too_early_is_not_ready(fal, queue, order):
    ticket = await queue.submit(order)
    with pytest.raises(NotReady):
        await queue.result(ticket)
    assert fal.counts["result"] == 1


async def test_an_unknown_request_is_gone(queue):
    with pytest.raises(Gone):
        await queue.result(Ticket("abc", "", "", ""))


@pytest.mark.parametrize("request_id", ["", "../../v1/keys", "a/b", "a?b"])
async def test_an_id_that_is_none_asks_nobody(fal, queue, request_id):
    ticket = Ticket(request_id, "", "", "")
    with pytest.raises(Gone):
        await queue.result(ticket)
    with pytest.raises(Gone):
        await anext(queue.follow(ticket))
    assert await queue.cancel(ticket) is CancelAnswer.UNKNOWN
    assert fal.counts.total() == 0


async def test_a_wait_for_the_whole_answer_is_bounded(hurried, rendered, trouble):
    ticket = await rendered()
    stalled = trouble("result_stalled", times=None)
    async with hurried(pace={"answer_s": 0.03, "tries": 2}) as queue:
        with pytest.raises(TemporaryFailure):
            await queue.result(ticket)
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
        (200, "not json", CancelAnswer.REMOVED),
        (202, {"status": "CANCELLATION_REQUESTED"}, CancelAnswer.REQUESTED),
        (204, "", CancelAnswer.REQUESTED),
        (400, {"status": "ALREADY_COMPLETED"}, CancelAnswer.TOO_LATE),
        (404, {"status": "NOT_FOUND"}, CancelAnswer.UNKNOWN),
    ],
)
async def test_every_answer_to_a_cancel_has_its_meaning(fal, queue, order, status, body, said):
    ticket = await queue.submit(order)
    fal.faults.add(Reply(Stage.CANCEL, status, body))
    assert await queue.cancel(ticket) is said


@pytest.mark.parametrize("name", ["500", "nginx_502", "429", "closed"])
async def test_a_cancel_that_fails_is_told_and_not_repeated(fal, queue, order, trouble, name):
    ticket = await queue.submit(order)
    trouble(f"cancel_{name}")
    with pytest.raises(TemporaryFailure):
        await queue.cancel(ticket)
    assert fal.counts["cancel"] == 1


async def test_a_cancel_with_a_refused_key_says_so(queue, order, trouble):
    ticket = await queue.submit(order)
    trouble("cancel_401")
    with pytest.raises(KeyRejected):
        await queue.cancel(ticket)


async def test_a_running_request_that_heeds_the_cancel_ends_cancelled(hurried, order):
    from bot.standin.fal.server import StandInFal

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
