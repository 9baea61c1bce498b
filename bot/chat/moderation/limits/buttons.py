"""The list of limits, with those marked whose role or channel is no more, and a way to clear them.

Such a limit does nothing; it is left from a deletion while the bot was away. Nothing is cleared
only because the bot does not see a thing: a moderator presses, and Discord is asked once more.
"""

import logging
import re
from collections.abc import Sequence

import discord
from discord import ui

from bot.chat.interaction.answers import turn
from bot.chat.interaction.buttons import Button
from bot.chat.interaction.services import Interaction
from bot.chat.moderation.limits.cards import ORPHANED_ID, limits_card
from bot.core.audit import Deleted
from bot.core.codes import ModerationCode
from bot.core.errors import Refused
from bot.core.limits import Rule, Subject

_log = logging.getLogger(__name__)


def limits_view(guild: discord.Guild | None, rules: Sequence[Rule]) -> ui.LayoutView:
    """All limits of a server, with a button where something is gone."""
    return limits_card(rules, gone=gone_among(guild, rules))


def gone_among(guild: discord.Guild | None, rules: Sequence[Rule]) -> list[Rule]:
    """Find the limits of roles and channels that a server does not have; none in an outage."""
    if guild is None or guild.unavailable or not guild.roles:
        return []
    return [
        rule
        for rule in rules
        if (rule.subject is Subject.ROLE and guild.get_role(rule.subject_id) is None)
        or (rule.subject is Subject.CHANNEL and guild.get_channel(rule.subject_id) is None)
    ]


class ClearOrphanedButton(Button, template=ORPHANED_ID):
    """Clears the limits of roles and channels that Discord does not know any more."""

    async def pressed(self, interaction: Interaction, _: re.Match[str]) -> None:
        """Clear them and show the list anew."""
        await turn(interaction, _cleared(interaction))


async def _cleared(interaction: Interaction) -> ui.LayoutView:
    moderation, guild = interaction.client.services.moderation, interaction.guild
    server_id = interaction.guild_id or 0
    for rule in await _surely_gone(guild, await moderation.limits(server_id)):
        cause = Deleted(rule.subject, None)
        await moderation.clear_limit(server_id, rule, actor_id=interaction.user.id, cause=cause)
    return limits_view(guild, await moderation.limits(server_id))


async def _surely_gone(guild: discord.Guild | None, rules: Sequence[Rule]) -> list[Rule]:
    """Ask Discord about what is not in the cache."""
    gone = gone_among(guild, rules)
    if guild is None or not gone:
        return []
    try:
        role_ids = {role.id for role in await guild.fetch_roles()}
        known = role_ids | {
            rule.subject_id
            for rule in gone
            if rule.subject is Subject.CHANNEL and await _has_channel(guild, rule.subject_id)
        }
    except (discord.HTTPException, OSError) as error:
        _log.warning("nothing cleared", extra={"detail": str(error)})
        raise Refused(ModerationCode.ORPHANS_UNKNOWN) from error
    return [rule for rule in gone if rule.subject_id not in known]


async def _has_channel(guild: discord.Guild, channel_id: int) -> bool:
    try:
        await guild.fetch_channel(channel_id)
    except discord.NotFound:
        return False
    except (discord.Forbidden, discord.InvalidData):
        return True
    return True
