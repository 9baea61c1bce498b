"""Moderators set limits inside Discord; nobody else can, by whatever means."""

from tests.stage import staged

COMMANDS = [
    ("imagine-admin limit set", {"amount": "99", "unit": "images", "window": "day"}),
    ("imagine-admin limit clear", {"unit": "images", "window": "day"}),
    ("imagine-admin limit list", {}),
    ("imagine-admin audit", {}),
]


async def test_a_moderator_sets_explains_and_clears_a_limit(tmp_path):
    async with staged(tmp_path) as stage:

        async def admin(name, **options):
            return await stage.reply(
                await stage.discord.slash(
                    stage.moderator, stage.channel, f"imagine-admin {name}", options
                )
            )

        given = {"unit": "images", "window": "day", "member": stage.alice}
        done = await admin("limit set", amount="1", reason="one a day", **given)
        assert done.ephemeral
        assert f"Member <@{stage.alice.id}>: 1 picture a day" in done.text

        await stage.card()
        refused = await stage.reply(await stage.imagine())
        assert "0 of 1 left today, by your own limit" in refused.text

        listed = await admin("limit list")
        assert "1 picture a day" in listed.text
        assert "Everyone (the host's default): **10 pictures a day**" in listed.text
        explained = await admin("limit list", member=stage.alice)
        assert "0 of 1 left today" in explained.text
        assert "goes before Everyone (the host's default): 10 pictures a day" in explained.text

        cleared = await admin("limit clear", **given)
        assert "Before: 1 picture. From the next request on other limits hold" in cleared.text
        audit = await admin("audit", member=stage.alice)
        assert "Limit clear" in audit.text
        assert "“one a day”" in audit.text
        assert f"<@{stage.moderator.id}>" in audit.text
        assert not audit.pinged
        assert "held" in (await stage.card()).edits[0].text


async def test_wrong_amounts_and_several_subjects_are_refused_with_a_sentence(tmp_path):
    async with staged(tmp_path) as stage:

        async def refused(**options):
            given = {"unit": "images", "window": "day", "amount": "5", **options}
            sent = await stage.discord.slash(
                stage.moderator, stage.channel, "imagine-admin limit set", given
            )
            return (await stage.reply(sent)).text

        assert "is an amount of money" in await refused(amount="$5")
        assert "can be read in two ways" in await refused(amount="1,000", unit="usd")
        both = await refused(member=stage.alice, channel=stage.channel)
        assert "Name one of member, role, channel" in both


async def test_a_member_who_calls_admin_commands_by_hand_is_refused_and_nothing_changes(tmp_path):
    async with staged(tmp_path) as stage:
        for name, options in COMMANDS:
            sent = await stage.discord.slash(
                stage.alice, stage.channel, name, options, unchecked=True
            )
            answer = await stage.reply(sent)
            assert answer.ephemeral
            assert "Only members who may manage the server" in answer.text

        listed = await stage.reply(
            await stage.discord.slash(
                stage.moderator, stage.channel, "imagine-admin limit list", {}
            )
        )
        assert "99" not in listed.text
