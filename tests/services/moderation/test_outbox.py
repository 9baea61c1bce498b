"""Errands in Discord: tried at once, then again after pauses; none is forgotten."""

import asyncio

import pytest

from bot.core.errors import RouteBusy, Undeliverable
from bot.services.moderation.outbox import News, Outbox
from bot.storage import errands
from bot.storage.errands import Errand, Kind
from tests.fakes import RecordingTakedowns
from tests.services.conftest import SERVER
from tests.services.picture_room import MODERATOR, OTHER_SERVER, Room


@pytest.fixture
async def room(open_house) -> Room:
    return Room(await open_house(runs=False, default_images_per_day=100))


async def waiting_errand(room, kind: Kind = Kind.CLEAR):
    """An errand that nobody has tried, and its job."""
    job = await room.delivered()
    async with room.house.database.write(SERVER) as connection:
        errand = Errand("e1", SERVER, kind, job.id, "enough", room.house.clock.now)
        await errands.add(connection, errand)
    return job


async def test_an_errand_that_is_done_is_forgotten_and_may_be_asked_for_again(room):
    job = await waiting_errand(room, Kind.WARN)

    assert await room.outbox.do("e1") is News.DONE
    assert room.enforcer.warned == [(job.member_id, "enough", "e1")]
    assert await room.waiting() == 0
    assert await room.outbox.do("e1") is News.DONE
    assert len(room.enforcer.warned) == 1


async def test_a_warning_to_closed_doors_is_given_up_and_a_removal_is_not(room):
    for kind, left in ((Kind.WARN, 0), (Kind.CLEAR, 1)):
        await waiting_errand(room, kind)
        room.enforcer.errors = [Undeliverable(["HTTP 403"])]

        assert await room.outbox.do("e1") is News.CLOSED
        assert await room.waiting() == left


async def test_two_who_ask_at_once_share_one_try(room):
    job = await waiting_errand(room)
    assert await asyncio.gather(room.outbox.do("e1"), room.outbox.do("e1")) == [News.DONE] * 2
    assert room.enforcer.cleared == [(job.id, "enough")]


async def test_who_waits_no_longer_does_not_end_the_try(room):
    job = await waiting_errand(room)
    asking = asyncio.create_task(room.outbox.do("e1"))
    await asyncio.sleep(0)
    asking.cancel()
    assert await room.outbox.do("e1") is News.DONE
    assert room.enforcer.cleared == [(job.id, "enough")]


async def test_a_database_that_is_away_leaves_the_errand_to_the_next_look(room):
    await waiting_errand(room)
    room.house.database.reads_failing = 1
    assert await room.outbox.do("e1") is News.LATER
    await room.outbox.do_due()
    assert len(room.enforcer.cleared) == 1
    assert await room.waiting() == 0


async def test_a_removal_that_discord_did_not_take_is_tried_again_later(room):
    job = await room.delivered()
    room.enforcer.errors = [RouteBusy("away"), Undeliverable(["HTTP 403"]), RuntimeError("bug")]
    removed = await room.remove(job)

    assert removed.news is News.LATER
    await room.outbox.do_due()
    assert len(room.enforcer.errors) == 2
    for _ in range(2):
        room.house.clock.now += 3600_000
        await room.outbox.do_due()
        assert room.enforcer.cleared == []
    room.house.clock.now += 3600_000
    await room.outbox.do_due()
    assert room.enforcer.cleared == [(job.id, "not here")]
    assert await room.waiting() == 0


async def test_a_removal_whose_process_died_before_discord_was_told_is_done_by_the_next(room):
    job = await room.delivered()
    room.enforcer.errors = [asyncio.CancelledError()]
    with pytest.raises(asyncio.CancelledError):
        await room.remove(job)
    assert (await room.house.get(job)).removed_by == MODERATOR

    later = RecordingTakedowns()
    await Outbox(room.house.database, room.house.clock, later).do_due()
    assert later.cleared == [(job.id, "not here")]


async def test_another_process_s_errands_are_left_to_it(room):
    room.enforcer.errors = [RouteBusy("away")]
    await room.remove(await room.delivered())
    room.house.clock.now += 3600_000
    other = RecordingTakedowns()
    await Outbox(room.house.database, room.house.clock, other, owns=lambda _: False).do_due()
    assert other.cleared == []


async def test_errands_that_wait_for_another_process_hold_up_nobody_else(room):
    theirs = await room.delivered(server_id=OTHER_SERVER)
    async with room.house.database.write(OTHER_SERVER) as connection:
        for number in range(50):
            errand = Errand(f"e{number}", OTHER_SERVER, Kind.CLEAR, theirs.id, "", 1)
            await errands.add(connection, errand)
    room.enforcer.errors = [RouteBusy("away")]
    job = await room.delivered()
    await room.remove(job)
    room.house.clock.now += 3600_000

    mine = RecordingTakedowns()
    owns = SERVER.__eq__
    await Outbox(room.house.database, room.house.clock, mine, owns=owns).do_due()
    assert mine.cleared == [(job.id, "not here")]


async def test_an_errand_that_is_in_vain_for_a_month_is_given_up(room):
    room.enforcer.errors = [Undeliverable(["HTTP 403"]), Undeliverable(["HTTP 403"])]
    assert (await room.remove(await room.delivered())).news is News.CLOSED
    assert await room.waiting() == 1
    room.house.clock.now += 31 * 24 * 3600_000
    await room.outbox.do_due()
    assert await room.waiting() == 0
