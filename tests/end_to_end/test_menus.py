"""The menus of members and messages: a member's quota, removing a picture, reporting one."""

import asyncio
import json
import sqlite3
from contextlib import closing

from standins.discord import Channel, DiscordMessage, Fault, Member
from tests.scenes import open_job
from tests.stage import Stage, staged

QUOTA, REMOVE, REPORT = "Image quota", "Remove image", "Report image"
REFUSED = "Only members who may manage the server"


async def picture(stage: Stage, member: Member | None = None, **options) -> DiscordMessage:
    card = await stage.card(member, **options)
    await stage.discord.wait_for(lambda: card.gallery, 15)
    # The bot notes the delivery after Discord has shown it.
    await stage.until(lambda: ask(stage, _IS_NOTED, str(card.id)))
    return card


_IS_NOTED = "SELECT id FROM jobs WHERE state = 'delivered' AND message_id = CAST(? AS INTEGER)"


def ask(stage: Stage, sql: str, *args: str) -> list:
    with closing(sqlite3.connect(stage.folder / "bot.db", timeout=10)) as connection:
        return connection.execute(sql, args).fetchall()


def audit(stage: Stage) -> list[str]:
    return [row[0] for row in ask(stage, "SELECT kind FROM audit ORDER BY id")]


def add_log_channel(stage: Stage) -> Channel:
    """A channel that the server's settings name as its log channel."""
    channel = stage.guild.add_channel("log")
    with closing(sqlite3.connect(stage.folder / "bot.db", timeout=10)) as connection:
        connection.execute(
            "INSERT INTO servers (server_id, log_channel_id, version) VALUES (?, ?, 'new')"
            " ON CONFLICT (server_id) DO UPDATE SET log_channel_id = excluded.log_channel_id",
            (stage.guild.id, channel.id),
        )
        connection.commit()
    return channel


async def fill(stage: Stage, sent, **values) -> DiscordMessage:
    """Send a form that opened, and read the answer, also one that comes after a pause."""
    submitted = await stage.discord.submit(sent, {k.capitalize(): v for k, v in values.items()})
    answer = await submitted.answer(5)
    if answer.message is not None and answer.ephemeral:
        return answer.message
    return (await stage.discord.wait_for(lambda: submitted.followups, 10))[0]


async def remove(
    stage: Stage, card: DiscordMessage, reason: str = "not for here"
) -> DiscordMessage:
    sent = await stage.discord.message_menu(stage.moderator, card, REMOVE)
    return await fill(stage, sent, reason=reason)


async def report(
    stage: Stage, card: DiscordMessage, member: Member | None = None
) -> DiscordMessage:
    sent = await stage.discord.message_menu(member or stage.bob, card, REPORT)
    return await fill(stage, sent, reason="not for **children**")


async def report_card(
    stage: Stage, channel: Channel, author: Member | None = None
) -> DiscordMessage:
    """The newest card of a report that is open, of one author's pictures."""
    by = f"by <@{(author or stage.alice).id}>"

    def newest() -> DiscordMessage | None:
        cards = [m for m in stage.discord.messages(channel) if m.buttons and by in m.text]
        return cards[-1] if cards else None

    found = await stage.discord.wait_for(newest, 15, "the card of a report")
    assert found is not None
    return found


async def press(stage: Stage, member: Member, card: DiscordMessage, button: str):
    return await stage.discord.press(member, card, button)


async def read_followup(stage: Stage, sent) -> str:
    found = await stage.discord.wait_for(lambda: sent.followups, 10, "a follow-up")
    assert found[0].ephemeral
    return found[0].text


async def test_a_removed_picture_leaves_a_card_without_it_and_the_record_stays(tmp_path):
    async with staged(tmp_path) as stage:
        card = await picture(stage, count=2)
        url = card.gallery[0].url
        answer = await remove(stage, card, "not @everyone for **here**")

        assert "**Removed.**" in answer.text
        assert answer.ephemeral
        assert not card.gallery
        assert not card.attachments
        assert url not in json.dumps(card.components)
        assert "lighthouse" not in json.dumps(card.components)
        assert "Removed by a moderator" in card.text
        assert r"not \@everyone for \*\*here\*\*" in card.text
        assert "nothing is given back" in card.text
        assert not card.pinged
        assert audit(stage) == ["image.remove"]
        again = await stage.discord.message_menu(stage.moderator, card, REMOVE)
        assert "removed already by" in (await stage.reply(again)).text
        assert not stage.discord.violations
        await stage.bot.stop()
        stage.assert_books_are_right()
        assert stage.jobs()[0]["pictures"] == 2


