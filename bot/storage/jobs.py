"""Jobs as rows: inserted once, moved by compare-and-set, each move recorded in the same breath.

A job never changes its state by any other way than `advance`, and never without a row in
`job_history`. The interaction token is a secret and is wiped when it is of no more use: with the
delivery, or once the member has been told that there is none.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.core.errors import StaleState
from bot.core.jobs import Event, Hitch, Job, State, next_state
from bot.storage.connection import Connection
from bot.storage.job_rows import (
    ADVANCE_JOB,
    INSERT_JOB,
    NO_CHANGES,
    JobChanges,
    change_values,
    job_of,
    values_of,
)
from bot.storage.job_searches import (
    count_losses,
    losses_beside,
    next_search_ms,
    refuted,
    search_again,
    search_due,
    stop_search,
)
from bot.storage.usage import add_outcome

__all__ = [
    "CREATION",
    "NO_CHANGES",
    "PAGE_ROWS",
    "JobChanges",
    "PossibleLoss",
    "Step",
    "advance",
    "count_losses",
    "count_unfinished",
    "everything",
    "get",
    "history",
    "insert",
    "is_known_request",
    "losses_beside",
    "next_search_ms",
    "of_message",
    "possible_loss",
    "recent",
    "refuted",
    "request_cancel",
    "search_again",
    "search_due",
    "set_cost",
    "set_message",
    "state_of",
    "stop_search",
    "told",
    "unfinished",
    "untold",
]

_HITCH = "hitch"
_NOTE_KINDS = {Event.SUBMIT: "attempt", Event.DELIVER: "route"}
"""What a note is at these events; elsewhere it is a `Hitch`, or what somebody outside said."""

CREATION = "create"
"""Stands for the event in the first row of a job's history."""

PAGE_ROWS = 500

_INSERT_FIRST_STEP = """
INSERT INTO job_history (job_id, seq, from_state, event, to_state, at_ms, note, note_kind)
VALUES ($1, 1, NULL, $2, $3, $4, '', 'said')
"""

_INSERT_STEP = """
INSERT INTO job_history (job_id, seq, from_state, event, to_state, at_ms, note, note_kind)
SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, CAST($5 AS BIGINT), $6, $7
FROM job_history WHERE job_id = $1
"""

_SELECT = "SELECT * FROM jobs WHERE id = $1"

_SELECT_STATE = "SELECT state FROM jobs WHERE id = $1"

_SELECT_OF_MESSAGE = """
SELECT * FROM jobs WHERE message_id = $1 AND server_id = $2 ORDER BY created_at_ms DESC LIMIT 1
"""

_SELECT_UNFINISHED = """
SELECT * FROM jobs
WHERE state IN ('held', 'submitting', 'unclear', 'queued', 'rendered')
ORDER BY created_at_ms, id
"""

_COUNT_UNFINISHED = """
SELECT COUNT(*) AS jobs FROM jobs
WHERE state IN ('held', 'submitting', 'unclear', 'queued', 'rendered')
    AND server_id = $1 AND member_id = $2
"""

_SET_MESSAGE = "UPDATE jobs SET message_id = $2 WHERE id = $1"

_SET_COST = "UPDATE jobs SET cost_microusd = $2, cost_is_computed = 0 WHERE id = $1"

_REQUEST_CANCEL = """
UPDATE jobs SET cancel_by = $2, cancel_at_ms = $3
WHERE id = $1 AND cancel_by IS NULL
    AND state IN ('held', 'submitting', 'unclear', 'queued', 'rendered')
RETURNING *
"""

_SELECT_UNTOLD = """
SELECT * FROM jobs
WHERE state IN ('failed', 'cancelled', 'undelivered') AND interaction_token IS NOT NULL
    AND ended_at_ms >= $1
ORDER BY ended_at_ms, id
"""

_TOLD = "UPDATE jobs SET interaction_token = NULL WHERE id = $1 RETURNING *"

_POSSIBLE_LOSS = """
SELECT COUNT(*) AS jobs, CAST(COALESCE(SUM(possible_loss_microusd), 0) AS BIGINT) AS microusd
FROM jobs WHERE possible_loss_microusd > 0
"""

_SELECT_OF_REQUEST = "SELECT id FROM jobs WHERE fal_request_id = $1"

_SELECT_HISTORY = "SELECT * FROM job_history WHERE job_id = $1 ORDER BY seq"

