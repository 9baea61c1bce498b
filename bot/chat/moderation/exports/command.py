"""`/imagine-admin export`: jobs, ledger and audit of this server as CSV files."""

import logging

import discord
from discord import app_commands

from bot.chat.interaction.answers import think_privately
from bot.chat.interaction.layouts import NOT_TAKEN
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.exports.card import REQUEST_BYTES_MAX, export_card, grouped
from bot.chat.moderation.options import TypedDays, complete_period
from bot.core.codes import ExportCode
from bot.core.errors import Refused
from bot.core.typed.ranges import NAMES
from bot.services.reporting.exports import EVERYTHING, Export, Exports, Scope, What
from bot.texts.audit import words_of

_log = logging.getLogger(__name__)

_TOO_LARGE_STATUS, _TOO_LARGE_CODE = 413, 40005
_SURE_BYTES = 8 * 1024 * 1024
"""Discord takes files of this size everywhere; what it says of larger ones is not always so."""

_CHOICES = [app_commands.Choice(name=what.value, value=what.value) for what in What]


def add_export(services: Services, admin: app_commands.Group) -> None:
    """Add the command to the group."""

    @admin.command(name="export", description="Jobs, ledger or audit of this server as CSV files")
    @app_commands.choices(what=_CHOICES)
    @app_commands.rename(first="from", last="to")
    @app_commands.autocomplete(period=complete_period((*NAMES, EVERYTHING)))
    @app_commands.describe(
        what="Which table",
        period="This month unless you say otherwise; all, or days like 2026-11-01..2026-11-15",
        first="The first day, like 2026-11-01, instead of a period",
        last="The last day; today if you leave it out",
    )
    async def export(
        interaction: Interaction,
        what: str,
        period: TypedDays | None = None,
        first: TypedDays | None = None,
        last: TypedDays | None = None,
    ) -> None:
        await think_privately(interaction)
        scope = await services.exports.scope(
            interaction.guild_id or 0, What(what), period=period, first=first, last=last
        )
        await _hand_out(services.exports, interaction, scope)


async def _hand_out(exports: Exports, interaction: Interaction, scope: Scope) -> None:
    """Make the files and send them; where Discord finds them too large, in smaller parts.

    Raises:
        Refused: They cannot be made or sent; the sentence says why.
    """
    stated = min(interaction.filesize_limit, REQUEST_BYTES_MAX)
    for bytes_max in (stated, min(stated // 2, _SURE_BYTES)):
        async with exports.made(scope, bytes_max, words_of) as export:
            try:
                await _send(interaction, export)
            except NOT_TAKEN as error:
                _log.warning("export not taken", extra={"detail": str(error)})
                if not _is_too_large(error):
                    raise Refused(ExportCode.NOT_TAKEN) from error
            else:
                return
    raise Refused(ExportCode.TOO_LARGE)


def _is_too_large(error: Exception) -> bool:
    if not isinstance(error, discord.HTTPException):
        return False
    return error.status == _TOO_LARGE_STATUS or error.code == _TOO_LARGE_CODE


async def _send(interaction: Interaction, export: Export) -> None:
    """Answer with the files, in several messages if one request would be too large."""
    groups = grouped(export.parts) or [[]]
    for number, paths in enumerate(groups, 1):
        view = export_card(export, paths, number, len(groups))
        files = [discord.File(path, path.name) for path in paths]
        if number == 1:
            await interaction.edit_original_response(view=view, attachments=files)
        else:
            await interaction.followup.send(view=view, files=files, ephemeral=True)
