"""What moderators choose that is not there, is no person, or says nothing."""

import pytest

from standins.discord import Member
from tests.end_to_end.test_menus import add_log_channel
from tests.hand_made import send
from tests.stage import Stage, staged

PICTURES = {"unit": "images", "window": "day", "amount": "5"}


async def admin(stage: Stage, name: str, **options) -> str:
    sent = await stage.discord.slash(
        stage.moderator, stage.channel, f"imagine-admin {name}", options, unchecked=True
    )
    answer = await stage.reply(sent)
    assert answer.ephemeral
    return answer.text


@pytest.fixture
async def stage(tmp_path):
    async with staged(tmp_path) as stage:
        yield stage
        assert not stage.discord.violations


async def test_a_limit_holds_also_for_who_has_left_and_may_come_back(stage):
    gone = stage.guild.add_member("gone")
    stage.discord.leave(gone)
    assert "**Set.**" in await admin(stage, "limit set", member=gone, **PICTURES)
    assert f"Member <@{gone.id}>" in await admin(stage, "limit list")


async def test_bots_get_no_limits_gifts_or_blocks_and_no_buttons_for_them(stage):
    discord = stage.discord
    bot = Member(discord.state.world.bot_id, "bot", stage.guild)
    for text in (
        await admin(stage, "limit set", member=bot, **PICTURES),
        await admin(stage, "gift", member=bot, amount="3", unit="images", until="3d"),
        await admin(stage, "block add", member=bot, reason="why not"),
    ):
        assert "is a bot, and bots cannot ask for pictures" in text
    card = await stage.reply(
        await discord.user_menu(stage.moderator, stage.channel, "Image quota", bot)
    )
    assert not card.buttons
    assert "Nothing was changed yet" in await admin(stage, "audit")


@pytest.mark.parametrize("reason", ["   ", "\u3164", "\u200b\u2800"])
async def test_a_block_needs_a_reason_that_can_be_read(stage, reason):
    said = await admin(stage, "block add", member=stage.alice, reason=reason)
    assert "A reason is needed" in said
    assert "nobody" in await admin(stage, "block list")


async def test_what_was_typed_as_an_amount_is_shown_letter_by_letter(stage):
    said = await admin(stage, "limit set", **PICTURES | {"amount": "||@everyone|| **b**"})
    assert r"“\|\|\@everyone\|\| \*\*b\*\*” is no number of pictures" in said


async def test_a_choice_that_is_gone_and_a_command_that_has_changed_are_told_so(stage):
    """A client with an old list of commands, or a channel that was deleted while typing."""
    root = stage.discord.commands["imagine-admin"]

    async def told(*options) -> str:
        data = {"id": root["id"], "name": "imagine-admin", "type": 1, "options": list(options)}
        sent = send(stage, stage.moderator, stage.channel, "command", data)
        return (await stage.reply(sent)).text

    given = [{"name": name, "type": 3, "value": value} for name, value in PICTURES.items()]

    def limit_set(*options):
        leaf = {"name": "set", "type": 1, "options": [*given, *options]}
        return {"name": "limit", "type": 2, "options": [leaf]}

    gone = {"name": "channel", "type": 7, "value": str(stage.guild.id + 1)}
    assert "names what is not here any more" in await told(limit_set(gone))
    assert "has changed" in await told({"name": "limits", "type": 1, "options": []})
    assert "has changed" in await told({"name": "job", "type": 1, "options": []})
    assert "5 pictures" not in await admin(stage, "limit list")


async def test_a_limit_can_be_set_for_every_kind_of_channel_that_has_requests(stage):
    groups = stage.discord.commands["imagine-admin"]["options"]
    [limit] = [one for one in groups if one["name"] == "limit"]
    for leaf in limit["options"][:2]:
        [channel] = [one for one in leaf["options"] if one["name"] == "channel"]
        text, voice, news, stage_voice, forum = 0, 2, 5, 13, 15
        assert {text, voice, news, stage_voice, forum} <= set(channel["channel_types"])


async def test_the_log_channel_does_not_tell_a_private_prompt_that_was_refused(stage):
    log = add_log_channel(stage)
    await admin(stage, "words add", text="kraken")
    await stage.reply(await stage.imagine(prompt="my kraken secret", private=True))
    await stage.reply(await stage.imagine(prompt="a kraken for all"))

    def told() -> str:
        return "\n".join(message.text for message in stage.discord.messages(log))

    await stage.discord.wait_for(lambda: "for all" in told(), 10)
    assert told().count("refused for “kraken”") == 2
    assert "a private prompt" in told()
    assert "secret" not in told()
    assert "my kraken secret" in await admin(stage, "audit", member=stage.alice)