_SELECT_RECENT_OF_SERVER = """
SELECT * FROM jobs WHERE server_id = $1 AND (created_at_ms, id) < ($2, $3)
ORDER BY created_at_ms DESC, id DESC LIMIT $4
"""

_SELECT_RECENT_OF_MEMBER = """
SELECT * FROM jobs
WHERE server_id = $1 AND member_id = $5 AND (created_at_ms, id) < ($2, $3)
ORDER BY created_at_ms DESC, id DESC LIMIT $4
"""

_SELECT_PAGE = """
SELECT * FROM jobs WHERE (created_at_ms, id) > ($1, $2) ORDER BY created_at_ms, id LIMIT $3
"""

_SELECT_PAGE_OF_SERVER = """
SELECT * FROM jobs WHERE server_id = $1 AND (created_at_ms, id) > ($2, $3)
ORDER BY created_at_ms, id LIMIT $4
"""

_AT_MS_MAX = 2**62


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a job's history.

    Attributes:
        from_state: None for the creation.
        event: The value of an `Event`, or `CREATION`.
        note: The attempt of a submit, the route of a delivery, what somebody outside said, or what
            the bot itself has to say.
    """

    seq: int
    from_state: State | None
    event: str
    to_state: State
    at_ms: int
    note: str | Hitch


@dataclass(frozen=True, slots=True)
class PossibleLoss:
    """What fal may have billed for jobs that were given back to their members."""

    jobs: int
    microusd: int


async def insert(conn: Connection, job: Job, at_ms: int) -> None:
    """Store a new job and the first row of its history.

    Raises:
        Broken: There is a job of that id or of that ticket already.
    """
    await conn.execute(INSERT_JOB, *values_of(job))
    await conn.execute(_INSERT_FIRST_STEP, job.id, CREATION, job.state.value, at_ms)


async def get(conn: Connection, job_id: str) -> Job | None:
    """Read a job; None where there is none of that id."""
    row = await conn.fetch_one(_SELECT, job_id)
    return job_of(row) if row else None


async def of_message(conn: Connection, server_id: int, message_id: int) -> Job | None:
    """Read the job of a server that a message shows; None where it shows none."""
    row = await conn.fetch_one(_SELECT_OF_MESSAGE, message_id, server_id)
    return job_of(row) if row else None


async def advance(  # noqa: PLR0913 - all named; a move is nothing without any of them
    conn: Connection,
    job_id: str,
    *,
    expected: State,
    event: Event,
    at_ms: int,
    note: str = "",
    changes: JobChanges = NO_CHANGES,
) -> Job:
    """Move a job from the state it is expected to be in, and record the step.

    The times of sending, of the result and of the end are set by the state that is reached; an end
    that only learns something more keeps its time. A search that begins is due at once.

    Returns:
        The job as it is now.

    Raises:
        StaleState: The event is illegal, or the job is in another state, or there is none, or it
            has ended and another reason is named; nothing was changed.
    """
    state = next_state(expected, event)
    if expected.is_ended and changes.reason is not None:
        # How it ended is counted by its reason.
        raise StaleState(f"job {job_id} is {expected}, so its reason stays as it is")
    row = await conn.fetch_one(
        ADVANCE_JOB,
        job_id,
        expected.value,
        state.value,
        *change_values(changes),
        at_ms if state is State.SUBMITTING else None,
        at_ms if state is State.RENDERED else None,
        at_ms if state.is_ended and state is not expected else None,
        at_ms,
    )
    if row is None:
        raise StaleState(f"job {job_id} is not {expected}, so it cannot {event}")
    kind = _HITCH if isinstance(note, Hitch) else _NOTE_KINDS.get(event, "said")
    step = (expected.value, event.value, state.value, at_ms, str(note), kind)
    await conn.execute(_INSERT_STEP, job_id, *step)
    job = job_of(row)
    await add_outcome(conn, job, expected)
    return job


async def unfinished(conn: Connection) -> list[Job]:
    """Read every job that has not ended, in the order of creation."""
    return [job_of(row) for row in await conn.fetch(_SELECT_UNFINISHED)]


async def count_unfinished(conn: Connection, *, server_id: int, member_id: int) -> int:
    """Count a member's jobs in a server that have not ended."""
    row = await conn.fetch_one(_COUNT_UNFINISHED, server_id, member_id)
    return int(row["jobs"]) if row else 0


