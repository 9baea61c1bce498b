"""The proof that the ledger is right: one query that names everything that does not add up.

All of it is one statement, so that it sees one moment of the database although others write, and
it is computed by the engine, so that its length does not matter. It changes nothing.
"""

from bot.storage.connection import Connection

PROBLEMS_MAX = 100
"""Of each sort; who has a hundred needs no more to see that something is wrong."""

# Each part answers with: which thing, its figure where it should be, its figure as found.
_PARTS: dict[str, tuple[str, str]] = {
    "total": (
        "the total of {thing} is {found}, its entries sum to {expected} (pictures / micro-dollars)",
        """
        SELECT account || ' ' || account_id || ' of server ' || server_id || ' on ' || day AS thing,
            SUM(images) || ' / ' || SUM(microusd) AS expected,
            SUM(total_images) || ' / ' || SUM(total_microusd) AS found
        FROM (
            SELECT server_id, 'member' AS account, member_id AS account_id, day,
                own_images AS images, own_microusd AS microusd,
                0 AS total_images, 0 AS total_microusd
            FROM movements
            UNION ALL SELECT server_id, 'channel', channel_id, day, images, microusd, 0, 0
            FROM movements
            UNION ALL SELECT server_id, 'server', 0, day, images, microusd, 0, 0
            FROM movements
            UNION ALL SELECT 0, 'bot', 0, bot_day, images, microusd, 0, 0
            FROM movements
            UNION ALL SELECT server_id, account, account_id, day, 0, 0, images, microusd
            FROM totals
        ) AS figures
        GROUP BY server_id, account, account_id, day
        HAVING SUM(images) <> SUM(total_images) OR SUM(microusd) <> SUM(total_microusd)
        """,
    ),
    "usage": (
        "usage of {thing} is {found}, its entries sum to {expected} (jobs, cost, charge, gifts)",
        """
        SELECT 'member ' || member_id || ' of server ' || server_id || ' on ' || day || ', '
                || quality AS thing,
            SUM(jobs) || ', ' || SUM(images) || ' / ' || SUM(microusd) || ', '
                || SUM(charge_images) || ' / ' || SUM(charge_microusd) || ', '
                || SUM(gift_images) || ' / ' || SUM(gift_microusd) AS expected,
            SUM(kept_jobs) || ', ' || SUM(kept_images) || ' / ' || SUM(kept_microusd) || ', '
                || SUM(kept_charge_images) || ' / ' || SUM(kept_charge_microusd) || ', '
                || SUM(kept_gift_images) || ' / ' || SUM(kept_gift_microusd) AS found
        FROM (
            SELECT server_id, day, member_id, quality, jobs, images, microusd, charge_images,
                charge_microusd, gift_images, gift_microusd,
                0 AS kept_jobs, 0 AS kept_images, 0 AS kept_microusd, 0 AS kept_charge_images,
                0 AS kept_charge_microusd, 0 AS kept_gift_images, 0 AS kept_gift_microusd
            FROM spent
            UNION ALL SELECT server_id, day, member_id, quality, 0, 0, 0, 0, 0, 0, 0, jobs, images,
                microusd, charge_images, charge_microusd, gift_images, gift_microusd
            FROM daily_usage
        ) AS figures
        GROUP BY server_id, day, member_id, quality
        HAVING SUM(jobs) <> SUM(kept_jobs)
            OR SUM(images) <> SUM(kept_images) OR SUM(microusd) <> SUM(kept_microusd)
            OR SUM(charge_images) <> SUM(kept_charge_images)
            OR SUM(charge_microusd) <> SUM(kept_charge_microusd)
            OR SUM(gift_images) <> SUM(kept_gift_images)
            OR SUM(gift_microusd) <> SUM(kept_gift_microusd)
        """,
    ),
    "outcome": (
        "{found} jobs of {thing} are counted, and there are {expected}",
        """
        SELECT 'server ' || server_id || ' on ' || day || ', ' || outcome || ',' AS thing,
            CAST(SUM(jobs) AS TEXT) AS expected, CAST(SUM(kept) AS TEXT) AS found
        FROM (
            SELECT server_id, day, outcome, 1 AS jobs, 0 AS kept FROM outcomes
            UNION ALL SELECT server_id, day, outcome, 0, jobs FROM daily_outcomes
        ) AS figures
        GROUP BY server_id, day, outcome HAVING SUM(jobs) <> SUM(kept)
        """,
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
    "gift": (
        "gift {thing} says that {found} of it are drawn, its draws sum to {expected}",
        """
        SELECT gifts.id AS thing, CAST(COALESCE(SUM(gift_draws.amount), 0) AS TEXT) AS expected,
            CAST(gifts.drawn AS TEXT) AS found
        FROM gifts LEFT JOIN gift_draws ON gift_draws.gift_id = gifts.id
        GROUP BY gifts.id, gifts.drawn
        HAVING COALESCE(SUM(gift_draws.amount), 0) <> gifts.drawn
        """,
    ),
    "draws": (
        "entry {thing} moves {expected} of gifts and its draws move {found}",
        """
        SELECT movements.id AS thing,
            movements.gift_images || ' / ' || movements.gift_microusd AS expected,
            COALESCE(drawn.images, 0) || ' / ' || COALESCE(drawn.microusd, 0) AS found
        FROM movements LEFT JOIN (
            SELECT gift_draws.entry_id,
                SUM(CASE WHEN gifts.unit = 'images' THEN gift_draws.amount ELSE 0 END) AS images,
                SUM(CASE WHEN gifts.unit = 'usd' THEN gift_draws.amount ELSE 0 END) AS microusd
            FROM gift_draws JOIN gifts ON gifts.id = gift_draws.gift_id
            GROUP BY gift_draws.entry_id
        ) AS drawn ON drawn.entry_id = movements.id
        WHERE movements.gift_images <> COALESCE(drawn.images, 0)
            OR movements.gift_microusd <> COALESCE(drawn.microusd, 0)
        """,
    ),
    "foreign_draw": (
        "entry {thing} draws from gift {found}, which is not its member's",
        """
        SELECT entry.id AS thing, '' AS expected, gifts.id AS found
        FROM gift_draws JOIN ledger AS entry ON entry.id = gift_draws.entry_id
        JOIN gifts ON gifts.id = gift_draws.gift_id
        WHERE gifts.server_id <> entry.server_id OR gifts.member_id <> entry.member_id
        """,
    ),
    "no_gift": (
        "entry {thing} is a gift that cannot be drawn from as it was given",
        """
        SELECT entry.id AS thing, '' AS expected, '' AS found
        FROM ledger AS entry LEFT JOIN gifts ON gifts.id = entry.id
        WHERE entry.kind = 'gift' AND (
            gifts.id IS NULL OR gifts.server_id <> entry.server_id
            OR gifts.member_id <> entry.member_id
            OR gifts.amount <> entry.charge_images + entry.charge_microusd
        )
        """,
    ),
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
        "the hold of job {thing} is open and there is no such job",
        """
        SELECT held.job_id AS thing, '' AS expected, '' AS found
        FROM ledger AS held LEFT JOIN jobs ON jobs.id = held.job_id
        LEFT JOIN ledger AS entry
            ON entry.hold_id = held.id AND entry.kind IN ('settle', 'release')
        WHERE held.kind = 'hold' AND entry.id IS NULL AND jobs.id IS NULL
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
    "cost": (
        "job {thing} says that it cost {expected} micro-dollars, and its settle says {found}",
        """
        SELECT jobs.id AS thing, COALESCE(CAST(jobs.cost_microusd AS TEXT), 'nothing') AS expected,
            COALESCE(CAST(entry.microusd AS TEXT), 'nothing') AS found
        FROM jobs LEFT JOIN ledger AS entry ON entry.job_id = jobs.id AND entry.kind = 'settle'
        WHERE (entry.id IS NULL AND jobs.cost_microusd <> 0) OR (
            entry.id IS NOT NULL
            AND (jobs.cost_microusd IS NULL OR jobs.cost_microusd <> entry.microusd)
        )
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
    "charge": (
        "job {thing} brought {expected} pictures and its member pays for {found}",
        """
        SELECT jobs.id AS thing, CAST(jobs.pictures AS TEXT) AS expected,
            SUM(movements.charge_images) || ' / ' || SUM(movements.charge_microusd) AS found
        FROM jobs JOIN movements ON movements.job_id = jobs.id
        WHERE jobs.state IN ('delivered', 'undelivered', 'failed', 'cancelled')
        GROUP BY jobs.id, jobs.pictures
        HAVING SUM(movements.charge_images) <> jobs.pictures
            OR (jobs.pictures = 0 AND SUM(movements.charge_microusd) <> 0)
        """,
    ),
}

# The names are this module's own; nothing from outside gets into the text.
_CHECK = " UNION ALL ".join(
    f"SELECT * FROM (SELECT '{name}' AS problem, part.* FROM ({text}) AS part"  # noqa: S608
    f" ORDER BY thing LIMIT {PROBLEMS_MAX}) AS {name}_part"
    for name, (_, text) in _PARTS.items()
)


async def check(conn: Connection) -> list[str]:
    """Name what does not add up, one plain sentence each; empty where all is well.

    At most `PROBLEMS_MAX` of each sort are named.
    """
    return [
        _PARTS[row["problem"]][0].format(
            thing=row["thing"], expected=row["expected"], found=row["found"]
        )
        for row in await conn.fetch(_CHECK)
    ]
