"""A job's story as moderators read it, and cancels that the audit knows of."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from bot.core.audit import Code, JobOf
from bot.core.errors import BadRequest, TooLate
from bot.core.jobs import State
from bot.core.limits import Usage
from bot.services.generation.runner import CancelOutcome
from bot.services.moderation.job_inquiry import JobInquiry
from bot.services.ports import Delivered
from bot.storage import audit
from bot.storage.database import Database
from bot.texts.audit import words_of
from tests.fakes import rendering, ticket
from tests.said import saying
from tests.services.conftest import CHANNEL, MEMBER, SERVER

MODERATOR = 99
NOWHERE = "There is no such job here"


def cases(house) -> JobInquiry:
    return house.services.job_inquiry


async def changes(house, server_id: int = SERVER):
    async with house.database.read() as connection:
        return [row.change for row in await audit.page(connection, server_id=server_id)]


def cancel(house, job, by: int = MODERATOR, reason: str = ""):
    return house.runner.cancel(job.id, by, is_moderator=by == MODERATOR, reason=reason)


@dataclass
class Overtaken:
    """A database before whose next write something else happens."""

    real: Database
    meanwhile: list[Callable[[], Awaitable[None]]]

    @property
    def engine(self):
        return self.real.engine

    def read(self):
        return self.real.read()

    @asynccontextmanager
    async def write(self, *locks: int):
        if self.meanwhile:
            await self.meanwhile.pop()()
        async with self.real.write(*locks) as connection:
            yield connection

    async def close(self) -> None:
        await self.real.close()


async def until(holds) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - a list rings no bell
            await asyncio.sleep(0.01)


async def test_a_moderator_s_cancel_in_line_is_audited_with_the_change(open_house):
    house = await open_house(runs=False)
    job = await house.start()
    assert await cancel(house, job, reason="too rude") is CancelOutcome.CANCELLED
    with pytest.raises(TooLate):
        await cancel(house, job)

    [change] = await changes(house)
    assert (change.kind, change.actor_id, change.reason) == ("cancel.job", MODERATOR, "too rude")
    assert (change.before, change.after) == (Code("held"), Code("cancelled"))
    assert (change.member_id, change.job_id) == (MEMBER, job.id)
    assert change.subject == JobOf(MEMBER, job.id)


async def test_a_moderator_s_cancel_at_fal_is_audited_once_however_often_pressed(open_house):
    house = await open_house(runs=False)
    job = await house.books.accept(await house.books.submit(await house.accept()), ticket(1))
    await asyncio.gather(*(cancel(house, job, reason="stop") for _ in range(3)))
    await cancel(house, job, MODERATOR)

    [change] = await changes(house)
    assert (change.before, change.after) == (Code("queued"), Code("cancelling"))
    assert change.reason == "stop"
    assert (await house.get(job)).cancel_by == MODERATOR


async def test_a_cancel_while_sending_keeps_its_reason_though_the_driver_notes_it(open_house):
    house = await open_house()
    house.queue.answers.clear()
    job = await house.start()
    await until(lambda: house.queue.submits)
    house.database.writes_failing = 1
    with pytest.raises(Exception, match="away"):
        await cancel(house, job, reason="stop")
    house.queue.answers.set()
    await until(lambda: house.queue.cancels)

    [change] = await changes(house)
    assert (change.kind, change.reason) == ("cancel.job", "stop")
    assert change.before == Code("queued")


async def test_a_member_s_own_cancel_is_no_row_and_keeps_a_moderator_s_out(open_house):
    house = await open_house(runs=False)
    own = await house.start()
    await cancel(house, own, MEMBER)
    sent = await house.books.accept(await house.books.submit(await house.accept()), ticket(1))
    await cancel(house, sent, MEMBER)
    await cancel(house, sent, MODERATOR)

    assert await changes(house) == []
    assert (await house.get(sent)).cancel_by == MEMBER


async def test_a_cancel_that_comes_too_late_is_refused_and_no_row(open_house):
    house = await open_house(runs=False)
    job = await house.books.accept(await house.books.submit(await house.accept()), ticket(1))
    job = await house.books.render(job, rendering(1))
    with pytest.raises(TooLate, check=saying("already made")):
        await cancel(house, job)
    await house.books.strand(job, "no way")
    with pytest.raises(TooLate, check=saying("already ended: it was undelivered")):
        await cases(house).cancel(SERVER, job.id, actor_id=MODERATOR, reason="")
    assert await changes(house) == []


@pytest.mark.parametrize("is_delivered", [False, True])
async def test_a_cancel_that_is_overtaken_on_its_way_is_told_so(open_house, is_delivered):
    house = await open_house(runs=False)
    job = await house.books.accept(await house.books.submit(await house.accept()), ticket(1))

    async def overtake() -> None:
        made = await house.books.render(job, rendering(1))
        if is_delivered:
            await house.books.deliver(made, Delivered(1, CHANNEL, "answer"), range(1))

    house.database.real = Overtaken(house.database.real, [overtake])
    with pytest.raises(
        TooLate, check=saying("ended: it was delivered" if is_delivered else "made")
    ):
        await cancel(house, job)
    noted = [words_of(change).after for change in await changes(house)]
    assert noted == ([] if is_delivered else ["too late"])


async def test_a_job_is_found_by_its_id_its_link_and_its_message(open_house):
    house = await open_house(runs=False)
    job = await house.accept()
    message = 2**62 + 5
    await house.books.set_message(job, message)
    link = f"https://discord.com/channels/{SERVER}/{CHANNEL}/{message}"

    for typed in (
        job.id, f" {job.id} ", str(message), link, f"<{link}>",
        link.replace("discord.com", "ptb.discord.com"), link.replace("discord", "discordapp"),
    ):  # fmt: skip
        assert (await cases(house).case(SERVER, typed)).job.id == job.id
    for typed in (
        "", "0" * 16, "a lighthouse", str(message + 1), "9" * 20, "1" * 17,
        link.replace(str(SERVER), str(SERVER + 1)), link.replace(str(SERVER), "@me"),
        f"https://evil.example/channels/{SERVER}/{CHANNEL}/{message}",
    ):  # fmt: skip
        with pytest.raises(BadRequest, check=saying(NOWHERE)):
            await cases(house).case(SERVER, typed)


async def test_a_job_of_another_server_does_not_exist(open_house):
    house = await open_house(runs=False)
    job = await house.start()
    message = 2**62 + 5
    await house.books.set_message(job, message)
    link = f"https://discord.com/channels/{SERVER + 1}/{CHANNEL}/{message}"

    for typed in (job.id, str(message), link):
        with pytest.raises(BadRequest, check=saying(NOWHERE)):
            await cases(house).case(SERVER + 1, typed)
        with pytest.raises(BadRequest, check=saying(NOWHERE)):
            await cases(house).cancel(SERVER + 1, typed, actor_id=MODERATOR, reason="")
        assert (await cases(house).newest(SERVER + 1, typed)).jobs == []
    with pytest.raises(TooLate):
        await house.runner.cancel(job.id, MEMBER, is_moderator=True, server_id=SERVER + 1)
    assert (await house.get(job)).state is State.HELD
    assert await changes(house, SERVER + 1) == await changes(house) == []


async def test_the_newest_jobs_are_suggested_by_what_is_typed(open_house):
    house = await open_house(runs=False, default_images_per_day=100)
    made = []
    for number in range(30):
        house.clock.now += 1
        prompt = f"Fox {number} in Snow" if number < 2 else "a lighthouse"
        made.append(await house.accept(prompt=prompt, member_id=MEMBER + number % 2))
    service = cases(house)

    async def ids(typed: str = "", **asked) -> list[str]:
        return [job.id for job in (await service.newest(SERVER, typed, **asked)).jobs]

    newest = [job.id for job in made[::-1]]
    assert await ids() == newest[:25]
    assert await ids("snow FOX") == [made[1].id, made[0].id]
    assert await ids(made[3].id) == [made[3].id]
    assert await ids("held 1 fox", limit=3) == [made[1].id]
    assert await ids(made[3].id[:-1]) == [made[3].id]
    assert await ids(member_id=MEMBER, limit=2) == [made[28].id, made[26].id]
    assert await ids("no such words") == []


async def test_a_case_knows_its_steps_and_what_it_came_to(open_house):
    house = await open_house(concurrency=1)
    house.queue.results = [rendering(2, 90_001)]
    house.queue.missing = {"http://127.0.0.1/1.png"}
    job, waiting = await house.start(count=2), await house.start()
    held = await cases(house).case(SERVER, waiting.id)
    assert (held.cost_microusd, held.charge) == (None, Usage())
    await cancel(house, waiting)
    house.queue.gate.set()
    async with asyncio.timeout(10):
        while (await house.get(job)).state is not State.DELIVERED:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)

    case = await cases(house).case(SERVER, job.id)
    assert [step.event for step in case.steps] == [
        "create", "submit", "accept", "render", "deliver"
    ]  # fmt: skip
    assert [entry.kind for entry in case.entries] == ["hold", "settle", "adjust"]
    assert case.cost_microusd == 90_001
    assert case.charge == Usage(1, 45_000)
    assert case.paid_by_gifts == Usage()

    case = await cases(house).case(SERVER, waiting.id)
    assert [entry.kind for entry in case.entries] == ["hold", "release"]
    assert (case.cost_microusd, case.charge) == (0, Usage())
