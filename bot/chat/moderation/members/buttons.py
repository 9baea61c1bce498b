"""The quick gift and block below what moderators see of a member."""

import re

from discord import ui

from bot.chat.interaction.answers import answer
from bot.chat.interaction.buttons import Button
from bot.chat.interaction.forms import Field, Form, reason_field, until_field
from bot.chat.interaction.services import Interaction
from bot.chat.moderation.blocks.command import block, unblock
from bot.chat.moderation.members.card import MEMBER_ID, given_card
from bot.core.codes import ModerationCode
from bot.core.errors import BadRequest
from bot.core.limits import Unit
from bot.core.typed.amounts import parse_amount

_EXAMPLES = "3d, 2 weeks, 2026-12-31 or 2026-12-31 18:00"


class MemberButton(Button, template=MEMBER_ID):
    """Opens the form of a quick change; for moderators."""

    async def pressed(self, interaction: Interaction, found: re.Match[str]) -> None:
        """Open the form, whose id is the button's."""
        await FORMS[found["action"]].open(interaction, found[0])


async def _give(interaction: Interaction, found: re.Match[str], typed: dict[str, str]) -> None:
    await answer(interaction, _given(interaction, int(found["id"]), typed))


async def _given(interaction: Interaction, member_id: int, typed: dict[str, str]) -> ui.LayoutView:
    gifts, server_id = interaction.client.services.gifts, interaction.guild_id or 0
    unit = Unit(typed.get("unit", Unit.IMAGES.value))
    amount = parse_amount(typed.get("amount", ""), unit)
    until_ms = await gifts.until(server_id, typed.get("until", ""))
    gift = await gifts.give(
        server_id,
        member_id,
        unit,
        amount,
        until_ms,
        actor_id=interaction.user.id,
        reason=typed.get("reason", ""),
    )
    return given_card(member_id, gift)


async def _block(interaction: Interaction, found: re.Match[str], typed: dict[str, str]) -> None:
    reason = typed.get("reason")
    if not reason:
        raise BadRequest(ModerationCode.REASON_NEEDED_FOR_MEMBER)
    await answer(interaction, block(interaction, int(found["id"]), reason, typed.get("until")))


async def _unblock(interaction: Interaction, found: re.Match[str], typed: dict[str, str]) -> None:
    await answer(interaction, unblock(interaction, int(found["id"]), typed.get("reason", "")))


_UNITS = ((Unit.IMAGES.value, "pictures"), (Unit.USD.value, "USD"))

FORMS = {
    "gift": Form(
        r"member:gift:(?P<id>\d{1,20})",
        "Give this member more",
        [
            Field("amount", "Amount", "20, $5, 2.50 or 2,50", chars_max=30),
            Field(
                "unit", "Unit", choices=((Unit.IMAGES.value, "pictures"), (Unit.USD.value, "USD"))
            ),
            until_field(_EXAMPLES, is_required=True),
            reason_field("The member reads it in /quota.", is_required=False),
        ],
        _give,
    ),
    "block": Form(
        r"member:block:(?P<id>\d{1,20})",
        "Block this member",
        [
            reason_field("The member reads it with every refusal."),
            until_field(f"{_EXAMPLES}; without an end if left out"),
        ],
        _block,
    ),
    "unblock": Form(
        r"member:unblock:(?P<id>\d{1,20})",
        "Lift this member's block",
        [reason_field("It stands in the audit.", is_required=False)],
        _unblock,
    ),
}
