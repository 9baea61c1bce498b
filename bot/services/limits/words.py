"""The words and patterns that prompts may not hold, per server.

The member who is refused is not told which entry it was: that would teach the way around it. The
audit names it, and moderators may try prompts.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from bot.core.audit import Change
from bot.core.codes import WordCode
from bot.core.errors import BadRequest, ForbiddenPrompt
from bot.core.wordfilter.words import (
    SIZE_MAX,
    Entry,
    Kind,
    Matcher,
    checked_entry,
    checked_list,
    tidy,
)
from bot.services.audit_recorder import checked_reason, record
from bot.services.ports import Clock
from bot.storage import words
from bot.storage.database import Database
from bot.storage.words import StoredEntry

_SERVERS_MAX = 64
_SIZE_MAX = 5 * SIZE_MAX
"""Lists of so many servers, and of so many instructions together, stay ready: some 20 MB."""

_AT_ONCE_CHARS = 200
"""A longer prompt is read beside the loop, where it holds up nobody."""


@dataclass(frozen=True, slots=True)
class _Ready:
    version: int
    matcher: Matcher


@dataclass(frozen=True, slots=True)
class Added:
    """An entry as it is stored, and the one of the same text that it took the place of."""

    entry: Entry
    before: Entry | None


class Words:
    """The word list of each server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._ready: OrderedDict[int, _Ready] = OrderedDict()
        self._making = asyncio.Lock()

    async def check(self, server_id: int, prompt: str) -> None:
        """Refuse a prompt that a server's words forbid.

        Raises:
            ForbiddenPrompt: With the entry for the audit.
        """
        matcher = await self._matcher(server_id)
        if matcher is None:
            return
        if len(prompt) <= _AT_ONCE_CHARS and not matcher.regex_size:
            entry = matcher.find(prompt)
        else:
            entry = await asyncio.to_thread(matcher.find, prompt)
        if entry is not None:
            raise ForbiddenPrompt(entry.kind, entry.text)

    async def add(
        self, server_id: int, kind: Kind, text: str, *, actor_id: int, reason: str
    ) -> Added:
        """Put an entry on the list.

        Raises:
            BadRequest: It cannot be used or is there already, or the list is full.
        """
        entry, reason = checked_entry(kind, text), checked_reason(reason)
        listed = [one.entry for one in await self.listed(server_id) if one.entry.text != entry.text]
        await asyncio.to_thread(checked_list, [*listed, entry])
        async with self._database.write(server_id) as connection:
            now_ms = self._clock.now_ms()
            known = [one.entry for one in await words.load(connection, server_id)]
            before = next((one for one in known if one.text == entry.text), None)
            if before == entry:
                raise BadRequest(WordCode.LISTED_ALREADY)
            stored = StoredEntry(entry, reason, actor_id, now_ms)
            await words.put(connection, server_id, stored)
            change = Change("words.add", actor_id, entry, before, entry, reason)
            await record(connection, server_id, change, now_ms)
        return Added(entry, before)

    async def remove(self, server_id: int, text: str, *, actor_id: int, reason: str) -> Entry:
        """Take the entry of a text off the list, and tell what it was.

        Raises:
            BadRequest: There is no such entry.
        """
        texts = dict.fromkeys([tidy(Kind.REGEX, text), tidy(Kind.WORD, text)])
        reason = checked_reason(reason)
        async with self._database.write(server_id) as connection:
            now_ms = self._clock.now_ms()
            known = {one.entry.text: one.entry for one in await words.load(connection, server_id)}
            before = next((known[one] for one in texts if one in known), None)
            if before is None:
                raise BadRequest(WordCode.NOT_LISTED)
            await words.remove(connection, server_id, before)
            change = Change("words.remove", actor_id, before, before, None, reason)
            await record(connection, server_id, change, now_ms)
        return before

    async def listed(self, server_id: int) -> list[StoredEntry]:
        """Read a server's list in the order of its texts."""
        async with self._database.read() as connection:
            return await words.load(connection, server_id)

    async def found_in(self, server_id: int, prompt: str) -> list[Entry]:
        """Tell which entries would refuse a prompt; nothing is noted of it."""
        matcher = await self._matcher(server_id)
        if matcher is None:
            return []
        return await asyncio.to_thread(lambda: list(dict.fromkeys(matcher.find_all(prompt))))

    async def _matcher(self, server_id: int) -> Matcher | None:
        """What searches for a server's words as they are now, None where there are none."""
        version = await self._version(server_id)
        if not version:
            return None
        ready = self._ready.get(server_id)
        if ready is None or ready.version != version:
            async with self._making:
                ready = await self._made(server_id)
        self._ready.move_to_end(server_id)
        return ready.matcher

    async def _made(self, server_id: int) -> _Ready:
        # The version is read before the list: a change between them is then seen the next time.
        version = await self._version(server_id)
        ready = self._ready.get(server_id)
        if ready is None or ready.version != version:
            entries = [one.entry for one in await self.listed(server_id)]
            ready = _Ready(version, await asyncio.to_thread(Matcher, entries))
            self._ready[server_id] = ready
            self._make_room()
        return ready

    def _make_room(self) -> None:
        size = sum(one.matcher.size for one in self._ready.values())
        while len(self._ready) > _SERVERS_MAX or (size > _SIZE_MAX and len(self._ready) > 1):
            _, oldest = self._ready.popitem(last=False)
            size -= oldest.matcher.size

    async def _version(self, server_id: int) -> int:
        async with self._database.read() as connection:
            return await words.version(connection, server_id)
