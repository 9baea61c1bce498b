"""What a host meets: starts that cannot succeed, stops in a hurry, a gateway that breaks."""

import asyncio
import json
import signal
import socket
import sqlite3

import pytest

from bot import __version__
from bot.storage.schema import newest_version
from standins.discord import Fault
from standins.process import BotProcess
from tests.fork_server import ForkedBot
from tests.stage import Stage, staged
from tests.troubled_files import fill, small_disk


async def wait_for_readiness(stage: Stage, status: int) -> None:
    async with asyncio.timeout(15):
        while (await stage.readiness())[0] != status:  # noqa: ASYNC110 - a page rings no bell
            await asyncio.sleep(0.01)


def said(bot: BotProcess) -> list[str]:
    """The bot's log without the line that every start on a new database begins with."""
    first, *rest = bot.log.splitlines()
    assert "new database" in first, first
    return rest


async def test_a_wrong_token_is_one_line_and_code_1(tmp_path):
    async with staged(
        tmp_path, starts_bot=False, process=BotProcess, DISCORD_TOKEN="not.the.token"
    ) as stage:
        await stage.bot.start()

        assert await stage.bot.wait() == 1
        assert said(stage.bot) == ["Discord does not accept DISCORD_TOKEN."]


@pytest.mark.parametrize("is_down", [True, False])
async def test_a_discord_that_cannot_be_reached_is_one_line_and_code_1(tmp_path, is_down):
    async with staged(tmp_path, starts_bot=False, process=BotProcess) as stage:
        if is_down:
            stage.env["DISCORD_API_URL"] = "http://127.0.0.1:9/api/v10"
            stage.bot = BotProcess(tmp_path, stage.env)
        else:
            stage.discord.faults.add(Fault(status=503, times=None))
        await stage.bot.start()

        assert await stage.bot.wait() == 1
        [line] = said(stage.bot)
        assert line.startswith("Discord cannot be reached: ")


async def test_a_token_that_is_revoked_meanwhile_ends_the_bot_with_a_sentence(tmp_path):
    async with staged(tmp_path) as stage:
        await stage.discord.gateway.close(4004)

        assert await stage.bot.wait() == 1
        assert stage.bot.log.splitlines()[-1] == "Discord does not accept DISCORD_TOKEN."


async def test_a_taken_port_is_one_line_before_discord_is_asked(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with staged(
            tmp_path, starts_bot=False, process=BotProcess, HTTP_PORT=str(port)
        ) as stage:
            await stage.bot.start()

            assert await stage.bot.wait() == 1
            assert said(stage.bot) == [
                f"HTTP_HOST, HTTP_PORT: cannot listen on 127.0.0.1:{port}: address already in use"
            ]
            assert stage.discord.requests == []


async def test_a_second_bot_on_the_same_database_does_not_start(tmp_path):
    async with staged(tmp_path) as stage:
        second = ForkedBot(tmp_path / "second", stage.env)
        await second.start()

        assert await second.wait() == 1
        [line] = second.log.splitlines()
        assert line.startswith("another bot runs on this database")
        assert stage.bot.is_running
        assert stage.command_line("check").returncode == 0
        await stage.kill_bot()
        await second.start()
        await stage.discord.wait_until_ready()
        await second.kill()


async def test_two_bots_with_one_token_make_a_picture_once(tmp_path):
    async with staged(tmp_path) as stage:
        (tmp_path / "second").mkdir()
        own = {
            "DATABASE_URL": f"sqlite:///{tmp_path / 'second' / 'bot.db'}",
            "DATA_DIR": str(tmp_path / "second" / "data"),
        }
        second = ForkedBot(tmp_path / "second", {**stage.env, **own})
        await second.start()
        await stage.discord.wait_for(lambda: len(stage.discord.gateway.connected) == 2, 15)
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 15)
        await stage.until(lambda: "interaction gone" in stage.bot.log + second.log)
        await second.kill()

        assert stage.fal.counts["submit"] == 1
        assert len(stage.discord.messages(stage.channel)) == 1


