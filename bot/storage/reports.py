"""Reports of pictures: one open at a time for each job, with everybody who joined in it.

The callers hold `write(server_id)`; a report is closed by compare-and-set, so that of moderators
who decide at once only one does.
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.storage.connection import Connection, Row

_INSERT = "INSERT INTO reports (id, server_id, job_id, at_ms) VALUES ($1, $2, $3, $4)"

_GET = "SELECT * FROM reports WHERE server_id = $1 AND id = $2"

_OPEN_OF_JOB = "SELECT * FROM reports WHERE server_id = $1 AND job_id = $2 AND outcome IS NULL"

_CLOSE = """
UPDATE reports SET outcome = $3, closed_by = $4, closed_at_ms = $5
WHERE server_id = $1 AND id = $2 AND outcome IS NULL
RETURNING *
"""

_ADD_VOICE = """
INSERT INTO report_voices (report_id, reporter_id, server_id, reason, at_ms)
VALUES ($1, $2, $3, $4, $5)
"""

_VOICES = "SELECT * FROM report_voices WHERE report_id = $1 ORDER BY at_ms, reporter_id"

_HAS_REPORTED = """
SELECT 1 AS found FROM reports JOIN report_voices ON report_voices.report_id = reports.id
WHERE reports.job_id = $1 AND report_voices.reporter_id = $2
LIMIT 1
"""

_SINCE = """
SELECT at_ms FROM report_voices
WHERE server_id = $1 AND reporter_id = $2 AND at_ms > $3
ORDER BY at_ms
"""


class Outcome(StrEnum):
    """What a moderator decided about a report."""

    REMOVE = "remove"
    WARN = "warn"
    BLOCK = "block"
    DISMISS = "dismiss"


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it is stored. Times are in milliseconds since 1970.

    Attributes:
        outcome: None while it is open.
    """

    id: str
    server_id: int
    job_id: str
    at_ms: int
    outcome: Outcome | None = None
    closed_by: int | None = None
    closed_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """One member's part in a report."""

    reporter_id: int
    reason: str


async def insert(conn: Connection, report: Report) -> None:
    """Store a report that is open.

    Raises:
        Broken: The job has an open one already.
    """
    await conn.execute(_INSERT, report.id, report.server_id, report.job_id, report.at_ms)


async def get(conn: Connection, server_id: int, report_id: str) -> Report | None:
    """Read a report of a server."""
    row = await conn.fetch_one(_GET, server_id, report_id)
    return _report(row) if row else None


async def open_of(conn: Connection, server_id: int, job_id: str) -> Report | None:
    """Read the open report of a job."""
    row = await conn.fetch_one(_OPEN_OF_JOB, server_id, job_id)
    return _report(row) if row else None


async def close(
    conn: Connection, server_id: int, report_id: str, outcome: Outcome, *, by: int, at_ms: int
) -> Report | None:
    """Decide an open report; None where there is none of that id that is open."""
    row = await conn.fetch_one(_CLOSE, server_id, report_id, outcome.value, by, at_ms)
    return _report(row) if row else None


async def add_voice(conn: Connection, report: Report, voice: Voice, at_ms: int) -> None:
    """Let a member join in a report, who has not yet."""
    await conn.execute(
        _ADD_VOICE, report.id, voice.reporter_id, report.server_id, voice.reason, at_ms
    )


async def voices(conn: Connection, report_id: str) -> list[Voice]:
    """Read who joined in a report, the first first."""
    return [
        Voice(row["reporter_id"], row["reason"]) for row in await conn.fetch(_VOICES, report_id)
    ]


async def has_reported(conn: Connection, job_id: str, reporter_id: int) -> bool:
    """Whether a member has joined in any report of a job, open or closed."""
    return await conn.fetch_one(_HAS_REPORTED, job_id, reporter_id) is not None


async def times_since(
    conn: Connection, server_id: int, reporter_id: int, since_ms: int
) -> list[int]:
    """Read when a member reported something in a server since an instant, the oldest first."""
    return [row["at_ms"] for row in await conn.fetch(_SINCE, server_id, reporter_id, since_ms)]


def _report(row: Row) -> Report:
    return Report(
        id=row["id"],
        server_id=row["server_id"],
        job_id=row["job_id"],
        at_ms=row["at_ms"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        closed_by=row["closed_by"],
        closed_at_ms=row["closed_at_ms"],
    )
