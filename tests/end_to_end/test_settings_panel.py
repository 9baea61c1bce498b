"""Moderators run the settings panel; members see at once what it changed."""

import asyncio

from standins.discord.model import walk_components
from standins.fal.settings import StandInFalSettings
from tests.stage import staged

UPDATE, MODAL = 7, 9


class Panel:
    """A moderator with the panel open."""

    def __init__(self, stage, message, member):
        self.stage = stage
        self.message = message
        self.member = member

    @classmethod
    async def open(cls, stage, member=None):
        member = member or stage.moderator
        sent = await stage.discord.slash(member, stage.channel, "imagine-admin settings", {})
        message = await stage.reply(sent)
        assert message.ephemeral
        return cls(stage, message, member)

    @property
    def text(self):
        return self.message.text

    def menu(self, what):
        return next(s for s in self.message.selects if f":{what}:" in s.custom_id)

    async def press(self, button):
        return await self.shown(await self.stage.discord.press(self.member, self.message, button))

    async def choose(self, what, *values):
        menu = self.menu(what).custom_id
        sent = await self.stage.discord.select(self.member, self.message, menu, list(values))
        return await self.shown(sent)

    async def fill(self, button, typed):
        form = await self.stage.discord.press(self.member, self.message, button)
        answer = await form.answer()
        assert answer.type == MODAL
        [field] = answer.modal["components"]
        sent = await self.stage.discord.submit(form, {field["label"]: typed})
        return await self.shown(sent)

    async def shown(self, sent):
        """The panel was changed in place, within Discord's limits."""
        answer = await sent.answer()
        assert answer.type == UPDATE
        assert answer.message is self.message
        assert len(list(walk_components(self.message.components))) <= 40
        return self.text


async def audit(stage):
    sent = await stage.discord.slash(stage.moderator, stage.channel, "imagine-admin audit", {})
    return (await stage.reply(sent)).text


async def test_pictures_what_is_chosen_decides_what_members_get(tmp_path):
    async with staged(tmp_path) as stage:
        panel = await Panel.open(stage)
        assert "1024×1024 · medium · 1 picture" in panel.text
        await panel.press("Pictures")
        assert panel.menu("default_size").chosen == ("none",)
        assert "**Saved.** Default size." in await panel.choose("default_size", "1024x768")
        assert panel.menu("default_size").chosen == ("1024x768",)
        await panel.choose("default_quality", "low")
        await panel.choose("default_count", "2")
        assert "2 pictures · 1024×768 · low" in (await stage.card()).edits[0].text

        await panel.choose("max_size", "1024x1024")
        await panel.choose("max_quality", "medium")
        await panel.choose("max_count", "2")
        for asked, said in (
            ({"size": "1536x1024"}, "1536×1024 is larger than this server allows"),
            ({"quality": "high"}, "The highest quality in this server is medium."),
            ({"count": 3}, "This server makes at most 2 at once."),
        ):
            refused = await stage.card(stage.alice, **asked)
            assert refused.ephemeral
            assert said in refused.text
            assert "Nothing was charged." in refused.text
        allowed = await stage.card(size="1024x1024", quality="medium", count=1)
        assert "1 picture · 1024×1024 · medium" in allowed.edits[0].text

        text = await panel.choose("default_size", "2048x2048")
        assert "**Not changed.** The highest that this server allows is 1024×1024." in text
        assert panel.menu("default_size").chosen == ("1024x768",)
        text = await panel.choose("max_count", "1")
        assert "The default count 2 is above the highest, so it is 1." in text
        assert "1 picture · 1024×768" in (await stage.card()).edits[0].text
        assert "highest count" in await audit(stage)


async def test_sizes_are_typed_and_illegal_ones_refused_with_the_nearest(tmp_path):
    async with staged(tmp_path) as stage:
        panel = await Panel.open(stage)
        await panel.press("Pictures")
        text = await panel.fill("Type a default size …", "1000x1000")
        assert "**Not changed.** 1000×1000 is not possible" in text
        assert "the nearest possible size is 1008×1008" in text
        await panel.fill("Type a default size …", "1600 x 1200")
        assert panel.menu("default_size").chosen == ("1600x1200",)
        await panel.fill("Type a highest size …", "square 2k")
        assert panel.menu("max_size").chosen == ("2048x2048",)
        assert "1600×1200" in (await stage.card()).edits[0].text


