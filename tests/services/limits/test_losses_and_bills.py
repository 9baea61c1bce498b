"""What members may cost the host without a picture, and what they pay for odd bills."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.errors import (
    Broken,
    ContentRefused,
    DatabaseUnavailable,
    ForbiddenPrompt,
    OverLimit,
    TemporaryFailure,
    TooManyLosses,
)
from bot.core.jobs import Reason, Rendering, State
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.models.gpt_image_2 import GPT_IMAGE_2
from bot.core.models.prices import Ask
from bot.core.wordfilter.words import Kind
from bot.services.generation.books import StruckOut
from bot.services.limits.words import Words
from bot.storage import audit, ledger, preferences
from tests.fakes import rendering, ticket
from tests.said import saying, sentence_of
from tests.services.conftest import MEMBER, SERVER
from tests.services.generation.test_hardships import until_state

HOUR_MS = 3_600_000
ALARM = "alarm: "


async def struck(house, count=1, *, cost=50_000, reason=Reason.CONTENT, **changes):
    """Requests that fal billed, or may have, and that brought nothing."""
    for _ in range(count):
        job = await house.books.submit(await house.accept(**changes))
        await house.books.fail(job, reason, billed_microusd=cost)


async def test_what_may_have_been_billed_strikes_out_who_waits_as_well(open_house):
    house = await open_house(runs=False, default_images_per_day=100)
    waiting = await house.accept()
    for _ in range(5):
        job = await house.books.submit(await house.accept())
        await house.books.fail(job, Reason.LOST, doubt_microusd=job.held_microusd)
    with pytest.raises(StruckOut):
        await house.books.submit(waiting)
    assert (await house.get(waiting)).state is State.HELD


async def accepted(house, count, **changes):
    """How many of so many racing requests were taken."""
    found = await asyncio.gather(
        *(house.accept(**changes) for _ in range(count)), return_exceptions=True
    )
    bad = [f for f in found if isinstance(f, Exception) and not isinstance(f, TooManyLosses)]
    assert bad == []
    return sum(not isinstance(one, Exception) for one in found)


# Strikes


async def test_five_billed_refusals_a_day_and_then_a_sentence_until_midnight(open_house):
    house = await open_house(runs=False, default_images_per_day=100)
    await struck(house, 4)
    await house.accept()
    await struck(house)
    with pytest.raises(TooManyLosses) as caught:
        await house.accept()
    now = datetime.fromtimestamp(house.clock.now / 1000, UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert sentence_of(caught.value) == (
        "5 of your requests today cost this bot's host money and brought no picture, such as "
        f"prompts that the content check refused. You can go on <t:{int(midnight.timestamp())}:R>."
    )
    house.clock.now = int(midnight.timestamp() * 1000) - 1
    with pytest.raises(TooManyLosses):
        await house.accept()
    house.clock.now += 1
    await house.accept()
    await struck(house, 4)
    await house.accept()
    await house.check()


async def test_the_day_is_the_server_s(open_house):
    house = await open_house(runs=False, default_images_per_day=100)
    async with house.database.write(SERVER) as connection:
        known = await preferences.load(connection, SERVER)
        await preferences.put(connection, SERVER, replace(known, zone="Pacific/Auckland"))
    await struck(house, 5)
    zone = ZoneInfo("Pacific/Auckland")
    now = datetime.fromtimestamp(house.clock.now / 1000, zone)
    midnight = datetime(now.year, now.month, now.day, tzinfo=zone) + timedelta(days=1)
    at_s = int(midnight.timestamp())
    assert at_s % 86_400, "another midnight than that of UTC"
    with pytest.raises(TooManyLosses, check=saying(f"<t:{at_s}:R>")):
        await house.accept()
    house.clock.now = at_s * 1000
    await house.accept()


async def test_racing_requests_of_a_member_who_is_out_are_all_refused(open_house):
    house = await open_house(runs=False, default_images_per_day=100)
    await struck(house, 5)
    assert await accepted(house, 20) == 0
    assert await accepted(house, 3, member_id=MEMBER + 1) == 3
    assert await accepted(house, 3, server_id=SERVER + 1) == 3


async def test_what_cost_nothing_or_brought_pictures_is_no_strike(open_house):
    house = await open_house(runs=False, default_images_per_day=100)
    await struck(house, 9, cost=0)
    for _ in range(6):
        await house.imagine.withdraw(await house.accept())
    await house.accept()


async def test_pictures_that_never_arrive_are_strikes(open_house):
    house = await open_house(runs=False, default_images_per_day=100)
    for number in range(5):
        job = await house.books.submit(await house.accept())
        job = await house.books.render(await house.books.accept(job, ticket(number)), rendering(1))
        ends = house.books.lose_pictures if number % 2 else house.books.strand
        await ends(job, "closed")
    with pytest.raises(TooManyLosses):
        await house.accept()


async def test_money_in_doubt_is_a_strike_too(open_house):
    house = await open_house(runs=False, default_images_per_day=100)
    for _ in range(5):
        job = await house.books.lose(await house.books.submit(await house.accept()), "502")
        await house.books.fail(job, Reason.LOST, doubt_microusd=job.held_microusd, search=True)
    with pytest.raises(TooManyLosses):
        await house.accept()


async def test_a_member_who_bills_each_prompt_is_stopped_and_the_line_is_not(open_house):
    house = await open_house(concurrency=1, default_images_per_day=100)
    house.queue.gate.set()
    house.queue.results = [ContentRefused("no", cost_microusd=50_000) for _ in range(9)]
    for number in range(5):
        await house.start()
        await house.courier.until(number + 1)
    with pytest.raises(TooManyLosses):
        await house.start()
    assert len(house.queue.submits) == 5
    assert house.runner.halt is None


# Refusals


async def refusals(house):
    async with house.database.read() as connection:
        rows = await connection.fetch("SELECT reason, times FROM refusals ORDER BY reason")
        found = await audit.page(connection, server_id=SERVER, limit=100)
    rows_of = [one.change.actor_id for one in found if one.change.kind == "words.refused"]
    return {row["reason"]: row["times"] for row in rows}, rows_of


async def forbidden(house, count, **changes):
    for _ in range(count):
        with pytest.raises(ForbiddenPrompt):
            await house.accept(prompt="a kraken", **changes)


async def test_forbidden_prompts_write_five_rows_an_hour_for_a_member_and_are_all_counted(
    open_house,
):
    house = await open_house(runs=False)
    words = Words(house.database, house.clock)
    await words.add(SERVER, Kind.WORD, "kraken", actor_id=99, reason="")
    await forbidden(house, 12)
    await forbidden(house, 2, member_id=MEMBER + 1)
    counts, rows = await refusals(house)
    assert counts == {"words": 14}
    assert sorted(rows) == [MEMBER] * 5 + [MEMBER + 1] * 2

    house.clock.now += HOUR_MS - 1
    await forbidden(house, 1)
    assert len((await refusals(house))[1]) == 7
    house.clock.now += 1
    await forbidden(house, 9)
    counts, rows = await refusals(house)
    assert counts == {"words": 24}
    assert rows.count(MEMBER) == 10


async def test_a_clock_that_was_set_back_shuts_no_member_s_rows_out(open_house):
    house = await open_house(runs=False)
    words = Words(house.database, house.clock)
    await words.add(SERVER, Kind.WORD, "kraken", actor_id=99, reason="")
    await forbidden(house, 6)
    house.clock.now -= 5 * HOUR_MS
    await forbidden(house, 6)
    assert len((await refusals(house))[1]) == 10


@pytest.mark.parametrize("error", [DatabaseUnavailable("away"), Broken("cached plan")])
async def test_a_refusal_is_told_even_where_it_cannot_be_noted(open_house, error):
    house = await open_house(runs=False)
    await house.put(Rule(Subject.MEMBER, MEMBER, Unit.IMAGES, Window.DAY, 0))
    words = Words(house.database, house.clock)
    await words.add(SERVER, Kind.WORD, "kraken", actor_id=99, reason="")
    house.database.errors = [error]
    with pytest.raises(ForbiddenPrompt):
        await house.accept(prompt="a kraken")
    assert house.database.errors == []


# Bills


async def paid(house, job):
    async with house.database.read() as connection:
        charge = await ledger.net_charge(connection, job.id)
    return charge.images, charge.microusd


async def made(house, result, **changes):
    house.queue.gate.set()
    house.queue.results = [result]
    job = await house.start(**changes)
    await until_state(house, job, State.DELIVERED)
    return await house.get(job)


def alarms(caplog):
    return [r for r in caplog.records if r.message.startswith(ALARM) and r.levelname == "ERROR"]


@pytest.mark.parametrize("billed", [0, None])
async def test_pictures_for_nothing_or_without_a_bill_cost_what_the_formula_says(
    open_house, caplog, billed
):
    house = await open_house()
    job = await made(house, rendering(2, billed_microusd=billed), count=2)
    computed = GPT_IMAGE_2.price.likely_microusd(Ask(job.size, job.quality, job.prompt), 2)
    assert computed > 0
    assert (job.cost_microusd, job.cost_is_computed) == (computed, True)
    assert await paid(house, job) == (2, computed)
    assert len(alarms(caplog)) == (1 if billed == 0 else 0)
    await house.check()


async def test_a_bill_far_above_the_hold_is_the_host_s_and_an_alarm(open_house, caplog):
    house = await open_house(default_usd_per_month_microusd=1_000_000)
    job = await made(house, rendering(1, billed_microusd=4_000_000_000))
    assert (job.cost_microusd, job.cost_is_computed) == (4_000_000_000, False)
    assert await paid(house, job) == (1, job.held_microusd)
    assert [r.cost_microusd for r in alarms(caplog)] == [4_000_000_000]
    await house.check()
    await house.accept()


async def test_four_pictures_for_a_count_of_one_overrun_no_quota(open_house):
    house = await open_house(default_images_per_day=1)
    job = await made(house, rendering(4, billed_microusd=240_000))
    assert (job.made, job.pictures, job.cost_microusd) == (4, 4, 240_000)
    images, microusd = await paid(house, job)
    assert images == 1
    assert microusd == 60_000 <= job.held_microusd
    with pytest.raises(OverLimit):
        await house.accept()


async def test_a_picture_without_an_address_is_billed_and_not_charged(open_house):
    house = await open_house()
    whole = rendering(3, billed_microusd=240_000)
    job = await made(house, Rendering(whole.pictures, 240_000, nameless=1), count=4)
    assert (job.made, job.pictures, job.cost_microusd) == (4, 3, 240_000)
    assert await paid(house, job) == (3, 180_000)
    await house.check()


async def test_a_bill_above_the_hold_for_a_failure_is_recorded_too(open_house):
    house = await open_house()
    house.queue.gate.set()
    house.queue.results = [TemporaryFailure("500", cost_microusd=900_000)]
    job = await house.start()
    await house.courier.until(1)
    assert (await house.get(job)).cost_microusd == 900_000
    assert await paid(house, job) == (0, 0)
    await house.check()
