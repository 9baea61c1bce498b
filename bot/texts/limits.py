"""What is left under limits, and why one refuses."""

from collections.abc import Iterable

from bot.core.errors import OverLimit, Refused
from bot.core.gifts import Gift, left_in
from bot.core.limits import Standing, Subject, Unit, Window
from bot.services.ports import Balance
from bot.texts.amounts import duration, plain_amount, show_amount
from bot.texts.writing import Writing

_WINDOW_NOW = {Window.DAY: "today", Window.WEEK: "this week", Window.MONTH: "this month"}

_WHOSE = {
    Subject.EVERYONE: "the limit for everyone",
    Subject.MEMBER: "your own limit",
    Subject.CHANNEL: "this channel's budget",
    Subject.SERVER: "this server's budget",
    Subject.BOT: "the whole bot's budget",
}


def window_now(window: Window) -> str:
    """`today`, `this week`, `this month`."""
    return _WINDOW_NOW[window]


def whose(standing: Standing, write: Writing) -> str:
    """Name a limit for the member it holds for."""
    rule = standing.rule
    if rule.subject is Subject.ROLE:
        return f"the limit of {write.role(rule.subject_id)}"
    return _WHOSE[rule.subject]


def left_of(standing: Standing) -> str:
    """`14 of 20 left today`, or `$2.50 of $5 left this month`."""
    rule = standing.rule
    left, amount = (plain_amount(rule.unit, one) for one in (standing.left, rule.amount))
    return f"{left} of {amount} left {window_now(rule.window)}"


def quota_line(balance: Balance) -> str:
    """The tightest-looking pot for a footer; empty where a member has no limit at all.

    Pictures are shown before money, and a day before a month, as people count. What gifts have
    left stands beside it.
    """
    if not balance.pots:
        return ""
    pot = balance.pots[0]
    given = from_gifts(balance.gifts, pot.rule.unit)
    more = f" + {given}" if given else ""
    return f"{left_of(pot)}{more} (resets in {duration(pot.resets_at_ms - balance.now_ms)})"


def from_gifts(gifts: Iterable[Gift], unit: Unit) -> str:
    """`3 from gifts`, `$2.50 from gifts`; empty where gifts of the unit have nothing left."""
    left = left_in(gifts, unit)
    return f"{plain_amount(unit, left)} from gifts" if left else ""


def no_room(error: Refused, write: Writing) -> str:
    """Say why a limit refused, with what is asked, what is left and when it resets."""
    assert isinstance(error, OverLimit)
    standing = error.standing
    rule = standing.rule
    asked = show_amount(rule.unit, error.asked)
    if rule.unit is Unit.USD:
        asked = f"up to {asked}"
    limit = f"{left_of(standing)}, by {whose(standing, write)}"
    if error.given:
        limit += f", and {plain_amount(rule.unit, error.given)} from gifts"
    lines = [f"**No room for this: it needs {asked}.**", f"{limit[0].upper()}{limit[1:]}."]
    left = standing.left + error.given
    if rule.unit is Unit.IMAGES and left:
        lines.append(f"Ask for {left} or fewer, or wait.")
    at_ms = standing.resets_at_ms
    lines.append(f"It resets {write.ahead(at_ms)}, on {write.instant(at_ms)}. Nothing was charged.")
    return "\n".join(lines)
