"""Of the check: entries and doubts against one another, their numbers and their seals."""

from bot.storage.consistency_parts import Part
from bot.storage.seals import DOUBT_SEAL, ENTRY_SEAL


def _numbers(table: str, counter: str) -> str:
    """Find the servers of which rows are missing, or that have rows which were never counted."""
    return f"""
        SELECT CAST(server_id AS TEXT) AS thing, CAST(SUM(counted) AS TEXT) AS expected,
            SUM(written) || ', the last of them number ' || SUM(last_seq) AS found
        FROM (
            SELECT server_id, {counter} AS counted, 0 AS written, 0 AS last_seq, 0 AS sum_of_seqs
            FROM ledger_heads
            UNION ALL SELECT server_id, 0, COUNT(*), MAX(seq), CAST(SUM(seq) AS BIGINT)
            FROM {table} GROUP BY server_id
        ) AS figures
        GROUP BY server_id
        HAVING SUM(counted) <> SUM(written) OR SUM(counted) <> SUM(last_seq)
            OR SUM(sum_of_seqs) * 2 <> SUM(counted) * (SUM(counted) + 1)
        """  # noqa: S608 - names of this module only


PARTS: dict[str, Part] = {
    "numbers": (
        "the ledger of server {thing} has counted {expected} entries and holds {found}",
        _numbers("ledger", "entries"),
    ),
    "doubt_numbers": (
        "the doubts of server {thing} have counted {expected} rows and hold {found}",
        _numbers("doubts", "doubts"),
    ),
    "seal": (
        "entry {thing} of the ledger was changed after it was written; its seal does not fit",
        f"""
        SELECT id AS thing, '' AS expected, '' AS found FROM ledger WHERE seal <> {ENTRY_SEAL}
        """,  # noqa: S608 - a text of this package
    ),
    "doubt_seal": (
        "the doubt {thing} was changed after it was written; its seal does not fit",
        f"""
        SELECT id AS thing, '' AS expected, '' AS found FROM doubts WHERE seal <> {DOUBT_SEAL}
        """,  # noqa: S608 - a text of this package
    ),
    "resolved_twice": (
        "hold {thing} is resolved {found} times",
        """
        SELECT hold_id AS thing, '' AS expected, CAST(COUNT(*) AS TEXT) AS found
        FROM ledger WHERE kind IN ('settle', 'release')
        GROUP BY hold_id HAVING COUNT(*) > 1
        """,
    ),
    "no_hold": (
        "entry {thing} is a {found} and names no hold",
        """
        SELECT entry.id AS thing, '' AS expected, entry.kind AS found
        FROM ledger AS entry LEFT JOIN ledger AS held
            ON held.id = entry.hold_id AND held.kind = 'hold'
        WHERE entry.kind IN ('settle', 'release', 'adjust') AND held.id IS NULL
        """,
    ),
    "strays": (
        "entry {thing} does not count where its hold counts",
        """
        SELECT entry.id AS thing, '' AS expected, '' AS found
        FROM ledger AS entry JOIN ledger AS held ON held.id = entry.hold_id
        WHERE entry.job_id <> held.job_id OR entry.server_id <> held.server_id
            OR entry.channel_id <> held.channel_id OR entry.member_id <> held.member_id
            OR entry.day <> held.day OR entry.bot_day <> held.bot_day
        """,
    ),
    "partial_release": (
        "release {thing} gives back {found} micro-dollars of the {expected} that were held",
        """
        SELECT entry.id AS thing, CAST(held.microusd AS TEXT) AS expected,
            CAST(entry.microusd AS TEXT) AS found
        FROM ledger AS entry JOIN ledger AS held ON held.id = entry.hold_id
        WHERE entry.kind = 'release' AND (
            entry.images <> held.images OR entry.microusd <> held.microusd
            OR entry.charge_images <> held.charge_images
            OR entry.charge_microusd <> held.charge_microusd
            OR entry.gift_images <> held.gift_images
            OR entry.gift_microusd <> held.gift_microusd
        )
        """,
    ),
    "stale_hold": (
        "the hold of job {thing} has been open for {found} days",
        """
        SELECT held.job_id AS thing, '' AS expected,
            CAST((CAST($1 AS BIGINT) - held.at_ms) / 86400000 AS TEXT) AS found
        FROM ledger AS held LEFT JOIN ledger AS entry
            ON entry.hold_id = held.id AND entry.kind IN ('settle', 'release')
        WHERE held.kind = 'hold' AND entry.id IS NULL
            AND held.at_ms < CAST($1 AS BIGINT) - 604800000
        """,
    ),
    "doubt_closing": (
        "the doubt of job {thing} was opened with {expected} micro-dollars and closed with {found}",
        """
        SELECT job_id AS thing,
            CAST(SUM(CASE WHEN kind = 'open' THEN microusd ELSE 0 END) AS TEXT) AS expected,
            CAST(SUM(CASE WHEN kind = 'open' THEN 0 ELSE -microusd END) AS TEXT) AS found
        FROM doubts GROUP BY job_id
        HAVING SUM(CASE WHEN kind <> 'open' THEN 1 ELSE 0 END) > 0 AND SUM(microusd) <> 0
        """,
    ),
    "doubt_place": (
        "the doubt {thing} does not count where the hold of its job counts",
        """
        SELECT doubts.id AS thing, '' AS expected, '' AS found
        FROM doubts LEFT JOIN ledger AS held ON held.job_id = doubts.job_id AND held.kind = 'hold'
        WHERE held.id IS NULL OR doubts.server_id <> held.server_id
            OR doubts.channel_id <> held.channel_id OR doubts.member_id <> held.member_id
            OR doubts.day <> held.day OR doubts.bot_day <> held.bot_day
        """,
    ),
    "possible_loss": (
        "job {thing} says that {expected} micro-dollars of it are in doubt, and its doubts {found}",
        """
        SELECT jobs.id AS thing, CAST(jobs.possible_loss_microusd AS TEXT) AS expected,
            CAST(COALESCE(sums.microusd, 0) AS TEXT) AS found
        FROM jobs LEFT JOIN (
            SELECT job_id, SUM(microusd) AS microusd FROM doubts GROUP BY job_id
        ) AS sums ON sums.job_id = jobs.id
        WHERE jobs.possible_loss_microusd <> COALESCE(sums.microusd, 0)
        """,
    ),
    "doubt_of_known": (
        "job {thing} is {found}, so its cost is known, and {expected} micro-dollars are in doubt",
        """
        SELECT id AS thing, CAST(possible_loss_microusd AS TEXT) AS expected, state AS found
        FROM jobs
        WHERE possible_loss_microusd > 0 AND state IN ('rendered', 'delivered', 'undelivered')
        """,
    ),
}
