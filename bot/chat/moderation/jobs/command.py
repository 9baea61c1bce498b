"""`/imagine-admin job` and `cancel`: one job's whole story, and its end for any member."""

import logging

import discord
from discord import app_commands

from bot.chat.imagine.buttons import NEWS
from bot.chat.interaction.answers import answer_privately, in_time, tell
from bot.chat.interaction.layouts import QUIET
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.jobs.card import job_card, job_label
from bot.core.errors import BotError

_log = logging.getLogger(__name__)

_JOB_HINT = "Choose one, or paste the link of its message"
_TYPED_MAX = 200


def add_job(services: Services, admin: app_commands.Group) -> None:
    """Add the commands to the group."""
    _add_job(services, admin)
    _add_cancel(services, admin)


def _add_job(services: Services, admin: app_commands.Group) -> None:
    @admin.command(name="job", description="One job's whole story: states, times, money")
    @app_commands.describe(job=_JOB_HINT, member="Suggest only this member's jobs")
    @app_commands.autocomplete(job=_suggest)
    async def job_story(
        interaction: Interaction,
        job: app_commands.Range[str, 1, _TYPED_MAX],
        member: discord.User | None = None,  # noqa: ARG001 - narrows the suggestions
    ) -> None:
        reading = services.job_inquiry.case(interaction.guild_id or 0, job)
        case = await in_time(interaction, reading, is_private=True)
        await answer_privately(interaction, job_card(case))


def _add_cancel(services: Services, admin: app_commands.Group) -> None:
    @admin.command(name="cancel", description="Cancel any member's job")
    @app_commands.describe(job=_JOB_HINT, reason="Why; it stands in the audit")
    @app_commands.autocomplete(job=_suggest)
    async def cancel(
        interaction: Interaction,
        job: app_commands.Range[str, 1, _TYPED_MAX],
        reason: app_commands.Range[str, 1, 200] = "",
    ) -> None:
        cancelling = services.job_inquiry.cancel(
            interaction.guild_id or 0, job, actor_id=interaction.user.id, reason=reason
        )
        found, news = await in_time(interaction, cancelling, is_private=True)
        whose = f"The job of <@{found.member_id}> in <#{found.channel_id}>"
        await tell(interaction, f"{whose}: {NEWS[news]}", colour=QUIET)


async def _suggest(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Suggest the newest jobs of the server."""
    client, server_id = interaction.client, interaction.guild_id or 0
    member = getattr(interaction.namespace, "member", None)
    try:
        newest = await client.services.job_inquiry.newest(
            server_id, typed, member_id=getattr(member, "id", None)
        )
    except BotError as error:
        _log.warning("no suggestions", extra={"detail": str(error)})
        return []
    return [
        app_commands.Choice(
            name=job_label(job, newest.created(job), client.names.of(server_id, job.member_id)),
            value=job.id,
        )
        for job in newest.jobs
    ]
