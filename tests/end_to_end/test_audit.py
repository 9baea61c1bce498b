"""Moderators read who changed what, page by page; nobody else can, and nothing of other servers."""

from tests.stage import Stage, staged


async def admin(stage: Stage, name: str, who=None, channel=None, **options):
    member = who or stage.moderator
    sent = await stage.discord.slash(
        member, channel or stage.channel, f"imagine-admin {name}", options
    )
    return await stage.reply(sent)


async def set_limits(stage: Stage, amounts: range, **options) -> None:
    given = {"unit": "images", "window": "day", **options}
    for amount in amounts:
        await admin(stage, "limit set", amount=str(amount), reason=f"change {amount}", **given)


async def press(stage: Stage, message, label: str) -> None:
    edits = len(message.edits)
    await stage.discord.press(stage.moderator, message, label)
    await stage.discord.wait_for(lambda: len(message.edits) > edits, 10)


async def test_pages_are_turned_in_place_also_after_a_restart(tmp_path):
    async with staged(tmp_path) as stage:
        await set_limits(stage, range(1, 11))
        card = await admin(stage, "audit")
        assert card.ephemeral
        assert "“change 10”" in card.text
        assert "“change 2”" not in card.text
        await set_limits(stage, range(11, 13))

        await press(stage, card, "Older")
        assert "“change 2”" in card.text
        assert "“change 3”" not in card.text
        await stage.kill_bot()
        await stage.start_bot()
        await press(stage, card, "Newer")
        assert "“change 3”" in card.text
        assert "“change 11”" not in card.text
        await press(stage, card, "Newer")
        assert "“change 12”" in card.text
        assert "the newest" in card.text
        assert not card.pinged


async def test_the_audit_is_filtered_by_member_and_by_kind(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        await set_limits(stage, range(1, 3), member=stage.alice)
        await set_limits(stage, range(3, 12), member=stage.bob)
        stage.fal.hold()
        job = await stage.card(stage.alice)
        await stage.discord.press(stage.moderator, job, "Cancel")
        await stage.wait_text(job, "Cancel")

        about = await admin(stage, "audit", member=stage.alice, kind="limit")
        assert "“change 1”" in about.text
        assert "“change 3”" not in about.text
        assert about.buttons == []
        cancels = await admin(stage, "audit", kind="cancel")
        assert f"<@{stage.moderator.id}>" in cancels.text
        assert "Limit set" not in cancels.text
        card = await admin(stage, "audit", member=stage.bob)
        await press(stage, card, "Older")
        assert "“change 3”" in card.text
        assert "“change 2”" not in card.text


async def test_a_member_and_another_server_see_nothing_of_it(tmp_path):
    async with staged(tmp_path) as stage:
        await set_limits(stage, range(1, 11))
        card = await admin(stage, "audit")
        older = next(one.custom_id or "" for one in card.buttons if one.label == "Older")

        for sent in (
            await stage.discord.slash(
                stage.alice, stage.channel, "imagine-admin audit", {}, unchecked=True
            ),
            await stage.discord.press(stage.alice, card, older, unchecked=True),
        ):
            refused = await stage.reply(sent)
            assert refused.ephemeral
            assert "Only members who may manage the server" in refused.text
        assert "“change 10”" in card.text

        other = stage.discord.add_guild("Other")
        channel, chief = other.add_channel("art"), other.add_moderator("olga")
        await stage.discord.wait_until_ready()
        own = await admin(stage, "audit", chief, channel)
        assert "Nothing was changed yet" in own.text
