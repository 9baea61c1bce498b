"""A feature that is new: its buttons and forms ask for pictures as `/imagine` does."""

from contextlib import asynccontextmanager

from standins.discord import DiscordMessage, Fault
from tests.end_to_end.test_slow_database import locked, shown
from tests.hand_made import submit
from tests.stage import Stage, staged

DEFERRED = 5
REFUSED = "Only members who may manage the server"


@asynccontextmanager
async def easel(tmp_path, **settings):
    """The bot with the feature, and its card."""
    async with staged(tmp_path, module="tests.end_to_end.easel_bot", **settings) as stage:
        sent = await stage.discord.slash(stage.alice, stage.channel, "easel", {})
        yield stage, await stage.reply(sent)


async def change(stage: Stage, card: DiscordMessage, **typed: str) -> DiscordMessage:
    opened = await stage.discord.press(stage.bob, card, "Change")
    return await stage.reply(await stage.discord.submit(opened, typed))


async def test_a_button_makes_pictures_for_whoever_presses_it(tmp_path):
    async with easel(tmp_path) as (stage, card):
        made = await stage.reply(await stage.discord.press(stage.bob, card, "Again"))
        hidden = await stage.reply(await stage.discord.press(stage.bob, card, "Hidden"))

        assert (made.ephemeral, hidden.ephemeral) == (False, True)
        for one in (made, hidden):
            await stage.discord.wait_for(lambda one=one: one.gallery, 15)
        assert card.text == "**Easel**"
        stored = stage.stored("SELECT member_id, prompt, private FROM jobs ORDER BY id")
        assert stored == [(stage.bob.id, "a lighthouse at dusk", private) for private in (0, 1)]
        await stage.bot.stop()
        stage.assert_books_are_right()
        assert not stage.discord.violations


async def test_a_form_makes_pictures_and_a_size_that_is_none_is_refused_with_the_prompt(tmp_path):
    async with easel(tmp_path) as (stage, card):
        refused = await change(stage, card, Prompt="a heron", Size="enormous")
        assert refused.ephemeral
        assert "Nothing was charged." in refused.text
        assert "Your prompt, to copy: “a heron”" in refused.text
        assert stage.stored("SELECT id FROM jobs") == []

        made = await change(stage, card, Prompt="a heron", Size="1024x1536")
        await stage.discord.wait_for(lambda: made.gallery, 15)
        assert "1024×1536" in made.text


async def test_a_button_that_takes_long_says_so_and_then_accepts_or_refuses(tmp_path):
    async with easel(tmp_path, DEFAULT_IMAGES_PER_DAY="1") as (stage, card):
        with locked(stage):
            accepted = await stage.discord.press(stage.bob, card, "Again")
            assert ((await accepted.answer()).type, accepted.followups) == (DEFERRED, [])
        await stage.discord.wait_for(lambda: shown(accepted).gallery, 15)

        refused = await stage.discord.press(stage.bob, card, "Again")
        reason = await stage.reply(refused)
        assert reason.ephemeral
        assert "it needs 1 picture" in reason.text
        assert "a lighthouse at dusk" in reason.text


async def test_a_card_that_discord_did_not_take_costs_nothing(tmp_path):
    async with easel(tmp_path) as (stage, card):
        stage.discord.faults.add(Fault(route="callback", status=404, code=10062))
        await stage.discord.press(stage.bob, card, "Again")
        await stage.until(lambda: "interaction gone" in stage.bot.log)
        await stage.until(lambda: stage.stored("SELECT state FROM jobs") == [("failed",)])
        assert stage.fal.jobs == []


async def test_what_breaks_is_answered_and_only_moderators_get_as_far_unless_it_is_said(tmp_path):
    async with easel(tmp_path) as (stage, card):
        refused = await stage.reply(await stage.discord.press(stage.bob, card, "Break"))
        assert REFUSED in refused.text
        broken = await stage.reply(await stage.discord.press(stage.moderator, card, "Break"))
        assert "Something went wrong inside the bot." in broken.text
        assert all(one.ephemeral for one in (refused, broken))


async def test_a_form_that_nobody_knows_any_more_is_answered(tmp_path):
    async with staged(tmp_path) as stage:
        card = await stage.reply(await stage.discord.slash(stage.alice, stage.channel, "quota", {}))
        sent = submit(stage, stage.alice, card, "easel:change", {"prompt": "a heron"})
        assert "of another version of the bot" in (await stage.reply(sent)).text
