"""The same bot over PostgreSQL: one way of a request, the race, and a kill."""

from standins.fal.faults import Delay
from standins.fal.faults import Stage as Call
from standins.fal.settings import StandInFalSettings
from tests.fork_server import ForkedBot
from tests.stage import staged


async def test_pictures_and_exact_money_over_postgresql(tmp_path, postgres_url):
    async with staged(tmp_path, DATABASE_URL=postgres_url) as stage:
        card = await stage.card(count=2)
        await stage.discord.wait_for(lambda: len(card.gallery) == 2, 20)

        assert "8 of 10 left today" in card.text
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_racing_members_and_a_cap_of_the_whole_bot_over_postgresql(tmp_path, postgres_url):
    # A picture holds 7 cents, so a dollar has room for 14 at most, whoever asks and wherever.
    async with staged(tmp_path, DATABASE_URL=postgres_url, BOT_USD_PER_DAY="1") as stage:
        other = stage.discord.add_guild("Other")
        channel = other.add_channel("pictures")
        carol = other.add_member("carol")
        stage.fal.hold()
        sent = []
        for _ in range(10):
            sent.append(await stage.imagine(stage.alice))
            sent.append(await stage.imagine(stage.bob))
            sent.append(await stage.discord.slash(carol, channel, "imagine", {"prompt": "a heron"}))
        texts = [(await stage.reply(one, 10)).edits[0].text for one in sent]

        assert sum("held" in text for text in texts) == 14
        assert sum("the whole bot's budget" in text for text in texts) == 16
        stage.fal.release()
        await stage.bot.stop()
        assert stage.command_line("check").returncode == 0


async def test_killed_and_started_again_over_postgresql(tmp_path, postgres_url):
    async with staged(tmp_path, DATABASE_URL=postgres_url) as stage:
        stage.fal.hold()
        card = await stage.card()
        job = await stage.fal.next_job()
        await stage.wait_text(card, "Waiting at fal")
        await stage.kill_bot()
        stage.fal.release()
        await stage.fal.ended(job)
        await stage.start_bot()
        await stage.discord.wait_for(lambda: card.gallery, 30)

        await stage.bot.stop()
        assert stage.fal.counts["submit"] == 1
        stage.assert_books_are_right()


async def test_a_second_process_loses_no_ticket_of_the_first(tmp_path, postgres_url):
    closed = StandInFalSettings(history_needs_admin=True)
    async with staged(tmp_path, fal=closed, DATABASE_URL=postgres_url) as stage:
        struck = stage.fal.faults.add(Delay(Call.SUBMIT, None, accepted=True))
        card = await stage.card()
        await struck.struck.wait()
        second = ForkedBot(tmp_path / "second", stage.env)
        await second.start()
        assert await second.wait() == 1
        assert second.log.startswith("another bot runs on the database")
        struck.release()
        await stage.discord.wait_for(lambda: card.gallery, 30)

        await stage.bot.stop()
        assert stage.fal.counts["submit"] == 1
        assert [job["state"] for job in stage.jobs()] == ["delivered"]
        stage.assert_books_are_right()
