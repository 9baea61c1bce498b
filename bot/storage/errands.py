"""What Discord is still to be told of moderators' decisions; rows go once it is done."""

from dataclasses import dataclass
from enum import StrEnum

from bot.storage.connection import Connection, Row

_ADD = """
INSERT INTO errands (id, server_id, kind, job_id, reason, at_ms, tries, due_ms)
VALUES ($1, $2, $3, $4, $5, $6, 0, $6)
"""
_GET = "SELECT * FROM errands WHERE id = $1"
_DUE = "SELECT * FROM errands WHERE due_ms <= $1 ORDER BY due_ms, id LIMIT $2"
_PUT_OFF = "UPDATE errands SET tries = tries + 1, due_ms = $2 WHERE id = $1"
_DELETE = "DELETE FROM errands WHERE id = $1"


class Kind(StrEnum):
    """What is to be done."""

    CLEAR = "clear"
    """Take the pictures out of the job's message."""
    WARN = "warn"
    """Send the job's member a warning."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing to do. Times are in milliseconds since 1970.

    Attributes:
        reason: What the moderator wrote; people read it.
        tries: How often it was in vain.
    """

    id: str
    server_id: int
    kind: Kind
    job_id: str
    reason: str
    at_ms: int
    tries: int = 0


async def add(conn: Connection, errand: Errand) -> None:
    """Note an errand, in the transaction of the decision; it is due at once."""
    await conn.execute(
        _ADD,
        errand.id,
        errand.server_id,
        errand.kind.value,
        errand.job_id,
        errand.reason,
        errand.at_ms,
    )


async def get(conn: Connection, errand_id: str) -> Errand | None:
    """Read an errand; None where it is done."""
    row = await conn.fetch_one(_GET, errand_id)
    return _errand(row) if row else None


async def due(conn: Connection, now_ms: int, limit: int) -> list[Errand]:
    """Read the errands that are due, the longest waiting first."""
    return [_errand(row) for row in await conn.fetch(_DUE, now_ms, limit)]


async def put_off(conn: Connection, errand_id: str, until_ms: int) -> None:
    """Note a try in vain and when the next one is due."""
    await conn.execute(_PUT_OFF, errand_id, until_ms)


async def delete(conn: Connection, errand_id: str) -> None:
    """Forget an errand; a second call does nothing."""
    await conn.execute(_DELETE, errand_id)


def _errand(row: Row) -> Errand:
    return Errand(
        id=row["id"],
        server_id=row["server_id"],
        kind=Kind(row["kind"]),
        job_id=row["job_id"],
        reason=row["reason"],
        at_ms=row["at_ms"],
        tries=row["tries"],
    )
