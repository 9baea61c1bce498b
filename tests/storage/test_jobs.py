import asyncio
from dataclasses import replace

import pytest

from bot.core.errors import Broken, StaleState
from bot.core.jobs import TRANSITIONS, Event, Hitch, Reason, State
from bot.storage import jobs
from bot.storage.database import Database
from bot.storage.ids import new_id
from tests.storage.samples import (
    LINKS,
    MEMBER,
    NOW_MS,
    PATHS,
    SERVER,
    accepted,
    everything,
    make_job,
    make_ticket,
    moved,
)


async def test_a_job_comes_back_as_it_went_in(database: Database) -> None:
    full = make_job(
        role_ids=frozenset({2**62, 5}),
        private=True,
        interaction_token=None,
        message_id=2**63 - 1,
        ticket=make_ticket(),
        links=LINKS,
        cost_microusd=123,
        cost_is_computed=True,
        possible_loss_microusd=5,
        pictures=0,
        reason=Reason.TOO_OLD,
        cancel_by=MEMBER,
        submitted_at_ms=1,
        rendered_at_ms=2,
        ended_at_ms=3,
        made=3,
        free_pictures=1,
        search_until_ms=9,
        search_due_ms=8,
        search_tries=2,
    )
    async with database.write(SERVER) as conn:
        for job in (full, make_job()):
            await jobs.insert(conn, job, NOW_MS)
            assert await jobs.get(conn, job.id) == job
        assert await jobs.get(conn, "nobody") is None


async def test_a_ticket_is_of_the_name_by_which_the_model_was_asked(database: Database) -> None:
    alias = "fal-ai/gpt-image-2"
    job = await accepted(database, model=alias, ticket=replace(make_ticket(), model=alias))
    async with database.read() as conn:
        assert await jobs.get(conn, job.id) == job


async def test_two_jobs_cannot_have_one_id_or_one_request_at_fal(database: Database) -> None:
    first = await accepted(database, ticket=make_ticket())

    for twin in (replace(first, ticket=None), make_job(ticket=make_ticket())):
        with pytest.raises(Broken, match="jobs"):
            async with database.write(SERVER) as conn:
                await jobs.insert(conn, twin, NOW_MS)


async def test_a_job_walks_from_acceptance_to_delivery(database: Database) -> None:
    job = await accepted(database)
    async with database.write(SERVER) as conn:
        job = await jobs.advance(
            conn, job.id, expected=State.HELD, event=Event.SUBMIT, at_ms=NOW_MS + 1
        )
        assert (job.state, job.submitted_at_ms) == (State.SUBMITTING, NOW_MS + 1)
        job = await jobs.advance(
            conn,
            job.id,
            expected=State.SUBMITTING,
            event=Event.ACCEPT,
            at_ms=NOW_MS + 2,
            changes=jobs.JobChanges(ticket=make_ticket()),
        )
        job = await jobs.advance(
            conn,
            job.id,
            expected=State.QUEUED,
            event=Event.RENDER,
            at_ms=NOW_MS + 3,
            note=Hitch.NO_PICTURE,
            changes=jobs.JobChanges(links=LINKS, cost_microusd=0, cost_is_computed=True),
        )
        assert (job.ticket, job.links, job.cost_microusd) == (make_ticket(), LINKS, 0)
        assert (job.cost_is_computed, job.interaction_token) == (True, "secret-token")
        job = await jobs.advance(
            conn,
            job.id,
            expected=State.RENDERED,
            event=Event.DELIVER,
            at_ms=NOW_MS + 4,
            changes=jobs.JobChanges(message_id=9, pictures=2),
        )
        stored = await jobs.get(conn, job.id)
        steps = await jobs.history(conn, job.id)

    assert job == stored
    assert (job.message_id, job.pictures, job.ticket) == (9, 2, make_ticket())
    assert (job.submitted_at_ms, job.rendered_at_ms, job.ended_at_ms) == (
        NOW_MS + 1,
        NOW_MS + 3,
        NOW_MS + 4,
    )
    assert [(s.seq, s.from_state, s.event, s.to_state, s.note) for s in steps] == [
        (1, None, jobs.CREATION, State.HELD, ""),
        (2, State.HELD, "submit", State.SUBMITTING, ""),
        (3, State.SUBMITTING, "accept", State.QUEUED, ""),
        (4, State.QUEUED, "render", State.RENDERED, Hitch.NO_PICTURE),
        (5, State.RENDERED, "deliver", State.DELIVERED, ""),
    ]
    assert [s.at_ms - NOW_MS for s in steps] == [0, 1, 2, 3, 4]


