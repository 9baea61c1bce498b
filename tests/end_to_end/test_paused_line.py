"""A line that stands: it says why everywhere, sends next to nothing, and goes on by itself."""

import asyncio
from typing import Any

import pytest

from standins.fal.settings import StandInFalSettings
from standins.fal.trouble import NAMED
from tests.end_to_end.test_log_channel import add_log_channel, logged
from tests.stage import staged

pytestmark = pytest.mark.timeout(300)
"""The shortest pause of a refused line is 30 s, and it is waited for."""

CLOSED = StandInFalSettings(history_needs_admin=True)
"""Of a lost submit nothing can be learned, which is told after about 17 s."""

FREE_CANCEL = "Cancelled before it was sent. Nothing was charged."


@pytest.mark.parametrize(
    ("fault", "halt", "why"),
    [
        ("submit_locked", "account", "the bot's account at fal is locked or out of balance"),
        ("submit_401", "key", "fal rejects this bot's key"),
    ],
)
async def test_a_refused_account_or_key_pauses_the_line_and_fails_nobody(
    tmp_path, fault, halt, why
):
    async with staged(tmp_path) as stage:
        log = await add_log_channel(stage)
        stage.fal.faults.add(NAMED[fault])
        first = await stage.card()
        await stage.wait_text(first, f"**Waiting** · 1st in line · paused: {why}")

        assert "It goes on by itself." in first.text
        assert first.buttons
        assert await stage.readiness() == (
            200,
            {"database": True, "discord": True, "line": f"paused: {halt}"},
        )
        second = await stage.card(stage.bob)
        assert f"2nd in line · paused: {why}" in second.edits[0].text, "told at once"
        cancelled = await stage.reply(await stage.discord.press(stage.bob, second, "Cancel"))
        assert FREE_CANCEL in cancelled.text
        [paused] = await logged(stage, log, 1)
        assert f"**Pictures are paused:** {why}" in paused
        assert stage.fal.counts["submit"] == 1, "nothing is tried while the pause lasts"

        await stage.discord.wait_for(lambda: first.gallery, 60)
        [_, again] = await logged(stage, log, 2)
        assert "**Pictures are made again.**" in again
        assert (await stage.readiness())[1] == {"database": True, "discord": True}
        assert stage.fal.counts["submit"] == 2
        await stage.bot.stop()
        states = sorted(job["state"] for job in stage.jobs())
        assert states == ["cancelled", "delivered"]
        stage.assert_books_are_right()


async def test_money_in_doubt_counts_against_the_cap_of_the_bot(tmp_path):
    """A picture holds 7 cents, so 20 cents have room for two, whatever became of them."""
    async with staged(tmp_path, fal=CLOSED, BOT_USD_PER_DAY="0.20") as stage:
        stage.fal.faults.add(NAMED["submit_502_accepted"], times=None)
        cards = [await stage.card() for _ in range(2)]
        for card in cards:
            await stage.wait_text(card, "No picture", 60)
            assert "Nothing was charged" in card.text
        refused = [await stage.reply(await stage.imagine(stage.bob)) for _ in range(5)]

        assert all("the whole bot's budget" in answer.text for answer in refused)
        assert stage.fal.counts["submit"] == 2
        assert stage.fal.billed_microusd <= stage.in_doubt_microusd() <= 200_000
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_answers_to_submits_that_get_lost_in_a_row_stop_the_line(tmp_path):
    many: dict[str, Any] = {"FAL_CONCURRENCY": "1", "DEFAULT_IMAGES_PER_DAY": "100"}
    async with staged(tmp_path, fal=CLOSED, **many) as stage:
        log = await add_log_channel(stage)
        stage.fal.faults.add(NAMED["submit_502_accepted"], times=None)
        cards = [await stage.card(prompt=f"heron {number}") for number in range(6)]
        await stage.discord.wait_for(lambda: "paused" in cards[-1].text, 90)

        assert "fal's answers to new requests get lost" in cards[-1].text
        sent = stage.fal.counts["submit"]
        assert sent == 3
        assert "get lost" in (await logged(stage, log, 1))[0]
        await asyncio.sleep(5)
        assert stage.fal.counts["submit"] == sent
        for card in cards[3:]:
            pressed = await stage.discord.press(stage.alice, card, "Cancel")
            assert FREE_CANCEL in (await stage.reply(pressed)).text
        await stage.bot.kill()


async def test_pictures_on_a_foreign_host_stop_the_line_after_the_first(tmp_path):
    async with staged(tmp_path, DEFAULT_IMAGES_PER_DAY="2") as stage:
        log = await add_log_channel(stage)
        stage.fal.faults.add(NAMED["result_foreign_host"], times=None)
        first = await stage.card()
        await stage.wait_text(first, "No picture", 40)

        assert "nothing of it could be fetched so far. The bot goes on looking" in first.text
        assert "2 of 2 left today" in first.text
        waiting = [await stage.card(who) for who in (stage.alice, stage.bob, stage.moderator)]
        why = "fal keeps its pictures where this bot may not fetch them"
        assert all(f"paused: {why}" in card.edits[0].text for card in waiting)
        assert why in (await logged(stage, log, 1))[0]
        await asyncio.sleep(5)
        assert stage.fal.counts["submit"] == 1, "nothing more is bought"
        await stage.bot.kill()
