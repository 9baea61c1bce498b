"""The ledger: append-only entries, and totals beside them that must equal their sum.

A hold reserves the most that a job can cost. It is resolved once, by a settle (fal's bill, even
above the hold) or by a release; a unique index makes a second one impossible. An adjustment
changes a hold's outcome afterwards. Every entry counts on the days of its hold.

*Cost* counts against channel, server and bot; *charge* counts against the member: first against
what the rules allow, then against gifts. What comes back of a charge goes back to the gifts first.
The callers hold `write(server_id)`, and `write(server_id, 0)` where the bot's own caps are checked.

Nothing here changes or deletes an entry, the database itself refuses it (see `seals` for what shows
where somebody did all the same), and nothing else in the bot writes these tables. Money in doubt
stands beside the ledger, see `doubts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.errors import LedgerBroken
from bot.core.gifts import Draw, Gift
from bot.core.jobs import Job
from bot.core.limits import Unit, Usage
from bot.storage import gifts, totals
from bot.storage.connection import Connection, Value
from bot.storage.consistency import check
from bot.storage.entries import Entry, entries, entries_of
from bot.storage.ids import new_id
from bot.storage.seals import ENTRY_SEAL, next_number, sealed_insert
from bot.storage.totals import usage
from bot.storage.usage import add_entry

__all__ = [
    "Adjustment",
    "Entry",
    "Settlement",
    "adjust",
    "check",
    "entries",
    "entries_of",
    "gift",
    "hold",
    "net_charge",
    "release",
    "settle",
    "usage",
]

_COLUMNS = """
    id, kind, hold_id, job_id, server_id, channel_id, member_id, images, microusd, charge_images,
    charge_microusd, gift_images, gift_microusd, source, day, bot_day, at_ms
"""

_INSERT_GIFT = sealed_insert(
    "ledger",
    _COLUMNS,
    ENTRY_SEAL,
    f"""
    SELECT CAST($1 AS TEXT) AS id, 'gift' AS kind, CAST(NULL AS TEXT) AS hold_id,
        CAST(NULL AS TEXT) AS job_id, CAST($2 AS BIGINT) AS server_id,
        CAST(NULL AS BIGINT) AS channel_id, CAST($3 AS BIGINT) AS member_id,
        0 AS images, 0 AS microusd,
        CAST($4 AS BIGINT) AS charge_images, CAST($5 AS BIGINT) AS charge_microusd,
        0 AS gift_images, 0 AS gift_microusd, 'none' AS source,
        CAST($6 AS TEXT) AS day, CAST($7 AS TEXT) AS bot_day, CAST($8 AS BIGINT) AS at_ms,
        {next_number("entries", "$2")} AS seq
    """,
)

# SQLite would take a conflict for an attempt to replace the first hold, so it is looked for; on
# PostgreSQL the index decides a race.
_INSERT_HOLD = sealed_insert(
    "ledger",
    _COLUMNS,
    ENTRY_SEAL,
    f"""
    SELECT CAST($1 AS TEXT) AS id, 'hold' AS kind, CAST(NULL AS TEXT) AS hold_id,
        CAST($2 AS TEXT) AS job_id, CAST($3 AS BIGINT) AS server_id,
        CAST($4 AS BIGINT) AS channel_id, CAST($5 AS BIGINT) AS member_id,
        CAST($6 AS BIGINT) AS images, CAST($7 AS BIGINT) AS microusd,
        CAST($6 AS BIGINT) AS charge_images, CAST($7 AS BIGINT) AS charge_microusd,
        CAST($8 AS BIGINT) AS gift_images, CAST($9 AS BIGINT) AS gift_microusd, 'held' AS source,
        CAST($10 AS TEXT) AS day, CAST($11 AS TEXT) AS bot_day, CAST($12 AS BIGINT) AS at_ms,
        {next_number("entries", "$3")} AS seq
    WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE job_id = $2 AND kind = 'hold')
    """,  # noqa: S608 - column names only
    "ON CONFLICT (job_id) WHERE kind = 'hold' DO NOTHING",
)


def _back(comes_back: str, drawn: str) -> str:
    """Write what of a charge that comes back goes to gifts: to them first, as far as they paid."""
    return f"""
    CASE WHEN {comes_back} <= 0 THEN 0 WHEN {comes_back} < {drawn} THEN {comes_back}
        ELSE {drawn} END"""


def _still_paid(unit: str, charge: str) -> str:
    """Write what of a resolution's charge gifts pay."""
    back = _back(f"(hold.charge_{unit} - {charge})", f"hold.gift_{unit}")
    return f"CASE $3 WHEN 'release' THEN hold.gift_{unit} ELSE hold.gift_{unit} - ({back}) END"