async def set_message(conn: Connection, job_id: str, message_id: int) -> None:
    """Note the message that shows a job.

    Raises:
        StaleState: There is no such job.
    """
    if await conn.execute(_SET_MESSAGE, job_id, message_id) != 1:
        raise StaleState(f"there is no job {job_id}")


async def set_cost(conn: Connection, job_id: str, cost_microusd: int) -> None:
    """Note what fal's bill says for a job, beside the adjustment that books it.

    Raises:
        StaleState: There is no such job.
    """
    if await conn.execute(_SET_COST, job_id, cost_microusd) != 1:
        raise StaleState(f"there is no job {job_id}")


async def request_cancel(conn: Connection, job_id: str, by: int, at_ms: int) -> Job:
    """Note who asked to cancel a job; the first one stays, and an ended job is left alone.

    Raises:
        StaleState: There is no such job.
    """
    row = await conn.fetch_one(_REQUEST_CANCEL, job_id, by, at_ms)
    job = job_of(row) if row else await get(conn, job_id)
    if job is None:
        raise StaleState(f"there is no job {job_id}")
    return job


async def untold(conn: Connection, since_ms: int) -> list[Job]:
    """Read the jobs that ended without pictures since then and whose card may not say so."""
    return [job_of(row) for row in await conn.fetch(_SELECT_UNTOLD, since_ms)]


async def told(conn: Connection, job_id: str) -> Job:
    """Note that the member knows how the job ended, and wipe its token.

    Raises:
        StaleState: There is no such job.
    """
    row = await conn.fetch_one(_TOLD, job_id)
    if row is None:
        raise StaleState(f"there is no job {job_id}")
    return job_of(row)


async def possible_loss(conn: Connection) -> PossibleLoss:
    """Sum up the jobs that are in doubt: nobody knows whether fal made and billed them."""
    row = await conn.fetch_one(_POSSIBLE_LOSS)
    return PossibleLoss(row["jobs"], row["microusd"]) if row else PossibleLoss(0, 0)


async def state_of(conn: Connection, job_id: str) -> State | None:
    """Read where a job stands, None where there is none."""
    row = await conn.fetch_one(_SELECT_STATE, job_id)
    return State(row["state"]) if row else None


async def is_known_request(conn: Connection, request_id: str) -> bool:
    """Whether a request of fal's belongs to a job already."""
    return await conn.fetch_one(_SELECT_OF_REQUEST, request_id) is not None


async def history(conn: Connection, job_id: str) -> list[Step]:
    """Read the steps of a job, the creation first."""
    return [
        Step(
            row["seq"],
            State(row["from_state"]) if row["from_state"] else None,
            row["event"],
            State(row["to_state"]),
            row["at_ms"],
            Hitch(row["note"]) if row["note_kind"] == _HITCH else row["note"],
        )
        for row in await conn.fetch(_SELECT_HISTORY, job_id)
    ]


async def recent(
    conn: Connection,
    *,
    server_id: int,
    member_id: int | None = None,
    before: Job | None = None,
    limit: int = 10,
) -> list[Job]:
    """Read the newest jobs of a server, or of one member in it, the newest first.

    Args:
        conn: Where to read.
        server_id: The server.
        member_id: None for all members.
        before: The last job of the page before this one.
        limit: The most to return.
    """
    at_ms, job_id = (before.created_at_ms, before.id) if before else (_AT_MS_MAX, "")
    if member_id is None:
        rows = await conn.fetch(_SELECT_RECENT_OF_SERVER, server_id, at_ms, job_id, limit)
    else:
        rows = await conn.fetch(
            _SELECT_RECENT_OF_MEMBER, server_id, at_ms, job_id, limit, member_id
        )
    return [job_of(row) for row in rows]


async def everything(conn: Connection, server_id: int | None = None) -> AsyncIterator[Job]:
    """Go through all jobs, or those of a server, the oldest first, with a page in memory."""
    at_ms, job_id = -1, ""
    while True:
        if server_id is None:
            rows = await conn.fetch(_SELECT_PAGE, at_ms, job_id, PAGE_ROWS)
        else:
            rows = await conn.fetch(_SELECT_PAGE_OF_SERVER, server_id, at_ms, job_id, PAGE_ROWS)
        for row in rows:
            yield job_of(row)
        if len(rows) < PAGE_ROWS:
            return
        at_ms, job_id = rows[-1]["created_at_ms"], rows[-1]["id"]
