"""Of the check: what jobs say of themselves, against their entries and their history."""

from bot.storage.consistency_parts import Part

# Jobs of older versions do not say how many pictures were made: as many as they have links, a list
# of lists in JSON.
_LINKS = """
    CASE WHEN links = '[]' THEN 0
        ELSE (LENGTH(links) - LENGTH(REPLACE(links, '], [', ''))) / 4 + 1 END
"""

OUTCOMES = f"""
    SELECT told.*, came.images, came.microusd, came.charge_images, came.charge_microusd,
        came.settles, came.resolutions,
        CASE WHEN came.settles > 0 THEN came.bill_microusd ELSE 0 END AS bill_microusd,
        CASE WHEN told.state = 'rendered' THEN
            CASE WHEN told.made < told.asked THEN told.made ELSE told.asked END
        WHEN told.is_old = 0 AND told.pictures - told.free_pictures > told.asked THEN told.asked
        WHEN told.state IN ('delivered', 'undelivered', 'failed', 'cancelled')
            THEN told.pictures - told.free_pictures
        END AS payable
    FROM (
        SELECT id, state, count AS asked, held_microusd, cost_microusd, pictures, free_pictures,
            COALESCE(made, {_LINKS}) AS made, CASE WHEN made IS NULL THEN 1 ELSE 0 END AS is_old
        FROM jobs
    ) AS told JOIN (
        SELECT job_id, SUM(images) AS images, SUM(microusd) AS microusd,
            SUM(charge_images) AS charge_images, SUM(charge_microusd) AS charge_microusd,
            SUM(CASE WHEN kind IN ('hold', 'settle') THEN microusd ELSE 0 END) AS bill_microusd,
            SUM(CASE WHEN kind = 'settle' THEN 1 ELSE 0 END) AS settles,
            SUM(CASE WHEN kind IN ('settle', 'release') THEN 1 ELSE 0 END) AS resolutions
        FROM entry_movements GROUP BY job_id
    ) AS came ON came.job_id = told.id
"""  # noqa: S608 - a text of this module
"""What jobs say together with the sums of their entries. `payable` is for how many pictures a
member may pay at most, exactly those at the end; `bill_microusd` is fal's bill where a job was
settled, without what was corrected since."""

