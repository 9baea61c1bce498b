"""Who changed what in a server, when and why: rows that are only ever added.

The database refuses a change or a removal by a trigger. A row is written in the transaction of the
change that it tells of, so there is never one without the other.
"""

from dataclasses import dataclass

from bot.storage.connection import Connection, Row
from bot.storage.ids import new_id

HOST = 0
"""The actor of a change that the host made on the command line."""

_APPEND = """
INSERT INTO audit (
    id, server_id, at_ms, actor_id, kind, member_id, job_id, subject, before_, after_, reason
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

_PAGE = """
SELECT * FROM audit
WHERE server_id = $1 AND id < $2
    AND (CAST($3 AS BIGINT) IS NULL OR member_id = $3)
    AND (CAST($4 AS TEXT) IS NULL OR kind = $4)
ORDER BY id DESC LIMIT $5
"""

_AFTER_ALL_IDS = "~"


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody changed.

    Attributes:
        kind: Like `limit.set`; the part before the dot names the thing.
        actor_id: Who did it, `HOST` for the host.
        subject: What it was done to, in words that stay true when the thing is gone.
        before: How it was, None where it was not.
        after: How it is, None where it is no more.
        member_id: The member it concerns, None where it concerns nobody alone.
    """

    kind: str
    actor_id: int
    subject: str
    before: str | None
    after: str | None
    reason: str
    member_id: int | None = None
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A change as it was noted. The time is in milliseconds since 1970."""

    id: str
    at_ms: int
    change: Change


async def append(conn: Connection, server_id: int, change: Change, at_ms: int) -> None:
    """Note a change, in its own transaction."""
    await conn.execute(
        _APPEND,
        new_id(at_ms),
        server_id,
        at_ms,
        change.actor_id,
        change.kind,
        change.member_id,
        change.job_id,
        change.subject,
        change.before,
        change.after,
        change.reason,
    )


async def page(
    conn: Connection,
    *,
    server_id: int,
    member_id: int | None = None,
    kind: str | None = None,
    before_id: str | None = None,
    limit: int = 10,
) -> list[AuditRow]:
    """Read changes, the newest first.

    Args:
        conn: Where to read.
        server_id: The server.
        member_id: Only what concerns this member.
        kind: Only changes of this kind.
        before_id: The last row of the page before.
        limit: The most to return.
    """
    rows = await conn.fetch(_PAGE, server_id, before_id or _AFTER_ALL_IDS, member_id, kind, limit)
    return [_row(row) for row in rows]


def _row(row: Row) -> AuditRow:
    return AuditRow(
        id=row["id"],
        at_ms=row["at_ms"],
        change=Change(
            kind=row["kind"],
            actor_id=row["actor_id"],
            subject=row["subject"],
            before=row["before_"],
            after=row["after_"],
            reason=row["reason"],
            member_id=row["member_id"],
            job_id=row["job_id"],
        ),
    )