async def test_back_in_line_the_time_of_sending_is_forgotten(database: Database) -> None:
    job = await moved(database, await accepted(database), State.SUBMITTING)

    async with database.write(SERVER) as conn:
        job = await jobs.advance(
            conn, job.id, expected=State.SUBMITTING, event=Event.RETURN, at_ms=NOW_MS + 2
        )

    assert job.submitted_at_ms is None


@pytest.mark.parametrize("state", list(State))
async def test_a_delivery_wipes_the_token_and_an_end_has_a_time(
    database: Database, state: State
) -> None:
    job = await moved(database, await accepted(database), state)

    assert (job.interaction_token is None) == (state is State.DELIVERED)
    assert (job.ended_at_ms is not None) == state.is_ended


async def test_a_job_without_pictures_keeps_its_token_until_the_member_is_told(
    database: Database,
) -> None:
    for state in State:
        await moved(database, await accepted(database), state)
    async with database.write(SERVER) as conn:
        found = await jobs.untold(conn, NOW_MS + 1)
        assert [job.state for job in found] == [State.UNDELIVERED, State.FAILED, State.CANCELLED]
        assert await jobs.untold(conn, NOW_MS + 2) == []

        told = await jobs.told(conn, found[0].id)

        assert told == replace(found[0], interaction_token=None)
        assert await jobs.untold(conn, NOW_MS) == found[1:]
        with pytest.raises(StaleState):
            await jobs.told(conn, "no")


async def test_possible_losses_are_summed_up(database: Database) -> None:
    async with database.read() as conn:
        assert await jobs.possible_loss(conn) == jobs.PossibleLoss(0, 0)
    for microusd in (5, 0, 7):
        await accepted(database, possible_loss_microusd=microusd)

    async with database.read() as conn:
        assert await jobs.possible_loss(conn) == jobs.PossibleLoss(2, 12)


@pytest.mark.parametrize("state", list(State))
async def test_only_the_table_s_transitions_change_anything(
    database: Database, state: State
) -> None:
    """Every event, expected rightly and expected wrongly, against a job in each state."""
    job = await moved(database, await accepted(database), state)
    before = await everything(database)

    for expected in State:
        for event in Event:
            if expected is state and (state, event) in TRANSITIONS:
                continue
            async with database.write(SERVER) as conn:
                with pytest.raises(StaleState):
                    await jobs.advance(
                        conn,
                        job.id,
                        expected=expected,
                        event=event,
                        at_ms=NOW_MS + 9,
                        changes=jobs.JobChanges(pictures=4, reason=Reason.LOST),
                    )

    assert await everything(database) == before


@pytest.mark.parametrize(("pair", "reached"), list(TRANSITIONS.items()))
async def test_every_transition_of_the_table_is_stored(
    database: Database, pair: tuple[State, Event], reached: State
) -> None:
    job = await moved(database, await accepted(database), pair[0])

    async with database.write(SERVER) as conn:
        job = await jobs.advance(conn, job.id, expected=pair[0], event=pair[1], at_ms=NOW_MS + 9)
        steps = await jobs.history(conn, job.id)

    assert job.state is reached
    assert len(steps) == len(PATHS[pair[0]]) + 2
    assert (steps[-1].from_state, steps[-1].to_state) == (pair[0], reached)


async def test_of_many_who_move_a_job_at_once_one_succeeds(database: Database) -> None:
    job = await accepted(database)

    async def submit() -> None:
        async with database.write() as conn:
            await jobs.advance(conn, job.id, expected=State.HELD, event=Event.SUBMIT, at_ms=NOW_MS)

    outcomes = await asyncio.gather(*(submit() for _ in range(20)), return_exceptions=True)

    assert [o for o in outcomes if o is None] == [None]
    assert all(isinstance(o, StaleState) for o in outcomes if o is not None)
    async with database.read() as conn:
        assert len(await jobs.history(conn, job.id)) == 2


