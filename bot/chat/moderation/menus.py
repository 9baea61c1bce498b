"""The entries in the menus of members and of messages, and the forms that they open."""

import re
from collections.abc import Callable, Coroutine
from typing import Any

import discord
from discord import app_commands

from bot.chat.interaction.answers import answer_privately, in_time, soon, tell
from bot.chat.interaction.fields import filled_in, form, reason_field, take
from bot.chat.interaction.layouts import DONE, WORKING
from bot.chat.interaction.people import Person
from bot.chat.interaction.permission import asker, is_moderator, require_moderator
from bot.chat.interaction.services import Services, ServicesClient
from bot.chat.moderation.members import card as member_card
from bot.chat.moderation.reports import reported
from bot.chat.moderation.reports.reported import removal_news
from bot.core.codes import AccessCode
from bot.core.errors import NotAllowed
from bot.services.moderation.limits import Overview
from bot.services.moderation.member_activity import Record
from bot.services.moderation.outbox import News

QUOTA, REMOVE, REPORT = "Image quota", "Remove image", "Report image"

_REMOVE_FORM = re.compile(r"remove:(?P<id>[0-9a-z]{16})")
_REPORT_FORM = re.compile(r"report:(?P<id>[0-9a-z]{16})")

Callback = Callable[..., Coroutine[Any, Any, None]]
"""What discord.py finds out the kind of a menu by: the annotation of its second parameter."""


def build_menus(services: Services) -> list[app_commands.ContextMenu]:
    """Build the entries; a server can show each to others in its own settings."""
    manage = discord.Permissions(manage_guild=True)
    return [
        _entry(QUOTA, _quota(services), manage),
        _entry(REMOVE, _remove(services), manage),
        _entry(REPORT, _report(services), None),
    ]


def _entry(
    name: str, callback: Callback, permissions: discord.Permissions | None
) -> app_commands.ContextMenu:
    menu = app_commands.ContextMenu(
        name=name,
        callback=callback,
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        allowed_installs=app_commands.AppInstallationType(guild=True),
    )
    menu.default_permissions = permissions
    return menu


def _quota(services: Services) -> Callback:
    async def show(interaction: discord.Interaction[ServicesClient], member: Person) -> None:
        # A server may show the entry to everybody: they see of themselves what `/quota` tells too.
        is_mod = await is_moderator(interaction)
        if not is_mod and member.id != interaction.user.id:
            raise NotAllowed(AccessCode.NOT_OF_OTHERS)
        reading = _read(services, interaction, member)
        overview, record = await in_time(interaction, reading, is_private=True)
        has_buttons = is_mod and not member.bot
        card = member_card.member_card(member.id, overview, record, has_buttons=has_buttons)
        await answer_privately(interaction, card)

    return show


async def _read(
    services: Services, interaction: discord.Interaction[ServicesClient], member: Person
) -> tuple[Overview, Record]:
    server_id = interaction.guild_id or 0
    overview = await services.moderation.overview(asker(interaction, member))
    return overview, await services.members.record(server_id, member.id)


def _remove(services: Services) -> Callback:
    async def remove(
        interaction: discord.Interaction[ServicesClient], message: discord.Message
    ) -> None:
        await require_moderator(interaction, menu=REMOVE)
        finding = services.pictures.find(
            interaction.guild_id or 0, interaction.channel_id or 0, message.id
        )
        job = await soon(finding)
        field = reason_field("Stands in place of the pictures. Nothing is refunded.")
        await interaction.response.send_modal(
            form(f"remove:{job.id}", "Remove these pictures", field)
        )

    return remove


async def _take_removal(
    interaction: discord.Interaction[ServicesClient], match: re.Match[str]
) -> None:
    await require_moderator(interaction, menu=REMOVE)
    removing = interaction.client.services.pictures.remove(
        interaction.guild_id or 0,
        match["id"],
        actor_id=interaction.user.id,
        reason=filled_in(interaction).get("reason", ""),
    )
    removed = await in_time(interaction, removing, is_private=True)
    text = removal_news(removed.news) or (
        "**Removed.** The pictures and the prompt are gone from the message. The record stays, "
        "with the cost and what the member was charged; nothing was given back."
    )
    await tell(interaction, text, colour=DONE if removed.news is News.DONE else WORKING)


def _report(services: Services) -> Callback:
    async def report(
        interaction: discord.Interaction[ServicesClient], message: discord.Message
    ) -> None:
        finding = services.reports.find(
            interaction.guild_id or 0,
            interaction.channel_id or 0,
            message.id,
            reporter_id=interaction.user.id,
        )
        job = await soon(finding)
        field = reason_field("Only moderators read it, with your name.")
        await interaction.response.send_modal(
            form(f"report:{job.id}", "Report these pictures", field)
        )

    return report


async def _take_report(
    interaction: discord.Interaction[ServicesClient], match: re.Match[str]
) -> None:
    reporting = interaction.client.services.reports.report(
        interaction.guild_id or 0,
        match["id"],
        reporter_id=interaction.user.id,
        reason=filled_in(interaction).get("reason", ""),
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


_FORMS = (
    (_REMOVE_FORM, _take_removal),
    (_REPORT_FORM, _take_report),
    (reported.FORM_ID, reported.take_form),
    (member_card.FORM_ID, member_card.take_form),
)


async def take_menu_form(interaction: discord.Interaction[ServicesClient]) -> None:
    """Answer a form that came back, if one of these entries or their cards opened it."""
    await take(interaction, _FORMS)
