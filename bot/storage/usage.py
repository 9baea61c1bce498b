"""What a server spent, by local day, quality and member, and how its jobs ended: kept for reports.

Three tables of daily counts are written in the transactions of what they count, so that a report
over a million entries reads some thousand rows. `ledger.check` proves two of them against ledger
and jobs; of refusals before acceptance nothing else is kept. A job counts on the day of its hold,
and once it is resolved: what is still held is read from the jobs that are open now.
"""

from dataclasses import dataclass, field

from bot.core.jobs import Job, Reason, State
from bot.storage.connection import Connection, Row

PAGE_ROWS = 1000

CONTENT = "content"
"""The outcome of a job that the model's content check refused; others are named by their state."""

_FIGURES = "jobs, images, microusd, charge_images, charge_microusd, gift_images, gift_microusd"

_SUMS = ", ".join(
    f"CAST(COALESCE(SUM({name}), 0) AS BIGINT) AS {name}" for name in _FIGURES.split(", ")
)

_ADD_ENTRY = f"""
INSERT INTO daily_usage (server_id, day, member_id, quality, {_FIGURES})
SELECT server_id, day, member_id, quality, {_FIGURES} FROM spent WHERE id = $1
ON CONFLICT (server_id, day, member_id, quality) DO UPDATE SET
    jobs = daily_usage.jobs + excluded.jobs,
    images = daily_usage.images + excluded.images,
    microusd = daily_usage.microusd + excluded.microusd,
    charge_images = daily_usage.charge_images + excluded.charge_images,
    charge_microusd = daily_usage.charge_microusd + excluded.charge_microusd,
    gift_images = daily_usage.gift_images + excluded.gift_images,
    gift_microusd = daily_usage.gift_microusd + excluded.gift_microusd
"""  # noqa: S608 - column names only

_ADD_OUTCOME = """
INSERT INTO daily_outcomes (server_id, day, outcome, jobs)
SELECT server_id, day, $2, CAST($3 AS BIGINT) FROM ledger WHERE job_id = $1 AND kind = 'hold'
ON CONFLICT (server_id, day, outcome) DO UPDATE SET jobs = daily_outcomes.jobs + excluded.jobs
"""

_ADD_REFUSAL = """
INSERT INTO refusals (server_id, day, reason, times) VALUES ($1, $2, $3, 1)
ON CONFLICT (server_id, day, reason) DO UPDATE SET times = refusals.times + 1
"""

_CHOSEN = "server_id = $1 AND day >= $2 AND day <= $3"

# One statement, so that all of it is of one moment. Open jobs are few and have an index of their
# own; the sum keeps the engine from taking the server's index, which holds every job there was.
_REPORT = f"""
WITH by_day AS (
    SELECT day, quality, {_SUMS} FROM daily_usage WHERE {_CHOSEN} GROUP BY day, quality
), by_member AS (
    SELECT member_id, {_SUMS} FROM daily_usage WHERE {_CHOSEN} GROUP BY member_id
)
SELECT 'day' AS part, day AS name, quality AS more, {_FIGURES} FROM by_day
UNION ALL SELECT * FROM (
    SELECT 'member', CAST(member_id AS TEXT), '', {_FIGURES} FROM by_member
    ORDER BY microusd DESC, images DESC, jobs DESC, member_id LIMIT $4
) AS top
UNION ALL SELECT 'members', '', '', COUNT(*), 0, 0, 0, 0, 0, 0 FROM by_member WHERE jobs > 0
UNION ALL SELECT 'outcome', outcome, '', CAST(SUM(jobs) AS BIGINT), 0, 0, 0, 0, 0, 0
FROM daily_outcomes WHERE {_CHOSEN} GROUP BY outcome HAVING SUM(jobs) <> 0
UNION ALL SELECT 'refusal', reason, '', CAST(SUM(times) AS BIGINT), 0, 0, 0, 0, 0, 0
FROM refusals WHERE {_CHOSEN} GROUP BY reason
UNION ALL SELECT 'open', state, '', COUNT(*), CAST(SUM(count) AS BIGINT),
    CAST(SUM(held_microusd) AS BIGINT), 0, 0, 0, 0
FROM jobs WHERE state IN ('held', 'submitting', 'unclear', 'queued', 'rendered')
    AND server_id + 0 = $1 GROUP BY state
"""  # noqa: S608 - column names only

_SELECT_PAGE = """
SELECT * FROM daily_usage
WHERE server_id = $1 AND day <= $2 AND (day, member_id, quality) > ($3, $4, $5)
ORDER BY day, member_id, quality LIMIT $6
"""