_IS_RESOLVED = """EXISTS (
    SELECT 1 FROM ledger AS done
    WHERE done.hold_id = hold.id AND done.kind IN ('settle', 'release')
)"""

_DRAWN = """
RETURNING (SELECT held.gift_images + held.gift_microusd FROM ledger AS held
    WHERE held.id = ledger.hold_id) AS drawn
"""

# The hold is found and its resolution written in one statement; the index decides a race.
_RESOLVE = sealed_insert(
    "ledger",
    _COLUMNS,
    ENTRY_SEAL,
    f"""
    SELECT CAST($1 AS TEXT) AS id, CAST($3 AS TEXT) AS kind, hold.id AS hold_id, hold.job_id,
        hold.server_id, hold.channel_id, hold.member_id,
        COALESCE($4, hold.images) AS images, COALESCE($5, hold.microusd) AS microusd,
        COALESCE($6, hold.charge_images) AS charge_images,
        COALESCE($7, hold.charge_microusd) AS charge_microusd,
        {_still_paid("images", "$6")} AS gift_images,
        {_still_paid("microusd", "$7")} AS gift_microusd,
        CAST($8 AS TEXT) AS source, hold.day, hold.bot_day, CAST($9 AS BIGINT) AS at_ms,
        {next_number("entries", "hold.server_id")} AS seq
    FROM ledger AS hold
    WHERE hold.job_id = $2 AND hold.kind = 'hold' AND NOT {_IS_RESOLVED}
    """,  # noqa: S608 - column names only
    f"ON CONFLICT (hold_id) WHERE kind IN ('settle', 'release') DO NOTHING {_DRAWN}",
)

# Only what is resolved can be adjusted, and by no more than the job itself came to, so a release
# always finds the whole hold in the totals.
_ADJUST = sealed_insert(
    "ledger",
    _COLUMNS,
    ENTRY_SEAL,
    f"""
    SELECT CAST($1 AS TEXT) AS id, CAST($3 AS TEXT) AS kind, hold.id AS hold_id, hold.job_id,
        hold.server_id, hold.channel_id, hold.member_id,
        CAST($4 AS BIGINT) AS images, CAST($5 AS BIGINT) AS microusd,
        CAST($6 AS BIGINT) AS charge_images, CAST($7 AS BIGINT) AS charge_microusd,
        -({_back("(-$6)", "came.gift_images")}) AS gift_images,
        -({_back("(-$7)", "came.gift_microusd")}) AS gift_microusd,
        CAST($8 AS TEXT) AS source, hold.day, hold.bot_day, CAST($9 AS BIGINT) AS at_ms,
        {next_number("entries", "hold.server_id")} AS seq
    FROM ledger AS hold JOIN (
        SELECT job_id, CAST(SUM(gift_images) AS BIGINT) AS gift_images,
            CAST(SUM(gift_microusd) AS BIGINT) AS gift_microusd
        FROM entry_movements WHERE job_id = $2 GROUP BY job_id
        HAVING SUM(images) + $4 >= 0 AND SUM(microusd) + $5 >= 0
            AND SUM(charge_images) + $6 >= 0 AND SUM(charge_microusd) + $7 >= 0
    ) AS came ON came.job_id = hold.job_id
    WHERE hold.kind = 'hold' AND {_IS_RESOLVED}
    """,  # noqa: S608 - column names only
    _DRAWN,
)

_BACK_TO_GIFTS = """
SELECT -gift_images AS images, -gift_microusd AS microusd FROM entry_movements WHERE id = $1
"""

_NET_CHARGE = """
SELECT CAST(COALESCE(SUM(charge_images), 0) AS BIGINT) AS images,
    CAST(COALESCE(SUM(charge_microusd), 0) AS BIGINT) AS microusd
FROM entry_movements WHERE job_id = $1
"""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a job came to.

    Attributes:
        cost_microusd: What fal bills, or what it most likely bills.
        images: Pictures that were made.
        charge_images: Pictures that the member pays for.
        is_computed: fal did not say the cost.
    """

    cost_microusd: int
    images: int
    charge_images: int
    charge_microusd: int
    is_computed: bool


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What is added to a job's outcome; each part may be negative."""

    images: int
    microusd: int
    charge_images: int
    charge_microusd: int


async def gift(
    conn: Connection,
    server_id: int,
    member_id: int,
    given: Gift,
    *,
    days: tuple[str, str],
    at_ms: int,
) -> None:
    """Note a gift and make it ready to be drawn from.

    Args:
        conn: A connection of `write(server_id)`.
        server_id: The server.
        member_id: Who gets it.
        given: The gift, untouched; its id becomes the entry's.
        days: Today in the server's time zone and in UTC, `YYYY-MM-DD`.
        at_ms: Now.
    """
    is_images = given.unit is Unit.IMAGES
    amounts = (given.amount, 0) if is_images else (0, given.amount)
    await conn.execute(_INSERT_GIFT, given.id, server_id, member_id, *amounts, *days, at_ms)
    await gifts.insert(conn, server_id, member_id, given, given_at_ms=at_ms)


