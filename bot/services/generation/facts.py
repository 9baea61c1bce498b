"""Commits what was learned from outside and cannot be learned twice, and replays what was not.

These facts are kept whatever the database does: fal's ticket, fal's result with its bill, and the
messages in which the pictures stand. Each is a change that is safe to make again: a fact that is
known already changes nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bot.core.errors import StaleState, StorageTrouble
from bot.core.jobs import Job, PictureLink, Rendering, State, Ticket
from bot.services.generation.books import Books
from bot.services.generation.late_books import LateBooks
from bot.services.ports import Delivered
from bot.services.retry import retry
from bot.storage.journal import Fact, Journal

_log = logging.getLogger(__name__)


class Facts:
    """The books, with a journal behind them."""

    def __init__(self, books: Books, late: LateBooks, journal: Journal) -> None:
        self._books = books
        self._late = late
        self._journal = journal

    async def accept(self, job: Job, ticket: Ticket) -> Job:
        """fal has the job, whatever state it has come to meanwhile."""
        fact = Fact(job.id, "ticket", asdict(ticket))
        what = f"accepted as {ticket.request_id}"
        return await self._insist(lambda: self._books.accept(job, ticket), what, fact)

    async def render(self, job: Job, rendering: Rendering) -> Job:
        """The pictures are made."""
        fact = Fact(job.id, "rendering", _rendering_body(rendering))
        return await self._insist(lambda: self._books.render(job, rendering), "rendered", fact)

    async def deliver(self, job: Job, delivered: Delivered, arrived: Sequence[int]) -> Job:
        """The member has pictures."""
        fact = Fact(job.id, "posted", {**asdict(delivered), "arrived": list(arrived)})
        try:
            return await self._insist(
                lambda: self._books.deliver(job, delivered, arrived), "delivered", fact
            )
        except StaleState:
            stored = await self._books.get(job.id)
            if stored is None or stored.state is not State.DELIVERED:
                raise
            # Another process was faster, perhaps with fewer of them.
            missing = [index for index in arrived if not stored.links[index].arrived]
            return await self.add(stored, delivered, missing) if missing else stored

    async def add(self, job: Job, delivered: Delivered, arrived: list[int]) -> Job:
        """The member has pictures that came after the others."""
        fact = Fact(job.id, "added", {**asdict(delivered), "arrived": arrived})
        return await self._insist(lambda: self._late.add(job, arrived), "posted late", fact)

    async def _insist(self, change: Any, what: str, fact: Fact) -> Job:  # noqa: ANN401 - see retry
        return await retry(change, fact.job_id, what, fact=fact, journal=self._journal)

    async def replay(self) -> int:
        """Commit what an earlier process could not; returns how many facts there were."""
        found = await self._journal.read()
        for fact in found:
            try:
                await retry(lambda one=fact: self._again(one), fact.job_id, f"{fact.kind} again")
            except (StaleState, LookupError, TypeError, ValueError) as error:
                about = {"job_id": fact.job_id, "kind": fact.kind, "detail": str(error)}
                _log.error("fact of the journal does not fit its job", extra=about)
            except StorageTrouble as error:
                # The database is well and refuses it: it stays in the journal for the host to see.
                about = {"job_id": fact.job_id, "kind": fact.kind, "detail": str(error)}
                _log.error("fact of the journal is refused", extra=about)
                continue
            await self._journal.settle(fact)
        return len(found)

    async def _again(self, fact: Fact) -> None:
        job = await self._books.get(fact.job_id)
        if job is None:
            raise StaleState("there is no such job")
        body = fact.body
        if fact.kind == "ticket":
            await self._books.accept(job, Ticket(**body))
        elif fact.kind == "rendering" and job.state is State.QUEUED:
            await self._books.render(job, _rendering_of(body))
        elif fact.kind == "posted" and job.state is State.RENDERED:
            delivered = Delivered(body["message_id"], body["channel_id"], body["route"])
            await self._books.deliver(job, delivered, body["arrived"])
        elif fact.kind == "added" and job.state is State.DELIVERED:
            arrived: list[int] = body["arrived"]
            missing = [index for index in arrived if not job.links[index].arrived]
            if missing:
                await self._late.add(job, missing)


def _rendering_body(rendering: Rendering) -> dict[str, Any]:
    return {
        "pictures": [asdict(link) for link in rendering.pictures],
        "billed_microusd": rendering.billed_microusd,
        "nameless": rendering.nameless,
    }


def _rendering_of(body: dict[str, Any]) -> Rendering:
    links = tuple(PictureLink(**link) for link in body["pictures"])
    return Rendering(links, body["billed_microusd"], body["nameless"])
