"""Delivery by the first open route, and what is done for a file that Discord does not take."""

import io

import pytest
from discord import Permissions
from PIL import Image

from standins.discord import Fault
from standins.fal.faults import OtherMedia
from standins.fal.settings import StandInFalSettings
from tests.stage import staged

MIB = 1024 * 1024


async def test_when_the_token_expires_while_fal_works_the_same_message_is_edited(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        card = await stage.card()
        job = await stage.fal.next_job()
        stage.discord.clock.advance(16 * 60)
        stage.fal.release()
        await stage.fal.finish(job)
        await stage.discord.wait_for(lambda: card.gallery, 15)

        assert len(stage.discord.messages(stage.channel)) == 1
        assert not card.pinged


async def test_when_the_card_is_deleted_a_new_message_names_the_member(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        card = await stage.card()
        job = await stage.fal.next_job()
        stage.discord.delete_message(card)
        await stage.fal.start(job)
        await stage.fal.finish(job)
        await stage.discord.wait_for(lambda: stage.discord.messages(stage.channel), 15)

        [late] = stage.discord.messages(stage.channel)
        assert len(late.gallery) == 1
        assert late.pinged.users == {stage.alice.id}
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_when_the_channel_is_deleted_the_pictures_come_as_a_direct_message(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        await stage.card()
        job = await stage.fal.next_job()
        stage.discord.delete_channel(stage.channel)
        await stage.fal.start(job)
        await stage.fal.finish(job)
        await stage.discord.wait_for(lambda: stage.discord.direct_messages(stage.alice), 15)

        [late] = stage.discord.direct_messages(stage.alice)
        assert len(late.gallery) == 1
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_a_private_request_is_late_delivered_in_private_only(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        await stage.card(private=True)
        job = await stage.fal.next_job()
        stage.discord.clock.advance(16 * 60)
        await stage.fal.start(job)
        await stage.fal.finish(job)
        await stage.discord.wait_for(lambda: stage.discord.direct_messages(stage.alice), 15)

        assert stage.discord.messages(stage.channel, viewer=stage.bob) == []
        assert len(stage.discord.direct_messages(stage.alice)) == 1


@pytest.mark.parametrize("denied", ["view_channel", "attach_files"])
async def test_where_the_bot_may_not_it_answers_and_what_is_late_comes_directly(tmp_path, denied):
    async with staged(tmp_path) as stage:
        stage.guild.deny_bot(stage.channel, Permissions(**{denied: True}))
        in_time = await stage.card()
        await stage.discord.wait_for(lambda: in_time.gallery, 15)

        stage.fal.hold()
        await stage.card()
        await stage.fal.next_job()
        job = await stage.fal.next_job()
        stage.discord.clock.advance(16 * 60)
        await stage.fal.start(job)
        await stage.fal.finish(job)
        await stage.discord.wait_for(lambda: stage.discord.direct_messages(stage.alice), 15)

        [late] = stage.discord.direct_messages(stage.alice)
        assert late.gallery
        assert len(stage.discord.messages(stage.channel)) == 2


async def test_when_every_route_is_closed_the_pictures_are_kept_and_the_charge_returned(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        await stage.card(count=2)
        job = await stage.fal.next_job()
        stage.discord.delete_channel(stage.channel)
        stage.discord.faults.add(Fault(route="create_message", status=403, code=50007, times=None))
        await stage.fal.start(job)
        await stage.fal.finish(job)
        folder = tmp_path / "data" / "undelivered"
        await stage.until(lambda: list(folder.glob("*/2.png")))
        await stage.bot.stop()

        [stored] = stage.jobs()
        assert stored["state"] == "undelivered"
        [adjust] = [row for row in stage.ledger() if row["kind"] == "adjust"]
        assert adjust["images"] == "-2"
        stage.assert_books_are_right()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(route="original", method="PATCH", lost_answer=True),
        Fault(route="original", method="PATCH", lost_request=True),
        Fault(route="original", method="PATCH", status=500, times=2),
        Fault(route="original", method="PATCH", status=503, times=2),
        Fault(route="original", method="PATCH", status=429, retry_after_s=0.5, times=2),
        Fault(route="original", method="PATCH", status=429, via=False),
    ],
    ids=["lost answer", "lost request", "500", "503", "429", "cloudflare"],
)
async def test_a_stumbling_discord_gets_the_pictures_once(tmp_path, fault):
    async with staged(tmp_path) as stage:
        stage.discord.faults.add(fault)
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 60)
        await stage.discord.wait_for(lambda: fault.hits >= 1)
        await stage.bot.stop()

        assert len(stage.discord.messages(stage.channel)) == 1
        stage.assert_books_are_right()
        assert stage.jobs()[0]["state"] == "delivered"


async def test_a_lost_first_answer_still_ends_in_one_message(tmp_path):
    async with staged(tmp_path) as stage:
        stage.discord.faults.add(Fault(route="callback", lost_answer=True))
        await stage.imagine()
        await stage.discord.wait_for(
            lambda: any(m.gallery for m in stage.discord.messages(stage.channel)), 30
        )

        assert len(stage.discord.messages(stage.channel)) == 1
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_a_request_that_discord_no_longer_knows_is_given_back(tmp_path):
    async with staged(tmp_path) as stage:
        stage.discord.faults.add(Fault(route="callback", status=404, code=10062))
        await stage.imagine()
        await stage.until(lambda: "interaction gone" in stage.bot.log)
        await stage.bot.stop()

        assert [job["state"] for job in stage.jobs()] == ["failed"]
        assert stage.fal.counts["submit"] == 0
        stage.assert_books_are_right()


async def test_a_picture_over_the_limit_is_encoded_again_and_the_card_says_so(tmp_path):
    settings = StandInFalSettings(picture_bytes_min=3 * MIB)
    async with staged(tmp_path, fal=settings) as stage:
        sent = await stage.discord.slash(
            stage.alice, stage.channel, "imagine", {"prompt": "a reef", "count": 2},
            attachment_size_limit=2 * MIB,
        )  # fmt: skip
        card = await stage.reply(sent)
        await stage.discord.wait_for(lambda: len(card.gallery) == 2, 60)

        for picture in card.gallery:
            assert len(picture.data) <= 2 * MIB
            with Image.open(io.BytesIO(picture.data)) as image:
                assert (image.size, image.format) == ((1024, 1024), "WEBP")
        assert "Sent as WebP" in card.text
        assert "over 2 MiB" in card.text


async def test_a_file_that_discord_refuses_below_its_own_limit_is_made_smaller(tmp_path):
    settings = StandInFalSettings(picture_bytes_min=2 * MIB)
    async with staged(tmp_path, fal=settings) as stage:
        stage.discord.faults.add(Fault(route="original", method="PATCH", status=413, code=40005))
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 60)

        assert "Sent as WebP" in card.text


async def test_another_format_than_asked_is_said(tmp_path):
    async with staged(tmp_path) as stage:
        jpeg = io.BytesIO()
        Image.new("RGB", (1024, 1024), "teal").save(jpeg, "JPEG")
        stage.fal.faults.add(OtherMedia(jpeg.getvalue()))
        card = await stage.card(format="webp")
        await stage.discord.wait_for(lambda: card.gallery, 30)

        assert "fal sent JPEG instead of WebP." in card.text
        assert card.gallery[0].filename.endswith(".jpeg")


async def test_cards_are_edited_at_a_rate_that_discord_takes(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="2", DEFAULT_IMAGES_PER_DAY="100") as stage:
        stage.fal.run_s = 0.4
        cards = [await stage.card(stage.alice if n % 2 else stage.bob) for n in range(12)]
        await stage.discord.wait_for(lambda: all(card.gallery for card in cards), 60)

        assert [r.status for r in stage.discord.requests if r.status == 429] == []
        for card in cards:
            gaps = [b.at_s - a.at_s for a, b in zip(card.edits, card.edits[1:-1], strict=False)]
            assert all(gap > 0.9 for gap in gaps)
