"""Cards about blocks, for moderators and for who is blocked. Values in, layout out."""

from collections.abc import Sequence

from discord import ui

from bot.chat.interaction.layouts import DONE, QUIET, WAITING, finished, notice
from bot.chat.member_lines import blocked_until
from bot.chat.texts import by_whom, quoted_reason, until_when
from bot.storage.blocks import Block

_TEXT_CHARS_MAX = 3500

_ACCEPTED_GO_ON = (
    "-# Jobs that were accepted before go on, because their price is held already; "
    "Cancel on their cards ends them."
)


def block_lines(block: Block) -> list[str]:
    """A block as moderators see it."""
    since = f"<t:{block.set_at_ms // 1000}:d>"
    by = f"by {by_whom(block.set_by)} on {since}"
    lines = [f"<@{block.member_id}> · blocked {blocked_until(block)} · {by}"]
    if block.reason:
        lines.append(f"-# {quoted_reason(block.reason)}")
    return lines


def blocked_card(
    member_id: int, until_ms: int | None, reason: str, before: Block | None
) -> ui.LayoutView:
    """Confirm a block, with what was before."""
    end = "without an end" if until_ms is None else until_when(until_ms)
    lines = [f"**Blocked.** <@{member_id}> {end}"]
    if reason:
        lines.append(quoted_reason(reason))
    lines.append(f"-# Before: {_was(before)}. It holds from the next request on.")
    lines.append(_ACCEPTED_GO_ON)
    return notice("\n".join(lines), colour=DONE)


def unblocked_card(member_id: int, before: Block) -> ui.LayoutView:
    """Confirm that a block is lifted."""
    text = f"**Lifted.** <@{member_id}> may make pictures again"
    return notice(f"{text}\n-# Before: {_was(before)}.", colour=DONE)


def blocks_card(blocks: Sequence[Block]) -> ui.LayoutView:
    """The blocks of a server, the newest first."""
    box = ui.Container[ui.LayoutView](accent_colour=WAITING if blocks else QUIET)
    members = "1 member" if len(blocks) == 1 else f"{len(blocks)} members"
    box.add_item(ui.TextDisplay(f"**Blocked:** {members if blocks else 'nobody'}"))
    shown: list[str] = []
    room = _TEXT_CHARS_MAX
    for number, block in enumerate(blocks):
        lines = block_lines(block)
        room -= sum(len(line) + 1 for line in lines)
        if room < 0:
            shown.append(f"-# and {len(blocks) - number} more; name a `member` to see theirs")
            break
        shown += lines
    if shown:
        box.add_item(ui.TextDisplay("\n".join(shown)))
    return finished(box)


def _was(before: Block | None) -> str:
    return "not blocked" if before is None else f"blocked {blocked_until(before)}"
