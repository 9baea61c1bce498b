import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.core.errors import CannotLook, SubmitUnclear, TemporaryFailure
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Size
from bot.fal.wire import order_input
from standins.fal.faults import Reply, Stage
from standins.fal.server import StandInFal
from standins.fal.settings import HistoryShows, StandInFalSettings

EARLIER_MS, LATER_MS = 60_000, 180_000


async def look(queue, order, at_ms):
    """Look around an instant; the ids that were found, the likeliest first."""
    found = await queue.find(
        order, at_ms=at_ms, from_ms=at_ms - EARLIER_MS, until_ms=at_ms + LATER_MS
    )
    return [ticket.request_id for ticket in found]


@pytest.fixture
def lost(fal, queue, order, trouble):
    """Submit an order whose answer gets lost, and let the job end."""

    async def lose(**changes):
        trouble("submit_lost")
        with pytest.raises(SubmitUnclear):
            await queue.submit(replace(order, **changes))
        job = await fal.next_job()
        await fal.finish(job)
        return job

    return lose


async def test_a_lost_submit_is_found_and_can_be_finished(fal, queue, order, lost):
    since_ms = fal.now_ms()
    job = await lost()
    [ticket] = await queue.find(order, at_ms=since_ms, from_ms=since_ms - 1000, until_ms=None)
    assert ticket.request_id == job.id
    assert [report.phase.value async for report in queue.follow(ticket)] == ["ended"]
    assert len((await queue.result(ticket)).pictures) == 1
    assert fal.counts["submit"] == 1
    assert fal.violations == []


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "another fox"},
        {"size": Size(1024, 1024)},
        {"quality": Quality.HIGH},
        {"count": 2},
    ],
)
async def test_another_order_is_not_taken_for_it(fal, queue, order, lost, change):
    since_ms = fal.now_ms()
    await lost(**change)
    assert await look(queue, order, since_ms) == []


async def test_of_two_equal_ones_the_nearer_in_time_comes_first(fal, queue, order, lost):
    first = await lost()
    fal.advance(20)
    since_ms = fal.now_ms()
    second = await lost()
    assert await look(queue, order, since_ms) == [second.id, first.id]
    assert await look(queue, order, since_ms - 20_000) == [first.id, second.id]


@pytest.mark.parametrize(
    ("away_ms", "is_found"),
    [
        (-LATER_MS - 5000, False),
        (-LATER_MS + 5000, True),
        (EARLIER_MS - 5000, True),
        (EARLIER_MS + 5000, False),
    ],
)
async def test_only_the_time_around_the_submit_is_searched(
    fal, queue, order, lost, away_ms, is_found
):
    since_ms = fal.now_ms() + away_ms
    await lost()
    fal.advance(3600)
    assert bool(await look(queue, order, since_ms)) is is_found


@pytest.mark.parametrize(("age_ms", "is_found"), [(EARLIER_MS + 1000, False), (0, True)])
async def test_an_older_request_is_not_ours_wherever_the_list_begins(
    fal, queue, order, age_ms, is_found
):
    """Which of a request's times the beginning of the list is about, is not said anywhere."""
    since_ms = fal.now_ms()
    sent = datetime.fromtimestamp((since_ms - age_ms) / 1000, UTC)
    item = {"request_id": "r1", "sent_at": sent.isoformat(), "json_input": order_input(order)}
    fal.faults.add(Reply(Stage.HISTORY, 200, {"items": [item], "next_cursor": None}), times=2)
    assert await look(queue, order, since_ms) == (["r1"] if is_found else [])


async def test_a_search_may_have_no_end(fal, queue, order, lost):
    job = await lost()
    before_ms = fal.now_ms() - 40 * 24 * 3_600_000
    found = await queue.find(order, at_ms=before_ms, from_ms=before_ms, until_ms=None)
    assert [ticket.request_id for ticket in found] == [job.id]


async def test_a_match_on_a_later_page_is_found(fal, queue, order, lost):
    fal.concurrency = 200
    since_ms = fal.now_ms()
    job = await lost()
    for begin in range(0, 150, 10):
        ten = range(begin, begin + 10)
        await asyncio.gather(*(queue.submit(replace(order, prompt=f"fox {n}")) for n in ten))
    for other in fal.jobs[1:]:
        await fal.finish(other)
    assert await look(queue, order, since_ms) == [job.id]
    # Two pages under the model's own id, and one under its alias.
    assert fal.counts["history"] == 3


