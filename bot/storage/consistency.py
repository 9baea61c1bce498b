"""The consistency check of the ledger: one query that names everything that does not add up.

All of it is one statement, so that it sees one moment of the database although others write, and
it is computed by the engine, so that its length does not matter. It changes nothing. Its parts
are in `consistency_sums`, `consistency_entries` and `consistency_jobs`.
"""

from bot.storage.connection import Connection
from bot.storage.consistency_entries import PARTS as ENTRY_PARTS
from bot.storage.consistency_jobs import OUTCOMES
from bot.storage.consistency_jobs import PARTS as JOB_PARTS
from bot.storage.consistency_parts import Part
from bot.storage.consistency_sums import PARTS as SUM_PARTS

PROBLEMS_MAX = 100
"""Of each sort; who has a hundred needs no more to see that something is wrong."""

DAMAGED = frozenset({"numbers", "doubt_numbers", "seal", "doubt_seal"})
"""The sorts that say that what was written is no more as it was."""

_PARTS: dict[str, Part] = {**ENTRY_PARTS, **SUM_PARTS, **JOB_PARTS}


def _text(parts: dict[str, Part]) -> str:
    # The names are the parts' own; nothing from outside gets into the text.
    found = " UNION ALL ".join(
        f"SELECT * FROM (SELECT '{name}' AS problem, thing, expected, found"  # noqa: S608
        f" FROM ({text}) AS part"
        f" ORDER BY thing LIMIT {PROBLEMS_MAX}) AS {name}_part"
        for name, (_, text) in parts.items()
    )
    return f"WITH outcome AS MATERIALIZED ({OUTCOMES}) {found}"


_CHECK = _text(_PARTS)
_DAMAGE = _text({name: part for name, part in _PARTS.items() if name in DAMAGED})


async def check(conn: Connection, now_ms: int | None = None) -> list[str]:
    """Name what does not add up, one plain sentence each; empty where all is well.

    At most `PROBLEMS_MAX` of each sort are named.

    Args:
        conn: Where to read.
        now_ms: Now, to tell how long holds are open; None where that does not matter.
    """
    return await _sentences(conn, _CHECK, now_ms)


async def damage(conn: Connection) -> list[str]:
    """Name entries and doubts that were changed or are missing: no sum of theirs can be trusted."""
    return await _sentences(conn, _DAMAGE)


async def _sentences(conn: Connection, text: str, *args: int | None) -> list[str]:
    return [
        _PARTS[row["problem"]][0].format(
            thing=row["thing"], expected=row["expected"], found=row["found"]
        )
        for row in await conn.fetch(text, *args)
    ]