_BY_SERVER = f"""
SELECT server_id, {_SUMS} FROM daily_usage WHERE day >= $1 AND day <= $2
GROUP BY server_id ORDER BY microusd DESC, images DESC, jobs DESC, server_id
"""  # noqa: S608 - column names only


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over jobs that are resolved.

    Attributes:
        images: Pictures that were made, with `microusd` the cost: what fal bills the host.
        charge_images: Pictures that members pay for, with `charge_microusd`: those that arrived.
        gift_images: What of the charge gifts paid, with `gift_microusd`.
    """

    jobs: int = 0
    images: int = 0
    microusd: int = 0
    charge_images: int = 0
    charge_microusd: int = 0
    gift_images: int = 0
    gift_microusd: int = 0

    def plus(self, other: "Figures") -> "Figures":
        """Add two."""
        return Figures(*(a + b for a, b in zip(_values(self), _values(other), strict=True)))

    def minus(self, other: "Figures") -> "Figures":
        """Take one from the other."""
        return Figures(*(a - b for a, b in zip(_values(self), _values(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one server over a range of local days.

    Attributes:
        days: By day and quality, the earliest first; only where there was something.
        members: Those who cost the most, by their ids, the dearest first.
        members_in_all: How many members had jobs that are resolved.
        outcomes: How many jobs ended, by state, or `CONTENT`.
        refusals: How many requests were refused before anything was held, by reason.
        open: Jobs that are not resolved now, whatever the range, with what they hold.
        rendered: Jobs that are paid and not yet delivered, whatever the range.
    """

    days: dict[tuple[str, str], Figures] = field(default_factory=dict[tuple[str, str], Figures])
    members: dict[int, Figures] = field(default_factory=dict[int, Figures])
    members_in_all: int = 0
    outcomes: dict[str, int] = field(default_factory=dict[str, int])
    refusals: dict[str, int] = field(default_factory=dict[str, int])
    open: Figures = Figures()
    rendered: int = 0


@dataclass(frozen=True, slots=True)
class DailyUsage:
    """What one member spent on one day with one quality."""

    day: str
    member_id: int
    quality: str
    figures: Figures


async def add_entry(conn: Connection, entry_id: str) -> None:
    """Count an entry of the ledger that resolves a job, or changes what it came to."""
    await conn.execute(_ADD_ENTRY, entry_id)


async def add_outcome(conn: Connection, job: Job, before: State) -> None:
    """Count how a job ended, if it did, in the transaction of the change.

    Args:
        conn: A connection of `write(job.server_id)`.
        job: As it is now.
        before: The state it was in. What had ended may have found its pictures after all, and
            counts no longer as it did; its reason must be what it was.
    """
    if job.state is before:
        return
    if before.is_ended:
        await conn.execute(_ADD_OUTCOME, job.id, _outcome(before, job.reason), -1)
    if job.state.is_ended:
        await conn.execute(_ADD_OUTCOME, job.id, _outcome(job.state, job.reason), 1)


def _outcome(state: State, reason: Reason | None) -> str:
    is_content = state is State.FAILED and reason is Reason.CONTENT
    return CONTENT if is_content else state.value


async def add_refusal(conn: Connection, server_id: int, *, day: str, reason: str) -> None:
    """Count a request that was refused before anything was held."""
    await conn.execute(_ADD_REFUSAL, server_id, day, reason)


async def report(
    conn: Connection, server_id: int, *, first_day: str, last_day: str, members: int = 10
) -> Report:
    """Read the figures of a server.

    Args:
        conn: Where to read.
        server_id: The server.
        first_day: The first local day, `YYYY-MM-DD`.
        last_day: The last one, itself included.
        members: How many members to name at most.
    """
    found = Report()
    members_in_all, open_jobs, rendered = 0, Figures(), 0
    for row in await conn.fetch(_REPORT, server_id, first_day, last_day, members):
        match row["part"], row["name"]:
            case "day", day:
                found.days[day, row["more"]] = _figures(row)
            case "member", member_id:
                found.members[int(member_id)] = _figures(row)
            case "members", _:
                members_in_all = row["jobs"]
            case "outcome", outcome:
                found.outcomes[outcome] = row["jobs"]
            case "refusal", reason:
                found.refusals[reason] = row["jobs"]
            case _, State.RENDERED:
                rendered = row["jobs"]
            case _:
                open_jobs = open_jobs.plus(_figures(row))
    return Report(
        dict(sorted(found.days.items())),
        found.members,
        members_in_all,
        found.outcomes,
        found.refusals,
        open_jobs,
        rendered,
    )


async def page(
    conn: Connection,
    server_id: int,
    *,
    first_day: str,
    last_day: str,
    after: DailyUsage | None = None,
) -> list[DailyUsage]:
    """Read at most `PAGE_ROWS` of a server's days, members and qualities, in that order.

    Args:
        conn: Where to read.
        server_id: The server.
        first_day: The first local day, `YYYY-MM-DD`.
        last_day: The last one, itself included.
        after: The last row of the page before.
    """
    start = (after.day, after.member_id, after.quality) if after else (first_day, -1, "")
    return [
        DailyUsage(row["day"], row["member_id"], row["quality"], _figures(row))
        for row in await conn.fetch(_SELECT_PAGE, server_id, last_day, *start, PAGE_ROWS)
    ]


async def by_server(conn: Connection, *, first_day: str, last_day: str) -> dict[int, Figures]:
    """Sum up every server that had jobs, the dearest first, on its own local days."""
    rows = await conn.fetch(_BY_SERVER, first_day, last_day)
    return {row["server_id"]: _figures(row) for row in rows}


def _values(figures: Figures) -> tuple[int, ...]:
    return (
        figures.jobs,
        figures.images,
        figures.microusd,
        figures.charge_images,
        figures.charge_microusd,
        figures.gift_images,
        figures.gift_microusd,
    )


def _figures(row: Row) -> Figures:
    return Figures(
        row["jobs"],
        row["images"],
        row["microusd"],
        row["charge_images"],
        row["charge_microusd"],
        row["gift_images"],
        row["gift_microusd"],
    )
