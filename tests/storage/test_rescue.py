"""What jobs that ended may still learn: a late ticket, late pictures, more pictures."""

from dataclasses import replace

import pytest

from bot.core.errors import StaleState
from bot.core.jobs import Event, Job, Reason, State
from bot.storage import jobs, ledger, usage
from bot.storage.connection import Connection
from bot.storage.database import Database
from tests.storage.samples import DAY, LINKS, NOW_MS, SERVER, accepted, make_ticket, moved

ENDS = {State.FAILED: Event.FAIL, State.CANCELLED: Event.CANCEL}
LATER = NOW_MS + 1_000


async def ended(
    database: Database, state: State = State.FAILED, reason: Reason = Reason.LOST
) -> Job:
    """A job that was given back, and is looked for."""
    job = await accepted(database)
    async with database.write(SERVER) as conn:
        job = await move(
            conn, job, ENDS[state], NOW_MS, reason=reason, pictures=0, search_until_ms=LATER
        )
        await ledger.release(conn, job.id, NOW_MS)
    return job


async def move(conn: Connection, job: Job, event: Event, at_ms: int, **changes) -> Job:
    return await jobs.advance(
        conn,
        job.id,
        expected=job.state,
        event=event,
        at_ms=at_ms,
        changes=jobs.JobChanges(**changes),
    )


async def outcomes(database: Database) -> dict[str, int]:
    async with database.read() as conn:
        assert [p for p in await ledger.check(conn) if "are counted" in p] == []
        return (await usage.report(conn, SERVER, first_day=DAY, last_day=DAY)).outcomes


@pytest.mark.parametrize("state", list(ENDS))
async def test_a_ticket_that_is_learned_late_changes_nothing_else(
    database: Database, state: State
) -> None:
    job = await ended(database, state)
    before = await outcomes(database)
    async with database.write(SERVER) as conn:
        found = await move(conn, job, Event.ACCEPT, LATER, ticket=make_ticket())
        steps = await jobs.history(conn, job.id)
    assert found == replace(job, ticket=make_ticket())
    assert (steps[-1].from_state, steps[-1].event, steps[-1].to_state) == (state, "accept", state)
    assert await outcomes(database) == before == {state.value: 1}


@pytest.mark.parametrize("reason", [Reason.LOST, Reason.CONTENT])
@pytest.mark.parametrize("state", list(ENDS))
async def test_a_rescued_job_is_on_its_way_again_and_counts_as_delivered(
    database: Database, state: State, reason: Reason
) -> None:
    job = await ended(database, state, reason)
    name = "content" if reason is Reason.CONTENT and state is State.FAILED else state.value
    assert await outcomes(database) == {name: 1}
    async with database.write(SERVER) as conn:
        job = await move(
            conn, job, Event.RESCUE, LATER, links=LINKS, made=3, cost_microusd=7, search_until_ms=0
        )
        assert [one.id for one in await jobs.unfinished(conn)] == [job.id]
    assert (job.state, job.rendered_at_ms, job.ended_at_ms) == (State.RENDERED, LATER, None)
    assert (job.reason, job.made, job.links) == (reason, 3, LINKS)
    assert (job.search_until_ms, job.search_due_ms) == (None, None)
    assert await outcomes(database) == {}
    async with database.write(SERVER) as conn:
        job = await move(conn, job, Event.DELIVER, LATER + 1, pictures=2, free_pictures=2)
    assert (job.ended_at_ms, job.free_pictures, job.reason) == (LATER + 1, 2, reason)
    assert await outcomes(database) == {"delivered": 1}


async def test_a_rescued_job_may_fail_again(database: Database) -> None:
    job = await ended(database, reason=Reason.CONTENT)
    async with database.write(SERVER) as conn:
        job = await move(conn, job, Event.RESCUE, LATER)
        await move(conn, job, Event.FAIL, LATER, reason=Reason.MEDIA)
    assert await outcomes(database) == {"failed": 1}


async def test_pictures_may_follow_the_others(database: Database) -> None:
    job = await moved(database, await accepted(database), State.DELIVERED)
    async with database.write(SERVER) as conn:
        found = await move(conn, job, Event.ADD, LATER, pictures=2, free_pictures=1)
    assert found == replace(job, pictures=2, free_pictures=1)
    assert await outcomes(database) == {"delivered": 1}


async def test_how_a_job_ended_is_counted_by_its_reason_so_that_stays(database: Database) -> None:
    job = await ended(database)
    async with database.write(SERVER) as conn:
        for event in (Event.ACCEPT, Event.RESCUE):
            with pytest.raises(StaleState, match="its reason stays"):
                await move(conn, job, event, LATER, reason=Reason.CONTENT)
        assert await jobs.get(conn, job.id) == job


async def test_a_search_begins_at_once_goes_on_when_it_is_due_and_ends(database: Database) -> None:
    job = await ended(database)
    assert (job.search_until_ms, job.search_due_ms, job.search_tries) == (LATER, NOW_MS, 0)
    async with database.write(SERVER) as conn:
        assert await jobs.search_due(conn, NOW_MS - 1, 9) == []
        assert await jobs.search_due(conn, NOW_MS, 9) == [job]
        await jobs.search_again(conn, job.id, NOW_MS + 50)
        assert await jobs.search_due(conn, NOW_MS + 49, 9) == []
        again = replace(job, search_due_ms=NOW_MS + 50, search_tries=1)
        assert await jobs.search_due(conn, NOW_MS + 50, 9) == [again]

        # A ticket that is learned meanwhile neither hastens nor ends it; a later end may be set.
        job = await move(conn, again, Event.ACCEPT, NOW_MS + 9, search_until_ms=LATER + 5)
        assert (job.search_until_ms, job.search_due_ms) == (LATER + 5, NOW_MS + 50)
        job = await move(conn, job, Event.ACCEPT, NOW_MS + 10)
        assert (job.search_until_ms, job.search_due_ms) == (LATER + 5, NOW_MS + 50)
        job = await move(conn, job, Event.ACCEPT, NOW_MS + 10, search_until_ms=0)
        assert (job.search_until_ms, job.search_due_ms, job.search_tries) == (None, None, 1)
        assert await jobs.search_due(conn, LATER, 9) == []
        for name in (job.id, "nobody"):
            with pytest.raises(StaleState, match="nobody looks"):
                await jobs.search_again(conn, name, NOW_MS)


async def test_those_that_wait_longest_are_asked_about_first(database: Database) -> None:
    found = [await ended(database) for _ in range(3)]
    async with database.write(SERVER) as conn:
        for job, due_ms in zip(found, (30, 10, 20), strict=True):
            await jobs.search_again(conn, job.id, due_ms)
        due = await jobs.search_due(conn, 30, 2)
    assert [job.id for job in due] == [found[1].id, found[2].id]