async def test_a_stop_is_heard_while_discord_lets_the_start_wait(tmp_path):
    async with staged(tmp_path, starts_bot=False) as stage:
        asked = stage.discord.faults.add(Fault(route="me", delay_before_s=60))
        await stage.bot.start()
        await stage.until(lambda: asked.hits)

        assert await stage.bot.stop(5) == 0
        assert said(stage.bot) == []


async def test_a_second_signal_stops_at_once_and_the_next_start_goes_on(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        card = await stage.card()
        await stage.fal.next_job()
        await stage.wait_text(card, "Waiting at fal")
        for said in ("stopping", "stopping at once"):
            stage.bot.signal(signal.SIGINT)
            await stage.until(lambda said=said: said in stage.bot.log)

        async with asyncio.timeout(10):
            assert await stage.bot.wait() == 0
        stage.fal.release()
        await stage.start_bot()
        await stage.discord.wait_for(lambda: card.gallery, 15)
        assert stage.fal.counts["submit"] == 1


async def test_a_new_database_is_said_in_the_log_and_known_again(tmp_path):
    async with staged(
        tmp_path, LOG_FORMAT="json", SERVER_USD_PER_MONTH="25", BOT_USD_PER_DAY="2.50"
    ) as stage:
        await stage.bot.stop()
        await stage.start_bot()
        await stage.bot.stop()
        lines = [json.loads(line) for line in stage.bot.log.splitlines()]
        [made] = [line for line in lines if line["event"] == "new database"]
        [opened] = [line for line in lines if line["event"] == "database opened"]

    assert (made["level"], opened["level"]) == ("warning", "info")
    for line in (made, opened):
        assert line["path"] == str(tmp_path / "bot.db")
        assert line["schema"] == newest_version()
        assert line["model"] == "openai/gpt-image-2"
        assert line["version"] == __version__
        assert line["caps"] == {
            "DEFAULT_IMAGES_PER_DAY": "10",
            "DEFAULT_USD_PER_MONTH": "none",
            "SERVER_USD_PER_MONTH": "$25",
            "BOT_USD_PER_DAY": "$2.50",
        }


async def test_a_lost_volume_stops_the_start_until_the_host_accepts_it(tmp_path):
    async with staged(tmp_path) as stage:
        await stage.card()
        await stage.bot.stop()
        (tmp_path / "bot.db").unlink()
        await stage.bot.start()

        assert await stage.bot.wait() == 1
        assert "there is no database at" in stage.bot.log.splitlines()[-1]
        assert not (tmp_path / "bot.db").exists()


async def test_a_bot_that_meets_a_newer_schema_ends_with_one_line(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        card = await stage.card()
        await stage.wait_text(card, "Waiting at fal")
        link = sqlite3.connect(tmp_path / "bot.db")
        link.execute("INSERT INTO schema_versions VALUES (99, 'later.sql')")
        link.commit()
        link.close()

        async with asyncio.timeout(20):
            assert await stage.bot.wait() == 1
        assert "the database has version 99" in stage.bot.log.splitlines()[-1]
        assert "Traceback" not in stage.bot.log


async def test_readiness_knows_that_the_database_is_locked(tmp_path):
    async with staged(tmp_path) as stage:
        await wait_for_readiness(stage, 200)
        link = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
        link.execute("BEGIN IMMEDIATE")
        await wait_for_readiness(stage, 503)
        link.close()
        await wait_for_readiness(stage, 200)


async def test_readiness_knows_that_the_disk_is_full(tmp_path):
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", "30m") as disk:
        async with staged(tmp_path, DATABASE_URL=f"sqlite:///{disk}/bot.db") as stage:
            await wait_for_readiness(stage, 200)
            fill(disk)
            await wait_for_readiness(stage, 503)
            assert "make room" in stage.bot.log
            (disk / "filling").unlink()
            await wait_for_readiness(stage, 200)


async def test_readiness_follows_the_gateway(tmp_path):
    async with staged(tmp_path) as stage:
        gateway = stage.discord.gateway
        await wait_for_readiness(stage, 200)
        gateway.ask_to_reconnect()
        await stage.until(lambda: "gateway resumed" in stage.bot.log)
        await wait_for_readiness(stage, 200)

        gateway.invalidate(resumable=False)
        await wait_for_readiness(stage, 503)
        await wait_for_readiness(stage, 200)
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 15)
        assert gateway.identified == 2
