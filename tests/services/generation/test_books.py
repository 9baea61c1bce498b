"""A change of a job and its money are one transaction: both happen once, or neither."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.core.errors import DatabaseUnavailable, LedgerBroken, StaleState
from bot.core.jobs import TRANSITIONS, Event, Job, Reason, State, Ticket
from bot.services.ports import Delivered
from bot.storage import audit, ledger
from tests.fakes import rendering, ticket
from tests.services.conftest import CHANNEL, MEMBER, SERVER, House

MODERATOR = 99
MESSAGE = 700
DAY_MS = 24 * 3600_000

Step = Callable[[House, Job], Awaitable[Job]]
STEPS: dict[str, Step] = {
    "submit": lambda house, job: house.books.submit(job),
    "return": lambda house, job: house.books.returned(job, "no route"),
    "lose": lambda house, job: house.books.lose(job, "cut"),
    "accept": lambda house, job: house.books.accept(job, ticket_of(job)),
    "render": lambda house, job: house.books.render(job, rendering(2, 100_000)),
    "deliver": lambda house, job: house.books.deliver(job, posted(), range(2)),
    "strand": lambda house, job: house.books.strand(job, "all closed"),
    "lose_pictures": lambda house, job: house.books.lose_pictures(job, "foreign host"),
    "fail": lambda house, job: house.books.fail(job, Reason.CONTENT),
    "cancel": lambda house, job: house.books.cancel(job, MODERATOR, "enough"),
}
EVENTS = {name: Event.FAIL if name == "lose_pictures" else Event(name) for name in STEPS}
WAYS: dict[State, tuple[str, ...]] = {
    State.HELD: (),
    State.SUBMITTING: ("submit",),
    State.UNCLEAR: ("submit", "lose"),
    State.QUEUED: ("submit", "accept"),
    State.RENDERED: ("submit", "accept", "render"),
    State.DELIVERED: ("submit", "accept", "render", "deliver"),
    State.UNDELIVERED: ("submit", "accept", "render", "strand"),
    State.FAILED: ("submit", "fail"),
    State.CANCELLED: ("cancel",),
}


def ticket_of(job: Job) -> Ticket:
    return replace(ticket(1), request_id=f"request-{job.id}")


def posted(channel_id: int = CHANNEL) -> Delivered:
    return Delivered(MESSAGE, channel_id, "answer")


async def brought_to(house: House, state: State, **changes: Any) -> Job:
    job = await house.accept(**{"count": 2, **changes})
    for step in WAYS[state]:
        job = await STEPS[step](house, job)
    assert job.state is state
    return job


async def charged(house: House, job: Job) -> tuple[int, int]:
    async with house.database.read() as connection:
        charge = await ledger.net_charge(connection, job.id)
    return charge.images, charge.microusd


async def everything_of(house: House, job: Job) -> tuple[Any, ...]:
    async with house.database.read() as connection:
        entries = await ledger.entries_of(connection, job.id)
        audited = await connection.fetch("SELECT COUNT(*) AS number FROM audit")
    return await house.get(job), entries, await house.history(job), audited[0]["number"]


def may(state: State, step: str) -> bool:
    """Whether a step makes sense there; a ticket that is known already may come again."""
    is_legal = (state, EVENTS[step]) in TRANSITIONS
    if step == "accept":
        return is_legal or "accept" in WAYS[state]
    return is_legal and (state, step) != (State.RENDERED, "fail")


@pytest.fixture
async def house(open_house) -> House:
    return await open_house(runs=False, default_images_per_day=100)


async def test_a_step_out_of_turn_changes_neither_the_job_nor_the_money(house):
    for state in WAYS:
        job = await brought_to(house, state)
        before = await everything_of(house, job)
        for step, take in STEPS.items():
            if may(state, step):
                continue
            with pytest.raises((StaleState, LedgerBroken)):
                await take(house, job)
            assert await everything_of(house, job) == before, (state, step)
    await house.check()


async def test_of_two_who_move_a_job_at_once_one_does_and_one_is_told(house):
    job = await brought_to(house, State.QUEUED)
    ends = await asyncio.gather(
        STEPS["render"](house, job), STEPS["fail"](house, job), return_exceptions=True
    )
    assert sorted(type(end).__name__ for end in ends) == ["Job", "StaleState"]
    kinds = await house.kinds(job)
    assert kinds.count("settle") + kinds.count("release") == 1
    await house.check()


async def test_a_step_that_the_database_does_not_take_is_not_half_done(house):
    job = await brought_to(house, State.QUEUED)
    before = await everything_of(house, job)
    house.database.writes_failing = 1
    with pytest.raises(DatabaseUnavailable):
        await STEPS["render"](house, job)
    assert await everything_of(house, job) == before
    assert (await STEPS["render"](house, job)).state is State.RENDERED
    await house.check()


async def test_the_same_ticket_may_come_twice_and_another_may_not(house):
    job = await brought_to(house, State.QUEUED)
    assert await house.books.accept(job, ticket_of(job)) == job
    with pytest.raises(StaleState):
        await house.books.accept(job, ticket(2))
    with pytest.raises(StaleState, match="there is no job"):
        await house.books.accept(replace(job, id="0" * 16), ticket(3))
    assert (await house.get(job)).ticket == ticket_of(job)


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
async def test_a_ticket_for_a_job_that_has_ended_begins_a_search(house, state):
    job = await brought_to(house, state)
    house.books.searching.clear()
    known = await house.books.accept(job, ticket(5))

    assert (known.state, known.ticket) == (state, ticket(5))
    assert known.search_until_ms == house.clock.now + 7 * DAY_MS
    assert house.books.searching.is_set()


async def test_pictures_that_did_not_arrive_are_paid_back_and_looked_for(house):
    job = await brought_to(house, State.RENDERED)
    assert await charged(house, job) == (2, 100_000)
    elsewhere = await house.books.deliver(job, posted(4711), [1])

    assert await charged(house, job) == (1, 50_000)
    assert [link.arrived for link in elsewhere.links] == [False, True]
    assert (elsewhere.pictures, elsewhere.message_channel_id) == (1, 4711)
    assert elsewhere.search_until_ms
    assert await house.kinds(job) == ["hold", "settle", "adjust"]
    whole = await brought_to(house, State.DELIVERED)
    assert (whole.search_until_ms, whole.message_channel_id) == (None, None)
    await house.check()


@pytest.mark.parametrize(
    ("step", "state", "reason", "is_sought"),
    [
        ("strand", State.UNDELIVERED, Reason.UNDELIVERABLE, False),
        ("lose_pictures", State.FAILED, Reason.MEDIA, True),
    ],
)
async def test_who_gets_no_picture_pays_nothing(house, step, state, reason, is_sought):
    job = await STEPS[step](house, await brought_to(house, State.RENDERED))

    assert (job.state, job.reason, job.pictures) == (state, reason, 0)
    assert bool(job.search_until_ms) == is_sought
    assert job.cost_microusd == 100_000, "the host has paid it all the same"
    assert await charged(house, job) == (0, 0)
    await house.check()


async def test_a_failure_is_the_host_s_cost_a_doubt_or_neither(house):
    free, billed, doubtful = [await brought_to(house, State.QUEUED) for _ in range(3)]
    await house.books.fail(free, Reason.GONE)
    await house.books.fail(billed, Reason.CONTENT, billed_microusd=30_000)
    held = doubtful.held_microusd
    await house.books.fail(doubtful, Reason.SILENT, doubt_microusd=held, search=True)

    kinds = [await house.kinds(job) for job in (free, billed, doubtful)]
    assert kinds == [["hold", "release"], ["hold", "settle"], ["hold", "release"]]
    assert [await house.doubt(job) for job in (free, billed, doubtful)] == [0, 0, held]
    assert [await charged(house, job) for job in (free, billed, doubtful)] == [(0, 0)] * 3
    assert (await house.get(billed)).cost_microusd == 30_000
    await house.check()


@pytest.mark.parametrize(
    ("by", "reason", "audited"),
    [(MEMBER, Reason.MEMBER, []), (MODERATOR, Reason.MODERATOR, [(MODERATOR, "enough")])],
)
async def test_a_cancel_by_somebody_else_is_audited_once(house, by, reason, audited):
    job = await brought_to(house, State.QUEUED)
    await house.books.request_cancel(job, by, "enough")
    await house.books.request_cancel(job, MODERATOR + 1, "me too")
    ended = await house.books.cancel(job, by, "enough")

    assert (ended.state, ended.reason, ended.cancel_by) == (State.CANCELLED, reason, by)
    async with house.database.read() as connection:
        rows = await audit.page(connection, server_id=SERVER)
    assert [(row.change.actor_id, row.change.reason) for row in rows] == audited
    await house.check()


async def test_who_was_told_how_it_ended_is_not_told_again(house):
    told, untold = [await brought_to(house, State.FAILED) for _ in range(2)]
    told = await house.books.told(told)

    assert told.interaction_token is None
    assert [job.id for job in await house.books.untold(0)] == [untold.id]
    assert await house.books.untold(house.clock.now + 1) == []


async def test_what_a_restart_takes_up_is_what_has_not_ended(house):
    brought = {state: await brought_to(house, state) for state in WAYS}
    found = {job.id for job in await house.books.unfinished()}
    assert found == {job.id for state, job in brought.items() if not state.is_ended}


async def test_the_trace_of_a_submit_says_whose_attempt_it_was(house):
    job = await brought_to(house, State.HELD)
    assert await house.books.attempt_of(job) == ""
    submitted = await house.books.submit(job, "attempt-1")
    assert await house.books.attempt_of(job) == "attempt-1"
    await house.books.lose(submitted, "cut")
    assert await house.books.attempt_of(job) == ""
