"""What the settings panel does: each button, menu and form changes one thing and redraws it.

Nothing is kept between two presses: the ids say what is changed, the interaction says where and by
whom, and the permission is asked again each time.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable

import discord
from discord import ui

from bot.chat.interaction.answers import sentence_for, turn
from bot.chat.interaction.buttons import Button
from bot.chat.interaction.forms import Field, Form
from bot.chat.interaction.services import Interaction
from bot.chat.moderation.settings.card import (
    BUTTON_ID,
    CHANNELS_ID,
    MENU_ID,
    Page,
    Panel,
    settings_card,
)
from bot.chat.moderation.settings.options import NONE, YES
from bot.core.codes import SettingsCode
from bot.core.errors import BadRequest, DatabaseUnavailable, Refused
from bot.core.models.options import Size
from bot.core.preferences import PAUSE_SENTENCE_MAX_CHARS, Places, Preferences, Spoilers
from bot.services.moderation.preferences import By, Changed, ServerPreferences
from bot.texts.audit import done

_Step = Callable[[ServerPreferences, int, str, By], Awaitable[Changed]]
"""Makes one change: the service, the server, what was chosen or typed, by whom."""

_PREFILL_MAX_S = 0.8
"""A form must be the first answer, within 3 s; if the storage is slow it opens empty."""


def _size(preferences: ServerPreferences, value: str) -> Size | None:
    return None if value == NONE else preferences.model.parse_size(value)


def _quality(value: str) -> str | None:
    return None if value == NONE else value


def _count(value: str) -> int | None:
    return None if value == NONE else int(value)


MENUS: dict[str, tuple[Page, _Step]] = {
    "default_size": (Page.PICTURES, lambda p, s, v, by: p.set_default_size(s, _size(p, v), by)),
    "max_size": (Page.PICTURES, lambda p, s, v, by: p.set_max_size(s, _size(p, v), by)),
    "default_quality": (
        Page.PICTURES,
        lambda p, s, v, by: p.set_default_quality(s, _quality(v), by),
    ),
    "max_quality": (Page.PICTURES, lambda p, s, v, by: p.set_max_quality(s, _quality(v), by)),
    "default_count": (Page.PICTURES, lambda p, s, v, by: p.set_default_count(s, _count(v), by)),
    "max_count": (Page.PICTURES, lambda p, s, v, by: p.set_max_count(s, _count(v), by)),
    "spoilers": (Page.RULES, lambda p, s, v, by: p.set_spoilers(s, Spoilers(v), by)),
    "private": (Page.RULES, lambda p, s, v, by: p.set_private(s, by, is_allowed=v == YES)),
}

DEEDS: dict[str, tuple[Page, _Step]] = {
    "resume": (Page.OVERVIEW, lambda p, s, _, by: p.resume(s, by)),
    "everywhere": (Page.CHANNELS, lambda p, s, _, by: p.set_channels(s, Places.ALL, [], by)),
}

_TYPED: dict[str, tuple[Page, _Step]] = {
    "default_size": MENUS["default_size"],
    "max_size": MENUS["max_size"],
    "zone": (Page.RULES, lambda p, s, v, by: p.set_zone(s, v, by)),
    "pause": (Page.OVERVIEW, lambda p, s, v, by: p.pause(s, v, by)),
}


def panel_of(
    interaction: Interaction, known: Preferences, *, said: str = "", is_bad: bool = False
) -> Panel:
    """Gather what the panel shows beside the preferences."""
    services = interaction.client.services
    gone = _gone_channels(interaction.guild, known)
    return Panel(
        preferences=known,
        host=services.defaults,
        now_ms=services.clock.now_ms(),
        gone_ids=gone,
        doubts=_log_doubts(interaction.guild, known.log_channel_id),
        said=said,
        is_bad=is_bad,
    )


def _gone_channels(guild: discord.Guild | None, known: Preferences) -> frozenset[int]:
    """The channels that the preferences name and the server does not have."""
    named = known.channel_ids | ({known.log_channel_id} if known.log_channel_id else set[int]())
    if guild is None or guild.me is None:  # pyright: ignore[reportUnnecessaryComparison]
        # The server has not been told to this process yet; then nothing is known of its channels.
        return frozenset()
    return frozenset(one for one in named if guild.get_channel(one) is None)


def _log_doubts(guild: discord.Guild | None, channel_id: int | None) -> list[str]:
    """Say what keeps the bot from posting in the log channel, and who else reads it."""
    if guild is None or guild.me is None or channel_id is None:  # pyright: ignore[reportUnnecessaryComparison]
        return []
    channel = guild.get_channel(channel_id)
    if channel is None:
        return ["The log channel exists no more. Choose another one, or none."]
    mine = channel.permissions_for(guild.me)
    lacking = [
        name
        for name, is_given in (
            ("View Channel", mine.view_channel),
            ("Send Messages", mine.send_messages),
        )
        if not is_given
    ]
    if lacking:
        needed = " and ".join(f"“{name}”" for name in lacking)
        return [f"The bot cannot post in <#{channel_id}>. Give it {needed} there."]
    if channel.permissions_for(guild.default_role).view_channel:
        return [f"Everybody can read <#{channel_id}>, and so what moderators change."]
    return []


async def _redraw(
    interaction: Interaction, page: Page, change: Callable[[], Awaitable[Changed]] | None = None
) -> None:
    """Make a change, if there is one, and show the panel as it stands after it."""

    async def work() -> ui.LayoutView:
        preferences = interaction.client.services.preferences
        server_id = interaction.guild_id or 0
        said, is_bad = "", False
        try:
            changed = await change() if change else Changed(await preferences.read(server_id), None)
            known, setting = changed.preferences, changed.setting
            said = "" if setting is None else done(setting, known)
        except Refused as error:
            known = await preferences.read(server_id)
            said, is_bad = sentence_for(error), True
        return settings_card(panel_of(interaction, known, said=said, is_bad=is_bad), page)

    await turn(interaction, work())


async def _take_step(
    interaction: Interaction, steps: dict[str, tuple[Page, _Step]], what: str, value: str
) -> None:
    page, step = steps.get(what, (Page.OVERVIEW, _refuse))
    preferences = interaction.client.services.preferences
    server_id, by = interaction.guild_id or 0, By(interaction.user.id)
    await _redraw(interaction, page, lambda: step(preferences, server_id, value, by))


async def _refuse(*_: object) -> Changed:
    raise BadRequest(SettingsCode.OLD_PANEL)


class PanelMenu(Button, template=MENU_ID):
    """Chooses one of several values."""

    async def pressed(self, interaction: Interaction, found: re.Match[str]) -> None:
        """Set what was chosen."""
        await _take_step(interaction, MENUS, found["what"], self.item.values[0])


class PanelChannels(Button, template=CHANNELS_ID):
    """Chooses channels, perhaps none."""

    async def pressed(self, interaction: Interaction, found: re.Match[str]) -> None:
        """Set the channels that were chosen."""
        preferences = interaction.client.services.preferences
        server_id, by = interaction.guild_id or 0, By(interaction.user.id)
        ids = [channel.id for channel in self.item.values]

        async def change() -> Changed:
            if found["what"] == "log":
                return await preferences.set_log_channel(server_id, ids[0] if ids else None, by)
            return await preferences.set_channels(server_id, Places(found["what"]), ids, by)

        await _redraw(interaction, Page.CHANNELS, change)


class PanelButton(Button, template=BUTTON_ID):
    """Turns to a page, opens a form, or does what its label says."""

    async def pressed(self, interaction: Interaction, found: re.Match[str]) -> None:
        """Do what the button says."""
        verb, what = found["verb"], found["what"]
        if verb == "page":
            await _redraw(interaction, Page(what) if what in set(Page) else Page.OVERVIEW)
        elif verb == "do":
            await _take_step(interaction, DEEDS, what, "")
        elif what in FORMS:
            typed = _as_typed(what, await _known_soon(interaction))
            await FORMS[what].open(interaction, f"settings:typed:{what}", {"typed": typed})
        else:
            raise BadRequest(SettingsCode.OLD_PANEL)


async def _known_soon(interaction: Interaction) -> Preferences | None:
    """Read the preferences for a form, unless that takes too long."""
    reading = asyncio.ensure_future(
        interaction.client.services.preferences.read(interaction.guild_id or 0)
    )
    done, _ = await asyncio.wait({reading}, timeout=_PREFILL_MAX_S)
    if not done:
        # It goes on alone; whatever it ends with is nobody's any more.
        reading.add_done_callback(lambda task: task.cancelled() or task.exception())
        return None
    try:
        return reading.result()
    except DatabaseUnavailable:
        return None


def _as_typed(what: str, known: Preferences | None) -> str:
    """What stands, as people would type it into the form; nothing where that is not known."""
    if known is None:
        return ""
    stands = {
        "zone": known.zone,
        "pause": known.pause_sentence,
        "default_size": known.default_size,
        "max_size": known.max_size,
    }
    return str(stands[what] or "")


async def _take_form(interaction: Interaction, found: re.Match[str], typed: dict[str, str]) -> None:
    await _take_step(interaction, _TYPED, found["what"], typed.get("typed", ""))


def _form(what: str, title: str, field: Field) -> Form:
    return Form(f"settings:typed:(?P<what>{what})", title, [field], _take_form)


def _size_field(hint: str) -> Field:
    return Field("typed", "Width x height in pixels", hint, "1536x1024", chars_max=20)


FORMS = {
    "default_size": _form(
        "default_size", "Default size", _size_field("For requests that name no size")
    ),
    "max_size": _form(
        "max_size", "Highest size", _size_field("The number of pixels is what counts")
    ),
    "zone": _form(
        "zone",
        "Time zone",
        Field("typed", "City or zone", "Like Berlin, or Europe/Berlin", "Europe/Berlin", 60),
    ),
    "pause": _form(
        "pause",
        "Pause pictures in this server",
        Field(
            "typed",
            "What members read (may be empty)",
            "New requests are refused with it; accepted ones go on",
            "We are back on Monday.",
            PAUSE_SENTENCE_MAX_CHARS,
            is_required=False,
            is_long=True,
        ),
    ),
}
