"""The entries in the menus of messages, for pictures that should not be there."""

import re
from functools import partial

import discord
from discord import app_commands

from bot.chat.interaction.answers import in_time, soon, tell
from bot.chat.interaction.forms import Form, reason_field
from bot.chat.interaction.layouts import DONE, WORKING
from bot.chat.interaction.permission import anyone, require_moderator
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.options import menu_entry
from bot.chat.moderation.reports.buttons import removal_news
from bot.services.moderation.outbox import News

REMOVE, REPORT = "Remove image", "Report image"

_may_remove = partial(require_moderator, menu=REMOVE)


def build_remove_entry(services: Services) -> app_commands.ContextMenu:
    """Build the entry that removes pictures."""

    async def remove(interaction: Interaction, message: discord.Message) -> None:
        await _may_remove(interaction)
        finding = services.pictures.find(
            interaction.guild_id or 0, interaction.channel_id or 0, message.id
        )
        job = await soon(finding)
        await REMOVE_FORM.open(interaction, f"remove:{job.id}")

    return menu_entry(REMOVE, remove)


async def _take_removal(
    interaction: Interaction, found: re.Match[str], typed: dict[str, str]
) -> None:
    removing = interaction.client.services.pictures.remove(
        interaction.guild_id or 0,
        found["id"],
        actor_id=interaction.user.id,
        reason=typed.get("reason", ""),
    )
    removed = await in_time(interaction, removing, is_private=True)
    text = removal_news(removed.news) or (
        "**Removed.** The pictures and the prompt are gone from the message. The record stays, "
        "with the cost and what the member was charged; nothing was given back."
    )
    await tell(interaction, text, colour=DONE if removed.news is News.DONE else WORKING)


def build_report_entry(services: Services) -> app_commands.ContextMenu:
    """Build the entry that reports pictures, which every member has."""

    async def report(interaction: Interaction, message: discord.Message) -> None:
        finding = services.picture_reports.find(
            interaction.guild_id or 0,
            interaction.channel_id or 0,
            message.id,
            reporter_id=interaction.user.id,
        )
        job = await soon(finding)
        await REPORT_FORM.open(interaction, f"report:{job.id}")

    return menu_entry(REPORT, report, is_for_all=True)


async def _take_report(
    interaction: Interaction, found: re.Match[str], typed: dict[str, str]
) -> None:
    reporting = interaction.client.services.picture_reports.report(
        interaction.guild_id or 0,
        found["id"],
        reporter_id=interaction.user.id,
        reason=typed.get("reason", ""),
    )
    filed = await in_time(interaction, reporting, is_private=True)
    text = (
        "**Thank you.** The moderators will look at these pictures."
        if filed.is_first
        else "**Thank you.** Somebody has reported these pictures already; yours is counted too."
    )
    if not filed.is_shown:
        text += (
            " This server has no log channel, so they see it in the audit, not at once: if it is "
            "urgent, write to a moderator."
        )
    await tell(interaction, f"{text}\n-# Only moderators learn that it was you.", colour=DONE)


REMOVE_FORM = Form(
    r"remove:(?P<id>[0-9a-z]{16})",
    "Remove these pictures",
    [reason_field("Stands in place of the pictures. Nothing is refunded.")],
    _take_removal,
    gate=_may_remove,
)
REPORT_FORM = Form(
    r"report:(?P<id>[0-9a-z]{16})",
    "Report these pictures",
    [reason_field("Only moderators read it, with your name.")],
    _take_report,
    gate=anyone,
)
