"""What is put in order when a server changes under the bot: roles, channels, the bot's own place.

Discord tells of each deletion once, by an event; then what hangs on the thing is cleared, each
with its row in the audit. What was deleted while the bot was away stays: a rule for a role or a
channel that is no more does nothing, and nothing is cleared only because something is not to be
seen, for a cap must not vanish by a misread. Moderators see what is gone and can clear it.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace

from bot.core.audit import Change, Code, Deleted, Setting, Where, Who
from bot.core.errors import StaleState
from bot.core.jobs import Job, Reason, State
from bot.core.limits import Subject
from bot.core.preferences import Places, Preferences
from bot.services.audit_recorder import record
from bot.services.generation.books import Books
from bot.services.generation.runner import Runner
from bot.services.moderation.limits import limit_change
from bot.services.ports import Clock
from bot.services.retry import retry
from bot.storage import notices, preferences, rules
from bot.storage.audit import HOST
from bot.storage.database import Connection, Database

_log = logging.getLogger(__name__)


class Housekeeping:
    """Follows what happens to servers. A database that is away is waited for."""

    def __init__(self, database: Database, clock: Clock, books: Books, runner: Runner) -> None:
        self._database = database
        self._clock = clock
        self._books = books
        self._runner = runner

    async def role_deleted(self, server_id: int, role_id: int, name: str) -> None:
        """Clear a deleted role's limits."""

        async def clear() -> None:
            async with self._database.write(server_id) as connection:
                now_ms, why = self._clock.now_ms(), Deleted(Subject.ROLE, name)
                await _clear_rules(connection, server_id, role_id, why, now_ms)

        await retry(clear, "none", f"role {role_id} deleted")
        _log.info("role deleted", extra={"server_id": server_id, "role_id": role_id})

    async def channel_deleted(self, server_id: int, channel_id: int, name: str) -> None:
        """Clear a deleted channel's budgets and take it out of the server's settings."""

        async def clear() -> None:
            async with self._database.write(server_id) as connection:
                now_ms, why = self._clock.now_ms(), Deleted(Subject.CHANNEL, name)
                known = await preferences.load(connection, server_id)
                # The log channel first: nothing can be posted there any more.
                for after, change in _without_channel(known, channel_id, why):
                    await preferences.put(connection, server_id, after)
                    await record(connection, server_id, change, now_ms)
                await _clear_rules(connection, server_id, channel_id, why, now_ms)

        await retry(clear, "none", f"channel {channel_id} deleted")
        _log.info("channel deleted", extra={"server_id": server_id, "channel_id": channel_id})

    async def server_left(self, server_id: int) -> None:
        """End what waits here for a server that the bot is in no more; nothing of it was sent.

        What is at fal runs on, and ends by whatever route is open. Limits and settings stay, for
        a server that takes the bot back.
        """
        unfinished = await retry(self._books.unfinished, "none", f"server {server_id} left")
        held = [j for j in unfinished if j.server_id == server_id and j.state is State.HELD]
        for job in held:
            await self._end(job)

        async def drop() -> None:
            async with self._database.write(server_id) as connection:
                await notices.delete_all(connection, server_id)

        await retry(drop, "none", f"server {server_id} left")
        _log.info("server left", extra={"server_id": server_id, "jobs_ended": len(held)})

    async def _end(self, job: Job) -> None:
        try:
            ended = await retry(
                lambda: self._books.fail(job, Reason.BOT_LEFT), job.id, "the bot left the server"
            )
        except StaleState:
            return  # It was sent or ended just now.
        self._runner.ended(ended)


async def _clear_rules(
    connection: Connection, server_id: int, subject_id: int, why: Deleted, now_ms: int
) -> None:
    book, _ = await rules.load(connection, server_id)
    gone = why.subject, subject_id
    for rule in [one for one in book if (one.subject, one.subject_id) == gone]:
        before = await rules.clear(
            connection,
            server_id,
            subject=rule.subject,
            subject_id=subject_id,
            unit=rule.unit,
            window=rule.window,
        )
        assert before is not None
        change = limit_change("limit.clear", rule, HOST, before, None, "")
        await record(connection, server_id, replace(change, cause=why), now_ms)


def _without_channel(
    known: Preferences, channel_id: int, why: Deleted
) -> Iterator[tuple[Preferences, Change]]:
    """Take a channel out of preferences, a change at a time.

    The last channel of "only these" leaves none, rather than opening all.
    """
    gone = Who(Subject.CHANNEL, channel_id)
    if known.log_channel_id == channel_id:
        known = replace(known, log_channel_id=None)
        subject = Code(Setting.LOG_CHANNEL)
        yield known, Change("settings.log_channel", HOST, subject, gone, cause=why)
    if channel_id in known.channel_ids:
        left = known.channel_ids - {channel_id}
        known = replace(known, channel_ids=left)
        if not left and known.places is Places.EXCEPT:
            known = replace(known, places=Places.ALL)
        after = Where(known.places, tuple(sorted(left)))
        subject = Code(Setting.CHANNELS)
        yield known, Change("settings.channels", HOST, subject, gone, after, cause=why)
