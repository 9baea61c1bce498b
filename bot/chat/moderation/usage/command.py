"""`/imagine-admin usage`: who spent what, as a picture and a table."""

import io

import discord
from discord import app_commands

from bot.chat.interaction.answers import answer_privately, in_time
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.options import TypedDays, complete_period
from bot.chat.moderation.usage.card import CHART_NAME, usage_card
from bot.chat.moderation.usage.chart import ChartDrawer, plan_of
from bot.core.typed.ranges import NAMES
from bot.services.reporting.usage import UsageReport


def add_usage(services: Services, admin: app_commands.Group) -> None:
    """Add the command to the group."""
    drawer = ChartDrawer()

    async def drawn_report(
        server_id: int, period: str | None, first: str | None, last: str | None
    ) -> tuple[UsageReport, bytes | None]:
        report = await services.usage.report(server_id, period, first, last)
        return report, await drawer.draw(plan_of(report))

    @admin.command(name="usage", description="Who spent what: a chart, a table and a CSV file")
    @app_commands.rename(first="from", last="to")
    @app_commands.autocomplete(period=complete_period(NAMES))
    @app_commands.describe(
        period="This month unless you say otherwise; also days like 2026-11-01..2026-11-15",
        first="The first day, like 2026-11-01, instead of a period",
        last="The last day; today if you leave it out",
    )
    async def usage(
        interaction: Interaction,
        period: TypedDays | None = None,
        first: TypedDays | None = None,
        last: TypedDays | None = None,
    ) -> None:
        making = drawn_report(interaction.guild_id or 0, period, first, last)
        report, chart = await in_time(interaction, making, is_private=True)
        files = [] if chart is None else [discord.File(io.BytesIO(chart), CHART_NAME)]
        card = usage_card(report, has_chart=chart is not None)
        await answer_privately(interaction, card, files)
