"""Changes in Discord what moderators decided about: messages with pictures, and warnings."""

from collections.abc import Generator
from contextlib import contextmanager

import aiohttp
import discord
from discord import ui

from bot.chat.interaction.layouts import BAD, QUIET, notice
from bot.chat.texts import quoted_reason
from bot.core.errors import RouteBusy, Undeliverable
from bot.core.jobs import Job
from bot.core.money import format_usd
from bot.core.prompts import shown_prompt
from bot.services.moderation.pictures import link_to
from bot.texts.amounts import count_images

_GONE = frozenset({10003, 10008})
"""Unknown channel, unknown message: the pictures are gone with it."""

_TOO_MANY, _SERVER_ERRORS = 429, 500


class DiscordTakedowns:
    """Implements the enforcer port over discord.py."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def clear(self, job: Job, reason: str) -> None:
        """Replace the card with the pictures by one that says that they were removed.

        The ordinary way to a message needs no interaction's token, so it is open however old the
        message is, wherever the bot can see the channel.
        """
        channel_id = job.message_channel_id or job.channel_id
        channel = self._client.get_partial_messageable(channel_id, guild_id=job.server_id)
        message = channel.get_partial_message(job.message_id or 0)
        self._refuse_if_closed()
        with _errors_of_the_port():
            try:
                await message.edit(
                    view=removed_card(job, reason),
                    attachments=[],
                    # discord.py adds the client's own only where the content changes.
                    allowed_mentions=discord.AllowedMentions.none(),
                )
            except discord.NotFound as error:
                if error.code not in _GONE:
                    raise

    async def warn(self, job: Job, reason: str, nonce: str) -> None:
        """Send the member a card; the nonce keeps a second try from being a second message."""
        server = self._client.get_guild(job.server_id)
        name = "a server" if server is None else server.name
        card = warning_card(job, reason, name)
        self._refuse_if_closed()
        with _errors_of_the_port():
            channel = await self._client.create_dm(discord.Object(job.member_id))
            await channel.send(view=card, nonce=nonce)

    def _refuse_if_closed(self) -> None:
        if self._client.is_closed():
            raise RouteBusy("this bot's connection is closed")


def removed_card(job: Job, reason: str) -> ui.LayoutView:
    """What stands in place of pictures that moderators removed: neither them nor the prompt."""
    images = count_images(job.pictures or 0)
    cost = format_usd(job.cost_microusd or 0)
    return notice(
        f"**Removed by a moderator** · {quoted_reason(reason)}",
        small=f"{images} · {cost} stay counted; nothing is given back",
        colour=QUIET,
    )


def warning_card(job: Job, reason: str, server_name: str) -> ui.LayoutView:
    """What a member reads whom a moderator warns."""
    name = shown_prompt(server_name, chars_max=100, bytes_max=300)
    text = f"**A moderator of “{name}” warns you** about [pictures that you made]({link_to(job)})."
    return notice(f"{text}\n{quoted_reason(reason)}", colour=BAD)


@contextmanager
def _errors_of_the_port() -> Generator[None]:
    """Turn what discord.py raises into what the port promises."""
    try:
        yield
    except discord.HTTPException as error:
        detail = f"HTTP {error.status}, code {error.code}"
        if error.status == _TOO_MANY or error.status >= _SERVER_ERRORS:
            raise RouteBusy(detail) from error
        raise Undeliverable([detail]) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise RouteBusy(type(error).__name__) from error