async def test_channels_are_allowed_or_forbidden(tmp_path):
    async with staged(tmp_path) as stage:
        other, gone = stage.guild.add_channel("art"), stage.guild.add_channel("gone")
        panel = await Panel.open(stage)
        await panel.press("Channels")
        text = await panel.choose("only", other, gone)
        assert f"Pictures are made only in <#{other.id}>, <#{gone.id}>." in text
        assert set(panel.menu("only").chosen) == {str(other.id), str(gone.id)}
        refused = await stage.card()
        assert refused.ephemeral
        assert f"No pictures are made in this channel. Ask in <#{other.id}>" in refused.text

        await stage.kill_bot()
        stage.discord.delete_channel(gone)
        await stage.start_bot()
        await panel.press("Overview")
        assert f"only in <#{other.id}>, 1 deleted" in panel.text
        await panel.press("Channels")
        assert panel.menu("only").chosen == (str(other.id),)

        await panel.choose("except", stage.channel)
        assert panel.menu("only").chosen == ()
        assert panel.menu("except").chosen == (str(stage.channel.id),)
        assert "Ask in another one." in (await stage.card()).text
        assert "made everywhere" in await panel.choose("except")
        assert "held" in (await stage.card()).edits[0].text

        await panel.choose("only", other)
        stage.discord.delete_channel(other)
        async with asyncio.timeout(10):
            while "nowhere" not in await panel.press("Overview"):
                await panel.press("Channels")
        assert "⚠️ The channels for pictures exist no more" in panel.text
        assert "Ask a moderator." in (await stage.card()).text
        await panel.press("Channels")
        assert "made everywhere" in await panel.press("Everywhere")
        assert "held" in (await stage.card()).edits[0].text


async def test_a_log_channel_is_doubted_where_the_bot_cannot_post_or_everybody_reads(tmp_path):
    async with staged(tmp_path) as stage:
        mute = stage.guild.add_channel("mod-log", bot_may_write=False)
        hidden = stage.guild.add_channel("mods", hidden_from_bot=True)
        panel = await Panel.open(stage)
        assert "**Log channel:** none" in panel.text
        await panel.press("Channels")
        text = await panel.choose("log", mute)
        assert f"⚠️ The bot cannot post in <#{mute.id}>. Give it “Send Messages” there." in text
        text = await panel.choose("log", hidden)
        assert f"cannot post in <#{hidden.id}>. Give it “View Channel”" in text
        assert "cannot post" in await panel.press("Overview")
        await panel.press("Channels")
        text = await panel.choose("log", stage.channel)
        assert f"⚠️ Everybody can read <#{stage.channel.id}>" in text
        await stage.discord.wait_for(
            lambda: [m for m in stage.discord.messages(stage.channel) if "Settings log" in m.text],
            10,
        )
        await panel.choose("log")
        assert panel.menu("log").chosen == ()
        assert "⚠️" not in panel.text


async def test_spoilers_veil_pictures_and_keep_their_alt_text(tmp_path):
    async with staged(tmp_path) as stage:
        adult = stage.guild.add_channel("adult", age_restricted=True)
        panel = await Panel.open(stage)
        await panel.press("Rules")
        await panel.choose("spoilers", "age_restricted")

        async def pictures(channel, **options):
            given = {"prompt": "a lighthouse", **options}
            sent = await stage.discord.slash(stage.alice, channel, "imagine", given)
            card = await stage.reply(sent)
            await stage.discord.wait_for(lambda: card.gallery, 15)
            return card.gallery

        assert [p.spoiler for p in await pictures(stage.channel)] == [False]
        veiled = await pictures(adult, count=2)
        assert [(p.spoiler, bool(p.alt)) for p in veiled] == [(True, True)] * 2
        await panel.choose("spoilers", "always")
        assert [p.spoiler for p in await pictures(stage.channel, private=True)] == [True]


async def test_late_pictures_are_veiled_as_was_set_when_they_were_asked_for(tmp_path):
    async with staged(tmp_path) as stage:
        panel = await Panel.open(stage)
        await panel.press("Rules")
        await panel.choose("spoilers", "always")
        stage.fal.hold()
        edited = await stage.card()
        first = await stage.fal.next_job()
        gone = await stage.card(stage.bob)
        second = await stage.fal.next_job()
        await panel.choose("spoilers", "never")
        stage.discord.clock.advance(16 * 60)
        stage.discord.delete_message(gone)
        stage.fal.release()
        for job in (first, second):
            await stage.fal.finish(job)

        def late():
            return [m for m in stage.discord.messages(stage.channel) if m.gallery]

        await stage.discord.wait_for(lambda: len(late()) == 2, 15)
        assert edited in late()
        assert [m.gallery[0].spoiler for m in late()] == [True, True]
        assert all(m.gallery[0].alt for m in late())


