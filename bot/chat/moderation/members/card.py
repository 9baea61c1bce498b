"""What moderators see of one member, and the quick gift and block that stand below it."""

import re
from typing import Self

import discord
from discord import ui

from bot.chat.interaction.answers import answer_error, answer_privately, in_time
from bot.chat.interaction.fields import Field, filled_in, form, reason_field, until_field
from bot.chat.interaction.layouts import BAD, DONE, WAITING, finished, notice
from bot.chat.interaction.permission import require_moderator
from bot.chat.interaction.services import Services, ServicesClient
from bot.chat.member_lines import gift_lines
from bot.chat.moderation.blocks.cards import block_lines, blocked_card, unblocked_card
from bot.chat.moderation.cards import amount_per, who
from bot.chat.texts import until_when
from bot.core.codes import ModerationCode
from bot.core.errors import BadRequest
from bot.core.gifts import Gift
from bot.core.jobs import Job, State
from bot.core.limits import Unit, show_amount
from bot.core.money import format_usd
from bot.core.prompts import shown_prompt
from bot.core.typed.amounts import parse_amount
from bot.services.moderation.limits import Overview
from bot.services.moderation.member_activity import Record
from bot.services.moderation.pictures import link_to
from bot.storage.blocks import Block
from bot.storage.pictures import Made
from bot.texts.amounts import count_images
from bot.texts.limits import left_of

_LIMITS_CHARS_MAX = 1000
_PROMPT_CHARS_MAX, _PROMPT_BYTES_MAX = 50, 100
"""All texts of a message together may have 4,000 characters; gifts take up to 1,800 of them."""

_EXAMPLES = "3d, 2 weeks, 2026-12-31 or 2026-12-31 18:00"
_LABELS = {
    "gift": ("Give more", discord.ButtonStyle.success),
    "block": ("Block", discord.ButtonStyle.danger),
    "unblock": ("Unblock", discord.ButtonStyle.secondary),
}
FORMS: dict[str, tuple[str, list[Field]]] = {
    "gift": (
        "Give this member more",
        [
            Field("amount", "Amount", "20, $5, 2.50 or 2,50", chars_max=30),
            Field(
                "unit", "Unit", choices=((Unit.IMAGES.value, "pictures"), (Unit.USD.value, "USD"))
            ),
            until_field(_EXAMPLES, is_required=True),
            reason_field("The member reads it in /quota.", is_required=False),
        ],
    ),
    "block": (
        "Block this member",
        [
            reason_field("The member reads it with every refusal."),
            until_field(f"{_EXAMPLES}; without an end if left out"),
        ],
    ),
    "unblock": (
        "Lift this member's block",
        [reason_field("It stands in the audit.", is_required=False)],
    ),
}
FORM_ID = re.compile(r"member:(?P<action>gift|block|unblock):(?P<id>\d{1,20})")


class MemberButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=r"member:(?P<action>gift|block|unblock):(?P<id>\d{1,20})",
):
    """Opens the form of a quick change; for moderators."""

    def __init__(self, action: str, member_id: int) -> None:
        label, style = _LABELS[action]
        self._form_id = f"member:{action}:{member_id}"
        self._action = action
        super().__init__(
            ui.Button[ui.LayoutView](label=label, style=style, custom_id=self._form_id)
        )

    @classmethod
    async def from_custom_id(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls,
        interaction: discord.Interaction[ServicesClient],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[ui.LayoutView],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> Self:
        """Build the item from the id that was pressed."""
        return cls(match["action"], int(match["id"]))

    async def callback(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, interaction: discord.Interaction[ServicesClient]
    ) -> None:
        """Open the form."""
        try:
            await require_moderator(interaction)
            title, fields = FORMS[self._action]
            await interaction.response.send_modal(form(self._form_id, title, *fields))
        except Exception as error:  # noqa: BLE001 - nothing above this answers the person
            await answer_error(interaction, error)


async def take_form(interaction: discord.Interaction[ServicesClient], match: re.Match[str]) -> None:
    """Give, block or unblock as a form says."""
    await require_moderator(interaction)
    doing = _do(interaction, match["action"], int(match["id"]), filled_in(interaction))
    await answer_privately(interaction, await in_time(interaction, doing, is_private=True))


async def _do(
    interaction: discord.Interaction[ServicesClient],
    action: str,
    member_id: int,
    typed: dict[str, str],
) -> ui.LayoutView:
    services, server_id = interaction.client.services, interaction.guild_id or 0
    actor_id, reason, until = interaction.user.id, typed.get("reason", ""), typed.get("until")
    if action == "gift":
        gift = await _give(services, server_id, member_id, actor_id, typed)
        return _given_card(member_id, gift)
    if action == "block":
        if not reason:
            raise BadRequest(ModerationCode.REASON_NEEDED_FOR_MEMBER)
        until_ms = await services.gifts.until(server_id, until) if until else None
        before = await services.blocks.add(
            server_id, member_id, until_ms, actor_id=actor_id, reason=reason
        )
        return blocked_card(member_id, until_ms, reason, before)
    lifted = await services.blocks.remove(server_id, member_id, actor_id=actor_id, reason=reason)
    if lifted is None:
        raise BadRequest(ModerationCode.NOT_BLOCKED)
    return unblocked_card(member_id, lifted)


async def _give(
    services: Services, server_id: int, member_id: int, actor_id: int, typed: dict[str, str]
) -> Gift:
    unit = Unit(typed.get("unit", Unit.IMAGES.value))
    amount = parse_amount(typed.get("amount", ""), unit)
    until_ms = await services.gifts.until(server_id, typed.get("until", ""))
    return await services.gifts.give(
        server_id,
        member_id,
        unit,
        amount,
        until_ms,
        actor_id=actor_id,
        reason=typed.get("reason", ""),
    )


def _given_card(member_id: int, gift: Gift) -> ui.LayoutView:
    amount = show_amount(gift.unit, gift.amount)
    return notice(
        f"**Given.** <@{member_id}>: {amount} {until_when(gift.until_ms)}",
        small="Used after what the limits allow; they see it in `/quota`, with your name.",
        colour=DONE,
    )


def member_card(
    member_id: int, overview: Overview, record: Record, *, has_buttons: bool
) -> ui.LayoutView:
    """What a member may still make here, what they have made, and what can be done about it."""
    block = overview.block
    box = ui.Container[ui.LayoutView](accent_colour=WAITING if block is None else BAD)
    heading = [f"**<@{member_id}> in this server**"]
    box.add_item(ui.TextDisplay("\n".join([*heading, *_block_lines(block), *_limits(overview)])))
    if overview.gifts:
        box.add_item(ui.TextDisplay("\n".join(gift_lines(overview.gifts))))
    box.add_item(ui.Separator())
    box.add_item(ui.TextDisplay("\n".join([*_totals(record), *map(_job_line, record.recent)])))
    if has_buttons:
        row = ui.ActionRow[ui.LayoutView]()
        row.add_item(MemberButton("gift", member_id))
        row.add_item(MemberButton("block" if block is None else "unblock", member_id))
        box.add_item(row)
    return finished(box)


def _block_lines(block: Block | None) -> list[str]:
    return [] if block is None else block_lines(block)


def _limits(overview: Overview) -> list[str]:
    lines: list[str] = []
    room = _LIMITS_CHARS_MAX
    for number, one in enumerate(overview.limits):
        standing = one.standing
        entry = [f"**{left_of(standing)}** · {who(standing.rule)}"]
        if one.overruled:
            first = one.overruled[0]
            entry.append(f"-# goes before {who(first)}: {amount_per(first)}")
        room -= sum(len(line) + 1 for line in entry)
        if room < 0:
            more = len(overview.limits) - number
            lines.append(f"-# and {more} more; see `/imagine-admin limit list`")
            break
        lines += entry
    return lines or ["No limit applies."]


def _totals(record: Record) -> list[str]:
    made = f"Made today: {_amounts(record.today)} · this month: {_amounts(record.this_month)}"
    held = record.held
    if not held.jobs:
        return [made]
    most = format_usd(held.microusd)
    return [made, f"Being made now: {count_images(held.images)}, up to {most} held"]


def _amounts(made: Made) -> str:
    return f"{count_images(made.images)}, {format_usd(made.microusd)}"


def _job_line(job: Job) -> str:
    at = f"<t:{job.created_at_ms // 1000}:R>"
    if job.private:
        return f"-# {at} · {count_images(job.count)} · {_state(job)} · private"
    prompt = shown_prompt(job.prompt, chars_max=_PROMPT_CHARS_MAX, bytes_max=_PROMPT_BYTES_MAX)
    place = "" if job.message_id is None else f" · [open]({link_to(job)})"
    return f"-# {at} · {_state(job)}{place} · “{prompt}”"


def _state(job: Job) -> str:
    if job.removed_by is not None:
        return "removed"
    if job.state is State.DELIVERED:
        return format_usd(job.cost_microusd or 0)
    return job.state.value if job.state.is_ended else "being made"
