"""News of ends: told once, however long Discord or the database is away."""

import asyncio
from dataclasses import replace

from bot.core.errors import ContentRefused, RouteBusy, SubmitUnclear, Unproven
from bot.core.jobs import Reason, State
from bot.services.generation.runner import CancelOutcome
from tests.fakes import rendering, ticket
from tests.services.conftest import FAST, MEMBER
from tests.services.generation.test_hardships import until_true


async def test_an_end_is_told_after_a_long_outage_of_discord(open_house):
    house = await open_house()
    house.queue.submit_errors = [SubmitUnclear("cut")]
    house.courier.end_errors = [RouteBusy("503") for _ in range(8)]
    await house.start()
    await house.courier.until(1)


async def test_telling_an_end_holds_no_place_at_fal(open_house):
    house = await open_house(
        concurrency=1, times=replace(FAST, retry_first_s=60, rest_first_s=60, rest_max_s=60)
    )
    house.queue.submit_errors = [ContentRefused("no")]
    house.queue.gate.set()
    house.courier.end_errors = [RouteBusy("503")]
    await house.start()
    await house.start(member_id=31)
    await house.courier.until(1)


async def test_a_cancel_is_answered_before_discord_has_the_card(open_house):
    house = await open_house(
        runs=False, times=replace(FAST, retry_first_s=60, rest_first_s=60, rest_max_s=60)
    )
    house.courier.end_errors = [RouteBusy("503")]
    job = await house.start()
    async with asyncio.timeout(2):
        news = await house.runner.cancel(job.id, MEMBER, is_moderator=False)
    await house.runner.stop(0)

    assert news is CancelOutcome.CANCELLED


async def test_a_withdrawn_job_is_not_told_at_the_next_start(open_house):
    first = await open_house(runs=False)
    await first.imagine.withdraw(await first.accept())

    assert await first.books.untold(0) == []


async def test_a_removed_request_whose_result_never_comes_is_cancelled(open_house):
    house = await open_house()
    house.queue.results = [Unproven("400") for _ in range(500)]
    job = await house.start()
    await until_true(lambda: house.queue.running)
    await house.runner.cancel(job.id, MEMBER, is_moderator=False)
    house.queue.gate.set()
    await house.courier.until(1)
    await house.runner.stop(5)

    assert (await house.get(job)).state is State.CANCELLED
    # fal did not say that it took it out of its line, so it may have made and billed it.
    assert await house.doubt(job) == job.held_microusd
    await house.check()


async def told_while_discord_was_away(open_house, meanwhile):
    """A job that failed, of which something becomes known while Discord takes no news."""
    house = await open_house(runs=False)
    job = await house.books.submit(await house.accept())
    job = await house.books.accept(job, ticket(1))
    failed = await house.books.fail(
        job, Reason.SILENT, doubt_microusd=job.held_microusd, search=True
    )
    tries = []

    async def end(job, balance):
        tries.append(job.id)
        if len(tries) == 1:
            await meanwhile(house, failed)
            raise RouteBusy("503")

    house.courier.end = end
    await house.runner._teller.tell(failed)
    return tries


async def test_an_end_that_another_process_told_is_not_told_again(open_house):
    async def told(house, job):
        await house.books.told(job)

    assert len(await told_while_discord_was_away(open_house, told)) == 1


async def test_no_picture_is_no_news_once_the_pictures_were_found(open_house):
    async def found(house, job):
        await house.generation.rescue._kit.late.rescue(job, rendering(1))

    assert len(await told_while_discord_was_away(open_house, found)) == 1
