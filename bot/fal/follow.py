"""Watches a request until it ends: the status stream while it works, polling while it does not.

Theory of operation. The stream costs one request per job and brings news at once. It may be
refused, cut, silent or garbled; then the status is asked for, first often and then less often,
and after a while the stream is tried again. Reports go out only when they differ from the one
before, whichever way they came. Failures that may pass are waited out for as long as the caller
listens; only what fal itself says, and says again, ends the watch.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import httpx

from bot.core.errors import Gone, KeyRejected, TemporaryFailure
from bot.core.jobs import Phase, Progress, Ticket
from bot.fal.calls import TRANSPORT_FAILURES, Calls
from bot.fal.failures import described, is_locked, is_not_found
from bot.fal.wire import Answer, EventReader, Garbled, progress_from

EVENT_BYTES_MAX = 256 * 1024
"""An event is a status, a few hundred bytes; one this large is no status."""

_FORBIDDEN_MAX = 3
_DRAIN_S = 0.05
_GROWTH = 1.5
_JITTER = 0.2


class Watch:
    """One request being watched. The ticket's addresses have been checked."""

    def __init__(self, calls: Calls, ticket: Ticket) -> None:
        self._calls = calls
        self._pace = calls.pace
        self._ticket = ticket
        self._unknown_count = 0
        self._forbidden_count = 0

    async def reports(self) -> AsyncGenerator[Progress, None]:
        """Report each change until the request has ended.

        Raises:
            Gone: fal does not know the request, and says so repeatedly.
            KeyRejected: The key no longer works.
        """
        last: Progress | None = None
        async with aclosing(self._observations()) as observations:
            async for seen in observations:
                if seen == last:
                    continue
                last = seen
                yield seen
                if seen.phase is Phase.ENDED:
                    return

    async def _observations(self) -> AsyncGenerator[Progress, None]:
        restream_s = self._pace.restream_s
        while True:
            has_worked = False
            async with aclosing(self._streamed()) as reports:
                async for report in reports:
                    has_worked = True
                    yield report
            if has_worked:
                restream_s = self._pace.restream_s
            async with aclosing(self._polled(restream_s)) as reports:
                async for report in reports:
                    yield report
            restream_s = min(2 * restream_s, self._pace.restream_most_s)

    async def _streamed(self) -> AsyncGenerator[Progress, None]:
        """Read the stream for as long as it makes sense; it just stops where it does not."""
        try:
            async with self._calls.stream(f"{self._ticket.status_url}/stream") as response:
                self._check_key(Answer(response.status_code, response.headers, b""))
                if not _is_stream(response):
                    return
                async with aclosing(self._events(response)) as reports:
                    async for report in reports:
                        yield report
        except (TemporaryFailure, Garbled, *TRANSPORT_FAILURES):
            return

    async def _events(self, response: httpx.Response) -> AsyncGenerator[Progress, None]:
        reader = EventReader(EVENT_BYTES_MAX)
        chunks = response.aiter_raw()
        while True:
            # Comments count as life, so the clock runs per piece and not per event. httpx has a
            # clock too, but it counts what comes for other streams of the same connection.
            async with asyncio.timeout(self._pace.silent_s):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            for data in reader.feed(chunk):
                report = progress_from(data)
                if report is None:
                    continue
                if report.phase is Phase.ENDED:
                    await _drain(response, chunks)
                yield report

    async def _polled(self, for_s: float) -> AsyncGenerator[Progress, None]:
        """Ask for the status again and again, until it is time to try the stream."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + for_s
        wait_s = self._pace.poll_first_s
        while True:
            try:
                report = self._judged(await self._calls.ask("GET", self._ticket.status_url))
            except (TemporaryFailure, Garbled):
                most_s = self._pace.outage_most_s
            else:
                most_s = self._pace.poll_most_s
                if report is not None:
                    yield report
            if loop.time() >= until_s:
                return
            # Many jobs that lost their streams at once shall not ask at once.
            await asyncio.sleep(wait_s * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311  # spreads load
            wait_s = min(wait_s * _GROWTH, most_s)

    def _judged(self, answer: Answer) -> Progress | None:
        """Read a status answer; None where it says nothing new.

        Raises:
            TemporaryFailure, Garbled: It may be better next time.
        """
        self._check_key(answer)
        if is_not_found(answer):
            # Right after a submit a request may not be known everywhere yet.
            self._unknown_count += 1
            if self._unknown_count >= self._pace.unknown_after:
                raise Gone(described(answer))
            return None
        if not answer.is_good:
            raise TemporaryFailure(described(answer))
        self._unknown_count = 0
        return progress_from(answer.body)

    def _check_key(self, answer: Answer) -> None:
        """Raise KeyRejected where the key is refused.

        A 403 must come repeatedly, since a gateway may say it in passing, and a locked account
        is none: what was accepted before the lock still ends, and its status is still told.
        """
        if answer.status == 401:
            raise KeyRejected(described(answer))
        if answer.status != 403 or is_locked(answer):
            self._forbidden_count = 0
            return
        self._forbidden_count += 1
        if self._forbidden_count >= _FORBIDDEN_MAX:
            raise KeyRejected(described(answer))


def _is_stream(response: httpx.Response) -> bool:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    return (
        response.is_success and media_type == "text/event-stream" and encoding in ("", "identity")
    )


async def _drain(response: httpx.Response, chunks: AsyncIterator[bytes]) -> None:
    """Read the end of a stream that is over, so that HTTP/1.1 can fetch the result at once.

    A connection whose answer was not read to its end cannot be used again. Over HTTP/2 there is
    nothing to win.
    """
    if response.http_version == "HTTP/2":
        return
    try:
        async with asyncio.timeout(_DRAIN_S):
            async for _ in chunks:
                pass
    except TRANSPORT_FAILURES:
        return
