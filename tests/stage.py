"""The whole play for end-to-end tests: local Discord, local fal, and the real bot beside them."""

import asyncio
import csv
import io
import json
import os
import re
import sqlite3
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from standins.discord import (
    Channel,
    DiscordMessage,
    Guild,
    Member,
    SentInteraction,
    StandInDiscord,
    StandInDiscordSettings,
)
from standins.fal.server import StandInFal
from standins.fal.settings import StandInFalSettings
from standins.process import BotProcess
from tests.fork_server import ForkedBot, fork_server

ROOT = Path(__file__).resolve().parents[1]

_JOBS = ("export", "jobs")
_LEDGER = ("export", "ledger", "--format", "csv")


def _table(sheet: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(sheet)))


def _is_said(message: DiscordMessage) -> bool:
    """Whether a message says what it has to, and is not about to make room for a private one."""
    return bool(message.text) and "Only the member who asked is told why" not in message.text


@dataclass
class Stage:
    """Everything that a test needs; `bot` is started by `start_bot`."""

    discord: StandInDiscord
    fal: StandInFal
    bot: BotProcess
    module: str
    folder: Path
    env: dict[str, str]
    guild: Guild
    channel: Channel
    alice: Member
    bob: Member
    moderator: Member

    async def start_bot(self) -> None:
        await self.bot.start()
        # A machine that does much else needs long to import everything.
        await self.discord.wait_until_ready(timeout_s=60)

    async def kill_bot(self) -> None:
        await self.bot.kill()
        await self.discord.wait_for(lambda: not self.discord.gateway.connected, 10)

    async def imagine(self, member: Member | None = None, **options):
        given = {"prompt": "a lighthouse at dusk", **options}
        return await self.discord.slash(member or self.alice, self.channel, "imagine", given)

    async def reply(self, sent: SentInteraction, timeout_s: float = 5) -> DiscordMessage:
        """The message of the first answer; on a busy machine the bot may have thought before."""
        message = (await sent.answer(timeout_s)).message
        assert message is not None
        if not message.edits[0].text:
            await self.discord.wait_for(lambda: message.deleted or _is_said(message), 20)
            message.edits[:] = [edit for edit in message.edits if edit.text]
        return sent.followups[-1] if message.deleted and sent.followups else message

    async def card(self, member: Member | None = None, **options) -> DiscordMessage:
        return await self.reply(await self.imagine(member, **options))

    async def noted_card(self, member: Member | None = None, **options) -> DiscordMessage:
        """A card that the bot's database knows of, so that a kill does not leave a stray."""
        card = await self.card(member, **options)
        await self.until(lambda: self.stored("SELECT 1 FROM jobs WHERE message_id = ?", card.id))
        return card

    def stored(self, query: str, *args: object) -> list[tuple]:
        """What the bot's SQLite file holds now."""
        with closing(sqlite3.connect(self.folder / "bot.db", timeout=10)) as connection:
            return connection.execute(query, args).fetchall()

    async def readiness(self) -> tuple[int, dict]:
        """What `/readyz` answers."""
        [*_, port] = re.findall(r"http_port=(\d+)", self.bot.log)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as answer,
        ):
            return answer.status, await answer.json()

    async def wait_text(self, message: DiscordMessage, part: str, timeout_s: float = 15) -> None:
        await self.discord.wait_for(
            lambda: part in message.text, timeout_s, f"{part!r} in {message.text!r}"
        )

    async def until(self, holds: Callable[[], object], timeout_s: float = 15) -> None:
        """Wait for something that no stand-in announces, such as a line in the bot's log."""
        async with asyncio.timeout(timeout_s):
            while not holds():  # noqa: ASYNC110 - a file rings no bell
                await asyncio.sleep(0.02)

    def command_line(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the bot in a process of its own."""
        env = {**os.environ, **self.env, "PYTHONPATH": str(ROOT)}
        return fork_server().run(self.module, args, self.folder, env)

    def _printed(self, *args: str) -> str:
        ended = self.command_line(*args)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def jobs(self) -> list[dict]:
        return json.loads(self._printed(*_JOBS))

    def ledger(self) -> list[dict]:
        return _table(self._printed(*_LEDGER))

    def in_doubt_microusd(self) -> int:
        """What fal may have billed though nobody knows; nothing may be where PostgreSQL is."""
        if not (self.folder / "bot.db").exists():
            return 0
        [(microusd,)] = self.stored("SELECT COALESCE(SUM(microusd), 0) FROM doubts")
        return microusd

    def assert_books_are_right(self) -> None:
        """Ledger and totals agree, and every cent that the local fal billed is paid or in doubt."""
        self._printed("check")
        rows, jobs = self.ledger(), self.jobs()
        paid = sum(job["cost_microusd"] or 0 for job in jobs)
        in_doubt = self.in_doubt_microusd()
        assert paid <= self.fal.billed_microusd <= paid + in_doubt
        for job in jobs:
            own = {row["kind"]: int(row["microusd"]) for row in rows if row["job_id"] == job["id"]}
            kinds = [row["kind"] for row in rows if row["job_id"] == job["id"]]
            assert kinds.count("hold") == 1
            assert kinds.count("settle") + kinds.count("release") == 1
            assert own.get("settle", job["cost_microusd"]) == job["cost_microusd"]


@asynccontextmanager
async def staged(
    folder: Path,
    *,
    fal: StandInFalSettings | None = None,
    discord: StandInDiscordSettings | None = None,
    starts_bot: bool = True,
    module: str = "bot",
    process: type[BotProcess] = ForkedBot,
    **env: str,
) -> AsyncGenerator[Stage]:
    async with (
        StandInDiscord(discord or StandInDiscordSettings()) as local_discord,
        StandInFal(fal or StandInFalSettings()) as local_fal,
    ):
        settings = {
            "DISCORD_TOKEN": local_discord.token,
            "DISCORD_API_URL": local_discord.api_url,
            "FAL_KEY": "demo:demo",
            "FAL_QUEUE_URL": local_fal.queue_url,
            "FAL_API_URL": local_fal.api_url,
            "FAL_MEDIA_HOSTS": local_fal.media_host,
            "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
            "DATA_DIR": str(folder / "data"),
            "HTTP_PORT": "0",
            "LOG_FORMAT": "text",
            **env,
        }
        guild = local_discord.add_guild("Studio")
        stage = Stage(
            discord=local_discord,
            fal=local_fal,
            bot=process(folder, settings, module),
            module=module,
            folder=folder,
            env=settings,
            guild=guild,
            channel=guild.add_channel("pictures"),
            alice=guild.add_member("alice"),
            bob=guild.add_member("bob"),
            moderator=guild.add_moderator("mira"),
        )
        try:
            if starts_bot:
                await stage.start_bot()
            yield stage
        finally:
            await stage.bot.kill()
