"""Pictures that members report, and the one decision of moderators about each report."""

import asyncio

import pytest

from bot.core.errors import BadRequest, Blocked, TooLate, Undeliverable
from bot.services.moderation.outbox import News
from bot.services.moderation.picture_reports import REPORTS_PER_HOUR
from bot.storage.reports import Outcome
from tests.said import saying
from tests.services.conftest import MEMBER, SERVER
from tests.services.picture_room import MODERATOR, OTHER_MODERATOR, OTHER_SERVER, REPORTER, Room


@pytest.fixture
async def room(open_house) -> Room:
    return Room(await open_house(runs=False, default_images_per_day=100))


async def test_a_report_is_open_once_and_others_join_in(room):
    job = await room.delivered()
    first = await room.report(job)
    second = await room.report(job, 32, "too")

    assert (first.is_first, second.is_first) == (True, False)
    assert not first.is_shown
    case = await room.reports.case(SERVER, await room.open_report(job))
    assert (case.voices, case.reporter_id, case.reason) == (2, REPORTER, "ugly")
    assert [change.kind for change in await room.audit()] == ["report.join", "report.open"]
    with pytest.raises(BadRequest, check=saying("You have reported these pictures already")):
        await room.report(job)
    with pytest.raises(BadRequest, check=saying("your own pictures")):
        await room.report(job, MEMBER)
    with pytest.raises(BadRequest, check=saying("not known in this server")):
        await room.reports.case(OTHER_SERVER, case.report_id)


async def test_the_log_channel_gets_a_card_for_the_first_the_third_and_the_tenth(room):
    await room.set_log_channel()
    job = await room.delivered()
    shown = [(await room.report(job, number)).is_shown for number in range(100, 111)]

    assert all(shown)
    kinds = [kind for kind, _ in await room.notices()]
    assert kinds == ["report"] * 3


async def test_ten_messages_an_hour_may_be_reported_by_one_member(room):
    jobs = [await room.delivered(800 + n) for n in range(REPORTS_PER_HOUR + 1)]
    for job in jobs[:-1]:
        await room.report(job)
        room.house.clock.now += 1000
    with pytest.raises(BadRequest, check=saying("10 messages an hour")):
        await room.report(jobs[-1])
    await room.report(jobs[-1], 32)

    room.house.clock.now += 3600_000 - 9_000
    await room.report(jobs[-1])


async def test_a_report_may_be_dismissed_and_then_made_by_others_only(room):
    job = await room.delivered()
    await room.report(job)
    case, news = await room.decide(await room.open_report(job), Outcome.DISMISS, reason="")

    assert (case.outcome, case.closed_by, news) == ("dismiss", MODERATOR, News.DONE)
    assert (await room.house.get(job)).removed_by is None
    with pytest.raises(BadRequest, check=saying("moderators have decided")):
        await room.report(job)
    assert (await room.report(job, 32)).is_first
    assert (await room.audit())[1].kind == "report.dismiss"


async def test_a_report_decided_as_remove_removes_and_a_menu_s_removal_closes_the_report(room):
    first, second = await room.delivered(901), await room.delivered(902)
    for job in (first, second):
        await room.report(job)
    report_id = await room.open_report(second)
    await room.decide(await room.open_report(first), Outcome.REMOVE)
    await room.remove(second)

    assert [job_id for job_id, _ in room.enforcer.cleared] == [first.id, second.id]
    assert (await room.reports.case(SERVER, report_id)).outcome == "remove"
    with pytest.raises(TooLate, check=saying("has removed the pictures already")):
        await room.decide(report_id, Outcome.DISMISS, OTHER_MODERATOR)
    with pytest.raises(BadRequest, check=saying("removed already")):
        await room.report(first, 32)


async def test_a_warning_is_sent_in_private_and_closed_messages_are_told(room):
    jobs = [await room.delivered(n) for n in (1, 2)]
    for job in jobs:
        await room.report(job)
    _, news = await room.decide(await room.open_report(jobs[0]), Outcome.WARN)
    [(member_id, reason, nonce)] = room.enforcer.warned
    assert (news, member_id, reason) == (News.DONE, MEMBER, "enough")
    assert len(nonce) <= 25

    room.enforcer.errors = [Undeliverable(["HTTP 403, code 50007"])]
    _, news = await room.decide(await room.open_report(jobs[1]), Outcome.WARN)
    assert news is News.CLOSED
    assert await room.waiting() == 0
    assert [change.kind for change in await room.audit()][:2] == ["member.warn"] * 2


async def test_a_block_from_a_report_holds_at_once_and_names_the_job(room):
    job = await room.delivered()
    await room.report(job)
    report_id = await room.open_report(job)
    with pytest.raises(BadRequest, check=saying("has passed")):
        await room.decide(report_id, Outcome.BLOCK, until_ms=5)
    assert (await room.reports.case(SERVER, report_id)).outcome is None

    await room.decide(report_id, Outcome.BLOCK)
    with pytest.raises(Blocked, check=saying("enough")):
        await room.house.accept()
    change = (await room.audit())[0]
    assert (change.kind, change.job_id, change.member_id) == ("block.add", job.id, MEMBER)


@pytest.mark.parametrize("outcome", [Outcome.REMOVE, Outcome.WARN, Outcome.BLOCK])
async def test_only_a_dismissal_needs_no_reason(room, outcome):
    job = await room.delivered()
    await room.report(job)
    with pytest.raises(BadRequest, check=saying("A reason is needed")):
        await room.decide(await room.open_report(job), outcome, reason=" ")


async def test_of_moderators_who_decide_a_report_at_once_one_does(room):
    job = await room.delivered()
    await room.report(job)
    report_id = await room.open_report(job)
    results = await asyncio.gather(
        *(room.decide(report_id, outcome, 90 + n) for n, outcome in enumerate(Outcome)),
        return_exceptions=True,
    )

    decided = [result for result in results if not isinstance(result, BaseException)]
    assert len(decided) == 1
    assert [type(result) for result in results].count(TooLate) == 3
    case = await room.reports.case(SERVER, report_id)
    assert case == decided[0][0]
    changes = [change.kind for change in await room.audit()]
    assert len(changes) == 2
    assert bool(room.enforcer.cleared) == (case.outcome == "remove")
    assert bool(room.enforcer.warned) == (case.outcome == "warn")
