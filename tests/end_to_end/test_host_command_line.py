"""The host at the command line, beside a bot that runs: members and moderators notice at once."""

import asyncio

from bot.core.preferences import Preferences
from bot.storage import preferences
from bot.storage.database import opened_database
from tests.stage import staged


async def typed(stage, *args) -> str:
    """What a command printed, in a process of its own, while the bot goes on."""
    ended = await asyncio.to_thread(stage.command_line, *map(str, args))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


async def admin(stage, name, **options) -> str:
    sent = await stage.discord.slash(
        stage.moderator, stage.channel, f"imagine-admin {name}", options
    )
    return (await stage.reply(sent)).text


async def choose_log_channel(stage, channel) -> None:
    async with (
        opened_database(stage.env["DATABASE_URL"]) as database,
        database.write(stage.guild.id) as connection,
    ):
        await preferences.put(connection, stage.guild.id, Preferences(log_channel_id=channel.id))


def told(stage, channel) -> str:
    return "\n".join(message.text for message in stage.discord.messages(channel))


async def test_what_the_host_sets_holds_for_the_next_request_and_is_told_to_moderators(tmp_path):
    async with staged(tmp_path) as stage:
        log = stage.guild.add_channel("log")
        await choose_log_channel(stage, log)
        first = await stage.card()
        server, alice = stage.guild.id, stage.alice.id
        day = ("--unit", "images", "--per", "day")

        await typed(stage, "limit", "set", server, 1, *day, "--member", alice, "--reason", "enough")
        refused = await stage.reply(await stage.imagine())
        assert "0 of 1 left today, by your own limit" in refused.text

        until = ("--unit", "images", "--until", "1 day")
        await typed(stage, "gift", "give", server, alice, 1, *until, "--reason", "a prize")
        given = await stage.card()
        assert "held" in given.edits[0].text

        await typed(stage, "block", "add", server, alice, "--reason", "a pause")
        blocked = await stage.reply(await stage.imagine())
        assert "The reason: “a pause”" in blocked.text

        shown = await admin(stage, "audit")
        for part in ("the host", "“enough”", "Gift give", "“a prize”", "Block add", "“a pause”"):
            assert part in shown
        await stage.until(lambda: "“a pause”" in told(stage, log))
        assert "“enough”" in told(stage, log)
        assert "the host" in told(stage, log).casefold()

        assert f"member {alice}" in await typed(stage, "audit", server)
        await typed(stage, "block", "remove", server, alice)
        await typed(stage, "limit", "clear", server, *day, "--member", alice)
        last = await stage.card()
        await stage.discord.wait_for(lambda: first.gallery and given.gallery and last.gallery, 20)
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_scripts_and_members_at_once_lose_nothing(tmp_path):
    async with staged(tmp_path) as stage:
        server = stage.guild.id
        setting = [
            typed(stage, "limit", "set", server, 50 + n, "--unit", "images", "--per", "week",
                  "--member", stage.alice.id)
            for n in range(4)
        ]  # fmt: skip
        cards = [stage.card(member) for member in (stage.alice, stage.bob) for _ in range(4)]
        _, shown = await asyncio.gather(asyncio.gather(*setting), asyncio.gather(*cards))

        assert all("held" in card.edits[0].text for card in shown)
        audit = await typed(stage, "audit", server)
        assert audit.count("limit.set") == 4
        await stage.discord.wait_for(lambda: all(card.gallery for card in shown), 30)
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_what_the_host_sets_holds_over_postgresql_too(tmp_path, postgres_url):
    async with staged(tmp_path, DATABASE_URL=postgres_url) as stage:
        server = stage.guild.id
        await typed(stage, "limit", "set", server, 0, "--unit", "usd", "--per", "month",
                    "--whole-server")  # fmt: skip
        refused = await stage.reply(await stage.imagine())
        assert "$0 of $0 left this month, by this server's budget" in refused.text
        await typed(stage, "limit", "clear", server, "--unit", "usd", "--per", "month",
                    "--whole-server")  # fmt: skip
        assert "held" in (await stage.card()).edits[0].text