@pytest.mark.parametrize("shows", list(HistoryShows))
async def test_what_the_history_does_not_show_yet_is_found_later(hurried, order, shows):
    async with StandInFal(StandInFalSettings(history_shows=shows)) as fal:
        fal.hold()
        async with hurried(queue_url=fal.queue_url, api_url=fal.api_url) as queue:
            ticket = await queue.submit(order)
            job = await fal.next_job()
            since_ms = job.sent_at_ms

            async def is_found():
                return await look(queue, order, since_ms) == [ticket.request_id]

            assert await is_found() is (shows is HistoryShows.ALL)
            await fal.start(job)
            assert await is_found() is (shows is not HistoryShows.ENDED)
            await fal.finish(job)
            assert await is_found()


@pytest.mark.parametrize(
    "name",
    ["500", "nginx_502", "429", "closed", "garbled", "not_json", "404", "gateway_403", "locked"],
)
async def test_a_history_that_cannot_be_read_is_no_evidence(fal, queue, order, trouble, name):
    trouble(f"history_{name}")
    with pytest.raises(TemporaryFailure):
        await look(queue, order, fal.now_ms())


@pytest.mark.parametrize("name", ["401", "403"])
async def test_a_refused_key_gives_way_to_the_admins(fal, queue, order, lost, trouble, name):
    since_ms = fal.now_ms()
    job = await lost()
    trouble(f"history_{name}")
    assert await look(queue, order, since_ms) == [job.id]
    assert fal.counts["history"] == 3


@pytest.mark.parametrize("name", ["401", "403"])
@pytest.mark.parametrize("admin_key", [None, "demo:demo", "admin:admin"])
async def test_where_no_key_may_look_that_is_told(fal, hurried, order, trouble, name, admin_key):
    trouble(f"history_{name}", times=None)
    async with hurried(admin_key=admin_key) as queue:
        with pytest.raises(CannotLook) as caught:
            await look(queue, order, fal.now_ms())
    assert name in caught.value.detail
    assert fal.counts["history"] == (2 if admin_key == "admin:admin" else 1)


@pytest.mark.parametrize("needs_admin", [True, False])
async def test_the_normal_key_is_enough_where_the_history_is_open(hurried, order, needs_admin):
    settings = StandInFalSettings(history_needs_admin=needs_admin, history_shows=HistoryShows.ALL)
    async with StandInFal(settings) as fal:
        fal.hold()
        urls = {"queue_url": fal.queue_url, "api_url": fal.api_url}
        async with hurried(**urls, admin_key=None) as queue:
            ticket = await queue.submit(order)
            looking = look(queue, order, fal.now_ms())
            if needs_admin:
                with pytest.raises(CannotLook):
                    await looking
            else:
                assert await looking == [ticket.request_id]


async def test_both_ids_of_the_model_are_looked_under(fal, hurried, order):
    """Under which of them fal stores a request that came by an alias is not known."""
    alias, own = "fal-ai/gpt-image-2", "openai/gpt-image-2"
    since_ms = fal.now_ms()
    for sent_to, configured in ((alias, own), (own, alias)):
        async with hurried() as queue:
            ticket = await queue.submit(replace(order, model=sent_to))
            job = await fal.next_job()
            await fal.finish(job)
        async with hurried() as queue:
            wanted = replace(order, model=configured)
            assert ticket.request_id in await look(queue, wanted, since_ms)
    assert fal.violations == []


@pytest.mark.parametrize("times", [1, 2])
async def test_an_id_that_the_history_does_not_know_hides_nothing(fal, queue, order, lost, times):
    since_ms = fal.now_ms()
    await lost()
    unknown = {"error": {"type": "not_found", "message": "no such model"}}
    fal.faults.add(Reply(Stage.HISTORY, 404, unknown), times=times)
    if times == 2:
        with pytest.raises(TemporaryFailure):
            await look(queue, order, since_ms)
    else:
        assert await look(queue, order, since_ms) == []
    assert await look(queue, order, since_ms) != []