async def test_a_picture_older_than_its_token_and_a_late_delivery_can_be_removed(tmp_path):
    async with staged(tmp_path) as stage:
        old = await picture(stage)
        stage.fal.hold()
        card = await stage.card()
        job = await open_job(stage)
        stage.discord.delete_message(card)
        stage.discord.clock.advance(16 * 60)
        await stage.fal.start(job)
        await stage.fal.finish(job)
        await stage.discord.wait_for(lambda: len(stage.discord.messages(stage.channel)) == 2, 15)
        late = stage.discord.messages(stage.channel)[-1]
        assert late.id not in (old.id, card.id)
        await stage.until(lambda: ask(stage, _IS_NOTED, str(late.id)))
        for message in (old, late):
            assert "**Removed.**" in (await remove(stage, message)).text
            assert not message.gallery


async def test_what_is_no_picture_of_ours_is_refused_with_its_own_sentence(tmp_path):
    async with staged(tmp_path) as stage:
        said = stage.discord.say(stage.bob, stage.channel, "look at this")
        stage.fal.hold()
        running = await stage.card()
        await stage.fal.next_job()
        for message, sentence in ((said, "no pictures that were made"), (running, "still running")):
            for member, entry in ((stage.moderator, REMOVE), (stage.bob, REPORT)):
                sent = await stage.discord.message_menu(member, message, entry)
                assert sentence in (await stage.reply(sent)).text


async def test_members_are_shown_only_the_report_and_refused_by_hand(tmp_path):
    async with staged(tmp_path) as stage:
        discord = stage.discord
        card = await picture(stage)
        assert discord.shown_commands(stage.bob, stage.channel) == ["imagine", "quota", REPORT]
        opened = await discord.message_menu(stage.moderator, card, REMOVE)
        form = (await opened.answer()).modal
        assert form is not None

        sent = await discord.message_menu(stage.bob, card, REMOVE, unchecked=True)
        assert REFUSED in (await stage.reply(sent)).text
        sent = await discord.user_menu(stage.bob, stage.channel, QUOTA, stage.alice, unchecked=True)
        assert REFUSED in (await stage.reply(sent)).text
        mine = await discord.user_menu(stage.bob, stage.channel, QUOTA, stage.bob, unchecked=True)
        own = await stage.reply(mine)
        assert "10 of 10 left today" in own.text
        assert own.buttons == []
        for custom_id in (form["custom_id"], f"member:block:{stage.alice.id}"):
            taken = await discord.message_menu(stage.bob, card, REPORT)
            (await taken.answer()).modal["custom_id"] = custom_id  # type: ignore[index]
            assert REFUSED in (await fill(stage, taken, reason="by hand")).text
        asked = await discord.user_menu(stage.moderator, stage.channel, QUOTA, stage.bob)
        shown = await stage.reply(asked)
        gift = f"member:gift:{stage.bob.id}"
        pressed = await discord.press(stage.bob, shown, gift, unchecked=True)
        assert REFUSED in (await stage.reply(pressed)).text
        assert card.gallery
        assert audit(stage) == []


async def test_a_server_may_give_the_removal_alone_to_a_role(tmp_path):
    async with staged(tmp_path) as stage:
        card = await picture(stage)
        role = stage.guild.add_role("helpers")
        hana = stage.guild.add_member("hana", role)
        stage.discord.set_command_permissions(stage.guild, REMOVE, {role: True})
        sent = await stage.discord.message_menu(hana, card, REMOVE)
        assert "**Removed.**" in (await fill(stage, sent, reason="no")).text
        sent = await stage.discord.slash(
            hana, stage.channel, "imagine-admin limit list", {}, unchecked=True
        )
        assert REFUSED in (await stage.reply(sent)).text


