"""The limits that moderators set, read together with the server's other preferences.

The host's own rules come from the settings and are never stored here.
"""

from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.preferences import Preferences
from bot.storage import preferences
from bot.storage.connection import Connection

# One round trip for both; a server without rules answers with one row of NULLs.
_LOAD = """
SELECT servers.zone, servers.settings, servers.log_channel_id,
    rules.subject, rules.subject_id, rules.unit, rules.window_, rules.amount
FROM (SELECT CAST($1 AS BIGINT) AS server_id) AS asked
LEFT JOIN servers ON servers.server_id = asked.server_id
LEFT JOIN rules ON rules.server_id = asked.server_id
ORDER BY rules.subject, rules.subject_id, rules.unit, rules.window_
"""

_PUT = """
INSERT INTO rules (
    server_id, subject, subject_id, unit, window_, amount, reason, set_by, set_at_ms
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (server_id, subject, subject_id, unit, window_) DO UPDATE SET
    amount = excluded.amount, reason = excluded.reason,
    set_by = excluded.set_by, set_at_ms = excluded.set_at_ms
"""

_CLEAR = """
DELETE FROM rules
WHERE server_id = $1 AND subject = $2 AND subject_id = $3 AND unit = $4 AND window_ = $5
RETURNING amount
"""


async def load(conn: Connection, server_id: int) -> tuple[list[Rule], Preferences]:
    """Read a server's rules, in a stable order, and its preferences."""
    rows = await conn.fetch(_LOAD, server_id)
    found = [
        Rule(
            Subject(row["subject"]),
            row["subject_id"],
            Unit(row["unit"]),
            Window(row["window_"]),
            row["amount"],
        )
        for row in rows
        if row["subject"] is not None
    ]
    return found, preferences.of_row(rows[0])


async def put(
    conn: Connection, server_id: int, rule: Rule, *, reason: str, set_by: int, at_ms: int
) -> None:
    """Set a rule, over one of the same subject, unit and window.

    Raises:
        Broken: The amount is negative.
    """
    assert not rule.is_host
    await conn.execute(
        _PUT,
        server_id,
        rule.subject.value,
        rule.subject_id,
        rule.unit.value,
        rule.window.value,
        rule.amount,
        reason,
        set_by,
        at_ms,
    )


async def clear(
    conn: Connection,
    server_id: int,
    *,
    subject: Subject,
    subject_id: int,
    unit: Unit,
    window: Window,
) -> int | None:
    """Remove a rule.

    Returns:
        The amount it had, None where there was no such rule.
    """
    row = await conn.fetch_one(
        _CLEAR, server_id, subject.value, subject_id, unit.value, window.value
    )
    return int(row["amount"]) if row else None
