"""What a server did in a range of time, read in pages, the oldest first, for its export.

A page is one statement by an index; nothing is held open between two pages, so an export of any
length keeps no connection from others. A row that is added meanwhile is met if it lies ahead.
"""

from dataclasses import dataclass

from bot.core.jobs import Job
from bot.storage.audit import AuditRow, row_of
from bot.storage.connection import Connection
from bot.storage.entries import Entry, entry_of
from bot.storage.ids import first_id, last_id
from bot.storage.job_rows import job_of

_JOBS = """
SELECT * FROM jobs
WHERE server_id = $1 AND (created_at_ms, id) > ($2, $3) AND created_at_ms < $4
ORDER BY created_at_ms, id LIMIT $5
"""

_ENTRIES = """
SELECT * FROM ledger WHERE server_id = $1 AND id > $2 AND id < $3
ORDER BY id LIMIT $4
"""

_AUDIT = """
SELECT * FROM audit WHERE server_id = $1 AND id > $2 AND id < $3
ORDER BY id LIMIT $4
"""

_NEWEST_MS = (1 << 48) - 1


@dataclass(frozen=True, slots=True)
class Span:
    """A range of time in milliseconds since 1970; None is without an end."""

    since_ms: int | None
    until_ms: int | None


async def jobs(
    conn: Connection, server_id: int, span: Span, after: Job | None, limit: int
) -> list[Job]:
    """Read the jobs that were accepted in a span, after the last one of the page before."""
    # Smaller than every identifier is the empty one.
    start = (after.created_at_ms, after.id) if after else (span.since_ms or 0, "")
    until_ms = _NEWEST_MS if span.until_ms is None else span.until_ms
    rows = await conn.fetch(_JOBS, server_id, *start, until_ms, limit)
    return [job_of(row) for row in rows]


async def entries(
    conn: Connection, server_id: int, span: Span, after: Entry | None, limit: int
) -> list[Entry]:
    """Read the entries of the ledger that were written in a span."""
    start = after.id if after else _before(span)
    rows = await conn.fetch(_ENTRIES, server_id, start, _beyond(span), limit)
    return [entry_of(row) for row in rows]


async def changes(
    conn: Connection, server_id: int, span: Span, after: AuditRow | None, limit: int
) -> list[AuditRow]:
    """Read the rows of the audit that were written in a span."""
    start = after.id if after else _before(span)
    rows = await conn.fetch(_AUDIT, server_id, start, _beyond(span), limit)
    return [row_of(row) for row in rows]


def _before(span: Span) -> str:
    """The largest identifier that is surely of an earlier instant."""
    return last_id(span.since_ms - 1) if span.since_ms else ""


def _beyond(span: Span) -> str:
    return first_id(_NEWEST_MS if span.until_ms is None else span.until_ms)
