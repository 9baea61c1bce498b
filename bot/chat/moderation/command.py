"""`/imagine-admin`: what moderators set and ask, for those who may manage the server.

Discord hides the group from others by default, and a server may re-assign it; both are only
defaults of its clients, so every handler asks again.
"""

import discord
from discord import app_commands

from bot.chat.interaction.services import Services
from bot.chat.moderation.audit.command import add_audit
from bot.chat.moderation.blocks.command import add_block
from bot.chat.moderation.exports.command import add_export
from bot.chat.moderation.gifts.command import add_gift
from bot.chat.moderation.jobs.command import add_job
from bot.chat.moderation.limits.command import add_limit
from bot.chat.moderation.settings.command import add_settings
from bot.chat.moderation.usage.command import add_usage
from bot.chat.moderation.words.command import add_words


def build_admin(services: Services) -> app_commands.Group:
    """Build the group with its sub-commands."""
    admin = app_commands.Group(
        name="imagine-admin",
        description="Limits, gifts, blocks, reports, and what was changed",
        default_permissions=discord.Permissions(manage_guild=True),
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        allowed_installs=app_commands.AppInstallationType(guild=True),
    )
    add_limit(services, admin)
    add_gift(services, admin)
    add_block(services, admin)
    add_words(services, admin)
    add_settings(services, admin)
    add_usage(services, admin)
    add_audit(services, admin)
    add_job(services, admin)
    add_export(services, admin)
    return admin
