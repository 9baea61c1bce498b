"""The settings panel as it looks: values in, layout out.

One message with four pages. Its buttons and menus carry only what they are for; whose settings they
change, the interaction says. What they do stands in `panel.py`.

A client may go on showing what a person chose in a menu whatever an edit says (discord.js, issue
9959), a refused choice for instance. So both ids of each menu differ each time: a new menu shows
what stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import discord
from discord import ChannelType, SelectDefaultValue, SelectOption, ui

from bot.chat.interaction.layouts import BAD, DONE, WAITING, WORKING, Row, button, finished
from bot.chat.moderation.settings.options import (
    SPOILERS,
    count_pictures,
    default_counts,
    default_qualities,
    default_sizes,
    highest_counts,
    highest_qualities,
    highest_sizes,
    private,
    spoilers,
)
from bot.core.models.model import Model
from bot.core.preferences import (
    CHANNELS_MAX,
    PAUSE_SENTENCE_MAX_CHARS,
    Defaults,
    Places,
    Preferences,
    Usual,
    above_highest,
    usual,
)
from bot.core.prompts import shown_prompt

_LOG_CHANNEL_TYPES = [ChannelType.text, ChannelType.news]
_PICTURE_CHANNEL_TYPES = [
    ChannelType.text,
    ChannelType.news,
    ChannelType.voice,
    ChannelType.stage_voice,
    ChannelType.forum,
]
_SAID_CHARS_MAX = 600

MENU_ID = r"settings:set:(?P<what>\w+):\d+"
CHANNELS_ID = r"settings:channels:(?P<what>only|except|log):\d+"
BUTTON_ID = r"settings:(?P<verb>page|form|do):(?P<what>\w+)"


class Page(StrEnum):
    """The pages of the panel, in the order of their buttons."""

    OVERVIEW = "overview"
    PICTURES = "pictures"
    CHANNELS = "channels"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class Panel:
    """What the panel shows.

    Attributes:
        host: The host's defaults.
        gone_ids: Channels of the preferences that exist no more.
        doubts: What is wrong with the log channel, in sentences.
        said: What the last step led to, in a sentence; empty where there was none.
        is_bad: Whether that was a refusal.
    """

    preferences: Preferences
    host: Defaults
    now_ms: int
    gone_ids: frozenset[int] = frozenset()
    doubts: Sequence[str] = field(default_factory=list[str])
    said: str = ""
    is_bad: bool = False


def settings_card(panel: Panel, page: Page) -> ui.LayoutView:
    """The panel, open at a page."""
    box = ui.Container[ui.LayoutView](accent_colour=_colour(panel))
    title = "Settings" if page is Page.OVERVIEW else f"Settings · {page.value.capitalize()}"
    box.add_item(ui.TextDisplay(f"### {title}"))
    match page:
        case Page.OVERVIEW:
            _add_overview(box, panel)
        case Page.PICTURES:
            _add_pictures(box, panel)
        case Page.CHANNELS:
            _add_channels(box, panel)
        case Page.RULES:
            _add_rules(box, panel)
    box.add_item(ui.Separator())
    if panel.said:
        # Below, because on a phone the head of a long page is out of sight.
        lead = "Not changed." if panel.is_bad else "Saved."
        box.add_item(ui.TextDisplay(f"**{lead}** {panel.said[:_SAID_CHARS_MAX]}"))
    box.add_item(_pages_row(page))
    return finished(box)


def _colour(panel: Panel) -> discord.Colour:
    if panel.said:
        return BAD if panel.is_bad else DONE
    return WORKING if panel.preferences.pause_sentence is not None else WAITING


def _pages_row(current: Page) -> Row:
    row = Row()
    for page in Page:
        is_open = page is not current
        style = discord.ButtonStyle.secondary if is_open else discord.ButtonStyle.primary
        label, custom_id = page.value.capitalize(), f"settings:page:{page.value}"
        row.add_item(button(label, custom_id, style, is_open=is_open))
    return row


# Overview


def _add_overview(box: ui.Container[ui.LayoutView], panel: Panel) -> None:
    known = panel.preferences
    made = usual(known, panel.host)
    zone = f"{known.zone}, where it is {_time_in(known.zone, panel.now_ms)}"
    lines = [
        _status_line(known),
        f"**By default:** {_made_line(made)}",
        f"**At most:** {_highest_line(known, panel.host.model)}",
        f"**Channels:** {_where(panel)}",
        f"**Log channel:** {_log_line(known)}",
        f"**Time zone:** {zone}",
        f"**Spoilers:** {SPOILERS[known.spoilers].lower()}",
        f"**Private pictures:** {'allowed' if known.private_allowed else 'not allowed'}",
    ]
    box.add_item(ui.TextDisplay("\n".join(lines)))
    _add_doubts(box, [*_default_doubts(panel, made), *_channel_doubts(panel), *panel.doubts])
    if known.pause_sentence is None:
        box.add_item(Row(button("Pause …", "settings:form:pause", discord.ButtonStyle.danger)))
    else:
        resume = button("Resume", "settings:do:resume", discord.ButtonStyle.success)
        box.add_item(Row(resume, button("Change the sentence …", "settings:form:pause")))
    box.add_item(
        ui.TextDisplay(
            "-# A pause refuses new requests from everybody. What was accepted before goes on: it "
            "is made, posted and charged."
        )
    )


def _status_line(known: Preferences) -> str:
    if known.pause_sentence is None:
        return "**Status:** open for requests"
    if not known.pause_sentence:
        return "**Status: paused.** Members read that they may try again later."
    room = PAUSE_SENTENCE_MAX_CHARS * 2
    shown = shown_prompt(known.pause_sentence, chars_max=room, bytes_max=1200)
    return f"**Status: paused.** Members read: “{shown}”"


def _made_line(made: Usual) -> str:
    return f"{made.size.shown} · {made.quality} · {count_pictures(made.count)}"


def _highest_line(known: Preferences, model: Model) -> str:
    size = known.max_size
    parts = [
        f"{size.shown} ({size.area:,} pixels)" if size else "any size",
        known.max_quality or "any quality",
        f"{count_pictures(known.max_count or model.count_max)} at once",
    ]
    return " · ".join(parts)


def _where(panel: Panel) -> str:
    known = panel.preferences
    if known.places is Places.ALL:
        return "everywhere"
    there = sorted(known.channel_ids - panel.gone_ids)
    named = [f"<#{one}>" for one in there]
    if panel.gone_ids & known.channel_ids:
        named.append(f"{len(panel.gone_ids & known.channel_ids)} deleted")
    if not named:
        return "nowhere"
    only = "only in " if known.places is Places.ONLY else "everywhere but in "
    return only + ", ".join(named)


def _log_line(known: Preferences) -> str:
    if known.log_channel_id is None:
        return "none, so nobody is told of changes and alerts"
    return f"<#{known.log_channel_id}>"


def _time_in(zone: str, now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(zone)).strftime("%H:%M")


def _default_doubts(panel: Panel, made: Usual) -> list[str]:
    known = panel.preferences
    shown = {
        "size": (known.default_size.shown if known.default_size else "", made.size.shown),
        "quality": (known.default_quality or "", made.quality),
        "count": (str(known.default_count or ""), str(made.count)),
    }
    return [
        f"The default {name} {shown[name][0]} is above the highest, so it is {shown[name][1]}."
        for name in above_highest(known, panel.host.model)
    ]


def _channel_doubts(panel: Panel) -> list[str]:
    known = panel.preferences
    if known.places is Places.ONLY and not known.channel_ids - panel.gone_ids:
        return ["The channels for pictures exist no more, so no request is taken anywhere."]
    return []


def _add_doubts(box: ui.Container[ui.LayoutView], doubts: Sequence[str]) -> None:
    if doubts:
        box.add_item(ui.TextDisplay("\n".join(f"⚠️ {doubt}" for doubt in doubts)))


# Pictures


def _add_pictures(box: ui.Container[ui.LayoutView], panel: Panel) -> None:
    known = panel.preferences
    made = usual(known, panel.host)
    _add_doubts(box, _default_doubts(panel, made))
    _add_menu(
        box, panel, "Default size", "default_size", default_sizes(known, panel.host, made.quality)
    )
    model = panel.host.model
    if model.qualities:
        options = default_qualities(known, panel.host, made)
        _add_menu(box, panel, "Default quality", "default_quality", options)
    if model.count_max > 1:
        _add_menu(box, panel, "Default count", "default_count", default_counts(known, model))
    _add_menu(box, panel, "Highest size, by its pixels", "max_size", highest_sizes(known, model))
    if model.qualities:
        _add_menu(box, panel, "Highest quality", "max_quality", highest_qualities(known, model))
    if model.count_max > 1:
        _add_menu(box, panel, "Highest count", "max_count", highest_counts(known, model))
    default = button("Type a default size …", "settings:form:default_size")
    box.add_item(Row(default, button("Type a highest size …", "settings:form:max_size")))


# Channels


def _add_channels(box: ui.Container[ui.LayoutView], panel: Panel) -> None:
    known = panel.preferences
    text = f"**Pictures are made {_where(panel)}.**\n-# A thread counts as its channel."
    box.add_item(ui.TextDisplay(text))
    _add_doubts(box, _channel_doubts(panel))
    there = sorted(known.channel_ids - panel.gone_ids)
    for places, heading in (
        (Places.ONLY, "Only in these channels"),
        (Places.EXCEPT, "Everywhere but in these"),
    ):
        chosen = there if known.places is places else []
        _add_channel_menu(box, panel, heading, places.value, chosen)
    box.add_item(ui.TextDisplay("-# Choosing in one list empties the other."))
    if known.places is not Places.ALL:
        box.add_item(Row(button("Everywhere", "settings:do:everywhere")))
    log = [known.log_channel_id] if known.log_channel_id else []
    heading = "Log channel: changes, alerts, reports"
    kept = [one for one in log if one not in panel.gone_ids]
    _add_channel_menu(box, panel, heading, "log", kept)
    _add_doubts(box, panel.doubts)


def _add_channel_menu(
    box: ui.Container[ui.LayoutView],
    panel: Panel,
    heading: str,
    what: str,
    chosen: Sequence[int],
) -> None:
    box.add_item(ui.TextDisplay(f"**{heading}**"))
    kind, is_log = discord.SelectDefaultValueType.channel, what == "log"
    menu = ui.ChannelSelect[ui.LayoutView](
        custom_id=f"settings:channels:{what}:{panel.now_ms}",
        placeholder="None",
        min_values=0,
        max_values=1 if is_log else CHANNELS_MAX,
        channel_types=_LOG_CHANNEL_TYPES if is_log else _PICTURE_CHANNEL_TYPES,
        default_values=[SelectDefaultValue(id=one, type=kind) for one in chosen],
        id=_new_id(box, panel),
    )
    box.add_item(Row(menu))


# Rules


def _add_rules(box: ui.Container[ui.LayoutView], panel: Panel) -> None:
    known = panel.preferences
    now = _time_in(known.zone, panel.now_ms)
    box.add_item(
        ui.TextDisplay(
            f"**Time zone:** {known.zone}, where it is {now}\n"
            "-# Days, weeks and months of limits begin at midnight there. After a change they run "
            "in the new zone at once; what was used stays with the day that it was used on."
        )
    )
    box.add_item(Row(button("Change the time zone …", "settings:form:zone")))
    heading = "Spoilers: pictures veiled until tapped"
    _add_menu(box, panel, heading, "spoilers", spoilers(known))
    _add_menu(box, panel, "Private pictures", "private", private(known))


# Parts


def _add_menu(
    box: ui.Container[ui.LayoutView],
    panel: Panel,
    heading: str,
    what: str,
    options: list[SelectOption],
) -> None:
    """A menu under its heading, because a menu with a choice made does not say what it is for."""
    box.add_item(ui.TextDisplay(f"**{heading}**"))
    custom_id = f"settings:set:{what}:{panel.now_ms}"
    menu = ui.Select[ui.LayoutView](custom_id=custom_id, options=options, id=_new_id(box, panel))
    box.add_item(Row(menu))


def _new_id(box: ui.Container[ui.LayoutView], panel: Panel) -> int:
    """An id of 31 bits that no other menu here has, and none of the panel drawn before."""
    return panel.now_ms % 10_000_000 * 100 + len(box.children)
