"""Lines about a member's gifts and block, as they stand on `/quota` and on moderators' cards."""

from collections.abc import Iterable

from bot.chat.texts import by_whom, quoted_reason, until_when
from bot.core.gifts import Gift
from bot.storage.blocks import Block
from bot.texts.amounts import plain_amount, show_amount

_TEXT_CHARS_MAX = 1500


def gift_lines(gifts: Iterable[Gift]) -> list[str]:
    """What a member's gifts have left, who gave them, until when and why."""
    lines = ["**Gifts**, used after what the limits allow"]
    room = _TEXT_CHARS_MAX
    gifts = list(gifts)
    for number, gift in enumerate(gifts):
        left = plain_amount(gift.unit, gift.left)
        what = f"**{left} of {show_amount(gift.unit, gift.amount)} left**"
        entry = [f"{what} · from {by_whom(gift.given_by)} · {until_when(gift.until_ms)}"]
        if gift.reason:
            entry.append(f"-# {quoted_reason(gift.reason)}")
        room -= sum(len(line) + 1 for line in entry)
        if room < 0:
            lines.append(f"-# and {len(gifts) - number} more gifts")
            break
        lines += entry
    return lines


def blocked_until(block: Block) -> str:
    """`until …`, or `without an end`."""
    return "without an end" if block.until_ms is None else until_when(block.until_ms)


def blocked_lines(block: Block) -> list[str]:
    """What a blocked member reads in `/quota`."""
    lines = [f"**A moderator has blocked you here** {blocked_until(block)}"]
    if block.reason:
        lines.append(f"-# {quoted_reason(block.reason)}")
    return lines
