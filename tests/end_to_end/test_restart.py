"""Killed in every state and started again: one outcome, at most one submission, one message."""

import asyncio

import pytest

from standins.discord import Fault
from standins.fal.faults import Delay
from standins.fal.faults import Stage as Call
from standins.fal.settings import StandInFalSettings
from standins.fal.trouble import NAMED
from tests.stage import Stage, staged


async def kill_and_start(stage: Stage) -> None:
    await stage.kill_bot()
    stage.fal.faults.clear()
    stage.discord.faults.clear()
    await stage.start_bot()


async def delivered_once(stage: Stage, card) -> None:
    await stage.discord.wait_for(lambda: card.gallery, 40)
    await stage.bot.stop()
    assert len(stage.discord.messages(stage.channel)) == 1
    assert stage.fal.counts["submit"] == 1
    assert [job["state"] for job in stage.jobs()] == ["delivered"]
    stage.assert_books_are_right()


async def test_killed_while_held(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        stage.fal.hold()
        first = await stage.card()
        await stage.fal.next_job()
        second = await stage.noted_card(stage.bob)
        await stage.kill_bot()
        stage.fal.release()
        await stage.start_bot()
        await stage.discord.wait_for(lambda: first.gallery and second.gallery, 40)

        await stage.bot.stop()
        assert stage.fal.counts["submit"] == 2
        assert len(stage.discord.messages(stage.channel)) == 2
        stage.assert_books_are_right()


async def test_killed_before_the_first_answer_the_job_is_given_back_and_never_sent(tmp_path):
    """Nobody was promised anything, and who saw no answer may have asked again."""
    async with staged(tmp_path) as stage:
        late = stage.discord.faults.add(Fault(route="callback", delay_before_s=30))
        await stage.imagine()
        await stage.until(lambda: late.hits)
        await kill_and_start(stage)
        await stage.discord.wait_for(lambda: stage.discord.messages(stage.channel), 30)

        [told] = stage.discord.messages(stage.channel)
        assert told.pinged.users == {stage.alice.id}
        assert "It was interrupted before anything was sent. You can ask again." in told.text
        assert "Nothing was charged" in told.text
        again = await stage.card()
        await stage.discord.wait_for(lambda: again.gallery, 30)
        await stage.bot.stop()
        assert [job["state"] for job in stage.jobs()] == ["failed", "delivered"]
        assert stage.fal.counts["submit"] == 1
        stage.assert_books_are_right()


CLOSED = StandInFalSettings(history_needs_admin=True)
"""Of a lost submit nothing can be learned, which is told after about 17 s."""


@pytest.mark.parametrize("accepted", [True, False])
async def test_killed_while_submitting_is_never_sent_again(tmp_path, accepted):
    async with staged(tmp_path, fal=CLOSED) as stage:
        struck = stage.fal.faults.add(Delay(Call.SUBMIT, None, accepted=accepted))
        card = await stage.card()
        await struck.struck.wait()
        await kill_and_start(stage)
        await stage.wait_text(card, "No picture", 60)

        assert "It was not sent again" in card.text
        assert "10 of 10 left today" in card.text
        await stage.bot.stop()
        assert stage.fal.counts["submit"] == 1
        assert [row["kind"] for row in stage.ledger()] == ["hold", "release"]
        assert stage.in_doubt_microusd() == int(stage.ledger()[0]["microusd"])
        stage.assert_books_are_right()


async def test_killed_while_submitting_is_found_with_the_normal_key(tmp_path):
    async with staged(tmp_path) as stage:
        struck = stage.fal.faults.add(Delay(Call.SUBMIT, None, accepted=True))
        card = await stage.card()
        await struck.struck.wait()
        await kill_and_start(stage)

        await delivered_once(stage, card)


async def test_killed_while_submitting_is_found_with_an_admin_key(tmp_path):
    async with staged(tmp_path, fal=CLOSED, FAL_ADMIN_KEY="admin:admin") as stage:
        struck = stage.fal.faults.add(Delay(Call.SUBMIT, None, accepted=True))
        card = await stage.card()
        await struck.struck.wait()
        await kill_and_start(stage)

        await delivered_once(stage, card)


async def test_killed_while_unclear(tmp_path):
    async with staged(tmp_path, FAL_ADMIN_KEY="admin:admin") as stage:
        stage.fal.faults.add(NAMED["submit_lost"])
        looked = stage.fal.faults.add(NAMED["history_500"], times=None)
        card = await stage.card()
        await looked.struck.wait()
        await kill_and_start(stage)

        await delivered_once(stage, card)


@pytest.mark.parametrize("started", [True, False])
async def test_killed_while_queued(tmp_path, started):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        card = await stage.card()
        job = await stage.fal.next_job()
        if started:
            await stage.fal.start(job)
        await stage.wait_text(card, "Painting" if started else "Waiting at fal")
        await stage.kill_bot()
        stage.fal.release()
        await stage.fal.ended(job)
        await stage.start_bot()

        await delivered_once(stage, card)


async def test_killed_while_the_result_is_fetched(tmp_path):
    async with staged(tmp_path) as stage:
        struck = stage.fal.faults.add(Delay(Call.RESULT))
        card = await stage.card()
        await struck.struck.wait()
        await kill_and_start(stage)

        await delivered_once(stage, card)


async def test_killed_while_the_pictures_are_fetched(tmp_path):
    async with staged(tmp_path) as stage:
        struck = stage.fal.faults.add(Delay(Call.MEDIA))
        card = await stage.card()
        await struck.struck.wait()
        await kill_and_start(stage)

        await delivered_once(stage, card)


async def test_killed_after_the_pictures_were_posted_and_before_that_was_noted(tmp_path):
    async with staged(tmp_path) as stage:
        stage.discord.faults.add(Fault(route="original", method="PATCH", delay_s=30))
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 15)
        await kill_and_start(stage)

        await stage.discord.wait_for(lambda: len(card.edits) >= 3, 15)
        await delivered_once(stage, card)


