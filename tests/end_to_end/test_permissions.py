"""A server gives `/imagine-admin` to a role in its own settings; everybody else is refused."""

from standins.discord import Channel, Fault, Member, Role
from tests.stage import Stage, staged

GROUP = "imagine-admin"
LIST = "imagine-admin limit list"
REFUSED = "Only members who may manage the server"


def helper_of(stage: Stage):
    role = stage.guild.add_role("helpers")
    return role, stage.guild.add_member("hana", role)


async def asked(stage: Stage, member, *, guild=None, channel=None) -> str:
    where = channel or stage.channel
    sent = await stage.discord.slash(member, where, LIST, {}, unchecked=True)
    answer = await stage.reply(sent)
    assert answer.ephemeral
    return answer.text


def reads(stage: Stage) -> int:
    return sum(one.name == "all_permissions" for one in stage.discord.requests)


async def test_a_role_that_the_server_names_may_and_at_once_no_more_when_it_is_taken_away(tmp_path):
    async with staged(tmp_path) as stage:
        discord, guild = stage.discord, stage.guild
        role, hana = helper_of(stage)
        other = discord.add_guild("Elsewhere")
        elsewhere = other.add_channel("pictures")
        guest = other.add_member("hana", user_id=hana.id)

        assert GROUP not in discord.shown_commands(hana, stage.channel)
        assert REFUSED in await asked(stage, hana)

        discord.set_command_permissions(guild, GROUP, {role: True})
        assert GROUP in discord.shown_commands(hana, stage.channel)
        assert "**Limits**" in await asked(stage, hana)
        before = reads(stage)
        assert "**Limits**" in await asked(stage, hana)
        assert reads(stage) == before
        assert REFUSED in await asked(stage, stage.alice)
        assert REFUSED in await asked(stage, guest, channel=elsewhere)

        discord.set_command_permissions(guild, GROUP, {role: True, hana: False})
        assert GROUP not in discord.shown_commands(hana, stage.channel)
        assert REFUSED in await asked(stage, hana)

        discord.set_command_permissions(guild, GROUP, {})
        assert REFUSED in await asked(stage, hana)
        assert "**Limits**" in await asked(stage, stage.moderator)
        assert not discord.violations


async def test_channels_and_everyone_in_the_settings_hold_as_discord_shows_them(tmp_path):
    async with staged(tmp_path) as stage:
        discord, guild = stage.discord, stage.guild
        role, hana = helper_of(stage)
        back_room = guild.add_channel("back-room")
        settings: list[dict[Role | Member | Channel, bool]] = [
            {role: True, guild.all_channels: False, back_room: True},
            {guild.everyone: True},
            {guild.everyone: False, role: True},
        ]
        for lines in settings:
            discord.set_command_permissions(guild, GROUP, lines)
            for channel in (stage.channel, back_room):
                for member in (hana, stage.alice):
                    is_shown = GROUP in discord.shown_commands(member, channel)
                    is_let = REFUSED not in await asked(stage, member, channel=channel)
                    assert is_let == is_shown, (lines, channel.name, member.name)


async def test_a_permission_that_cannot_be_read_is_none_and_the_answer_says_so(tmp_path):
    async with staged(tmp_path) as stage:
        role, hana = helper_of(stage)
        stage.discord.set_command_permissions(stage.guild, GROUP, {role: True})
        stage.discord.faults.add(Fault(route="all_permissions", status=403, code=50001))
        assert "did not say in time" in await asked(stage, hana)
        stage.discord.faults.add(Fault(route="all_permissions", delay_s=5))
        assert "did not say in time" in await asked(stage, hana)
        assert "**Limits**" in await asked(stage, stage.guild.add_admin("ada"))


async def test_what_could_not_be_read_is_read_at_the_next_question(tmp_path):
    async with staged(tmp_path) as stage:
        role, hana = helper_of(stage)
        stage.discord.set_command_permissions(stage.guild, GROUP, {role: True})
        stage.discord.faults.add(Fault(route="all_permissions", status=403, code=50001))
        assert "did not say in time" in await asked(stage, hana)
        assert "**Limits**" in await asked(stage, hana)
        assert reads(stage) == 2


async def test_a_role_named_in_the_settings_cancels_other_members_jobs(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        role, hana = helper_of(stage)
        stage.fal.hold()
        await stage.card()
        await stage.fal.next_job()
        card = await stage.card(stage.bob)
        refused = await stage.reply(await stage.discord.press(hana, card, "Cancel"))
        assert "and moderators can cancel" in refused.text

        stage.discord.set_command_permissions(stage.guild, GROUP, {role: True})
        await stage.reply(await stage.discord.press(hana, card, "Cancel"))
        await stage.wait_text(card, "By a moderator.")
