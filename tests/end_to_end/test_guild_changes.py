"""Servers that change under the bot: nothing breaks, hangs in the air or leaks into another."""

import asyncio

from standins.discord import DiscordMessage, Fault
from tests.end_to_end.test_log_channel import add_log_channel, set_limit
from tests.stage import Stage, staged


async def admin(stage: Stage, name: str, **options) -> DiscordMessage:
    sent = await stage.discord.slash(
        stage.moderator, stage.channel, f"imagine-admin {name}", options
    )
    return await stage.reply(sent)


async def until_logged(stage: Stage, line: str) -> None:
    await stage.until(lambda: line in stage.bot.log)


async def test_a_deleted_role_and_channel_take_their_limits_and_settings_with_them(tmp_path):
    async with staged(tmp_path) as stage:
        log = await add_log_channel(stage)
        role = stage.guild.add_role("Artists")
        pictures = stage.guild.add_channel("more-pictures")
        await set_limit(stage, "9", role=role)
        await set_limit(stage, "8", channel=pictures)
        await stage.discord.wait_for(lambda: stage.discord.messages(log), 10)
        stage.discord.delete_role(role)
        stage.discord.delete_channel(pictures)

        def told(part: str) -> bool:
            return any(part in message.text for message in stage.discord.messages(log))

        await stage.discord.wait_for(lambda: told("the role “Artists” was deleted"), 10)
        await stage.discord.wait_for(lambda: told("the channel “more-pictures” was deleted"), 10)
        listed = await admin(stage, "limit list")
        assert str(role.id) not in listed.text
        assert str(pictures.id) not in listed.text

        stage.discord.delete_channel(log)
        await stage.until(lambda: stage.bot.log.count("channel deleted") == 2)
        audit = await admin(stage, "audit")
        assert "Limit clear" in audit.text
        assert "Settings log" in audit.text
        await set_limit(stage, "7")
        assert "notice not posted" not in stage.bot.log


async def test_what_was_deleted_while_the_bot_was_away_is_marked_harmless_and_can_be_cleared(
    tmp_path,
):
    async with staged(tmp_path) as stage:
        role, kept = stage.guild.add_role("Artists"), stage.guild.add_role("Painters")
        pictures = stage.guild.add_channel("more-pictures")
        hidden = stage.guild.add_channel("secret", hidden_from_bot=True)
        for options in ({"role": role}, {"role": kept}, {"channel": pictures}):
            await set_limit(stage, "0", **options)
        await set_limit(stage, "6", channel=hidden)
        await stage.kill_bot()
        stage.discord.delete_role(role)
        stage.discord.delete_channel(pictures)
        await stage.start_bot()

        assert "held" in (await stage.card()).edits[0].text
        listed = await admin(stage, "limit list")
        assert f"Role <@&{role.id}> (gone): **0 pictures a day**" in listed.text
        assert f"<#{pictures.id}>, all together (gone)" in listed.text
        assert listed.text.count("(gone):") == 3
        pressed = await stage.discord.press(stage.alice, listed, "limits:gone", unchecked=True)
        assert "Only members who may manage" in (await stage.reply(pressed)).text

        await (await stage.discord.press(stage.moderator, listed, "Clear what is gone")).answer()
        await stage.discord.wait_for(lambda: "(gone)" not in listed.text, 10)
        assert f"Role <@&{kept.id}>: **0 pictures" in listed.text
        assert f"<#{hidden.id}>, all together: **6 pictures" in listed.text
        assert not listed.buttons
        assert "the role is gone" in (await admin(stage, "audit")).text


async def test_members_who_left_can_be_cleared_and_their_jobs_end(tmp_path):
    async with staged(tmp_path) as stage:
        given = {"unit": "images", "window": "day", "member": stage.alice}
        await set_limit(stage, "5", member=stage.alice)
        stage.fal.hold()
        public = await stage.card()
        await stage.fal.next_job()
        private = await stage.card(private=True)
        await stage.fal.next_job()
        stage.discord.leave(stage.alice)
        stage.discord.clock.advance(16 * 60)
        stage.fal.release()
        await stage.until(lambda: "undeliverable" in stage.bot.log)
        await stage.discord.wait_for(lambda: public.gallery, 15)
        assert "code 50278" in stage.bot.log
        assert not private.gallery

        async with asyncio.timeout(10):  # what could not be delivered is given back
            while "4 of 5 left" not in (await admin(stage, "limit list", member=stage.alice)).text:
                pass
        cleared = await admin(stage, "limit clear", **given)
        assert "Cleared." in cleared.text
        stage.assert_books_are_right()


async def test_a_server_that_removes_the_bot_gets_back_what_waits_and_others_notice_nothing(
    tmp_path,
):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        log = await add_log_channel(stage)
        guild = stage.discord.add_guild("Other")
        channel, ada = guild.add_channel("pictures"), guild.add_member("ada")
        other_log = await add_log_channel(stage, guild)
        stage.fal.hold()
        await stage.card()
        await stage.fal.next_job()
        await stage.card(stage.bob)
        sent = await stage.discord.slash(ada, channel, "imagine", {"prompt": "a heron"})
        other = await stage.reply(sent)
        stage.discord.faults.add(Fault(route="create_message", channel_id=log.id, status=503))
        await set_limit(stage, "4")
        await until_logged(stage, "log channel waits")

        stage.discord.kick_bot(stage.guild)
        await until_logged(stage, "server left")
        stage.fal.release()
        await stage.discord.wait_for(lambda: other.gallery, 15)
        await until_logged(stage, "undeliverable")
        assert await stage.bot.stop() == 0

        ends = {job["member_id"]: job["state"] for job in stage.jobs()}
        assert ends == {
            stage.alice.id: "undelivered",
            stage.bob.id: "failed",
            ada.id: "delivered",
        }
        assert stage.discord.messages(other_log) == []
        assert len(stage.fal.jobs) == 2
        stage.assert_books_are_right()
