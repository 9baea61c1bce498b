"""Cards about gifts: those that a member has, given, taken back. Values in, layout out."""

from collections.abc import Sequence

from discord import ui

from bot.chat.interaction.layouts import DONE, finished
from bot.chat.interaction.writing import DISCORD
from bot.chat.member_lines import blocked_until
from bot.chat.texts import quoted_reason, until_when
from bot.core.gifts import Gift, left_in
from bot.core.limits import Account, Unit
from bot.services.limits.allowance import Allowance
from bot.texts.amounts import show_amount
from bot.texts.limits import from_gifts, left_of, whose

_TEXT_CHARS_MAX = 1500
"""Room for about ten gifts with reasons, beside all that can stand on the card of limits."""

_UNIT_WORDS = {Unit.IMAGES: "pictures", Unit.USD: "USD"}


def given_card(
    member_id: int, gift: Gift, before: Allowance, *, is_here: bool = True
) -> ui.LayoutView:
    """Confirm a gift, and say where it can have no effect.

    Args:
        member_id: Who got it.
        gift: What was given.
        before: What applied to the member before it.
        is_here: Whether the member is in the server; else no roles are known.
    """
    amount = show_amount(gift.unit, gift.amount)
    lines = [f"**Given.** <@{member_id}>: {amount} {until_when(gift.until_ms)}"]
    if gift.reason:
        lines.append(quoted_reason(gift.reason))
    lines += [f"**But:** {warning}" for warning in _warnings(gift, before, is_here=is_here)]
    left = from_gifts([*before.gifts, gift], gift.unit)
    small = [
        f"They have {left} now, used after what the limits allow, the earliest end first.",
        "They see it in `/quota`, with your name and the reason.",
    ]
    return _card(lines, small)


def _warnings(gift: Gift, before: Allowance, *, is_here: bool) -> list[str]:
    """Say what keeps a gift from being of use."""
    found: list[str] = []
    if not is_here:
        found.append("they are not in this server now.")
    if before.block is not None:
        found.append(f"they are blocked {blocked_until(before.block)}, and a gift lifts no block.")
    if not any(pot.rule.unit is gift.unit for pot in before.pots):
        words = _UNIT_WORDS[gift.unit]
        found.append(f"no limit of {words} holds for them here, so the gift has no effect now.")
    others = [pot for pot in before.pots if pot.rule.unit is not gift.unit]
    if others:
        tightest = min(others, key=lambda pot: pot.left)
        more = from_gifts(before.gifts, tightest.rule.unit)
        beside = f" + {more}" if more else ""
        words = _UNIT_WORDS[tightest.rule.unit]
        found.append(f"their limit of {words} holds all the same: {left_of(tightest)}{beside}.")
    caps = [one for one in before.standings if one.account is not Account.MEMBER]
    found += [f"{whose(cap, DISCORD)} is used up: {left_of(cap)}." for cap in caps if not cap.left]
    return found


def taken_back_card(member_id: int, unit: Unit, ended: Sequence[Gift]) -> ui.LayoutView:
    """Confirm that a member's gifts of a unit have ended."""
    left = show_amount(unit, left_in(ended, unit))
    gifts = "1 gift" if len(ended) == 1 else f"{len(ended)} gifts"
    text = f"**Taken back.** <@{member_id}>: {gifts} of {_UNIT_WORDS[unit]}, with {left} left"
    return _card([text], ["What running jobs hold of them stays theirs if it is used."])


def _card(lines: Sequence[str], small: Sequence[str]) -> ui.LayoutView:
    box = ui.Container[ui.LayoutView](accent_colour=DONE)
    box.add_item(ui.TextDisplay("\n".join(lines)))
    box.add_item(ui.TextDisplay("\n".join(f"-# {line}" for line in small)))
    return finished(box)
