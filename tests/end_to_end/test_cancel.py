"""Cancel in every state: free in our line, honoured as fal allows after that."""

from standins.fal.settings import QueuedCancel, RunningCancel, StandInFalSettings
from tests.stage import staged


async def test_cancel_in_our_own_line_is_free_and_sends_nothing(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        stage.fal.hold()
        await stage.card()
        await stage.fal.next_job()
        card = await stage.card(stage.bob)
        assert "1st in line" in card.text
        pressed = await stage.discord.press(stage.bob, card, "Cancel")
        answer = await stage.reply(pressed)

        assert answer.ephemeral
        assert "Nothing was charged" in answer.text
        await stage.wait_text(card, "By the member who asked for it.")
        assert "10 of 10 left today" in card.text
        assert stage.fal.counts["submit"] == 1


async def test_cancel_while_fal_holds_it_in_its_queue_removes_it(tmp_path):
    async with staged(tmp_path, fal=StandInFalSettings(queued_cancel=QueuedCancel.OK)) as stage:
        stage.fal.hold()
        card = await stage.card()
        await stage.fal.next_job()
        await stage.wait_text(card, "Waiting at fal")
        pressed = await stage.discord.press(stage.alice, card, "Cancel")

        assert "Nothing will be charged" in (await stage.reply(pressed)).text
        await stage.wait_text(card, "By the member who asked for it.")
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_cancel_of_a_started_job_says_so_and_delivers_what_fal_finishes(tmp_path):
    settings = StandInFalSettings(running_cancel=RunningCancel.FINISHES)
    async with staged(tmp_path, fal=settings) as stage:
        stage.fal.hold()
        card = await stage.card()
        job = await stage.fal.next_job()
        await stage.fal.start(job)
        await stage.wait_text(card, "Painting")
        pressed = await stage.discord.press(stage.alice, card, "Cancel")

        assert "fal had already started it" in (await stage.reply(pressed)).text
        await stage.wait_text(card, "Cancelling")
        assert card.buttons == []
        await stage.fal.finish(job)
        await stage.discord.wait_for(lambda: card.gallery, 15)
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_cancel_of_a_started_job_that_fal_ends_returns_the_hold(tmp_path):
    settings = StandInFalSettings(running_cancel=RunningCancel.ENDS)
    async with staged(tmp_path, fal=settings) as stage:
        stage.fal.hold()
        card = await stage.card()
        await stage.fal.start(await stage.fal.next_job())
        await stage.wait_text(card, "Painting")
        await stage.discord.press(stage.moderator, card, "Cancel")

        await stage.wait_text(card, "By a moderator.")
        assert "10 of 10 left today" in card.text
        await stage.bot.stop()
        stage.assert_books_are_right()
        assert stage.jobs()[0]["state"] == "cancelled"


async def test_another_member_cannot_cancel(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        card = await stage.card()
        job = await stage.fal.next_job()
        answer = await stage.reply(await stage.discord.press(stage.bob, card, "Cancel"))

        assert answer.ephemeral
        assert "Only the member who asked for it and moderators" in answer.text
        assert not job.cancel_asked


async def test_a_cancel_that_arrives_twice_ends_the_job_once(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        stage.fal.hold()
        await stage.card()
        await stage.fal.next_job()
        card = await stage.card(stage.bob)
        pressed = [await stage.discord.press(stage.bob, card, "Cancel") for _ in range(2)]
        texts = [(await stage.reply(one)).text for one in pressed]

        assert sum("Nothing was charged" in text for text in texts) == 1
        assert sum("already ended" in text for text in texts) == 1
        stage.fal.release()
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_the_button_of_an_older_run_works_after_a_restart(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        stage.fal.hold()
        await stage.card()
        await stage.fal.next_job()
        card = await stage.noted_card(stage.bob)
        await stage.kill_bot()
        await stage.start_bot()
        await stage.discord.press(stage.bob, card, "Cancel")

        await stage.wait_text(card, "By the member who asked for it.")
