"""The preferences of a server: read, changed one at a time, paused.

Each change reads what stands, changes one thing and writes it back in one transaction, so that two
moderators who change different things at once both succeed; of the same thing the later one stays.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from zoneinfo import available_timezones

from bot.core.audit import Change, Choice, Code, Fact, Setting, Where, Who
from bot.core.codes import OptionCode, SettingsCode
from bot.core.errors import BadRequest
from bot.core.limits import Subject
from bot.core.models.model import Model
from bot.core.models.options import Size
from bot.core.models.registry import DEFAULT
from bot.core.preferences import (
    CHANNELS_MAX,
    PAUSE_SENTENCE_MAX_CHARS,
    Places,
    Preferences,
    Spoilers,
    above_highest,
)
from bot.core.typed.zones import find_zone
from bot.services.audit_recorder import checked_reason, record
from bot.services.ports import Clock
from bot.storage import preferences as stored
from bot.storage.database import Database

_NOT_ZONES = frozenset({"localtime", "posixrules", "Factory"})
"""What a machine's list of zones holds beside them."""


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something, and why."""

    actor_id: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change led to.

    Attributes:
        preferences: As they stand now.
        setting: What was changed; None where it was so already.
    """

    preferences: Preferences
    setting: Setting | None


_KINDS = {
    Setting.DEFAULT_SIZE: "settings.size",
    Setting.MAX_SIZE: "settings.size",
    Setting.DEFAULT_QUALITY: "settings.quality",
    Setting.MAX_QUALITY: "settings.quality",
    Setting.DEFAULT_COUNT: "settings.count",
    Setting.MAX_COUNT: "settings.count",
    Setting.CHANNELS: "settings.channels",
    Setting.LOG_CHANNEL: "settings.log_channel",
    Setting.ZONE: "settings.zone",
    Setting.SPOILERS: "settings.spoilers",
    Setting.PRIVATE: "settings.private",
}


def _kind(setting: Setting, after: Preferences) -> str:
    if setting is Setting.PAUSE:
        return "pause.off" if after.pause_sentence is None else "pause.on"
    return _KINDS[setting]


def _fact(setting: Setting, preferences: Preferences) -> Fact | None:
    """What a setting is set to, for the audit."""
    match setting:
        case Setting.CHANNELS:
            return Where(preferences.places, tuple(sorted(preferences.channel_ids)))
        case Setting.LOG_CHANNEL:
            channel_id = preferences.log_channel_id
            return None if channel_id is None else Who(Subject.CHANNEL, channel_id)
        case _:
            value = getattr(preferences, setting)
            return value if isinstance(value, Size) else Choice(value)


