"""What moderators set and ask, as the client registers it.

Discord hides `/imagine-admin` from others by default, and a server may re-assign it; both are only
defaults of its clients. So the client asks again who may, before any command of the group is run
or suggests anything.
"""

import discord
from discord import app_commands

from bot.chat.interaction.feature import Feature
from bot.chat.interaction.permission import GROUP
from bot.chat.interaction.services import Services
from bot.chat.moderation.audit.buttons import AuditPageButton
from bot.chat.moderation.audit.command import add_audit
from bot.chat.moderation.blocks.command import add_block
from bot.chat.moderation.exports.command import add_export
from bot.chat.moderation.gifts.command import add_gift
from bot.chat.moderation.jobs.command import add_job
from bot.chat.moderation.limits.buttons import ClearOrphanedButton
from bot.chat.moderation.limits.command import add_limit
from bot.chat.moderation.members import buttons as members
from bot.chat.moderation.members.command import build_member_entry
from bot.chat.moderation.reports import buttons as reports
from bot.chat.moderation.reports.command import (
    REMOVE_FORM,
    REPORT_FORM,
    build_remove_entry,
    build_report_entry,
)
from bot.chat.moderation.settings import panel
from bot.chat.moderation.settings.command import add_settings
from bot.chat.moderation.usage.buttons import UsageSheetButton
from bot.chat.moderation.usage.command import add_usage
from bot.chat.moderation.words.buttons import WordsPageButton
from bot.chat.moderation.words.command import add_words


def build_admin(services: Services) -> app_commands.Group:
    """Build the group with its sub-commands."""
    admin = app_commands.Group(
        name=GROUP,
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


FEATURE = Feature(
    commands=(build_admin, build_member_entry, build_remove_entry, build_report_entry),
    buttons=(
        AuditPageButton,
        ClearOrphanedButton,
        UsageSheetButton,
        WordsPageButton,
        members.MemberButton,
        reports.ReportButton,
        panel.PanelButton,
        panel.PanelChannels,
        panel.PanelMenu,
    ),
    forms=(
        REMOVE_FORM,
        REPORT_FORM,
        *members.FORMS.values(),
        *reports.FORMS.values(),
        *panel.FORMS.values(),
    ),
)
