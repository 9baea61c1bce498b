"""Whom moderators name in their commands."""

import discord

from bot.core.codes import ModerationCode
from bot.core.errors import BadRequest

Person = discord.Member | discord.User
"""Also somebody who has left the server."""


def refuse_bot(person: Person | None) -> None:
    """Refuse what would hold for a bot, which it could never use.

    Raises:
        BadRequest: The person is a bot.
    """
    if person is not None and person.bot:
        raise BadRequest(ModerationCode.IS_BOT, ids=(person.id,))
