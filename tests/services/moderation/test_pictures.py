"""Pictures that are removed: one decision, its audit, and an errand that nobody forgets."""

import asyncio

import pytest

from bot.core.errors import BadRequest
from bot.core.jobs import State
from bot.services.moderation.outbox import News
from bot.texts.audit import words_of
from tests.said import saying
from tests.services.conftest import CHANNEL, MEMBER, SERVER
from tests.services.picture_room import (
    MODERATOR,
    OTHER_MODERATOR,
    OTHER_SERVER,
    Room,
)


@pytest.fixture
async def room(open_house) -> Room:
    return Room(await open_house(runs=False, default_images_per_day=100))


async def test_a_removal_marks_the_job_keeps_the_money_and_clears_the_message(room):
    job = await room.delivered(count=2)
    before = await room.house.kinds(job)
    removed = await room.remove(job, reason="  not \n here ")

    assert removed.news is News.DONE
    assert room.enforcer.cleared == [(job.id, "not here")]
    stored = await room.house.get(job)
    assert (stored.state, stored.removed_by) == (State.DELIVERED, MODERATOR)
    assert stored.removed_at_ms == room.house.clock.now
    assert await room.house.kinds(job) == before
    await room.house.check()
    [change] = await room.audit()
    assert (change.kind, change.member_id, change.job_id) == ("image.remove", MEMBER, job.id)
    words = words_of(change)
    assert words.subject == f"member {MEMBER}, job {job.id}"
    assert words.before == f"2 pictures in channel {CHANNEL}"
    assert words.after == "removed; nothing is refunded"
    assert change.reason == "not here"
    assert await room.waiting() == 0


async def test_pictures_are_found_by_their_message_in_their_server_and_channel_alone(room):
    job = await room.delivered(700)

    assert (await room.pictures.find(SERVER, CHANNEL, 700)).id == job.id
    for place in ((OTHER_SERVER, CHANNEL, 700), (SERVER, 21, 700), (SERVER, CHANNEL, 5)):
        with pytest.raises(BadRequest, check=saying("no pictures that were made with this bot")):
            await room.pictures.find(*place)
    with pytest.raises(BadRequest, check=saying("no pictures that were made with this bot")):
        await room.pictures.remove(OTHER_SERVER, job.id, actor_id=MODERATOR, reason="x")
    assert (await room.house.get(job)).removed_by is None


async def test_a_late_delivery_is_found_where_it_was_posted(room):
    job = await room.delivered(701, channel_id=4711)

    assert (await room.pictures.find(SERVER, 4711, 701)).id == job.id
    with pytest.raises(BadRequest):
        await room.pictures.find(SERVER, CHANNEL, 701)


async def test_what_is_no_picture_that_stands_is_refused_with_its_own_sentence(room):
    house = room.house
    running = await house.accept()
    await house.books.set_message(running, 1)
    cancelled = await house.accept()
    await house.books.set_message(cancelled, 2)
    await house.books.cancel(cancelled, MEMBER)
    await room.delivered(3, private=True)
    removed = await room.delivered(4)
    await room.remove(removed)

    for message_id, sentence in (
        (1, "still running"),
        (2, "ended without pictures"),
        (3, "Discord does not let bots delete what only one member sees"),
        (4, f"removed already by <@{MODERATOR}>"),
    ):
        with pytest.raises(BadRequest, check=saying(sentence)):
            await room.pictures.find(SERVER, CHANNEL, message_id)
    with pytest.raises(BadRequest, check=saying("removed already")):
        await room.remove(removed, OTHER_MODERATOR)
    with pytest.raises(BadRequest, check=saying("still running")):
        await room.remove(running)
    with pytest.raises(BadRequest, check=saying("A reason is needed")):
        await room.remove(await room.delivered(6), reason=" \n ")


async def test_of_two_moderators_who_remove_at_once_one_does_and_one_is_told(room):
    job = await room.delivered()
    results = await asyncio.gather(
        room.remove(job, MODERATOR), room.remove(job, OTHER_MODERATOR), return_exceptions=True
    )

    assert sorted(type(result).__name__ for result in results) == ["BadRequest", "Removed"]
    assert len(await room.audit()) == 1
    assert len(room.enforcer.cleared) == 1


async def test_a_member_s_record_counts_the_server_s_day_and_month_and_what_runs(room):
    house = room.house
    members = house.services.member_activity
    await room.delivered(1, count=3)
    house.clock.now += 24 * 3600_000
    await room.delivered(2, count=2)
    await room.delivered(3, member_id=MEMBER + 1)
    house.clock.now += 1
    running = await house.accept(count=4)
    record = await members.record(SERVER, MEMBER)

    assert (record.today.images, record.this_month.images) == (2, 5)
    assert record.this_month.microusd == 120_000
    assert (record.held.images, record.held.microusd) == (4, running.held_microusd)
    assert [job.count for job in record.recent] == [4, 2, 3]
    assert (await members.record(OTHER_SERVER, MEMBER)).recent == []