PARTS: dict[str, Part] = {
    "open_after_end": (
        "job {thing} is {found} and its hold is still open",
        """
        SELECT jobs.id AS thing, '' AS expected, jobs.state AS found
        FROM ledger AS held JOIN jobs ON jobs.id = held.job_id
        LEFT JOIN ledger AS entry
            ON entry.hold_id = held.id AND entry.kind IN ('settle', 'release')
        WHERE held.kind = 'hold' AND entry.id IS NULL
            AND jobs.state NOT IN ('held', 'submitting', 'unclear', 'queued')
        """,
    ),
    "no_job": (
        "the ledger has entries of job {thing} and there is no such job",
        """
        SELECT held.job_id AS thing, '' AS expected, '' AS found
        FROM ledger AS held LEFT JOIN jobs ON jobs.id = held.job_id
        WHERE held.kind = 'hold' AND jobs.id IS NULL
        """,
    ),
    "no_open_hold": (
        "job {thing} is {found} and has no open hold",
        """
        SELECT jobs.id AS thing, '' AS expected, jobs.state AS found
        FROM jobs LEFT JOIN ledger AS held ON held.job_id = jobs.id AND held.kind = 'hold'
        LEFT JOIN ledger AS entry
            ON entry.hold_id = held.id AND entry.kind IN ('settle', 'release')
        WHERE jobs.state IN ('held', 'submitting', 'unclear', 'queued')
            AND (held.id IS NULL OR entry.id IS NOT NULL)
        """,
    ),
    "no_settle": (
        "job {thing} is {found} and was never settled",
        """
        SELECT jobs.id AS thing, '' AS expected, jobs.state AS found
        FROM jobs LEFT JOIN ledger AS entry ON entry.job_id = jobs.id AND entry.kind = 'settle'
        WHERE jobs.state IN ('rendered', 'delivered', 'undelivered') AND entry.id IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM job_history AS step
                WHERE step.job_id = jobs.id AND step.event = 'rescue'
            )
        """,
    ),
    "no_resolution": (
        "job {thing} is {found} and was never held",
        """
        SELECT jobs.id AS thing, '' AS expected, jobs.state AS found
        FROM jobs LEFT JOIN ledger AS held ON held.job_id = jobs.id AND held.kind = 'hold'
        WHERE jobs.state IN ('failed', 'cancelled') AND held.id IS NULL
        """,
    ),
    "held": (
        "job {thing} says that {expected} micro-dollars were held, and its hold says {found}",
        """
        SELECT jobs.id AS thing, CAST(jobs.held_microusd AS TEXT) AS expected,
            CAST(held.microusd AS TEXT) AS found
        FROM jobs JOIN ledger AS held ON held.job_id = jobs.id AND held.kind = 'hold'
        WHERE jobs.held_microusd <> held.microusd OR jobs.count <> held.images
        """,
    ),
    "whose": (
        "the hold of job {thing} counts in another server, channel or member than the job's",
        """
        SELECT jobs.id AS thing, '' AS expected, '' AS found
        FROM jobs JOIN ledger AS held ON held.job_id = jobs.id AND held.kind = 'hold'
        WHERE held.server_id <> jobs.server_id OR held.member_id <> jobs.member_id
            OR held.channel_id <> COALESCE(jobs.parent_channel_id, jobs.channel_id)
        """,
    ),
    "cost": (
        "job {thing} says that it cost {expected} micro-dollars, and its entries say {found}",
        """
        SELECT id AS thing, COALESCE(CAST(cost_microusd AS TEXT), 'nothing') AS expected,
            CASE WHEN resolutions > 0 THEN CAST(microusd AS TEXT) ELSE 'nothing' END AS found
        FROM outcome
        WHERE COALESCE(cost_microusd, 0) <> CASE WHEN resolutions > 0 THEN microusd ELSE 0 END
            OR (settles > 0 AND cost_microusd IS NULL)
        """,
    ),
    "made": (
        "job {thing} made {expected} pictures and its entries count {found}",
        """
        SELECT id AS thing, CAST(made AS TEXT) AS expected, CAST(images AS TEXT) AS found
        FROM outcome WHERE resolutions > 0 AND images > made
        """,
    ),
    "charge": (
        "job {thing} brought {expected} pictures to be paid for and its member pays for {found}",
        """
        SELECT id AS thing, CAST(payable AS TEXT) AS expected,
            charge_images || ' / ' || charge_microusd AS found
        FROM outcome
        WHERE CASE WHEN state = 'rendered' THEN charge_images > payable
            ELSE charge_images <> payable END
        """,
    ),
    "overcharge": (
        "the member of job {thing} pays {found} micro-dollars for what came of {expected}",
        """
        SELECT id AS thing, bill_microusd || ' billed and ' || held_microusd || ' held' AS expected,
            CAST(charge_microusd AS TEXT) AS found
        FROM (
            SELECT outcome.*,
                CASE WHEN made > payable THEN made ELSE payable END AS shares
            FROM outcome
        ) AS paid
        WHERE charge_microusd * shares > bill_microusd * payable
            OR (is_old = 0 AND charge_microusd * asked > held_microusd * payable)
            OR (payable = 0 AND charge_microusd <> 0)
        """,
    ),
    "rescued": (
        "job {thing} was given back before its rescue, and its member pays for {found}",
        """
        SELECT outcome.id AS thing, '' AS expected,
            outcome.charge_images || ' / ' || outcome.charge_microusd AS found
        FROM job_history AS step JOIN outcome ON outcome.id = step.job_id
        WHERE step.event = 'rescue'
            AND (outcome.charge_images <> 0 OR outcome.charge_microusd <> 0)
        """,
    ),
    "history": (
        "the history of job {thing} ends as {found}, and the job is {expected}",
        """
        SELECT jobs.id AS thing, jobs.state AS expected,
            COALESCE(newest.to_state, 'nothing') AS found
        FROM jobs LEFT JOIN job_history AS newest ON newest.job_id = jobs.id AND newest.seq = (
            SELECT MAX(step.seq) FROM job_history AS step WHERE step.job_id = jobs.id
        )
        WHERE newest.to_state IS NULL OR newest.to_state <> jobs.state
        """,
    ),
    "history_gap": (
        "the history of job {thing} has {found} steps, and its last one is number {expected}",
        """
        SELECT job_id AS thing, CAST(MAX(seq) AS TEXT) AS expected,
            CAST(COUNT(*) AS TEXT) AS found
        FROM job_history GROUP BY job_id HAVING COUNT(*) <> MAX(seq) OR MIN(seq) <> 1
        """,
    ),
    "history_leap": (
        "the history of job {thing} goes on from {found}, where it had come to {expected}",
        """
        SELECT step.job_id AS thing, before.to_state AS expected, step.from_state AS found
        FROM job_history AS step JOIN job_history AS before
            ON before.job_id = step.job_id AND before.seq = step.seq - 1
        WHERE step.from_state <> before.to_state
        """,
    ),
}
