"""Posts what waits for servers' log channels, in order, each thing once, one server apart from all.

Theory of operation. Notices are rows that were written with what they tell of; nobody waits for
their posting. A loop looks for servers with notices and gives each one a task of its own, so that
a channel that hangs or is closed holds up nobody else. The task takes the oldest notices, writes
down which of them make one message, posts it with that message's id as nonce, and deletes them.
After a crash in between the same message is tried again, and Discord, which enforces the nonce for
a few minutes, does not post it twice.

A channel that cannot be posted to now is tried again after growing pauses, and what has waited for
a day or stands in a line of hundreds is dropped, with one notice that says how many. What is
dropped is not lost: the audit has every change.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.core.errors import BotError, DatabaseUnavailable, RouteBusy, Undeliverable
from bot.services.ports import Clock, LogPoster
from bot.services.retry import retry
from bot.storage import notices, preferences
from bot.storage.database import Database
from bot.storage.ids import new_id
from bot.storage.notices import Notice

_log = logging.getLogger(__name__)

TOGETHER_MAX = 8
"""So many changes fit into one message, however long their texts."""

_TOGETHER = "change"
_AT_ONCE_MAX = 32


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the log channel waits for what, in seconds, and how much may wait."""

    every_s: float = 2
    post_max_s: float = 30
    pause_s: float = 5
    pause_max_s: float = 3600
    stop_max_s: float = 3
    kept_max_s: int = 24 * 3600
    kept_max: int = 500


@dataclass(frozen=True, slots=True)
class _Message:
    """What is posted next."""

    channel_id: int
    notices: list[Notice]
    nonce: str


class LogChannel:
    """The loop over all servers of this process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        poster: LogPoster,
        *,
        owns: Callable[[int], bool] = lambda _: True,
        waits: Waits | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._poster = poster
        self._owns = owns
        self._waits = waits or Waits()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._pauses: dict[int, tuple[float, float]] = {}

    async def run(self) -> None:
        """Post until cancelled; a message that is under way then may still be posted."""
        try:
            while True:
                try:
                    await self._look()
                except BotError as error:
                    _log.warning("no look for notices", extra={"detail": str(error)})
                await asyncio.sleep(self._waits.every_s)
        finally:
            await self._stop()

    async def _stop(self) -> None:
        tasks = set(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._waits.stop_max_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _look(self) -> None:
        async with self._database.read() as connection:
            waiting = await notices.waiting(connection)
        for server_id in self._pauses.keys() - waiting.keys():
            self._pauses.pop(server_id, None)
        now = asyncio.get_running_loop().time()
        for server_id, count in waiting.items():
            is_busy = server_id in self._tasks or now < self._pauses.get(server_id, (0.0, 0.0))[0]
            if not is_busy and self._owns(server_id) and len(self._tasks) < _AT_ONCE_MAX:
                work = self._serve(server_id, count)
                task = asyncio.create_task(work, name=f"log channel of {server_id}")
                self._tasks[server_id] = task
                task.add_done_callback(lambda _, done=server_id: self._tasks.pop(done, None))

    async def _serve(self, server_id: int, waiting: int) -> None:
        """Post all that waits for one server, or find out that this is not the time."""
        try:
            await self._drop_surplus(server_id, waiting)
            while (message := await self._next(server_id)) is not None:
                if not await self._post(server_id, message):
                    return
                self._pauses.pop(server_id, None)
        except RouteBusy as error:
            self._pause(server_id, str(error))
        except DatabaseUnavailable as error:
            _log.warning("notices wait for the database", extra={"detail": str(error)})
        except BotError as error:
            self._pause(server_id, str(error))

    def _pause(self, server_id: int, why: str) -> None:
        _, last_s = self._pauses.get(server_id, (0.0, self._waits.pause_s / 2))
        pause_s = min(2 * last_s, self._waits.pause_max_s)
        self._pauses[server_id] = (asyncio.get_running_loop().time() + pause_s, pause_s)
        about = {"server_id": server_id, "pause_s": round(pause_s), "detail": why}
        _log.warning("log channel waits", extra=about)

    async def _drop_surplus(self, server_id: int, waiting: int) -> None:
        now_ms = self._clock.now_ms()
        since_ms = now_ms - self._waits.kept_max_s * 1000
        keep = self._waits.kept_max
        async with self._database.read() as connection:
            first = await notices.oldest(connection, server_id, 1)
        if not first or (waiting <= keep + 1 and first[0].at_ms >= since_ms):
            return
        async with self._database.write(server_id) as connection:
            dropped = await notices.drop_surplus(
                connection, server_id, keep=keep, since_ms=since_ms, at_ms=now_ms
            )
        _log.warning("notices dropped", extra={"server_id": server_id, "count": dropped})

    async def _next(self, server_id: int) -> _Message | None:
        """Decide what the next message is; None where nothing waits any more."""
        async with self._database.read() as connection:
            found = await notices.oldest(connection, server_id, TOGETHER_MAX)
            channel_id = (await preferences.load(connection, server_id)).log_channel_id
        if not found:
            return None
        if channel_id is None:
            async with self._database.write(server_id) as connection:
                await notices.delete_all(connection, server_id)
            _log.info("no log channel any more", extra={"server_id": server_id})
            return None
        batch = found[0].batch
        if batch is None:
            found = _together(found)
            batch = new_id(self._clock.now_ms())
            async with self._database.write() as connection:
                await notices.claim(connection, found[-1], batch)
        else:
            found = [notice for notice in found if notice.batch == batch]
        return _Message(channel_id, found, batch)

    async def _post(self, server_id: int, message: _Message) -> bool:
        """Post a message and forget its notices; False where it can never be posted."""
        is_posted = False
        try:
            async with asyncio.timeout(self._waits.post_max_s):
                await self._poster.post(
                    server_id, message.channel_id, message.notices, message.nonce
                )
            is_posted = True
        except TimeoutError:
            raise RouteBusy("no answer in time") from None
        except Undeliverable as error:
            about = {"server_id": server_id, "count": len(message.notices), "detail": str(error)}
            _log.warning("notice not posted, see the audit", extra=about)
        except RouteBusy:
            raise
        except Exception:  # noqa: BLE001 - one bad card must not close the channel for the others
            about = {"server_id": server_id, "kind": message.notices[0].kind}
            _log.exception("notice not posted, see the audit", extra=about)
        await retry(lambda: self._forget(server_id, message), message.nonce, "posted to the log")
        return is_posted

    async def _forget(self, server_id: int, message: _Message) -> None:
        async with self._database.write() as connection:
            await notices.delete(connection, server_id, message.nonce)


def _together(found: list[Notice]) -> list[Notice]:
    """Take the first notice, with the changes that follow at once if it is a change itself."""
    count = 1
    while count < len(found) and found[0].kind == found[count].kind == _TOGETHER:
        count += 1
    return found[:count]
