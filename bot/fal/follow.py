"""Watches a request until it ends: the status stream while it works, polling while it does not.

Theory of operation. The stream costs one request per job and brings news at once. It may be
refused, cut, silent or garbled; then the status is asked for, first often and then less often,
and after a while the stream is tried again. Reports go out only when they differ from the one
before, whichever way they came.

Failures that may pass are waited out here for a minute after fal's last proper word; then whoever
listens is told what is wrong, since a watch that hears nothing says nothing about the job either.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import httpx

from bot.core.errors import TemporaryFailure, Trouble, Unproven
from bot.core.jobs import Phase, Progress, Ticket
from bot.fal.calls import TRANSPORT_FAILURES, Calls
from bot.fal.evidence import Call, Proof, Row, judge
from bot.fal.failures import read_failure
from bot.fal.wire import Answer, EventReader, Garbled, progress_from

EVENT_BYTES_MAX = 256 * 1024
"""An event is a status, a few hundred bytes; one this large is no status."""

_FORBIDDEN_MAX = 3
_DRAIN_S = 0.05
_GROWTH = 1.5


class Watch:
    """One request being watched. The ticket's addresses have been checked."""

    def __init__(self, calls: Calls, ticket: Ticket) -> None:
        self._calls = calls
        self._pace = calls.pace
        self._ticket = ticket
        self._unknown_count = 0
        self._forbidden_count = 0
        self._heard_at = 0.0
        self._why = Unproven("nothing was heard", trouble=Trouble.OUTAGE)

    async def reports(self) -> AsyncGenerator[Progress, None]:
        """Report each change until the request has ended.

        Raises:
            Unproven: fal does not know the request and says so repeatedly, or refuses the key, or
                nothing proper was heard of it for too long.
        """
        last: Progress | None = None
        self._hear()
        async with aclosing(self._observations()) as observations:
            async for seen in observations:
                if seen != last:
                    last = seen
                    yield seen
                    if seen.phase is Phase.ENDED:
                        return
                # However long the listener took, fal has not been silent.
                self._hear()

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
            async with AsyncExitStack() as stack:
                url = f"{self._ticket.status_url}/stream"
                async with self._patience():
                    response = await stack.enter_async_context(self._calls.stream(url))
                # What a refusal means the status call will say, with a body that can be judged.
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
        has_spoken = False
        while True:
            # Comments count as life, so the clock runs per piece and not per event. httpx has a
            # clock too, but it counts what comes for other streams of the same connection.
            async with self._patience(), asyncio.timeout(self._pace.silent_s):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            if has_spoken:
                # A job may run for long; the comments of its own stream say that fal is there.
                self._hear()
            for data in reader.feed(chunk):
                answer = Answer(response.status_code, response.headers, data)
                report = _read(self._judged(answer), answer)
                if report is None:
                    if answer.object() is None:
                        raise Garbled("an event that is no object")
                    continue
                has_spoken = True
                if report.phase is Phase.ENDED:
                    await _drain(response, chunks)
                yield report

    async def _polled(self, for_s: float) -> AsyncGenerator[Progress, None]:
        """Ask for the status again and again, until it is time to try the stream."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + for_s
        wait_s = self._pace.poll_first_s
        while True:
            async with self._patience():
                report, most_s = await self._asked()
            if report is not None:
                yield report
            if loop.time() >= until_s:
                return
            wait_s = min(wait_s, most_s)
            async with self._patience():
                await asyncio.sleep(self._pace.jitter(wait_s))
            wait_s *= _GROWTH

    async def _asked(self) -> tuple[Progress | None, float]:
        """Ask once: what fal reports, if anything, and how long the next wait may become."""
        pace = self._pace
        try:
            answer = await self._calls.ask("GET", self._ticket.status_url)
        except TemporaryFailure as error:
            self._why = Unproven(error.detail, trouble=Trouble.OUTAGE)
            return None, pace.outage_most_s
        row = self._judged(answer)
        self._give_up_if_said(row, answer)
        is_fals_word = row.trouble is None
        return _read(row, answer), pace.poll_most_s if is_fals_word else pace.outage_most_s

    def _judged(self, answer: Answer) -> Row:
        """Judge an answer, and keep in mind what is wrong with it."""
        row = judge(Call.STATUS, answer, self._ticket.request_id)
        if row.proves in (Proof.NOT_ENDED, Proof.ENDED):
            self._hear()
            self._unknown_count = self._forbidden_count = 0
        else:
            self._why = Unproven(str(self._failure(row, answer)), trouble=row.trouble)
        return row

    def _failure(self, row: Row, answer: Answer) -> Unproven:
        failure = read_failure(row, answer, self._ticket)
        assert isinstance(failure, Unproven), "a status alone ends nothing"
        return failure

    def _give_up_if_said(self, row: Row, answer: Answer) -> None:
        """Raise what fal has said often enough.

        Right after a submit a request may not be known everywhere yet. A 403 must come
        repeatedly, since a gateway may say it in passing. A locked account ends no watch: what
        was accepted before the lock still ends, and its status is still told.
        """
        if row.proves is Proof.UNKNOWN:
            self._unknown_count += 1
            if self._unknown_count >= self._pace.unknown_after:
                raise self._failure(row, answer)
        if row.trouble is Trouble.KEY:
            self._forbidden_count += 1
            if answer.status == 401 or self._forbidden_count >= _FORBIDDEN_MAX:
                raise self._failure(row, answer)
        else:
            self._forbidden_count = 0

    def _hear(self) -> None:
        """fal has said something proper about the request."""
        self._heard_at = asyncio.get_running_loop().time()

    @asynccontextmanager
    async def _patience(self) -> AsyncGenerator[None, None]:
        """Bound a wait by the time that may pass without a proper word.

        Raises:
            Unproven: The time is over.
        """
        bound = asyncio.timeout_at(self._heard_at + self._pace.silence_s)
        try:
            async with bound:
                yield
        except TimeoutError:
            if not bound.expired():
                raise
            raise self._why from None


def _read(row: Row, answer: Answer) -> Progress | None:
    """What a status reports, None where the table does not believe it."""
    if row.proves not in (Proof.NOT_ENDED, Proof.ENDED):
        return None
    return progress_from(answer.body)


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
