"""Posts to servers' log channels; `notice_cards.RENDERERS` says what each message looks like.

A channel that the bot may not see or write to may be opened by a moderator, so that is "later";
one that Discord does not know is "never".
"""

from collections.abc import Sequence

import aiohttp
import discord

from bot.chat.moderation.log.cards import card_of
from bot.core.errors import RouteBusy, Undeliverable
from bot.storage.notices import Notice

_UNKNOWN_CHANNEL = 10003


class DiscordLogPoster:
    """Implements the log poster port over discord.py."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def post(
        self, server_id: int, channel_id: int, notices: Sequence[Notice], nonce: str
    ) -> None:
        """Post one message; Discord enforces the nonce, so that a second try posts nothing new."""
        if self._client.is_closed():
            raise RouteBusy("this bot's connection is closed")
        known = self._client.get_channel(channel_id)
        if isinstance(known, discord.abc.GuildChannel) and known.guild.id != server_id:
            raise Undeliverable([f"channel {channel_id} is another server's"])
        channel = self._client.get_partial_messageable(channel_id, guild_id=server_id)
        try:
            await channel.send(
                view=card_of(notices),
                nonce=nonce,
                allowed_mentions=discord.AllowedMentions.none(),
            )
        except discord.HTTPException as error:
            detail = f"HTTP {error.status}, code {error.code}"
            if error.code == _UNKNOWN_CHANNEL or error.status == 400:
                raise Undeliverable([detail]) from error
            raise RouteBusy(detail) from error
        except (aiohttp.ClientError, OSError, TimeoutError, RuntimeError) as error:
            # discord.py raises a RuntimeError once its session is closed.
            raise RouteBusy(type(error).__name__) from error