async def test_another_server_s_messages_are_never_reached(tmp_path):
    async with staged(tmp_path) as stage:
        discord = stage.discord
        card = await picture(stage)
        other = discord.add_guild("Elsewhere")
        place, boss = other.add_channel("pictures"), other.add_moderator("otto")
        log = add_log_channel(stage)
        await report(stage, card)
        button = (await report_card(stage, log)).buttons[0].custom_id
        opened = await discord.message_menu(stage.moderator, card, REMOVE)
        form = (await opened.answer()).modal
        assert form is not None

        taken = await stage.reply(await discord.user_menu(boss, place, QUOTA, boss))
        for custom_id, sentence in (
            (form["custom_id"], "no pictures that were made"),
            (button, "not known in this server"),
        ):
            asked = await discord.press(boss, taken, "Block")
            (await asked.answer()).modal["custom_id"] = custom_id  # type: ignore[index]
            assert sentence in (await fill(stage, asked, reason="x")).text
        assert card.gallery
        assert audit(stage) == ["report.open"]


async def test_a_removal_that_a_crash_cut_off_is_finished_by_the_next_start(tmp_path):
    async with staged(tmp_path) as stage:
        card = await picture(stage)
        stage.discord.faults.add(
            Fault(route="channel_message", method="PATCH", delay_before_s=60, lost_request=True)
        )
        sent = await stage.discord.message_menu(stage.moderator, card, REMOVE)
        await stage.discord.submit(sent, {"Reason": "gone"})
        await stage.until(lambda: audit(stage) == ["image.remove"])
        await stage.kill_bot()
        assert card.gallery

        stage.discord.faults.clear()
        await stage.start_bot()
        await stage.wait_text(card, "Removed by a moderator")
        assert not card.gallery
        await stage.until(lambda: ask(stage, "SELECT id FROM errands") == [])


async def test_a_channel_that_the_bot_cannot_see_is_told_and_kept_in_mind(tmp_path):
    async with staged(tmp_path) as stage:
        card = await picture(stage)
        stage.discord.faults.add(
            Fault(route="channel_message", method="PATCH", status=403, code=50001)
        )
        assert "Discord does not let the bot" in (await remove(stage, card)).text
        assert ask(stage, "SELECT tries FROM errands") == [(1,)]


async def test_a_report_comes_to_the_log_channel_and_is_removed_there_after_a_restart(tmp_path):
    async with staged(tmp_path) as stage:
        log = add_log_channel(stage)
        card = await picture(stage)
        thanks = await report(stage, card)
        assert "Thank you" in thanks.text
        assert "no log channel" not in thanks.text
        shown = await report_card(stage, log)
        link = f"https://discord.com/channels/{stage.guild.id}/{stage.channel.id}/{card.id}"
        assert f"[1 picture]({link}) by <@{stage.alice.id}>" in shown.text
        assert rf"“not for \*\*children\*\*” · <@{stage.bob.id}>" in shown.text
        assert [button.label for button in shown.buttons] == ["Remove", "Warn", "Block", "Dismiss"]
        assert not shown.gallery
        assert not shown.pinged
        await stage.kill_bot()
        await stage.start_bot()

        refused = await press(stage, stage.bob, shown, "Remove")
        assert REFUSED in (await stage.reply(refused)).text
        sent = await press(stage, stage.moderator, shown, "Remove")
        await stage.discord.submit(sent, {"Reason": "indeed"})
        await stage.wait_text(shown, f"**Removed** · by <@{stage.moderator.id}>")
        assert shown.buttons == []
        assert "indeed" in card.text
        assert not card.gallery
        assert audit(stage) == ["report.open", "image.remove"]
        assert not stage.discord.violations


async def test_reports_are_counted_and_refused_for_own_pictures_and_twice(tmp_path):
    async with staged(tmp_path) as stage:
        card = await picture(stage)
        own = await stage.discord.message_menu(stage.alice, card, REPORT)
        assert "your own pictures" in (await stage.reply(own)).text
        first = await report(stage, card)
        assert "no log channel" in first.text
        again = await stage.discord.message_menu(stage.bob, card, REPORT)
        assert "reported these pictures already" in (await stage.reply(again)).text
        carol = stage.guild.add_member("carol")
        assert "yours is counted too" in (await report(stage, card, carol)).text
        assert audit(stage) == ["report.open", "report.join"]


