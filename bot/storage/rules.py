"""The limits that moderators set, read together with the server's other preferences.

Every change of them is made here and gives the server a new version.

The host's own rules come from the settings and are never stored here.
"""

from collections import OrderedDict

from bot.core.limits import Rule, Rulebook, Subject, Unit, Window
from bot.core.preferences import Preferences
from bot.storage import preferences
from bot.storage.connection import Connection, Row

_SELECT_SERVER = """
SELECT zone, settings, log_channel_id, version FROM servers WHERE server_id = $1
"""

_SELECT = """
SELECT subject, subject_id, unit, window_, amount FROM rules WHERE server_id = $1
ORDER BY subject, subject_id, unit, window_
"""

_CHANGED = """
INSERT INTO servers (server_id, version) VALUES ($1, $2)
ON CONFLICT (server_id) DO UPDATE SET version = excluded.version
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


_KNOWN_MAX = 256
_known: OrderedDict[str, tuple[Rulebook, Preferences]] = OrderedDict()
"""What was read last, by its version. A version is never used twice, in no database: one that was
rolled back is asked for by nobody."""


async def load(conn: Connection, server_id: int) -> tuple[Rulebook, Preferences]:
    """Read a server's rules, in a stable order, and its preferences.

    Rules that are known from an earlier call are not read again; their version is.
    """
    row = await conn.fetch_one(_SELECT_SERVER, server_id)
    if row is None:
        return Rulebook(), Preferences()
    version = str(row["version"])
    known = _known.get(version)
    if known is not None:
        _known.move_to_end(version)
        return known
    found = Rulebook(_rule(one) for one in await conn.fetch(_SELECT, server_id))
    known = found, preferences.of_row(row)
    if version:
        _known[version] = known
        if len(_known) > _KNOWN_MAX:
            _known.popitem(last=False)
    return known


def _rule(row: Row) -> Rule:
    return Rule(
        Subject(row["subject"]),
        row["subject_id"],
        Unit(row["unit"]),
        Window(row["window_"]),
        row["amount"],
    )


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
    await _changed(conn, server_id)


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
    if row is None:
        return None
    await _changed(conn, server_id)
    return int(row["amount"])


async def _changed(conn: Connection, server_id: int) -> None:
    await conn.execute(_CHANGED, server_id, preferences.new_version())
