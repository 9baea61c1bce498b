"""The paid queue: submits once, follows, fetches, cancels. Implements `ports.ImageQueue`.

It must never send a submit twice, send the key to a host that is not configured, or let an
exception of the HTTP library out.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Self

from bot.core.errors import (
    Gone,
    KeyRejected,
    NotSent,
    SubmitUnclear,
    TemporaryFailure,
    Unreachable,
    Upstream,
)
from bot.core.jobs import Picture, PictureLink, Progress, Rendering, Ticket
from bot.fal import failures, history, media
from bot.fal.calls import NEVER_SENT, Calls, FalSettings, named
from bot.fal.follow import Watch
from bot.fal.network import Network
from bot.fal.wire import (
    Addresses,
    Answer,
    Garbled,
    billed_microusd,
    payload,
    rendering_from,
    submit_headers,
    submitted_ticket,
)
from bot.services.ports import CancelAnswer, Order


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
        self._history_url = history.list_url(settings.api_url, settings.model)
        self._media_hosts = settings.media_hosts
        self._can_find = settings.admin_key is not None

    async def __aenter__(self) -> Self:
        await self._calls.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._calls.__aexit__()

    def __repr__(self) -> str:
        return f"FalQueue({self._addresses.submit_url!r})"

    @property
    def can_find(self) -> bool:
        """Whether there is an admin key, and with it a history to look into."""
        return self._can_find

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
        if not answer.is_good:
            raise failures.submit_failure(answer)
        ticket = submitted_ticket(self._addresses, answer)
        if ticket is None:
            raise SubmitUnclear(f"accepted with {answer.status}, but without a usable request id")
        return ticket

    async def find(self, order: Order, *, since_ms: int, known: frozenset[str]) -> Ticket | None:
        """Look for a lost submit in the history; see `ports.ImageQueue.find`."""
        if not self._can_find:
            return None
        request_id = await history.find(
            self._calls, self._history_url, order, since_ms=since_ms, known=known
        )
        return self._addresses.ticket(request_id, {}) if request_id is not None else None

    async def follow(self, ticket: Ticket) -> AsyncGenerator[Progress, None]:
        """Report each change until the request has ended; see `ports.ImageQueue.follow`.

        A caller that stops early closes it, best with `contextlib.aclosing`.
        """
        async with aclosing(Watch(self._calls, self._trusted(ticket)).reports()) as reports:
            async for report in reports:
                yield report

    async def result(self, ticket: Ticket) -> Rendering:
        """Fetch what an ended request made; see `ports.ImageQueue.result`."""
        url, pace = self._trusted(ticket).response_url, self._calls.pace
        failure: Upstream = Unreachable("the result was not asked for")
        for attempt in range(pace.tries):
            if attempt:
                await asyncio.sleep(pace.repeat_first_s * 2 ** (attempt - 1))
            try:
                answer = await self._calls.ask("GET", url)
            except TemporaryFailure as error:
                failure = Unreachable(error.detail)
                continue
            found, is_final = _judged(answer)
            if isinstance(found, Rendering):
                return found
            failure = found
            if is_final:
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
        answer = await self._calls.ask("PUT", trusted.cancel_url)
        if answer.is_good:
            is_removed = (
                answer.status == 200 and (answer.object() or {}).get("success") is not False
            )
            return CancelAnswer.REMOVED if is_removed else CancelAnswer.REQUESTED
        if answer.status == 400:
            return CancelAnswer.TOO_LATE
        if answer.status == 404:
            return CancelAnswer.UNKNOWN
        detail = failures.described(answer)
        if answer.status in (401, 403) and not failures.is_locked(answer):
            raise KeyRejected(detail)
        raise TemporaryFailure(detail)

    async def fetch(self, link: PictureLink) -> Picture:
        """Fetch one picture and check it; see `ports.ImageQueue.fetch`."""
        return await media.fetch(self._calls, self._media_hosts, link)

    def _trusted(self, ticket: Ticket) -> Ticket:
        """Check a ticket from storage, so that the key goes to the configured queue only.

        Raises:
            Gone: Its id is not one that fal ever gave.
        """
        trusted = self._addresses.trusted(ticket)
        if trusted is None:
            raise Gone("the stored request id is not one of fal's")
        return trusted


def _judged(answer: Answer) -> tuple[Rendering | Upstream, bool]:
    """Read the answer to a result call, and tell whether another call can bring no other one."""
    if answer.is_good:
        try:
            return rendering_from(answer), True
        except Garbled as error:
            # A result without pictures: nobody's fault but fal's, and perhaps billed all the same.
            billed = billed_microusd(answer.headers)
            failure = TemporaryFailure(str(error), cost_microusd=billed)
            return failure, answer.object() is not None
    failure = failures.result_failure(answer)
    if not failures.may_pass(answer):
        return failure, True
    if isinstance(failure, TemporaryFailure):
        # Without fal's name on it, it says nothing about the job, which may be paid.
        return Unreachable(failure.detail), False
    return failure, False