async def hold(
    conn: Connection,
    job: Job,
    *,
    day: str,
    bot_day: str,
    at_ms: int,
    draws: Sequence[Draw] = (),
) -> None:
    """Hold the most that a job can cost against its member, channel, server and the bot.

    Args:
        conn: A connection of `write(job.server_id)`.
        job: The job, stored already or later in the same transaction.
        day: Today in the server's time zone, `YYYY-MM-DD`.
        bot_day: Today in UTC.
        at_ms: Now.
        draws: What gifts pay of it; the rest counts against the member's own limits.

    Raises:
        LedgerBroken: The job has a hold already; nothing was changed. Also where a gift has less
            left than is drawn, which spoils the transaction.
    """
    entry_id = new_id(at_ms)
    amounts = (job.count, job.held_microusd)
    given = (_drawn(draws, Unit.IMAGES), _drawn(draws, Unit.USD))
    own = (job.count - given[0], job.held_microusd - given[1])
    place = (job.server_id, job.budget_channel_id, job.member_id)
    if not await conn.execute(
        _INSERT_HOLD, entry_id, job.id, *place, *amounts, *given, day, bot_day, at_ms
    ):
        raise LedgerBroken(f"job {job.id} has a hold already")
    await gifts.take(conn, entry_id, draws)
    who = (job.server_id, job.member_id, job.budget_channel_id)
    await totals.add_hold(conn, who, (day, bot_day), amounts, own)


def _drawn(draws: Sequence[Draw], unit: Unit) -> int:
    return sum(draw.amount for draw in draws if draw.unit is unit)


async def settle(conn: Connection, job_id: str, settlement: Settlement, at_ms: int) -> None:
    """Resolve a job's hold with what it came to, which may be more than was held.

    Raises:
        LedgerBroken: There is no hold, or it is resolved already; nothing was changed.
    """
    await _append(
        conn,
        job_id,
        (
            "settle",
            settlement.images,
            settlement.cost_microusd,
            settlement.charge_images,
            settlement.charge_microusd,
            "computed" if settlement.is_computed else "billed",
        ),
        at_ms,
    )


async def release(conn: Connection, job_id: str, at_ms: int) -> None:
    """Resolve a job's hold by giving all of it back.

    Raises:
        LedgerBroken: There is no hold, or it is resolved already; nothing was changed.
    """
    await _append(conn, job_id, ("release", None, None, None, None, "none"), at_ms)


async def adjust(conn: Connection, job_id: str, adjustment: Adjustment, at_ms: int) -> None:
    """Change the outcome of a job, on the days of its hold.

    Raises:
        LedgerBroken: There is no hold, it is not resolved yet, or more would be taken back than
            the job came to; nothing was changed.
    """
    await _append(
        conn,
        job_id,
        (
            "adjust",
            adjustment.images,
            adjustment.microusd,
            adjustment.charge_images,
            adjustment.charge_microusd,
            "none",
        ),
        at_ms,
    )


async def _append(
    conn: Connection, job_id: str, kind_amounts_source: tuple[Value, ...], at_ms: int
) -> None:
    entry_id, kind = new_id(at_ms), kind_amounts_source[0]
    text = _ADJUST if kind == "adjust" else _RESOLVE
    row = await conn.fetch_one(text, entry_id, job_id, *kind_amounts_source, at_ms)
    if row is None:
        missing = "resolved hold of that much" if kind == "adjust" else "open hold"
        raise LedgerBroken(f"job {job_id} has no {missing}, so there can be no {kind}")
    if row["drawn"]:
        await _put_back(conn, entry_id, job_id)
    if not await totals.move(conn, totals.MOVE_BY_ENTRY, entry_id):
        raise LedgerBroken(f"the totals that the hold of job {job_id} counts in are missing")
    await add_entry(conn, entry_id)


async def _put_back(conn: Connection, entry_id: str, job_id: str) -> None:
    row = await conn.fetch_one(_BACK_TO_GIFTS, entry_id)
    assert row is not None
    await gifts.put_back(conn, entry_id, job_id, Unit.IMAGES, row["images"])
    await gifts.put_back(conn, entry_id, job_id, Unit.USD, row["microusd"])


async def net_charge(conn: Connection, job_id: str) -> Usage:
    """Sum what a job counts against its member now; nothing for an unknown job."""
    row = await conn.fetch_one(_NET_CHARGE, job_id)
    return Usage(row["images"], row["microusd"]) if row else Usage()
