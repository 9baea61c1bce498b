"""Cards about limits, and why they apply. Values in, layout out."""

from collections.abc import Collection, Sequence

from discord import ui

from bot.chat.interaction.layouts import DONE, QUIET, WAITING, Row, button, finished, notice
from bot.chat.member_lines import gift_lines
from bot.chat.moderation.blocks.cards import block_lines
from bot.core.limits import Rule, Subject, Unit, Window
from bot.services.moderation.limits import Overview
from bot.texts.amounts import show_amount
from bot.texts.limits import left_of

ORPHANED_ID = "limits:gone"

_TEXT_CHARS_MAX = 3500
_PER = {Window.DAY: "a day", Window.WEEK: "a week", Window.MONTH: "a month"}


def who(rule: Rule) -> str:
    """Name a rule's subject; mentions show names and ping nobody."""
    match rule.subject:
        case Subject.EVERYONE:
            return "Everyone (the host's default)" if rule.is_host else "Everyone"
        case Subject.ROLE:
            return f"Role <@&{rule.subject_id}>"
        case Subject.MEMBER:
            return f"Member <@{rule.subject_id}>"
        case Subject.CHANNEL:
            return f"Channel <#{rule.subject_id}>, all together"
        case Subject.SERVER:
            return "The whole server" + (" (the host's cap)" if rule.is_host else "")
        case Subject.BOT:
            return "The whole bot (the host's cap)"


def amount_per(rule: Rule) -> str:
    """`20 pictures a day`, `$5 a month`."""
    return f"{show_amount(rule.unit, rule.amount)} {_PER[rule.window]}"


def set_card(rule: Rule, before: int | None, *, is_cleared: bool = False) -> ui.LayoutView:
    """Confirm a change, with what was before."""
    was = "no limit" if before is None else show_amount(rule.unit, before)
    if is_cleared:
        unit = "pictures" if rule.unit is Unit.IMAGES else "USD"
        text = f"**Cleared.** {who(rule)}: the limit of {unit} {_PER[rule.window]}"
        then = "From the next request on other limits hold, the host's among them."
    else:
        text = f"**Set.** {who(rule)}: {amount_per(rule)}"
        then = "It holds from the next request on."
    return notice(f"{text}\n-# Before: {was}. {then}", colour=DONE)


def limits_card(rules: Sequence[Rule], *, gone: Collection[Rule] = ()) -> ui.LayoutView:
    """All limits of a server, and below them the host's.

    Args:
        rules: The limits.
        gone: Those of them whose role or channel is no more; a button clears them.
    """
    lines = [
        f"{who(rule)}{' (gone)' if rule in gone else ''}: **{amount_per(rule)}**" for rule in rules
    ]
    below = ["-# (gone): deleted in Discord; such a limit holds for nobody."] if gone else []
    row = Row(button("Clear what is gone", ORPHANED_ID)) if gone else None
    return _list("**Limits**", lines, "No limit is set here.", below, row)


def explained_card(member_id: int, overview: Overview) -> ui.LayoutView:
    """What applies to a member, what is left of it, which rules it goes before, and gifts."""
    lines: list[str] = []
    for one in overview.limits:
        lines.append(f"**{left_of(one.standing)}** · {who(one.standing.rule)}")
        if one.overruled:
            others = "; ".join(f"{who(rule)}: {amount_per(rule)}" for rule in one.overruled)
            lines.append(f"-# goes before {others}")
    above = [] if overview.block is None else block_lines(overview.block)
    below = gift_lines(overview.gifts) if overview.gifts else []
    title = "\n".join([f"**What applies to <@{member_id}> here**", *above])
    return _list(title, lines, "No limit applies.", below)


def _list(
    title: str,
    lines: list[str],
    if_empty: str,
    below: Sequence[str] = (),
    row: Row | None = None,
) -> ui.LayoutView:
    box = ui.Container[ui.LayoutView](accent_colour=WAITING if lines else QUIET)
    box.add_item(ui.TextDisplay(title))
    shown: list[str] = []
    room = _TEXT_CHARS_MAX - len(title) - sum(len(line) + 1 for line in below)
    for number, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            shown.append(f"-# and {len(lines) - number} more lines")
            break
        shown.append(line)
    box.add_item(ui.TextDisplay("\n".join(shown) or if_empty))
    if below:
        box.add_item(ui.TextDisplay("\n".join(below)))
    if row is not None:
        box.add_item(row)
    return finished(box)
