"""Builds what the demo needs: one server with its people, both stand-ins, and the real bot.

Everything lives in a temporary folder and on loopback, and is gone afterwards.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from standins.discord import Channel, Guild, Member, StandInDiscord
from standins.fal.faults import EndsWith
from standins.fal.server import StandInFal
from standins.fal.settings import RunningCancel, StandInFalSettings
from standins.process import BotProcess

IMAGES_PER_DAY = 6
AT_FAL = 1
"""Jobs at fal at once; a new account runs 2, but so the line is seen with the second job."""

FLAGGED_WORD = "celebrity"
"""The local fal's content check refuses every prompt with this word."""

_FAL_KEY = "demo:demo"


@dataclass(frozen=True, slots=True)
class Hall:
    """The stage and who is on it; the bot is started by the scene.

    Attributes:
        channel: Where members make pictures.
        moderation: Seen by the moderator and the bot alone.
        mira: Who may manage the server.
    """

    discord: StandInDiscord
    fal: StandInFal
    bot: BotProcess
    guild: Guild
    channel: Channel
    moderation: Channel
    alice: Member
    bob: Member
    mira: Member

    def finish_jobs(self) -> None:
        """Let fal finish at once what it has, so that the bot need not wait to stop."""
        self.fal.run_s = 0.0
        self.fal.hold()
        self.fal.release()


@asynccontextmanager
async def opened_hall(folder: Path) -> AsyncGenerator[Hall]:
    """Open both stand-ins; stops the bot at the end, if it runs.

    Args:
        folder: For the bot's database, its data and its log.
    """
    fal_settings = StandInFalSettings(
        key=_FAL_KEY, concurrency=AT_FAL, running_cancel=RunningCancel.ENDS
    )
    async with StandInDiscord() as discord, StandInFal(fal_settings) as fal:
        fal.faults.add(EndsWith("content_policy_violation"), times=None, where=_is_flagged)
        settings = {
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_URL": discord.api_url,
            "FAL_KEY": _FAL_KEY,
            "FAL_QUEUE_URL": fal.queue_url,
            "FAL_API_URL": fal.api_url,
            "FAL_MEDIA_HOSTS": fal.media_host,
            "FAL_CONCURRENCY": str(AT_FAL),
            "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
            "DATA_DIR": str(folder / "data"),
            "HTTP_PORT": "0",
            "DEFAULT_IMAGES_PER_DAY": str(IMAGES_PER_DAY),
            "SERVER_USD_PER_MONTH": "25",
            "LOG_FORMAT": "text",
        }
        guild = discord.add_guild("Studio")
        mira = guild.add_moderator("mira")
        moderation = guild.add_channel("moderation")
        guild.hide_channel(moderation, mira)
        hall = Hall(
            discord=discord,
            fal=fal,
            bot=BotProcess(folder, settings),
            guild=guild,
            channel=guild.add_channel("pictures"),
            moderation=moderation,
            alice=guild.add_member("alice"),
            bob=guild.add_member("bob"),
            mira=mira,
        )
        try:
            yield hall
        finally:
            hall.finish_jobs()
            await hall.bot.stop()


def _is_flagged(sent: object) -> bool:
    return FLAGGED_WORD in str(sent).casefold()
