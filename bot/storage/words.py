"""The words and patterns that a server does not allow in prompts, and the version of its list."""

from dataclasses import dataclass

from bot.core.wordfilter.words import Entry, Kind
from bot.storage.connection import Connection, Row

_VERSION = "SELECT words_version FROM servers WHERE server_id = $1"

_LISTED = "SELECT * FROM words WHERE server_id = $1"

_PUT = """
INSERT INTO words (server_id, text, kind, reason, set_by, set_at_ms)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (server_id, text) DO UPDATE SET
    kind = excluded.kind, reason = excluded.reason,
    set_by = excluded.set_by, set_at_ms = excluded.set_at_ms
"""

_DELETE = "DELETE FROM words WHERE server_id = $1 AND text = $2"

_CHANGED = """
INSERT INTO servers (server_id, words_version) VALUES ($1, 1)
ON CONFLICT (server_id) DO UPDATE SET words_version = servers.words_version + 1
"""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry with who put it there; `set_by` is 0 for the host."""

    entry: Entry
    reason: str
    set_by: int
    set_at_ms: int


async def version(conn: Connection, server_id: int) -> int:
    """Read a number that each change of a server's list makes larger; 0 where there was none."""
    row = await conn.fetch_one(_VERSION, server_id)
    return int(row["words_version"]) if row else 0


async def load(conn: Connection, server_id: int) -> list[StoredEntry]:
    """Read a server's list in the order of its texts."""
    found = [_stored(row) for row in await conn.fetch(_LISTED, server_id)]
    # The engines compare texts each in its own way.
    return sorted(found, key=lambda one: one.entry.text)


async def put(conn: Connection, server_id: int, stored: StoredEntry) -> None:
    """Add an entry, over one of the same text."""
    await conn.execute(
        _PUT,
        server_id,
        stored.entry.text,
        stored.entry.kind.value,
        stored.reason,
        stored.set_by,
        stored.set_at_ms,
    )
    await conn.execute(_CHANGED, server_id)


async def remove(conn: Connection, server_id: int, entry: Entry) -> None:
    """Remove an entry that is on the list."""
    await conn.execute(_DELETE, server_id, entry.text)
    await conn.execute(_CHANGED, server_id)


def _stored(row: Row) -> StoredEntry:
    entry = Entry(Kind(row["kind"]), row["text"])
    return StoredEntry(entry, row["reason"], row["set_by"], row["set_at_ms"])
