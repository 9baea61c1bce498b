"""`/imagine-admin block`: members who may not make pictures."""

import discord
from discord import app_commands

from bot.chat.interaction.answers import answer_privately, in_time
from bot.chat.interaction.people import Person, refuse_bot
from bot.chat.interaction.permission import require_moderator
from bot.chat.interaction.services import Services, ServicesClient
from bot.chat.moderation.blocks.cards import blocked_card, blocks_card, unblocked_card
from bot.chat.moderation.ending import UNTIL_CHARS_MAX, complete_until
from bot.core.codes import ModerationCode
from bot.core.errors import BadRequest
from bot.services.moderation.pictures import needed_reason
from bot.storage.blocks import Block


def add_block(services: Services, admin: app_commands.Group) -> None:
    """Add the commands to the group."""
    block = app_commands.Group(
        name="block", description="Members who may not make pictures", parent=admin
    )
    _add_add(services, block)
    _add_remove(services, block)
    _add_list(services, block)


def _add_add(services: Services, group: app_commands.Group) -> None:
    @group.command(name="add", description="Keep a member from making pictures")
    @app_commands.describe(
        member="Who",
        reason="Why; the member reads it",
        until="3d, 2 weeks, 2026-12-31 or 2026-12-31 18:00; without an end if left out",
    )
    @app_commands.autocomplete(until=complete_until(services))
    async def block_add(
        interaction: discord.Interaction[ServicesClient],
        member: Person,
        reason: app_commands.Range[str, 1, 200],
        until: app_commands.Range[str, 1, UNTIL_CHARS_MAX] | None = None,
    ) -> None:
        await require_moderator(interaction)
        refuse_bot(member)
        reason = needed_reason(reason)
        adding = _block(services, interaction, member, until, reason)
        until_ms, before = await in_time(interaction, adding, is_private=True)
        await answer_privately(interaction, blocked_card(member.id, until_ms, reason, before))


async def _block(
    services: Services,
    interaction: discord.Interaction[ServicesClient],
    member: Person,
    until: str | None,
    reason: str,
) -> tuple[int | None, Block | None]:
    server_id = interaction.guild_id or 0
    until_ms = None if until is None else await services.gifts.until(server_id, until)
    actor_id = interaction.user.id
    before = await services.blocks.add(
        server_id, member.id, until_ms, actor_id=actor_id, reason=reason
    )
    return until_ms, before


def _add_remove(services: Services, group: app_commands.Group) -> None:
    @group.command(name="remove", description="Let a member make pictures again")
    @app_commands.describe(member="Who", reason="Why; it stands in the audit")
    async def block_remove(
        interaction: discord.Interaction[ServicesClient],
        member: Person,
        reason: app_commands.Range[str, 1, 200] = "",
    ) -> None:
        await require_moderator(interaction)
        removing = services.blocks.remove(
            interaction.guild_id or 0, member.id, actor_id=interaction.user.id, reason=reason
        )
        before = await in_time(interaction, removing, is_private=True)
        if before is None:
            raise BadRequest(ModerationCode.NOT_BLOCKED)
        await answer_privately(interaction, unblocked_card(member.id, before))


def _add_list(services: Services, group: app_commands.Group) -> None:
    @group.command(name="list", description="Who is blocked, by whom, until when and why")
    @app_commands.describe(member="Only this member")
    async def block_list(
        interaction: discord.Interaction[ServicesClient], member: Person | None = None
    ) -> None:
        await require_moderator(interaction)
        reading = services.blocks.listed(interaction.guild_id or 0)
        blocks = await in_time(interaction, reading, is_private=True)
        if member is not None:
            blocks = [block for block in blocks if block.member_id == member.id]
        await answer_privately(interaction, blocks_card(blocks))