async def test_a_warning_reaches_the_member_or_the_moderator_learns_that_it_did_not(tmp_path):
    async with staged(tmp_path) as stage:
        log = add_log_channel(stage)
        for number, (author, takes) in enumerate(((stage.alice, True), (stage.bob, False)), 1):
            author.accepts_direct_messages = takes
            card = await picture(stage, author)
            await report(stage, card, stage.guild.add_member(f"reader {number}"))
            shown = await report_card(stage, log, author)
            sent = await press(stage, stage.moderator, shown, "Warn")
            submitted = await stage.discord.submit(sent, {"Reason": "keep it kind"})
            await stage.wait_text(shown, "Member warned")
            if takes:
                [warning] = stage.discord.direct_messages(author)
                assert "A moderator of “Studio” warns you" in warning.text
                assert "keep it kind" in warning.text
            else:
                assert "takes no direct messages" in await read_followup(stage, submitted)
            assert card.gallery
        assert audit(stage).count("member.warn") == 2


async def test_a_block_from_a_report_stops_the_member_and_dismissal_changes_nothing(tmp_path):
    async with staged(tmp_path) as stage:
        log = add_log_channel(stage)
        first = await picture(stage)
        await report(stage, first)
        shown = await report_card(stage, log)
        await press(stage, stage.moderator, shown, "Dismiss")
        await stage.wait_text(shown, "Dismissed; the pictures stand")
        second = await picture(stage)
        await report(stage, second)
        await stage.discord.wait_for(lambda: len(stage.discord.messages(log)) > 2, 15)
        shown = await report_card(stage, log)
        sent = await press(stage, stage.moderator, shown, "Block")
        wrong = await stage.discord.submit(sent, {"Reason": "spam", "Until": "yesterday"})
        assert "is no end" in await read_followup(stage, wrong)
        sent = await press(stage, stage.moderator, shown, "Block")
        await stage.discord.submit(sent, {"Reason": "spam", "Until": "3d"})
        await stage.wait_text(shown, "Member blocked")

        assert "has blocked you" in (await stage.reply(await stage.imagine())).text
        assert first.gallery
        assert second.gallery


async def test_of_two_moderators_who_press_at_once_one_decides_and_the_other_is_told(tmp_path):
    async with staged(tmp_path) as stage:
        log = add_log_channel(stage)
        card = await picture(stage)
        await report(stage, card)
        shown = await report_card(stage, log)
        other = stage.guild.add_moderator("olga")
        form = await press(stage, stage.moderator, shown, "Remove")
        await form.answer()
        removing, dismissing = await asyncio.gather(
            stage.discord.submit(form, {"Reason": "no"}), press(stage, other, shown, "Dismiss")
        )
        await stage.discord.wait_for(lambda: not shown.buttons, 10)
        late = await stage.discord.wait_for(
            lambda: removing.followups or dismissing.followups, 10, "the slower one's answer"
        )

        assert "already" in late[0].text
        is_removed = "**Removed**" in shown.text
        assert is_removed != ("**Dismissed" in shown.text)
        assert is_removed != bool(card.gallery)
        kinds = audit(stage)
        assert ("image.remove" in kinds) != ("report.dismiss" in kinds)


async def test_a_member_s_quota_gift_block_and_lift_from_their_menu(tmp_path):
    async with staged(tmp_path) as stage:
        await picture(stage, count=2)
        await picture(stage, private=True, prompt="a secret")

        async def asked() -> DiscordMessage:
            return await stage.reply(
                await stage.discord.user_menu(stage.moderator, stage.channel, QUOTA, stage.alice)
            )

        shown = await asked()
        assert shown.ephemeral
        assert "7 of 10 left today" in shown.text
        assert "Made today: 3 pictures" in shown.text
        assert "a lighthouse at dusk" in shown.text
        assert "secret" not in shown.text
        await stage.kill_bot()
        await stage.start_bot()

        opened = await stage.discord.press(stage.moderator, shown, "Give more")
        given = await fill(stage, opened, amount="5", unit=["images"], until="3d", reason="thanks")
        assert "**Given.**" in given.text
        opened = await stage.discord.press(stage.moderator, shown, "Block")
        assert "Blocked." in (await fill(stage, opened, reason="spam")).text
        shown = await asked()
        assert "5 of 5 pictures left" in shown.text
        assert "blocked without an end" in shown.text
        assert "has blocked you" in (await stage.reply(await stage.imagine())).text
        opened = await stage.discord.press(stage.moderator, shown, "Unblock")
        assert "Lifted." in (await fill(stage, opened)).text
        assert "held" in (await stage.card()).edits[0].text
        assert audit(stage) == ["gift.give", "block.add", "block.remove"]
        assert not stage.discord.violations
