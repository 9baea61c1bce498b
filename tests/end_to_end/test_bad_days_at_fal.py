"""What goes wrong at fal: each ends in one outcome, with a sentence and with the right money."""

from typing import Any

import pytest

from standins.fal.faults import Reply, Stage
from standins.fal.settings import StandInFalSettings
from standins.fal.trouble import NAMED
from tests.stage import staged

NOTHING = "Nothing was charged"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("result_content_policy_violation", "content check refused"),
        ("submit_404", "did not accept these options"),
        ("result_internal_server_error", "failed on the way"),
        ("result_runner_disconnected", "failed on the way"),
        ("result_generation_timeout", "failed on the way"),
        ("result_foreign_host", "nothing of it could be fetched so far. The bot goes on looking"),
    ],
)
async def test_a_failure_says_why_and_what_happened_to_the_money(tmp_path, fault, sentence):
    async with staged(tmp_path) as stage:
        stage.fal.faults.add(NAMED[fault], times=None)
        card = await stage.card(count=2)
        await stage.wait_text(card, "No picture", 40)

        assert sentence in card.text
        assert NOTHING in card.text
        assert "10 of 10 left today" in card.text
        assert card.buttons == []
        assert len(stage.discord.messages(stage.channel)) == 1
        await stage.bot.stop()
        assert stage.jobs()[0]["state"] == "failed"
        assert stage.fal.counts["submit"] == 1
        stage.assert_books_are_right()


@pytest.mark.parametrize("fault", ["submit_lost", "submit_500", "submit_502_accepted"])
async def test_a_submit_without_a_clear_answer_is_not_sent_again(tmp_path, fault):
    # Where the history is closed too, nothing can be learned, which is told after about 17 s.
    async with staged(tmp_path, fal=StandInFalSettings(history_needs_admin=True)) as stage:
        stage.fal.faults.add(NAMED[fault])
        card = await stage.card()
        await stage.wait_text(card, "No picture", 60)

        assert "It was not sent again. The bot goes on looking for days" in card.text
        assert NOTHING in card.text
        assert stage.fal.counts["submit"] == 1
        await stage.bot.stop()
        [hold, release] = stage.ledger()
        assert (hold["kind"], release["kind"]) == ("hold", "release")
        assert stage.in_doubt_microusd() == int(stage.ledger()[0]["microusd"])
        stage.assert_books_are_right()


@pytest.mark.parametrize("fault", ["submit_lost", "submit_502_accepted", "submit_not_json"])
async def test_a_job_whose_answer_was_lost_is_found_with_the_normal_key(tmp_path, fault):
    async with staged(tmp_path) as stage:
        stage.fal.faults.add(NAMED[fault])
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 30)

        assert stage.fal.counts["submit"] == 1
        await stage.bot.stop()
        stage.assert_books_are_right()
        assert stage.in_doubt_microusd() == 0


async def test_where_the_normal_key_may_not_look_the_admin_key_does(tmp_path):
    settings = StandInFalSettings(history_needs_admin=True)
    async with staged(tmp_path, fal=settings, FAL_ADMIN_KEY="admin:admin") as stage:
        stage.fal.faults.add(NAMED["submit_lost"])
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 30)

        assert stage.fal.counts["submit"] == 1
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_when_fal_asks_to_come_again_the_job_waits_and_is_sent_once_more(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.faults.add(Reply(Stage.SUBMIT, 429, "", {"retry-after": "3"}))
        begun_ms = stage.fal.now_ms()
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 30)

        [sent] = stage.fal.jobs
        assert stage.fal.counts["submit"] == 2
        assert 3000 <= sent.sent_at_ms - begun_ms < 20_000
        await stage.bot.stop()
        stage.assert_books_are_right()


@pytest.mark.parametrize(
    "fault", ["stream_cut", "stream_empty", "stream_404", "stream_405", "stream_500",
              "stream_garbled", "stream_huge", "stream_closed", "status_500"],
)  # fmt: skip
async def test_a_stream_that_is_cut_garbled_or_absent_does_not_lose_the_job(tmp_path, fault):
    async with staged(tmp_path, fal=StandInFalSettings(run_s=0.5)) as stage:
        stage.fal.faults.add(NAMED[fault])
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 30)

        assert len(stage.fal.jobs) == 1
        await stage.bot.stop()
        stage.assert_books_are_right()


@pytest.mark.parametrize("fault", ["result_500", "result_closed", "result_nginx_502"])
async def test_a_result_that_cannot_be_fetched_now_is_fetched_later(tmp_path, fault):
    async with staged(tmp_path) as stage:
        stage.fal.faults.add(NAMED[fault], times=8)
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 60)

        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_a_missing_bill_is_computed_and_the_ledger_says_so(tmp_path):
    async with staged(tmp_path, fal=StandInFalSettings(tells_units=False)) as stage:
        card = await stage.card(quality="high")
        await stage.discord.wait_for(lambda: card.gallery, 15)

        assert "about $0.21" in card.text
        await stage.bot.stop()
        assert stage.jobs()[0]["cost_microusd"] == 210_720 + 5 * 5


async def test_fewer_pictures_than_asked_are_said_and_only_they_are_charged(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.faults.add(NAMED["result_fewer"])
        card = await stage.card(count=4)
        await stage.discord.wait_for(lambda: card.gallery, 15)

        assert len(card.gallery) == 1
        assert "fal made 1 picture of 4; only what was made is charged." in card.text
        assert "9 of 10 left today" in card.text
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_a_picture_without_an_address_is_said_and_not_charged(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.faults.add(NAMED["result_one_without_url"])
        card = await stage.card(count=4)
        await stage.discord.wait_for(lambda: card.gallery, 15)

        assert len(card.gallery) == 3
        assert "1 picture came without an address and is not charged." in card.text
        assert "7 of 10 left today" in card.text
        await stage.bot.stop()
        stage.assert_books_are_right()
        [(made, cost, paid_for, paid)] = stage.stored(
            "SELECT images, microusd, charge_images, charge_microusd FROM ledger"
            " WHERE kind = 'settle'"
        )
        assert (made, paid_for) == (4, 3)
        assert paid == cost * 3 // 4


@pytest.mark.parametrize(
    ("fault", "for_s"),
    [("media_404", 2), ("media_403", 2), ("media_410", 2), ("media_html", 2), ("media_moved", 0)],
)
async def test_a_media_host_that_stumbles_for_a_moment_loses_no_picture(tmp_path, fault, for_s):
    async with staged(tmp_path) as stage:
        times: dict[str, Any] = {"for_s": for_s} if for_s else {"times": 2}
        stage.fal.faults.add(NAMED[fault], **times)
        card = await stage.card(count=2)
        await stage.discord.wait_for(lambda: card.gallery, 40)

        assert len(card.gallery) == 2
        assert "8 of 10 left today" in card.text
        assert "could not be fetched" not in card.text
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_a_refusal_that_fal_bills_costs_the_host_and_not_the_member(tmp_path):
    async with staged(tmp_path, SERVER_USD_PER_MONTH="10") as stage:
        stage.fal.faults.add(NAMED["result_content_policy_violation_billed"])
        card = await stage.card(quality="high")
        await stage.wait_text(card, "No picture")

        assert "10 of 10 left today" in card.text
        quota = await stage.discord.slash(stage.alice, stage.channel, "quota")
        assert "$9.79 of $10 left" in (await stage.reply(quota)).text
        await stage.bot.stop()
        stage.assert_books_are_right()