async def test_private_pictures_and_the_time_zone(tmp_path):
    async with staged(tmp_path) as stage:
        panel = await Panel.open(stage)
        await panel.press("Rules")
        await panel.choose("private", "no")
        refused = await stage.card(private=True)
        assert "This server does not allow private pictures. Ask without `private`." in refused.text
        await panel.choose("private", "yes")
        assert (await stage.card(private=True)).ephemeral

        text = await panel.fill("Change the time zone …", "berln")
        assert "**Not changed.** “berln” is no time zone" in text
        assert "`Europe/Berlin`" in text
        text = await panel.fill("Change the time zone …", "new york")
        assert "**Saved.** Time zone." in text
        assert "**Time zone:** America/New_York" in text
        found = await audit(stage)
        assert "America/New" in found
        assert "Settings zone" in found


async def test_a_pause_refuses_new_requests_lets_old_ones_end_and_outlives_a_restart(tmp_path):
    async with staged(tmp_path, fal=StandInFalSettings(run_s=1.0)) as stage:
        card = await stage.card()
        panel = await Panel.open(stage)
        text = await panel.fill("Pause …", "Back **on** Monday, @everyone")
        assert r"Status: paused.** Members read: “Back \*\*on\*\* Monday, \@everyone”" in text
        refused = await stage.card(stage.bob)
        assert refused.ephemeral
        assert not refused.pinged
        assert r"paused pictures in this server. They say: “Back \*\*on\*\* Monday" in refused.text
        quota = await stage.reply(await stage.discord.slash(stage.bob, stage.channel, "quota", {}))
        assert "paused pictures" in quota.text
        await stage.discord.wait_for(lambda: card.gallery, 15)

        form = await stage.discord.press(stage.moderator, panel.message, "Change the sentence …")
        opened = (await form.answer()).modal
        assert "Back **on** Monday, @everyone" in str(opened)
        await stage.kill_bot()
        await stage.start_bot()
        # The form was opened by the bot before, and so were the panel's buttons.
        sent = await stage.discord.submit(form, {"What members read (may be empty)": ""})
        assert "may try again later" in await panel.shown(sent)
        assert "Try again later." in (await stage.card(stage.bob)).text
        text = await panel.press("Resume")
        assert "Status:** open" in text
        assert "**Saved.** The server takes requests again." in text
        assert "held" in (await stage.card(stage.bob)).edits[0].text
        await panel.press("Rules")
        assert "**Saved.** Spoilers." in await panel.choose("spoilers", "always")
        assert "Pause off" in await audit(stage)


async def test_two_moderators_at_once_change_different_things(tmp_path):
    async with staged(tmp_path) as stage:
        mona = stage.guild.add_moderator("mona")
        first, second = await Panel.open(stage), await Panel.open(stage, mona)
        await asyncio.gather(first.press("Pictures"), second.press("Rules"))
        await asyncio.gather(
            first.choose("default_quality", "low"), second.choose("spoilers", "always")
        )
        await second.press("Overview")
        assert "1024×1024 · low · 1 picture" in second.text
        assert "**Spoilers:** always" in second.text


async def test_a_member_who_uses_a_moderator_s_panel_by_hand_changes_nothing(tmp_path):
    async with staged(tmp_path) as stage:
        panel = await Panel.open(stage)
        discord, message = stage.discord, panel.message

        async def refused(sent):
            answer = await sent.answer()
            assert answer.ephemeral
            assert answer.message is not message
            assert "Only members who may manage the server" in answer.message.text

        await panel.fill("Pause …", "Wait")
        for what in ("page:rules", "form:pause", "do:resume"):
            button = f"settings:{what}"
            await refused(await discord.press(stage.alice, message, button, unchecked=True))
        await panel.press("Rules")
        menu = panel.menu("spoilers").custom_id
        sent = await discord.select(stage.alice, message, menu, ["always"], unchecked=True)
        await refused(sent)
        await panel.press("Channels")
        for what in ("only", "except", "log"):
            menu = panel.menu(what).custom_id
            chosen = [stage.channel]
            await refused(await discord.select(stage.alice, message, menu, chosen, unchecked=True))
        await panel.press("Overview")
        form = await discord.press(stage.moderator, message, "Change the sentence …")
        form.member = stage.alice
        await refused(await discord.submit(form, {"What members read (may be empty)": "mine"}))
        sent = await discord.slash(
            stage.alice, stage.channel, "imagine-admin settings", {}, unchecked=True
        )
        await refused(sent)
        assert "Members read: “Wait”" in panel.text
        assert "**Channels:** everywhere" in panel.text
        assert "**Spoilers:** never" in panel.text
        assert (await audit(stage)).count("<@") == 1
