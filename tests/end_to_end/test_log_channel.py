"""The log channel hears of changes and full budgets, once each, and holds nobody up."""

from dataclasses import replace

from discord import Permissions

from bot.storage import preferences
from bot.storage.database import opened_database
from standins.discord import Channel, DiscordMessage, Fault
from tests.stage import Stage, staged


async def add_log_channel(stage: Stage, guild=None) -> Channel:
    """A channel that the server's settings name as its log channel."""
    channel = (guild or stage.guild).add_channel("log")
    async with (
        opened_database(stage.env["DATABASE_URL"]) as database,
        database.write(channel.guild_id or 0) as connection,
    ):
        known = await preferences.load(connection, channel.guild_id or 0)
        changed = replace(known, log_channel_id=channel.id)
        await preferences.put(connection, channel.guild_id or 0, changed)
    return channel


async def set_limit(stage: Stage, amount: str, **options) -> DiscordMessage:
    given = {"unit": "images", "window": "day", "amount": amount, **options}
    moderator, channel = given.pop("by", stage.moderator), given.pop("where", stage.channel)
    sent = await stage.discord.slash(moderator, channel, "imagine-admin limit set", given)
    answer = await stage.reply(sent, 2)
    assert "Set." in answer.text
    return answer


async def logged(stage: Stage, log: Channel, count: int, timeout_s: float = 15) -> list[str]:
    """The texts of the log channel, once there are that many."""
    await stage.discord.wait_for(lambda: len(stage.discord.messages(log)) >= count, timeout_s)
    messages = stage.discord.messages(log)
    assert not any(message.pinged for message in messages)
    assert len(messages) == count
    return [message.text for message in messages]


async def test_changes_and_budgets_that_fill_up_are_told_once_each(tmp_path):
    async with staged(tmp_path) as stage:
        log = await add_log_channel(stage)
        await set_limit(stage, "2", channel=stage.channel, reason="@everyone calm *down*")
        [change] = await logged(stage, log, 1)
        assert f"**Limit set** · <@{stage.moderator.id}> · <t:" in change
        assert f"<#{stage.channel.id}>, pictures per day: nothing → **2 pictures**" in change
        assert "“\\@everyone calm \\*down\\*”" in change

        await stage.card()
        await stage.card(stage.bob)
        for _ in range(2):
            refused = await stage.reply(await stage.imagine(stage.bob))
            assert "No room" in refused.text
        half, full, stops = (await logged(stage, log, 4))[1:]
        assert f"The budget of <#{stage.channel.id}> has reached 50 %" in half
        assert "▰▰▰▰▰▱▱▱▱▱ 50 %\n1 picture of 2 pictures used and held today" in half
        assert "has reached 100 %" in full
        assert "stops requests now" in stops
        assert "Refused: a request for 1 picture" in stops
        assert "What does not fit is refused until <t:" in stops


async def test_killed_between_posting_and_noting_it_posts_once_and_goes_on_in_order(tmp_path):
    async with staged(tmp_path) as stage:
        log = await add_log_channel(stage)
        stage.discord.faults.add(Fault(route="create_message", channel_id=log.id, delay_s=60))
        await set_limit(stage, "1")
        await logged(stage, log, 1)
        await stage.kill_bot()

        await stage.start_bot()
        await set_limit(stage, "2")
        first, second = await logged(stage, log, 2)
        assert "nothing → **1 picture**" in first
        assert "1 picture → **2 pictures**" in second


async def test_a_channel_that_fails_or_is_closed_holds_up_neither_changes_nor_other_servers(
    tmp_path,
):
    async with staged(tmp_path) as stage:
        log = await add_log_channel(stage)
        guild = stage.discord.add_guild("Other")
        other = await add_log_channel(stage, guild)
        ada = guild.add_moderator("ada")
        stage.guild.deny_bot(log, Permissions(view_channel=True))
        await set_limit(stage, "1")
        await stage.until(lambda: "log channel waits" in stage.bot.log)
        assert "code 50001" in stage.bot.log

        where = guild.add_channel("pictures")
        faults = stage.discord.faults
        faults.add(
            Fault(route="create_message", channel_id=other.id, status=429, retry_after_s=0.1)
        )
        faults.add(Fault(route="create_message", channel_id=other.id, status=500))
        await set_limit(stage, "7", by=ada, where=where)
        [there] = await logged(stage, other, 1)
        assert f"<@{ada.id}>" in there
        assert faults.waiting == []

        await set_limit(stage, "2")
        stage.guild.deny_bot(log)
        [here] = await logged(stage, log, 1)
        assert "nothing → **1 picture**" in here
        assert "1 picture → **2 pictures**" in (await logged(stage, log, 2))[1]


async def test_a_log_channel_that_is_no_more_drops_the_message_and_not_the_bot(tmp_path):
    async with staged(tmp_path) as stage:
        log = await add_log_channel(stage)
        await stage.kill_bot()
        stage.discord.delete_channel(log)
        await stage.start_bot()
        await set_limit(stage, "1")
        await stage.until(lambda: "notice not posted" in stage.bot.log)
        assert "code 10003" in stage.bot.log
        await set_limit(stage, "2")
        sent = await stage.discord.slash(stage.moderator, stage.channel, "imagine-admin audit", {})
        assert "1 picture → **2 pictures**" in (await stage.reply(sent)).text
        assert await stage.bot.stop() == 0
