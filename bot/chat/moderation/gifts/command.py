"""`/imagine-admin gift`: what a member may use beyond the limits, until an end."""

import discord
from discord import app_commands

from bot.chat.interaction.answers import answer_privately, in_time
from bot.chat.interaction.people import Person, refuse_bot
from bot.chat.interaction.permission import asker
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.gifts.cards import given_card, taken_back_card
from bot.chat.moderation.options import UNITS, Until, complete_until
from bot.core.codes import ModerationCode
from bot.core.errors import BadRequest
from bot.core.gifts import Gift
from bot.core.limits import Unit
from bot.core.typed.amounts import parse_amount
from bot.services.limits.allowance import Allowance


def add_gift(services: Services, admin: app_commands.Group) -> None:
    """Add the command to the group."""

    @admin.command(
        name="gift", description="Give a member more than the limits allow; 0 takes gifts back"
    )
    @app_commands.choices(unit=UNITS)
    @app_commands.describe(
        member="Who gets it",
        amount="20, $5, 2.50 or 2,50; 0 ends all their gifts of the unit now",
        unit="What is given",
        until="3d, 2 weeks, 2026-12-31 or 2026-12-31 18:00, in the server's time zone",
        reason="Why; the member reads it",
    )
    @app_commands.autocomplete(until=complete_until(services))
    async def gift(
        interaction: Interaction,
        member: Person,
        amount: app_commands.Range[str, 1, 30],
        unit: str,
        until: Until,
        reason: app_commands.Range[str, 1, 200] = "",
    ) -> None:
        kind = Unit(unit)
        given = parse_amount(amount, kind)
        if given == 0:
            await _take_back(services, interaction, member, kind, reason)
            return
        refuse_bot(member)
        giving = _give(services, interaction, member, kind, given, until, reason)
        made, before = await in_time(interaction, giving, is_private=True)
        is_here = isinstance(member, discord.Member)
        await answer_privately(interaction, given_card(member.id, made, before, is_here=is_here))


async def _give(  # noqa: PLR0913, PLR0917 - the options of the command
    services: Services,
    interaction: Interaction,
    member: Person,
    unit: Unit,
    amount: int,
    until: str,
    reason: str,
) -> tuple[Gift, Allowance]:
    """Give, and tell what applied before, so that the card can say what the gift will do."""
    server_id = interaction.guild_id or 0
    until_ms = await services.gifts.until(server_id, until)
    before = await services.quota.of(asker(interaction, member))
    gift = await services.gifts.give(
        server_id, member.id, unit, amount, until_ms, actor_id=interaction.user.id, reason=reason
    )
    return gift, before


async def _take_back(
    services: Services,
    interaction: Interaction,
    member: Person,
    unit: Unit,
    reason: str,
) -> None:
    taking = services.gifts.take_back(
        interaction.guild_id or 0, member.id, unit, actor_id=interaction.user.id, reason=reason
    )
    ended = await in_time(interaction, taking, is_private=True)
    if not ended:
        raise BadRequest(ModerationCode.NO_GIFT)
    await answer_privately(interaction, taken_back_card(member.id, unit, ended))