async def test_a_missing_job_is_stale(database: Database) -> None:
    async with database.write() as conn:
        with pytest.raises(StaleState):
            await jobs.advance(conn, "no", expected=State.HELD, event=Event.SUBMIT, at_ms=1)
        with pytest.raises(StaleState):
            await jobs.set_message(conn, "no", 1)
        with pytest.raises(StaleState):
            await jobs.request_cancel(conn, "no", 1, 1)
        assert await jobs.history(conn, "no") == []


async def test_unfinished_jobs_come_in_the_order_of_creation(database: Database) -> None:
    late = await accepted(database, created_at_ms=NOW_MS + 10**6)
    reached = [await moved(database, await accepted(database), state) for state in State]

    async with database.read() as conn:
        found = await jobs.unfinished(conn)
        count = await jobs.count_unfinished(conn, server_id=SERVER, member_id=MEMBER)
        none = await jobs.count_unfinished(conn, server_id=SERVER, member_id=1)

    assert found == [*(job for job in reached if not job.state.is_ended), late]
    assert (count, none) == (6, 0)


async def test_the_message_is_noted(database: Database) -> None:
    job = await accepted(database)

    async with database.write(SERVER) as conn:
        await jobs.set_message(conn, job.id, 2**62)
        assert await jobs.get(conn, job.id) == replace(job, message_id=2**62)


async def test_the_first_to_cancel_is_remembered(database: Database) -> None:
    job = await accepted(database)

    async with database.write(SERVER) as conn:
        first = await jobs.request_cancel(conn, job.id, 1, NOW_MS)
        second = await jobs.request_cancel(conn, job.id, 2, NOW_MS + 1)

    assert first == second == replace(job, cancel_by=1)


async def test_an_ended_job_takes_no_cancel(database: Database) -> None:
    job = await moved(database, await accepted(database), State.DELIVERED)

    async with database.write(SERVER) as conn:
        assert await jobs.request_cancel(conn, job.id, 1, NOW_MS) == job


async def test_a_request_is_known_once_a_job_has_it(database: Database) -> None:
    await accepted(database, ticket=make_ticket("r1"), submitted_at_ms=1)

    async with database.read() as conn:
        assert await jobs.is_known_request(conn, "r1")
        assert not await jobs.is_known_request(conn, "r2")


async def test_recent_jobs_come_page_by_page_the_newest_first(database: Database) -> None:
    mine = [await accepted(database, created_at_ms=NOW_MS + n // 2) for n in range(7)]
    other = await accepted(database, member_id=1, created_at_ms=NOW_MS)
    await accepted(database, server_id=2)

    async with database.read() as conn:
        first = await jobs.recent(conn, server_id=SERVER, member_id=MEMBER, limit=4)
        rest = await jobs.recent(
            conn, server_id=SERVER, member_id=MEMBER, before=first[-1], limit=4
        )
        everyone = await jobs.recent(conn, server_id=SERVER, limit=50)

    assert first + rest == mine[::-1]
    assert sorted(job.id for job in everyone) == sorted(job.id for job in (*mine, other))


async def test_all_jobs_of_a_server_are_gone_through_once(database: Database) -> None:
    made = [make_job(created_at_ms=NOW_MS + n // 3) for n in range(jobs.PAGE_ROWS + 3)]
    async with database.write(SERVER) as conn:
        for job in (*made, make_job(server_id=2)):
            await jobs.insert(conn, job, NOW_MS)

    async with database.read() as conn:
        assert [job async for job in jobs.everything(conn, SERVER)] == made
        assert len([job async for job in jobs.everything(conn)]) == len(made) + 1


async def test_a_job_s_row_has_no_room_for_half_a_ticket(database: Database) -> None:
    job = await accepted(database, ticket=make_ticket())

    with pytest.raises(Broken, match="ticket"):
        async with database.write() as conn:
            await conn.execute("UPDATE jobs SET fal_status_url = NULL WHERE id = $1", job.id)


def test_ids_sort_by_time_and_differ() -> None:
    made = [new_id(0), *(new_id(NOW_MS) for _ in range(1000)), new_id(2**48 - 1)]

    assert len(set(made)) == len(made)
    assert (min(made), max(made)) == (made[0], made[-1])
    assert {len(name) for name in made} == {16}
    assert set("".join(made)) <= set("0123456789abcdefghjkmnpqrstvwxyz")
    assert made[0].startswith("000000000")
    assert made[-1].startswith("zzzzzzzzz")
