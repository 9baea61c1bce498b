"""The paid queue: submits once, follows, fetches, cancels. Implements `ports.ImageQueue`.

It must never send a submit twice, send the key to a host that is not configured, or let an
exception of the HTTP library out. What an answer proves is said by `bot.fal.evidence` alone.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Self

from bot.core.errors import (
    Gone,
    NotSent,
    SubmitUnclear,
    TemporaryFailure,
    Trouble,
    Unproven,
    Upstream,
)
from bot.core.jobs import Picture, PictureLink, Progress, Rendering, Ticket
from bot.fal import failures, history, media
from bot.fal.calls import NEVER_SENT, Calls, FalSettings, named
from bot.fal.evidence import Call, Proof, judge
from bot.fal.follow import Watch
from bot.fal.network import Network
from bot.fal.wire import (
    Addresses,
    Answer,
    payload,
    rendering_from,
    submit_headers,
    submitted_ticket,
)
from bot.services.ports import CancelAnswer, Order

_CANCEL_ANSWERS = {
    Proof.REMOVED: CancelAnswer.REMOVED,
    Proof.ASKED: CancelAnswer.REQUESTED,
    Proof.TOO_LATE: CancelAnswer.TOO_LATE,
    Proof.UNKNOWN: CancelAnswer.UNKNOWN,
}


class FalQueue:
    """fal, over warm connections that live inside `async with`.

    Args:
        settings: Plain values of the settings.
        network: Stands in for the connections; None for real ones.

    Raises:
        KeyRejected: A key in the settings has characters that no key has.
    """

    def __init__(self, settings: FalSettings, network: Network | None = None) -> None:
        self._calls = Calls(settings, network)
        self._addresses = Addresses(settings.queue_url, settings.model)
        self._history_urls = history.list_urls(settings.api_url, settings.model)
        self._media_hosts = settings.media_hosts

    async def __aenter__(self) -> Self:
        await self._calls.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._calls.__aexit__()

    def __repr__(self) -> str:
        return f"FalQueue({self._addresses.submit_url!r})"

    async def submit(self, order: Order) -> Ticket:
        """Send a job once; see `ports.ImageQueue.submit`."""
        url, body, headers = (
            self._addresses.submit_url,
            payload(order),
            submit_headers(order.job_id),
        )
        try:
            answer = await self._calls.post_once(url, body, headers)
        except NEVER_SENT as error:
            raise NotSent(named(error)) from None
        except Exception as error:  # noqa: BLE001  # whatever it is, bytes may have been sent
            raise SubmitUnclear(named(error)) from None
        if judge(Call.SUBMIT, answer).proves is not Proof.ACCEPTED:
            raise failures.submit_failure(answer)
        ticket = submitted_ticket(self._addresses, answer)
        assert ticket is not None
        return ticket

    async def find(
        self, order: Order, *, at_ms: int, from_ms: int, until_ms: int | None
    ) -> tuple[Ticket, ...]:
        """Look for a lost submit in the history; see `ports.ImageQueue.find`."""
        span = history.Span(at_ms, from_ms, until_ms)
        found = await history.find(self._calls, self._history_urls, order, span)
        tickets = (self._addresses.ticket(request_id, {}) for request_id in found)
        return tuple(ticket for ticket in tickets if ticket is not None)

    async def follow(self, ticket: Ticket) -> AsyncGenerator[Progress, None]:
        """Report each change until the request has ended; see `ports.ImageQueue.follow`.

        A caller that stops early closes it, best with `contextlib.aclosing`.
        """
        async with aclosing(Watch(self._calls, self._trusted(ticket)).reports()) as reports:
            async for report in reports:
                yield report

    async def result(self, ticket: Ticket) -> Rendering:
        """Fetch what an ended request made; see `ports.ImageQueue.result`."""
        trusted, pace = self._trusted(ticket), self._calls.pace
        failure = Unproven("the result was not asked for")
        for attempt in range(pace.tries):
            if attempt:
                await asyncio.sleep(pace.jitter(pace.repeat_first_s * 2 ** (attempt - 1)))
            try:
                answer = await self._calls.ask("GET", trusted.response_url)
            except TemporaryFailure as error:
                failure = Unproven(error.detail, trouble=Trouble.OUTAGE)
                continue
            found = _judged(answer, ticket.request_id)
            if isinstance(found, Rendering):
                return found
            if not isinstance(found, Unproven):
                raise found
            # What fal itself says twice will not change within moments; nor does a job end then.
            is_settled = found.trouble is None and found.word in (None, failure.word)
            failure = found
            if is_settled:
                break
        raise failure

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        """Ask to end a request, once; see `ports.ImageQueue.cancel`.

        It is not repeated inside: a second cancel of a removed request is answered with
        "already completed", which would turn a success into its opposite.
        """
        trusted = self._addresses.trusted(ticket)
        if trusted is None:
            return CancelAnswer.UNKNOWN
        try:
            answer = await self._calls.ask("PUT", trusted.cancel_url)
        except TemporaryFailure as error:
            raise Unproven(error.detail, trouble=Trouble.OUTAGE) from None
        row = judge(Call.CANCEL, answer, ticket.request_id)
        said = _CANCEL_ANSWERS.get(row.proves)
        if said is None:
            raise failures.read_failure(row, answer, ticket.request_id)
        return said

    async def fetch(self, link: PictureLink) -> Picture:
        """Fetch one picture and check it; see `ports.ImageQueue.fetch`."""
        return await media.fetch(self._calls, self._media_hosts, link)

    def _trusted(self, ticket: Ticket) -> Ticket:
        """Check a ticket from storage, so that the key goes to the configured queue only.

        Raises:
            Unproven: Its id is not one that fal ever gave.
        """
        trusted = self._addresses.trusted(ticket)
        if trusted is None:
            detail = "the stored request id is not one of fal's"
            raise Unproven(detail, word="no request id", end=Gone(detail))
        return trusted


def _judged(answer: Answer, request_id: str) -> Rendering | Upstream:
    """Read the answer to a result call."""
    row = judge(Call.RESULT, answer, request_id)
    if row.proves is Proof.MADE:
        return rendering_from(answer)
    return failures.read_failure(row, answer, request_id)
