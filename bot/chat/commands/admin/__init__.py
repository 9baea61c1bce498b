"""`/imagine-admin`: what moderators set and ask, for those who may manage the server.

Discord hides the group from others by default, and a server may re-assign it; both are only
defaults of its clients, so every handler asks again.
"""

import discord
from discord import app_commands

from bot.chat.commands.admin.audit import add_audit
from bot.chat.commands.admin.block import add_block
from bot.chat.commands.admin.export import add_export
from bot.chat.commands.admin.gift import add_gift
from bot.chat.commands.admin.job import add_job
from bot.chat.commands.admin.limit import add_limit
from bot.chat.commands.admin.settings import add_settings
from bot.chat.commands.admin.usage import add_usage
from bot.chat.commands.admin.words import add_words
from bot.chat.desk import Desk


def build_admin(desk: Desk) -> app_commands.Group:
    """Build the group with its sub-commands."""
    admin = app_commands.Group(
        name="imagine-admin",
        description="Limits, gifts, blocks, reports, and what was changed",
        default_permissions=discord.Permissions(manage_guild=True),
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        allowed_installs=app_commands.AppInstallationType(guild=True),
    )
    add_limit(desk, admin)
    add_gift(desk, admin)
    add_block(desk, admin)
    add_words(desk, admin)
    add_settings(desk, admin)
    add_usage(desk, admin)
    add_audit(desk, admin)
    add_job(desk, admin)
    add_export(desk, admin)
    return admin
