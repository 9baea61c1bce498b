"""Lines of budgets that were crossed, each once in a run of its window.

A mark is stored in the transaction of what crossed the line; of several at once one inserts it.
"""

from bot.core.limits import Rule, Subject
from bot.storage.connection import Connection

BOT_SERVER = 0
"""Where the marks of the whole bot's cap stand: once over all servers."""

_MARK = """
INSERT INTO alerts (
    server_id, subject, subject_id, is_host, unit, window_, amount, first_day, line, at_ms
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING
"""


async def mark(
    conn: Connection, server_id: int, rule: Rule, *, first_day: str, line: str, at_ms: int
) -> bool:
    """Note that a cap's line was crossed; False where that is known already.

    Args:
        conn: A connection of `write(server_id)`.
        server_id: Whose request crossed it.
        rule: The cap; with another amount it is another cap.
        first_day: Of the run of its window, `YYYY-MM-DD`.
        line: `50`, `80`, `100`, or `refused`.
        at_ms: Now.
    """
    changed = await conn.execute(
        _MARK,
        BOT_SERVER if rule.subject is Subject.BOT else server_id,
        rule.subject.value,
        rule.subject_id,
        int(rule.is_host),
        rule.unit.value,
        rule.window.value,
        rule.amount,
        first_day,
        line,
        at_ms,
    )
    return changed == 1
