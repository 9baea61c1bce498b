"""Who changed what in a server, when and why: rows that are only ever added.

The database refuses a change or a removal by a trigger. A row is written in the transaction of the
change that it tells of, so there is never one without the other.
"""

import json
from functools import cache

from bot.core.audit import AuditRow, Change
from bot.storage.connection import Connection, Row
from bot.storage.ids import id_after_all, new_id

HOST = 0
"""The actor of a change that the host made on the command line."""

_APPEND = """
INSERT INTO audit (
    id, server_id, at_ms, actor_id, kind, topic, member_id, job_id, facts, reason, subject
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '')
"""

# Each filter has an index that also has the order; a condition for all cases would use none.
_PAGE = """
SELECT * FROM audit WHERE server_id = $1 AND id {beyond} $2 {member} {topic}
ORDER BY id {order} LIMIT $3
"""


async def append(conn: Connection, server_id: int, change: Change, at_ms: int) -> None:
    """Note a change, in its own transaction."""
    await conn.execute(
        _APPEND,
        new_id(at_ms),
        server_id,
        at_ms,
        change.actor_id,
        change.kind,
        change.topic,
        change.member_id,
        change.job_id,
        json.dumps(change.facts),
        change.reason,
    )


async def page(  # noqa: PLR0913 - all named; filters and the place to start from
    conn: Connection,
    *,
    server_id: int,
    member_id: int | None = None,
    topic: str | None = None,
    before_id: str | None = None,
    after_id: str | None = None,
    limit: int = 10,
) -> list[AuditRow]:
    """Read changes, the newest first.

    Args:
        conn: Where to read.
        server_id: The server.
        member_id: Only what concerns this member.
        topic: Only changes of this kind, up to the dot.
        before_id: Only older rows than this one, the newest of them.
        after_id: Only newer rows than this one, the oldest of them.
        limit: The most to return.
    """
    assert before_id is None or after_id is None
    is_newer = after_id is not None
    start = after_id or before_id or id_after_all()
    filters = [value for value in (member_id, topic) if value is not None]
    text = _page_text(is_newer=is_newer, member=member_id is not None, topic=topic is not None)
    found = [row_of(row) for row in await conn.fetch(text, server_id, start, limit, *filters)]
    return found[::-1] if is_newer else found


@cache
def _page_text(*, is_newer: bool, member: bool, topic: bool) -> str:
    return _PAGE.format(
        beyond=">" if is_newer else "<",
        order="ASC" if is_newer else "DESC",
        member="AND member_id = $4" if member else "",
        topic=f"AND topic = ${4 + member}" if topic else "",
    )


def row_of(row: Row) -> AuditRow:
    """Make a change of a row of the table; an older row has words in the place of facts."""
    words = {"subject": row["subject"], "before": row["before_"], "after": row["after_"]}
    return AuditRow(
        id=row["id"],
        at_ms=row["at_ms"],
        change=Change.read(
            words if row["facts"] is None else json.loads(row["facts"]),
            kind=row["kind"],
            actor_id=row["actor_id"],
            reason=row["reason"],
            member_id=row["member_id"],
            job_id=row["job_id"],
        ),
    )
