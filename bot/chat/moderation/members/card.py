"""What moderators see of one member."""

import discord
from discord import ui

from bot.chat.interaction.layouts import BAD, DONE, WAITING, Row, button, finished, notice
from bot.chat.member_lines import gift_lines
from bot.chat.moderation.blocks.cards import block_lines
from bot.chat.moderation.limits.cards import amount_per, who
from bot.chat.texts import until_when
from bot.core.gifts import Gift
from bot.core.jobs import Job, State
from bot.core.money import format_usd
from bot.core.prompts import shown_prompt
from bot.services.moderation.limits import Overview
from bot.services.moderation.member_activity import Record
from bot.services.moderation.pictures import link_to
from bot.storage.blocks import Block
from bot.storage.pictures import Made
from bot.texts.amounts import count_images, show_amount
from bot.texts.limits import left_of

_LIMITS_CHARS_MAX = 1000
_PROMPT_CHARS_MAX, _PROMPT_BYTES_MAX = 50, 100
"""All texts of a message together may have 4,000 characters; gifts take up to 1,800 of them."""

MEMBER_ID = r"member:(?P<action>gift|block|unblock):(?P<id>\d{1,20})"
_BUTTONS = {
    "gift": ("Give more", discord.ButtonStyle.success),
    "block": ("Block", discord.ButtonStyle.danger),
    "unblock": ("Unblock", discord.ButtonStyle.secondary),
}


def given_card(member_id: int, gift: Gift) -> ui.LayoutView:
    """Confirm a quick gift."""
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
        actions = ("gift", "block" if block is None else "unblock")
        box.add_item(Row(*(_button(action, member_id) for action in actions)))
    return finished(box)


def _button(action: str, member_id: int) -> ui.Button[ui.LayoutView]:
    label, style = _BUTTONS[action]
    return button(label, f"member:{action}:{member_id}", style)


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
