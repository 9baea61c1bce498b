"""Discord closes the door for good: what is paid waits for the next start."""

from tests.stage import staged


async def test_pictures_that_come_after_the_gateway_closed_for_good_are_not_lost(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        card = await stage.card()
        job = await stage.fal.next_job()
        await stage.fal.start(job)
        await stage.wait_text(card, "Painting")
        await stage.discord.gateway.close(4004)
        await stage.until(lambda: "stopping" in stage.bot.log)
        await stage.fal.finish(job)
        await stage.until(lambda: "delivery late" in stage.bot.log)
        await stage.kill_bot()

        stage.fal.release()
        await stage.start_bot()
        await stage.discord.wait_for(lambda: card.gallery, 30)
        await stage.bot.stop()
        assert stage.fal.counts["submit"] == 1
        stage.assert_books_are_right()
