"""`/imagine-admin block`: members who may not make pictures."""

from discord import app_commands, ui

from bot.chat.interaction.answers import answer, answer_privately, in_time
from bot.chat.interaction.people import Person, refuse_bot
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.blocks.cards import blocked_card, blocks_card, unblocked_card
from bot.chat.moderation.options import Until, complete_until
from bot.core.codes import ModerationCode
from bot.core.errors import BadRequest
from bot.services.moderation.pictures import needed_reason


def add_block(services: Services, admin: app_commands.Group) -> None:
    """Add the commands to the group."""
    group = app_commands.Group(
        name="block", description="Members who may not make pictures", parent=admin
    )
    _add_add(services, group)
    _add_remove(group)
    _add_list(services, group)


def _add_add(services: Services, group: app_commands.Group) -> None:
    @group.command(name="add", description="Keep a member from making pictures")
    @app_commands.describe(
        member="Who",
        reason="Why; the member reads it",
        until="3d, 2 weeks, 2026-12-31 or 2026-12-31 18:00; without an end if left out",
    )
    @app_commands.autocomplete(until=complete_until(services))
    async def block_add(
        interaction: Interaction,
        member: Person,
        reason: app_commands.Range[str, 1, 200],
        until: Until | None = None,
    ) -> None:
        refuse_bot(member)
        blocking = block(interaction, member.id, needed_reason(reason), until)
        await answer(interaction, blocking)


async def block(
    interaction: Interaction, member_id: int, reason: str, until: str | None
) -> ui.LayoutView:
    """Block a member, until an end as people type it, and make the card that says so.

    Raises:
        BadRequest: The end is none.
    """
    services, server_id = interaction.client.services, interaction.guild_id or 0
    until_ms = await services.gifts.until(server_id, until) if until else None
    before = await services.blocks.add(
        server_id, member_id, until_ms, actor_id=interaction.user.id, reason=reason
    )
    return blocked_card(member_id, until_ms, reason, before)


def _add_remove(group: app_commands.Group) -> None:
    @group.command(name="remove", description="Let a member make pictures again")
    @app_commands.describe(member="Who", reason="Why; it stands in the audit")
    async def block_remove(
        interaction: Interaction,
        member: Person,
        reason: app_commands.Range[str, 1, 200] = "",
    ) -> None:
        await answer(interaction, unblock(interaction, member.id, reason))


async def unblock(interaction: Interaction, member_id: int, reason: str) -> ui.LayoutView:
    """Lift a member's block and make the card that says so.

    Raises:
        BadRequest: They are not blocked.
    """
    before = await interaction.client.services.blocks.remove(
        interaction.guild_id or 0, member_id, actor_id=interaction.user.id, reason=reason
    )
    if before is None:
        raise BadRequest(ModerationCode.NOT_BLOCKED)
    return unblocked_card(member_id, before)


def _add_list(services: Services, group: app_commands.Group) -> None:
    @group.command(name="list", description="Who is blocked, by whom, until when and why")
    @app_commands.describe(member="Only this member")
    async def block_list(interaction: Interaction, member: Person | None = None) -> None:
        reading = services.blocks.listed(interaction.guild_id or 0)
        blocks = await in_time(interaction, reading, is_private=True)
        if member is not None:
            blocks = [block for block in blocks if block.member_id == member.id]
        await answer_privately(interaction, blocks_card(blocks))
