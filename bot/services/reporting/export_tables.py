"""What the columns of a server's exports are, and where their rows come from.

Times are ISO 8601 in UTC; an amount is given in micro-dollars and beside it in dollars with six
decimals. The names of the columns never change. Secrets and addresses at fal are never in them.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar

from bot.core.audit import AuditRow, Change, Words
from bot.core.jobs import Job
from bot.services.reporting.listings import csv_cell, iso
from bot.storage import extracts
from bot.storage.connection import Connection
from bot.storage.csv_writer import Cell
from bot.storage.entries import Entry
from bot.storage.extracts import Span

_R = TypeVar("_R", Job, Entry, AuditRow)


class What(StrEnum):
    """What can be exported."""

    JOBS = "jobs"
    LEDGER = "ledger"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Table(Generic[_R]):
    """One kind of row.

    Attributes:
        page: Reads rows of a server in a span, after the last one of the page before.
        at_ms: The instant by which a row is in a span or not.
        columns: What stands in a column, by its name.
    """

    page: Callable[[Connection, int, Span, _R | None, int], Awaitable[list[_R]]]
    at_ms: Callable[[_R], int]
    columns: dict[str, Callable[[_R], Cell]]

    def cells(self, row: _R) -> Sequence[Cell]:
        """Spread a row over the columns."""
        return [cell(row) for cell in self.columns.values()]


def _usd(microusd: int | None) -> Decimal | None:
    return None if microusd is None else Decimal(microusd).scaleb(-6)


def _iso(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)


_JOBS: Table[Job] = Table(
    page=extracts.jobs,
    at_ms=lambda job: job.created_at_ms,
    columns={
        "id": lambda job: job.id,
        "created_at": lambda job: iso(job.created_at_ms),
        "state": lambda job: job.state.value,
        "reason": lambda job: job.reason.value if job.reason else None,
        "member_id": lambda job: job.member_id,
        "channel_id": lambda job: job.channel_id,
        "message_id": lambda job: job.message_id,
        "prompt": lambda job: csv_cell(job.prompt),
        "width": lambda job: job.size.width,
        "height": lambda job: job.size.height,
        "quality": lambda job: job.quality,
        "count": lambda job: job.count,
        "format": lambda job: job.format.value,
        "private": lambda job: int(job.private),
        "pictures": lambda job: job.pictures,
        "held_microusd": lambda job: job.held_microusd,
        "held_usd": lambda job: _usd(job.held_microusd),
        "cost_microusd": lambda job: job.cost_microusd,
        "cost_usd": lambda job: _usd(job.cost_microusd),
        "cost_is_computed": lambda job: int(job.cost_is_computed),
        "possible_loss_microusd": lambda job: job.possible_loss_microusd,
        "fal_request_id": lambda job: csv_cell(job.ticket.request_id) if job.ticket else None,
        "cancel_by": lambda job: job.cancel_by,
        "removed_by": lambda job: job.removed_by,
        "submitted_at": lambda job: _iso(job.submitted_at_ms),
        "rendered_at": lambda job: _iso(job.rendered_at_ms),
        "ended_at": lambda job: _iso(job.ended_at_ms),
        "removed_at": lambda job: _iso(job.removed_at_ms),
    },
)

_LEDGER: Table[Entry] = Table(
    page=extracts.entries,
    at_ms=lambda entry: entry.at_ms,
    columns={
        "id": lambda entry: entry.id,
        "at": lambda entry: iso(entry.at_ms),
        "day": lambda entry: entry.day,
        "kind": lambda entry: entry.kind,
        "job_id": lambda entry: entry.job_id,
        "member_id": lambda entry: entry.member_id,
        "channel_id": lambda entry: entry.channel_id,
        "source": lambda entry: entry.source,
        "cost_images": lambda entry: entry.images,
        "cost_microusd": lambda entry: entry.microusd,
        "cost_usd": lambda entry: _usd(entry.microusd),
        "charge_images": lambda entry: entry.charge_images,
        "charge_microusd": lambda entry: entry.charge_microusd,
        "charge_usd": lambda entry: _usd(entry.charge_microusd),
        "gift_images": lambda entry: entry.gift_images,
        "gift_microusd": lambda entry: entry.gift_microusd,
        "gift_usd": lambda entry: _usd(entry.gift_microusd),
    },
)


def _audit(words: Callable[[Change], Words]) -> Table[AuditRow]:
    return Table(
        page=extracts.changes,
        at_ms=lambda row: row.at_ms,
        columns={
            "id": lambda row: row.id,
            "at": lambda row: iso(row.at_ms),
            "kind": lambda row: row.change.kind,
            "actor_id": lambda row: row.change.actor_id,
            "member_id": lambda row: row.change.member_id,
            "job_id": lambda row: row.change.job_id,
            "subject": lambda row: csv_cell(words(row.change).subject),
            "before": lambda row: csv_cell(words(row.change).before),
            "after": lambda row: csv_cell(words(row.change).after),
            "reason": lambda row: csv_cell(words(row.change).reason),
            "facts": lambda row: json.dumps(row.change.facts, ensure_ascii=False),
        },
    )


def table_of(what: What, words: Callable[[Change], Words]) -> Table[Any]:
    """Choose a table; the changes of the audit are put into words by a function of the edge."""
    return {What.JOBS: _JOBS, What.LEDGER: _LEDGER, What.AUDIT: _audit(words)}[what]