class ServerPreferences:
    """The preferences of each server; who may change them is decided by the caller.

    Attributes:
        model: The host's, which bounds what can be preferred.
    """

    def __init__(self, database: Database, clock: Clock, model: Model = DEFAULT) -> None:
        self._database = database
        self._clock = clock
        self.model = model

    async def read(self, server_id: int) -> Preferences:
        """Read a server's preferences."""
        async with self._database.read() as connection:
            return await stored.load(connection, server_id)

    async def set_default_size(self, server_id: int, size: Size | None, by: By) -> Changed:
        """Set the size of requests that name none; None leaves it to the host.

        Raises:
            Refused: The model cannot make it, or the server's highest is smaller.
        """
        if size is not None:
            self.model.check_size(size)

        def edit(known: Preferences) -> Preferences:
            after = replace(known, default_size=size)
            if known.max_size is not None and "size" in above_highest(after, self.model):
                raise _too_high(known.max_size.shown)
            return after

        return await self._change(server_id, by, Setting.DEFAULT_SIZE, edit)

    async def set_max_size(self, server_id: int, size: Size | None, by: By) -> Changed:
        """Set the size with the most pixels that may be asked for; None is all the model makes.

        A default above it is cut down to it where it is used.

        Raises:
            Refused: The model cannot make it.
        """
        if size is not None:
            self.model.check_size(size)
            size = None if size.area >= self.model.sizes.area_max_px else size
        return await self._change(
            server_id, by, Setting.MAX_SIZE, lambda known: replace(known, max_size=size)
        )

    async def set_default_quality(self, server_id: int, quality: str | None, by: By) -> Changed:
        """Set the quality of requests that name none; None leaves it to the host.

        Raises:
            Refused: The model has no such quality, or the server's highest is lower.
        """
        self._check_quality(quality)

        def edit(known: Preferences) -> Preferences:
            after = replace(known, default_quality=quality)
            if known.max_quality is not None and "quality" in above_highest(after, self.model):
                raise _too_high(known.max_quality)
            return after

        return await self._change(server_id, by, Setting.DEFAULT_QUALITY, edit)

    async def set_max_quality(self, server_id: int, quality: str | None, by: By) -> Changed:
        """Set the best quality that may be asked for; None is all the model makes.

        Raises:
            Refused: The model has no such quality.
        """
        self._check_quality(quality)
        highest = None if quality == self.model.best_quality else quality
        return await self._change(
            server_id, by, Setting.MAX_QUALITY, lambda known: replace(known, max_quality=highest)
        )

    def _check_quality(self, quality: str | None) -> None:
        known = self.model.qualities
        if quality is not None and quality not in known:
            raise BadRequest(OptionCode.QUALITY, names=known)

    async def set_default_count(self, server_id: int, count: int | None, by: By) -> Changed:
        """Set how many pictures a request that says nothing makes; None is one.

        Raises:
            Refused: Out of range, or the server's highest is lower.
        """
        _check_count(count, self.model.count_max)

        def edit(known: Preferences) -> Preferences:
            after = replace(known, default_count=None if count == 1 else count)
            if known.max_count is not None and "count" in above_highest(after, self.model):
                raise _too_high(str(known.max_count))
            return after

        return await self._change(server_id, by, Setting.DEFAULT_COUNT, edit)

    async def set_max_count(self, server_id: int, count: int | None, by: By) -> Changed:
        """Set how many pictures may be asked for at once; None is all the model makes.

        Raises:
            Refused: Out of range.
        """
        _check_count(count, self.model.count_max)
        highest = None if count == self.model.count_max else count
        return await self._change(
            server_id, by, Setting.MAX_COUNT, lambda known: replace(known, max_count=highest)
        )

    async def set_channels(
        self, server_id: int, places: Places, channel_ids: Iterable[int], by: By
    ) -> Changed:
        """Set where pictures are made; no channel at all means everywhere.

        Raises:
            Refused: Too many channels.
        """
        named = frozenset(channel_ids) if places is not Places.ALL else frozenset[int]()
        if len(named) > CHANNELS_MAX:
            raise BadRequest(SettingsCode.TOO_MANY_CHANNELS, most=CHANNELS_MAX)
        where = places if named else Places.ALL
        return await self._change(
            server_id,
            by,
            Setting.CHANNELS,
            lambda known: replace(known, places=where, channel_ids=named),
        )

    async def set_log_channel(self, server_id: int, channel_id: int | None, by: By) -> Changed:
        """Set where changes, alerts and reports are posted; None is nowhere.

        The new log channel is the first to hear of it.
        """
        return await self._change(
            server_id,
            by,
            Setting.LOG_CHANNEL,
            lambda known: replace(known, log_channel_id=channel_id),
        )

    async def set_zone(self, server_id: int, typed: str, by: By) -> Changed:
        """Set the time zone in which days, weeks and months begin, from now on.

        Args:
            server_id: The server.
            typed: A name of the IANA list or a city in it, as people type it.
            by: Who and why.

        Raises:
            Refused: There is no such zone; `names` is what comes near.
        """
        # The first time the list is read from several hundred files.
        zone = find_zone(typed, await asyncio.to_thread(_zones))
        return await self._change(
            server_id, by, Setting.ZONE, lambda known: replace(known, zone=zone)
        )

    async def set_spoilers(self, server_id: int, spoilers: Spoilers, by: By) -> Changed:
        """Set when pictures of new requests are posted as spoilers."""
        return await self._change(
            server_id, by, Setting.SPOILERS, lambda known: replace(known, spoilers=spoilers)
        )

    async def set_private(self, server_id: int, by: By, *, is_allowed: bool) -> Changed:
        """Set whether members may ask for pictures that only they see."""
        return await self._change(
            server_id, by, Setting.PRIVATE, lambda known: replace(known, private_allowed=is_allowed)
        )

    async def pause(self, server_id: int, sentence: str, by: By) -> Changed:
        """Refuse every new request of a server; what was accepted goes on.

        Args:
            server_id: The server.
            sentence: What members read with it, perhaps nothing.
            by: Who and why.

        Raises:
            Refused: The sentence is too long.
        """
        said = _one_line(sentence)
        if len(said) > PAUSE_SENTENCE_MAX_CHARS:
            raise BadRequest(
                SettingsCode.PAUSE_TOO_LONG, given=len(said), most=PAUSE_SENTENCE_MAX_CHARS
            )
        return await self._change(
            server_id, by, Setting.PAUSE, lambda known: replace(known, pause_sentence=said)
        )

    async def resume(self, server_id: int, by: By) -> Changed:
        """Take new requests again."""
        return await self._change(
            server_id, by, Setting.PAUSE, lambda known: replace(known, pause_sentence=None)
        )

    async def _change(
        self,
        server_id: int,
        by: By,
        setting: Setting,
        edit: Callable[[Preferences], Preferences],
    ) -> Changed:
        reason = checked_reason(by.reason)
        async with self._database.write(server_id) as connection:
            # Read inside, so that the audit has the order in which changes took their turn.
            now_ms = self._clock.now_ms()
            known = await stored.load(connection, server_id)
            after = edit(known)
            if after == known:
                return Changed(known, None)
            await stored.put(connection, server_id, after)
            # After the row is put, so that a new log channel hears of itself.
            change = Change(
                kind=_kind(setting, after),
                actor_id=by.actor_id,
                subject=Code(setting),
                before=_fact(setting, known),
                after=_fact(setting, after),
                reason=reason,
            )
            await record(connection, server_id, change, now_ms)
        return Changed(after, setting)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NOT_ZONES


def _one_line(text: str) -> str:
    return " ".join(text.replace("\x00", "").split()).encode("utf-8", "replace").decode()


def _check_count(count: int | None, most: int) -> None:
    if count is not None and not 1 <= count <= most:
        raise BadRequest(OptionCode.COUNT, most=most)


def _too_high(highest: str) -> BadRequest:
    return BadRequest(SettingsCode.DEFAULT_TOO_HIGH, names=(highest,))
