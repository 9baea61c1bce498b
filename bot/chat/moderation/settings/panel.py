"""What the settings panel does: each button, menu and form changes one thing and redraws it.

Nothing is kept between two presses: the ids say what is changed, the interaction says where and by
whom, and the permission is asked again each time. discord.py only logs what a dynamic item raises,
so that everything here is caught and answered.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Self

import discord
from discord import ui

from bot.chat.interaction.answers import answer_error, sentence_for
from bot.chat.interaction.forms import form_id, one_field_form, typed_into
from bot.chat.interaction.layouts import NOT_TAKEN
from bot.chat.interaction.paging import turn
from bot.chat.interaction.permission import require_moderator
from bot.chat.interaction.services import ServicesClient
from bot.chat.moderation.settings.card import Page, Panel, settings_card
from bot.chat.moderation.settings.options import NONE, YES
from bot.core.codes import SettingsCode
from bot.core.errors import BadRequest, DatabaseUnavailable, Refused
from bot.core.models.options import Size
from bot.core.preferences import PAUSE_SENTENCE_MAX_CHARS, Places, Preferences, Spoilers
from bot.services.moderation.preferences import By, Changed, ServerPreferences
from bot.texts.audit import done

_log = logging.getLogger(__name__)

_Interaction = discord.Interaction[ServicesClient]
_Step = Callable[[ServerPreferences, int, str, By], Awaitable[Changed]]
"""Makes one change: the service, the server, what was chosen or typed, by whom."""

_PREFILL_MAX_S = 0.8
"""A form must be the first answer, within 3 s; if the storage is slow it opens empty."""

_FORM_ID = "settings:typed:"


def _size(preferences: ServerPreferences, value: str) -> Size | None:
    return None if value == NONE else preferences.model.parse_size(value)


def _quality(value: str) -> str | None:
    return None if value == NONE else value


def _count(value: str) -> int | None:
    return None if value == NONE else int(value)


_MENUS: dict[str, tuple[Page, _Step]] = {
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

_DEEDS: dict[str, tuple[Page, _Step]] = {
    "resume": (Page.OVERVIEW, lambda p, s, _, by: p.resume(s, by)),
    "everywhere": (Page.CHANNELS, lambda p, s, _, by: p.set_channels(s, Places.ALL, [], by)),
}

_FORMS: dict[str, tuple[Page, _Step]] = {
    "default_size": _MENUS["default_size"],
    "max_size": _MENUS["max_size"],
    "zone": (Page.RULES, lambda p, s, v, by: p.set_zone(s, v, by)),
    "pause": (Page.OVERVIEW, lambda p, s, v, by: p.pause(s, v, by)),
}


def panel_of(
    interaction: _Interaction, known: Preferences, *, said: str = "", is_bad: bool = False
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
    interaction: _Interaction, page: Page, change: Callable[[], Awaitable[Changed]] | None
) -> None:
    """Make a change, if there is one, and show the panel as it stands after it."""

    async def work() -> ui.LayoutView:
        await require_moderator(interaction)
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

    try:
        await turn(interaction, work())
    except Exception as error:  # noqa: BLE001 - nothing above this answers the moderator
        await answer_error(interaction, error)


def _by(interaction: _Interaction) -> By:
    return By(interaction.user.id)


async def _take_step(
    interaction: _Interaction, steps: dict[str, tuple[Page, _Step]], what: str, value: str
) -> None:
    page, step = steps.get(what, (Page.OVERVIEW, _refuse))
    preferences = interaction.client.services.preferences
    server_id = interaction.guild_id or 0

    async def change() -> Changed:
        return await step(preferences, server_id, value, _by(interaction))

    await _redraw(interaction, page, change)


async def _refuse(*_: object) -> Changed:
    raise BadRequest(SettingsCode.OLD_PANEL)


class PanelMenu(
    ui.DynamicItem[ui.Select[ui.LayoutView]], template=r"settings:set:(?P<what>\w+):\d+"
):
    """Chooses one of several values."""

    def __init__(self, item: ui.Select[ui.LayoutView], what: str) -> None:
        super().__init__(item)
        self._what = what

    @classmethod
    async def from_custom_id(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls,
        interaction: _Interaction,  # noqa: ARG003 - discord.py's signature
        item: ui.Select[ui.LayoutView],
        match: re.Match[str],
        /,
    ) -> Self:
        """Take the menu that was used, and what it is for."""
        return cls(item, match["what"])

    async def callback(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, interaction: _Interaction
    ) -> None:
        """Set what was chosen."""
        await _take_step(interaction, _MENUS, self._what, self.item.values[0])


class PanelChannels(
    ui.DynamicItem[ui.ChannelSelect[ui.LayoutView]],
    template=r"settings:channels:(?P<what>only|except|log):\d+",
):
    """Chooses channels, perhaps none."""

    def __init__(self, item: ui.ChannelSelect[ui.LayoutView], what: str) -> None:
        super().__init__(item)
        self._what = what

    @classmethod
    async def from_custom_id(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls,
        interaction: _Interaction,  # noqa: ARG003 - discord.py's signature
        item: ui.ChannelSelect[ui.LayoutView],
        match: re.Match[str],
        /,
    ) -> Self:
        """Take the menu that was used, and what it is for."""
        return cls(item, match["what"])

    async def callback(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, interaction: _Interaction
    ) -> None:
        """Set the channels that were chosen."""
        preferences = interaction.client.services.preferences
        server_id, by = interaction.guild_id or 0, _by(interaction)
        ids = [channel.id for channel in self.item.values]

        async def change() -> Changed:
            if self._what == "log":
                return await preferences.set_log_channel(server_id, ids[0] if ids else None, by)
            return await preferences.set_channels(server_id, Places(self._what), ids, by)

        await _redraw(interaction, Page.CHANNELS, change)


class PanelButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=r"settings:(?P<verb>page|form|do):(?P<what>\w+)",
):
    """Turns to a page, opens a form, or does what its label says."""

    def __init__(self, item: ui.Button[ui.LayoutView], verb: str, what: str) -> None:
        super().__init__(item)
        self._verb = verb
        self._what = what

    @classmethod
    async def from_custom_id(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls,
        interaction: _Interaction,  # noqa: ARG003 - discord.py's signature
        item: ui.Button[ui.LayoutView],
        match: re.Match[str],
        /,
    ) -> Self:
        """Take the button that was pressed, and what it is for."""
        return cls(item, match["verb"], match["what"])

    async def callback(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, interaction: _Interaction
    ) -> None:
        """Do what the button says."""
        if self._verb == "page":
            pages = [page.value for page in Page]
            page = Page(self._what) if self._what in pages else Page.OVERVIEW
            await _redraw(interaction, page, None)
        elif self._verb == "do":
            await _take_step(interaction, _DEEDS, self._what, "")
        elif self._what in _FORMS:
            await _open_form(interaction, self._what)
        else:
            await answer_error(interaction, BadRequest(SettingsCode.OLD_PANEL))


async def _open_form(interaction: _Interaction, what: str) -> None:
    try:
        await require_moderator(interaction)
        known = await _known_soon(interaction)
        await interaction.response.send_modal(_form(what, known))
    except (*NOT_TAKEN, discord.InteractionResponded) as failed:
        _log.warning("form not opened", extra={"detail": str(failed)})
    except Exception as error:  # noqa: BLE001 - nothing above this answers the moderator
        await answer_error(interaction, error)


async def _known_soon(interaction: _Interaction) -> Preferences | None:
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


def _form(what: str, known: Preferences | None) -> ui.Modal:
    known = known or Preferences(zone="")
    match what:
        case "zone":
            title, label, hint = "Time zone", "City or zone", "Like Berlin, or Europe/Berlin"
            field = _line(known.zone, "Europe/Berlin", 60)
        case "pause":
            title, label = "Pause pictures in this server", "What members read (may be empty)"
            hint = "New requests are refused with it; accepted ones go on"
            field = _line(
                known.pause_sentence or "", "We are back on Monday.", PAUSE_SENTENCE_MAX_CHARS
            )
            field.style, field.required = discord.TextStyle.paragraph, False
        case _:
            is_default = what == "default_size"
            title = "Default size" if is_default else "Highest size"
            label, hint = "Width x height in pixels", "The number of pixels is what counts"
            size = known.default_size if is_default else known.max_size
            hint = "For requests that name no size" if is_default else hint
            field = _line(str(size) if size else "", "1536x1024", 20)
    return one_field_form(f"{_FORM_ID}{what}", title, label, field, hint=hint)


def _line(value: str, placeholder: str, chars_max: int) -> ui.TextInput[ui.Modal]:
    return ui.TextInput(
        custom_id="typed", default=value or None, placeholder=placeholder, max_length=chars_max
    )


async def take_form(interaction: _Interaction) -> None:
    """Answer a form of the panel; leave every other interaction alone."""
    whole_id = form_id(interaction)
    if whole_id.startswith(_FORM_ID):
        what = whole_id.removeprefix(_FORM_ID)
        await _take_step(interaction, _FORMS, what, typed_into(interaction))


PANEL_ITEMS = (PanelMenu, PanelChannels, PanelButton)
"""What the client must know to find the panel's items again."""
