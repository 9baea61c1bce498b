"""Of the check: what is kept beside ledger and jobs, against the sums of what it is kept of.

Those of `KEPT` answer with the server as well, 0 for the whole bot, for `repair`.
"""

from bot.storage.consistency_parts import Part

KEPT = ("total", "usage", "outcome", "gift")
"""The parts that `repair` can bring in order."""

PARTS: dict[str, Part] = {
    "total": (
        "the total of {thing} is {found}, its entries sum to {expected} (pictures / micro-dollars)",
        """
        SELECT server_id,
            account || ' ' || account_id || ' of server ' || server_id || ' on ' || day AS thing,
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
        SELECT server_id, 'member ' || member_id || ' of server ' || server_id
                || ' on ' || day || ', ' || quality AS thing,
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
        SELECT server_id,
            'server ' || server_id || ' on ' || day || ', ' || outcome || ',' AS thing,
            CAST(SUM(jobs) AS TEXT) AS expected, CAST(SUM(kept) AS TEXT) AS found
        FROM (
            SELECT server_id, day, outcome, 1 AS jobs, 0 AS kept FROM outcomes
            UNION ALL SELECT server_id, day, outcome, 0, jobs FROM daily_outcomes
        ) AS figures
        GROUP BY server_id, day, outcome HAVING SUM(jobs) <> SUM(kept)
        """,
    ),
    "gift": (
        "gift {thing} says that {found} of it are drawn, its draws sum to {expected}",
        """
        SELECT gifts.server_id, gifts.id AS thing,
            CAST(COALESCE(SUM(gift_draws.amount), 0) AS TEXT) AS expected,
            CAST(gifts.drawn AS TEXT) AS found
        FROM gifts LEFT JOIN gift_draws ON gift_draws.gift_id = gifts.id
        GROUP BY gifts.id, gifts.server_id, gifts.drawn
        HAVING COALESCE(SUM(gift_draws.amount), 0) <> gifts.drawn
        """,
    ),
    "draws": (
        "entry {thing} moves {expected} of gifts and its draws move {found}",
        """
        SELECT movements.id AS thing,
            movements.gift_images || ' / ' || movements.gift_microusd AS expected,
            COALESCE(drawn.images, 0) || ' / ' || COALESCE(drawn.microusd, 0) AS found
        FROM entry_movements AS movements LEFT JOIN (
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
}
