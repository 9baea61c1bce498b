"""Moderators read one job's whole story and cancel it; nothing of another server can be named."""

from tests.stage import Stage, staged


async def admin(stage: Stage, name: str, who=None, channel=None, **options):
    member = who or stage.moderator
    sent = await stage.discord.slash(
        member, channel or stage.channel, f"imagine-admin {name}", options
    )
    return await stage.reply(sent)


async def suggestions(stage: Stage, who=None, channel=None, typed: str = "", **how):
    return await stage.discord.autocomplete(
        who or stage.moderator, channel or stage.channel, "imagine-admin job", "job", typed, **how
    )


async def test_a_job_s_story_by_suggestion_link_and_message_id(tmp_path):
    async with staged(tmp_path) as stage:
        card = await stage.card(count=2, prompt="a **heron** @everyone")
        await stage.discord.wait_for(lambda: card.gallery, 15)
        await stage.card(stage.bob, prompt="a lighthouse")

        [bobs, alices] = await suggestions(stage)
        assert "· bob · a lighthouse" in bobs.name
        assert alices.name.endswith("· delivered · alice · a **heron** @everyone")
        assert [one.value for one in await suggestions(stage, typed="HERON")] == [alices.value]

        story = await admin(stage, "job", job=alices.value)
        assert story.ephemeral
        assert "Job is delivered" in story.text
        assert f"<@{stage.alice.id}> in <#{stage.channel.id}>" in story.text
        link = f"https://discord.com/channels/{stage.guild.id}/{stage.channel.id}/{card.id}"
        assert link in story.text
        assert "as fal bills it" in story.text
        assert "fal has it" in story.text
        assert not story.pinged
        assert story.buttons == []
        for typed in (link, str(card.id)):
            assert (await admin(stage, "job", job=typed)).text == story.text
            assert [one.value for one in await suggestions(stage, typed=typed)] == [alices.value]


async def test_a_moderator_cancels_any_member_s_job_with_a_reason(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        stage.fal.hold()
        await stage.card()
        await stage.fal.next_job()
        first, second = await stage.card(stage.bob), await stage.card(stage.bob)

        done = await admin(stage, "cancel", job=str(first.id), reason="not *this*")
        assert "Cancelled before it was sent" in done.text
        assert f"The job of <@{stage.bob.id}>" in done.text
        await stage.wait_text(first, "By a moderator.")
        late = await admin(stage, "cancel", job=str(first.id))
        assert "already ended: it was cancelled" in late.text

        story = await admin(stage, "job", job=str(second.id))
        pressed = await stage.discord.press(stage.moderator, story, "Cancel")
        assert "Nothing was charged" in (await stage.reply(pressed)).text
        audit = await admin(stage, "audit", member=stage.bob, kind="cancel")
        assert audit.text.count("Cancel job") == 2
        assert audit.text.count("was held → **cancelled**") == 2
        assert "“not \\*this\\*”" in audit.text
        stage.fal.release()
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_members_are_refused_and_get_no_suggestions(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        stage.fal.hold()
        await stage.card()
        card = await stage.card()
        [choice, *_] = await suggestions(stage)
        for name in ("job", "cancel"):
            sent = await stage.discord.slash(
                stage.bob, stage.channel, f"imagine-admin {name}", {"job": choice.value},
                unchecked=True,
            )  # fmt: skip
            refused = await stage.reply(sent)
            assert refused.ephemeral
            assert "Only members who may manage the server" in refused.text
        assert "Cancelled" not in card.text
        assert await suggestions(stage, stage.bob, unchecked=True) == []


async def test_a_job_of_another_server_does_not_exist(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        stage.fal.hold()
        await stage.card()
        card = await stage.card(prompt="a secret")
        other = stage.discord.add_guild("Other")
        channel, chief = other.add_channel("art"), other.add_moderator("olga")
        [choice, *_] = await suggestions(stage)
        link = f"https://discord.com/channels/{stage.guild.id}/{stage.channel.id}/{card.id}"
        forged = link.replace(str(stage.guild.id), str(other.id))

        assert await suggestions(stage, chief, channel) == []
        assert await suggestions(stage, chief, channel, str(choice.value)) == []
        for typed in (choice.value, link, forged, str(card.id)):
            for name in ("job", "cancel"):
                refused = await admin(stage, name, chief, channel, job=typed)
                assert "There is no such job here" in refused.text
                assert "secret" not in refused.text
        assert "Cancel" in [button.label for button in card.buttons]