async def test_killed_after_a_new_message_was_posted_and_before_that_was_noted(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        card = await stage.card()
        job = await stage.fal.next_job()
        stage.discord.delete_message(card)
        stage.discord.faults.add(Fault(route="create_message", delay_s=30))
        await stage.fal.start(job)
        await stage.fal.finish(job)
        await stage.discord.wait_for(lambda: stage.discord.messages(stage.channel), 15)
        await kill_and_start(stage)

        [late] = stage.discord.messages(stage.channel)
        await delivered_once(stage, late)


@pytest.mark.parametrize("fault", ["result_content_policy_violation", "submit_404"])
async def test_killed_after_the_end_and_before_the_member_was_told(tmp_path, fault):
    async with staged(tmp_path) as stage:
        stage.fal.faults.add(NAMED[fault])
        told = stage.discord.faults.add(Fault(route="original", method="PATCH", delay_before_s=30))
        card = await stage.card()
        await stage.until(lambda: told.hits)
        await kill_and_start(stage)

        await stage.wait_text(card, "Nothing was charged", 30)
        await stage.bot.stop()
        assert [job["state"] for job in stage.jobs()] == ["failed"]
        stage.assert_books_are_right()


async def test_killed_while_a_cancel_is_under_way(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        card = await stage.card()
        job = await stage.fal.next_job()
        await stage.wait_text(card, "Waiting at fal")
        stage.fal.faults.add(NAMED["cancel_closed"])
        await (await stage.discord.press(stage.alice, card, "Cancel")).answer()
        assert not job.cancel_asked
        await kill_and_start(stage)

        await stage.wait_text(card, "By the member who asked for it.", 30)
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_sigterm_lets_finish_what_can_finish_and_leaves_the_rest_to_the_next_start(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        stage.fal.hold()
        first = await stage.card()
        job = await stage.fal.next_job()
        second = await stage.noted_card(stage.bob)
        await stage.fal.start(job)
        stopping = asyncio.create_task(stage.bot.stop())
        await stage.until(lambda: "stopping" in stage.bot.log)
        refused = await stage.imagine(stage.moderator)
        assert "restarting" in (await stage.reply(refused)).text
        await stage.fal.finish(job)

        assert await stopping == 0
        assert first.gallery
        assert not second.gallery
        stage.fal.release()
        await stage.start_bot()
        await stage.discord.wait_for(lambda: second.gallery, 30)
        await stage.bot.stop()
        assert stage.fal.counts["submit"] == 2
        stage.assert_books_are_right()


async def test_a_stop_waits_for_the_answer_to_a_submit_longer_than_for_anything_else(tmp_path):
    """It tells fal's id, which nothing else may ever tell; the grace for the rest is 20 s."""
    async with staged(tmp_path, fal=CLOSED) as stage:
        struck = stage.fal.faults.add(Delay(Call.SUBMIT, 24, accepted=True))
        card = await stage.card()
        await struck.struck.wait()
        assert await stage.bot.stop(60) == 0
        await stage.start_bot()

        await delivered_once(stage, card)


async def test_a_gateway_that_drops_and_resumes_loses_no_interaction(tmp_path):
    async with staged(tmp_path, fal=StandInFalSettings(run_s=0.2)) as stage:
        stage.discord.gateway.drop()
        sent = await stage.imagine()
        await stage.discord.wait_for(lambda: sent.answered, 10)
        card = await stage.reply(sent)
        await stage.discord.wait_for(lambda: card.gallery, 15)
