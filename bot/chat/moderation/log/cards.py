"""Cards of the log channel: what was changed, and budgets that fill up. Values in, layout out.

A renderer gets notices of its kind and returns one layout for them. Only changes come several at
once; every other kind gets exactly one.
"""

from collections.abc import Callable, Sequence
from typing import Any

from discord import ui

from bot.chat.interaction.layouts import BAD, QUIET, WAITING, WORKING, finished
from bot.chat.moderation.audit.texts import Room, reason_of, subject_of, values_of
from bot.chat.moderation.reports.card import reported_card
from bot.chat.texts import by_whom, named_kind
from bot.core.audit import Change
from bot.core.errors import Halt
from bot.core.limits import Unit, Window
from bot.storage.notices import Notice
from bot.texts.amounts import show_amount
from bot.texts.jobs import WHILE_HALTED, why_halted
from bot.texts.limits import window_now

Renderer = Callable[[Sequence[Notice]], ui.LayoutView]

_BAR_CELLS = 10

_WHOSE = {
    "channel": "The budget of <#{id}>",
    "server": "This server's budget",
    "bot": "The whole bot's budget",
}
_STOPS = {"refused": "has refused a request", "stopped": "stops requests now"}


def change_card(notices: Sequence[Notice]) -> ui.LayoutView:
    """What somebody changed, or a few changes one after the other."""
    is_alone = len(notices) == 1
    box = ui.Container[ui.LayoutView](accent_colour=QUIET)
    if not is_alone:
        box.add_item(ui.TextDisplay(f"**{len(notices)} changes**"))
    # One may be long; of several each gets its share of Discord's 4,000 characters.
    room = Room(600, 600, 600) if is_alone else Room(100, 100, 100)
    box.add_item(ui.TextDisplay("\n".join(_change_lines(one, room) for one in notices)))
    return finished(box)


def _change_lines(notice: Notice, room: Room) -> str:
    body = notice.body
    change = Change.read(body, kind=body["kind"], actor_id=body["actor_id"], reason=body["reason"])
    when = f"<t:{notice.at_ms // 1000}:f>"
    values, reason = values_of(change, room), reason_of(change, room)
    then = "" if values is None else f": {values[0]} → **{values[1]}**"
    lines = [
        f"**{named_kind(change.kind)}** · {by_whom(change.actor_id)} · {when}",
        f"{subject_of(change, room)}{then}",
        f"-# {reason}" if reason else "",
    ]
    return "\n".join(line for line in lines if line)


def alert_card(notices: Sequence[Notice]) -> ui.LayoutView:
    """A line that a budget crossed, or a request that it refused."""
    [notice] = notices
    body = notice.body
    is_refusal = body["line"] in {"refused", "stopped"}
    is_end = is_refusal or body["line"] == "100"
    box = ui.Container[ui.LayoutView](accent_colour=BAD if is_end else WORKING)
    name = _WHOSE[body["subject"]].format(id=body["subject_id"])
    does = _STOPS[body["line"]] if is_refusal else f"has reached {body['line']} %"
    box.add_item(ui.TextDisplay(f"**{name} {does}**\n{_bar(body['percent'])}{_figures(body)}"))
    box.add_item(ui.TextDisplay(f"-# {_what_then(body)}"))
    return finished(box)


def _bar(percent: int) -> str:
    full = min(_BAR_CELLS, percent * _BAR_CELLS // 100)
    return f"{'▰' * full}{'▱' * (_BAR_CELLS - full)} {percent} %"


def _figures(body: dict[str, Any]) -> str:
    """The amounts; of the whole bot's budget none are known here."""
    if body["amount"] is None:
        return ""
    unit, when = Unit(body["unit"]), window_now(Window(body["window"]))
    used, amount = show_amount(unit, body["used"]), show_amount(unit, body["amount"])
    text = f"\n{used} of {amount} used and held {when}"
    if body["asked"] is not None:
        asked = show_amount(unit, body["asked"])
        text += f"\nRefused: a request for {'up to ' if unit is Unit.USD else ''}{asked}"
    return text


def _what_then(body: dict[str, Any]) -> str:
    resets = body["resets_at_ms"] // 1000
    can_be_set = (
        "The host sets it." if body["is_host"] else "`/imagine-admin limit set` changes it."
    )
    return f"What does not fit is refused until <t:{resets}:f>, <t:{resets}:R>. {can_be_set}"


def dropped_card(notices: Sequence[Notice]) -> ui.LayoutView:
    """How many notices were not posted because too many were waiting, or for too long."""
    [notice] = notices
    count = notice.body["count"]
    text = f"… and {count:,} more that could not be posted here. See `/imagine-admin audit`."
    box = ui.Container[ui.LayoutView](accent_colour=WAITING)
    box.add_item(ui.TextDisplay(text))
    return finished(box)


def line_card(notices: Sequence[Notice]) -> ui.LayoutView:
    """The line to fal was paused, or goes on."""
    [notice] = notices
    halt = notice.body["halt"]
    box = ui.Container[ui.LayoutView](accent_colour=BAD if halt else QUIET)
    if halt is None:
        box.add_item(ui.TextDisplay("**Pictures are made again.** What waited is being sent."))
        return finished(box)
    box.add_item(ui.TextDisplay(f"**Pictures are paused:** {why_halted(Halt(halt))}."))
    small = f"New requests wait in line, and Cancel is free. {WHILE_HALTED}"
    box.add_item(ui.TextDisplay(f"-# {small}"))
    return finished(box)


RENDERERS: dict[str, Renderer] = {
    "change": change_card,
    "alert": alert_card,
    "dropped": dropped_card,
    "line": line_card,
    "report": reported_card,
}
"""What makes the message of each kind; a new kind of notice adds its line here."""


def card_of(notices: Sequence[Notice]) -> ui.LayoutView:
    """Make the message of some notices, which are all of one kind."""
    return RENDERERS[notices[0].kind](notices)
