"""The whole play for end-to-end tests: local Discord, local fal, and the real bot beside them."""

import asyncio
import csv
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
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

ROOT = Path(__file__).resolve().parents[1]

_JOBS = ("export", "jobs")
_LEDGER = ("export", "ledger", "--format", "csv")
_ALL = """
import json, sys
from importlib import import_module
from click.testing import CliRunner
main = import_module(sys.argv[2]).main
ended = [CliRunner().invoke(main, call) for call in json.loads(sys.argv[1])]
said = [[one.exit_code, one.stderr if one.exit_code else one.stdout] for one in ended]
print(json.dumps(said))
"""


def _table(sheet: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(sheet)))


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
        """The message of the first answer."""
        message = (await sent.answer(timeout_s)).message
        assert message is not None
        return message

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
        env = {**os.environ, **self.env, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, "-m", self.module, *args],
            cwd=self.folder, env=env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def _command_lines(self, *calls: Sequence[str]) -> list[tuple[int, str]]:
        """Several commands in one process; their imports take much longer than they do."""
        env = {**os.environ, **self.env, "PYTHONPATH": str(ROOT)}
        named = "bot.__main__" if self.module == "bot" else self.module
        ended = subprocess.run(
            [sys.executable, "-c", _ALL, json.dumps(calls), named],
            cwd=self.folder, env=env, capture_output=True, text=True, timeout=180, check=True,
        )  # fmt: skip
        return [(code, text) for code, text in json.loads(ended.stdout)]

    def jobs(self) -> list[dict]:
        return json.loads(self.command_line(*_JOBS).stdout)

    def ledger(self) -> list[dict]:
        return _table(self.command_line(*_LEDGER).stdout)

    def in_doubt_microusd(self) -> int:
        """What fal may have billed though nobody knows; nothing may be where PostgreSQL is."""
        if not (self.folder / "bot.db").exists():
            return 0
        [(microusd,)] = self.stored("SELECT COALESCE(SUM(microusd), 0) FROM doubts")
        return microusd

    def assert_books_are_right(self) -> None:
        """Ledger and totals agree, and every cent that the local fal billed is paid or in doubt."""
        (code, checked), (_, sheet), (_, listed) = self._command_lines(["check"], _LEDGER, _JOBS)
        assert code == 0, checked
        rows, jobs = _table(sheet), json.loads(listed)
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
            bot=BotProcess(folder, settings, module),
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
