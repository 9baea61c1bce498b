"""A moderator reads who spent what; the figures are the ledger's, and only this server's."""

import csv
import io

from PIL import Image

from bot.core.money import format_usd
from standins.fal.trouble import NAMED
from tests.stage import Stage, staged


async def usage(stage: Stage, member=None, **options):
    sent = await stage.discord.slash(
        member or stage.moderator, stage.channel, "imagine-admin usage", options
    )
    card = await stage.reply(sent, 10)
    # On a busy machine the first answer only says that it is being worked on.
    await stage.discord.wait_for(lambda: card.text, 30)
    return card


async def play(stage: Stage) -> None:
    """Two members with pictures, one refusal by the model, one failure, one over the limit."""
    done = [
        await stage.card(count=2, quality="high"),
        await stage.card(stage.bob, quality="low", size="1536x1024"),
    ]
    for card in done:
        await stage.discord.wait_for(lambda card=card: card.gallery, 20)
    for fault, sentence in (
        ("result_content_policy_violation", "content check"),
        ("result_internal_server_error", "failed on the way"),
    ):
        stage.fal.faults.add(NAMED[fault], times=None)
        card = await stage.card(stage.bob)
        await stage.wait_text(card, sentence, 30)
        stage.fal.faults.clear()
    refused = await stage.card(count=4)
    assert "No room" in refused.text


async def play_elsewhere(stage: Stage) -> tuple:
    guild = stage.discord.add_guild("Elsewhere")
    channel, carol = guild.add_channel("art"), guild.add_member("carol")
    moderator = guild.add_moderator("otto")
    await stage.start_bot()
    sent = await stage.discord.slash(
        carol, channel, "imagine", {"prompt": "a heron", "quality": "high", "count": 3}
    )
    card = await stage.reply(sent)
    await stage.discord.wait_for(lambda: card.gallery, 20)
    return channel, carol, moderator


async def test_a_moderator_reads_a_chart_and_figures_that_are_the_ledger_s(tmp_path):
    async with staged(tmp_path, starts_bot=False, DEFAULT_IMAGES_PER_DAY="4") as stage:
        channel, carol, other_moderator = await play_elsewhere(stage)
        await play(stage)

        card = await usage(stage, period="today")

        rows = [row for row in stage.ledger() if row["server_id"] == str(stage.guild.id)]
        settled = [row for row in rows if row["kind"] == "settle"]
        cost = {
            member.id: sum(
                int(row["microusd"]) for row in settled if row["member_id"] == str(member.id)
            )
            for member in (stage.alice, stage.bob)
        }
        assert card.ephemeral
        assert not card.pinged
        lines = [" ".join(line.split()) for line in card.text.splitlines()]
        assert f"total 4 3 {format_usd(sum(cost.values()))}" in lines
        assert f"high 1 2 {format_usd(cost[stage.alice.id])}" in lines
        assert f"low 1 1 {format_usd(cost[stage.bob.id])}" in lines
        assert f"**#1** <@{stage.alice.id}> · {format_usd(cost[stage.alice.id])}" in card.text
        assert f"**#2** <@{stage.bob.id}> · {format_usd(cost[stage.bob.id])}" in card.text
        assert {"delivered 2 40%", "content check 1 20%", "failed 1 20%"} <= set(lines)
        assert "refused at once 1 20%" in lines
        assert "-# Refused at once: over a member's limit 1" in lines
        assert str(carol.id) not in card.text

        [picture] = card.gallery
        assert picture.alt
        assert format_usd(sum(cost.values())) in picture.alt
        assert "20% failed" in picture.alt
        with Image.open(io.BytesIO(picture.data)) as image:
            assert image.format == "PNG"
            assert image.width == 1200

        there = await stage.reply(
            await stage.discord.slash(other_moderator, channel, "imagine-admin usage"), 10
        )
        await stage.discord.wait_for(lambda: there.text, 30)
        assert f"<@{carol.id}>" in there.text
        assert str(stage.alice.id) not in there.text
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_the_table_is_handed_out_as_a_file_also_after_a_restart(tmp_path):
    async with staged(tmp_path) as stage:
        done = await stage.card(count=2)
        await stage.discord.wait_for(lambda: done.gallery, 20)
        card = await usage(stage)
        await stage.kill_bot()
        await stage.start_bot()

        handed = await stage.reply(await stage.discord.press(stage.moderator, card, "CSV"))

        assert handed.ephemeral
        [file] = handed.gallery
        assert file.filename.startswith(f"usage-{stage.guild.id}-")
        [row] = csv.DictReader(io.StringIO(file.data.decode()))
        [settled] = [one for one in stage.ledger() if one["kind"] == "settle"]
        assert row["member_id"] == str(stage.alice.id)
        assert (row["quality"], row["jobs"], row["pictures"]) == ("medium", "1", "2")
        assert row["cost_microusd"] == row["charge_microusd"] == settled["microusd"]
        assert row["cost_usd"] == f"{int(settled['microusd']) / 1e6:.6f}"


async def test_nobody_else_gets_figures_and_wrong_days_are_explained(tmp_path):
    async with staged(tmp_path) as stage:
        card = await usage(stage, period="2026-01-02")
        assert "Nobody spent anything." in card.text
        assert len(card.gallery) == 1
        for options in ({}, {"period": "today"}):
            sent = await stage.discord.slash(
                stage.alice, stage.channel, "imagine-admin usage", options, unchecked=True
            )
            answer = await stage.reply(sent)
            assert "Only members who may manage the server" in answer.text
            assert not answer.gallery
        pressed = await stage.discord.press(
            stage.alice, card, card.buttons[0].custom_id or "", unchecked=True
        )
        assert "Only members who may manage the server" in (await stage.reply(pressed)).text
        for options, sentence in (
            ({"period": "soon"}, "is no date; type it like"),
            ({"period": "2020-01-01..2026-01-01"}, "at most 366"),
            ({"from": "2026-02-01", "to": "2026-01-01"}, "name the earlier day first"),
            ({"from": "2026-02-01", "period": "today"}, "not both"),
        ):
            assert sentence in (await usage(stage, **options)).text
        offered = await stage.discord.autocomplete(
            stage.moderator, stage.channel, "imagine-admin usage", "period", "month"
        )
        assert [one.value for one in offered] == ["this month", "last month"]
