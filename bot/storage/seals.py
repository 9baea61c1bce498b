"""Seals: a digest of each row that is written of money, so that rewriting one in place shows.

Entries and doubts are numbered in each server, from 1 and without a gap, and `ledger_heads` knows
how many there were: what was erased is missed. Numbers and seals are computed by the statement
that inserts the row, so they cost no round trip. They are no secret: who can write the database and
knows this text can forge all of it, and then only a copy elsewhere tells.
"""

import hashlib

FUNCTION = "seal_of"
"""The name of the digest in SQL; PostgreSQL has it from the migration, SQLite from the driver."""

ENTRY_SEAL = f"""{FUNCTION}(
    id || '|' || seq || '|' || kind || '|' || COALESCE(hold_id, '') || '|' || COALESCE(job_id, '')
    || '|' || server_id || '|' || COALESCE(CAST(channel_id AS TEXT), '') || '|' || member_id
    || '|' || images || '|' || microusd || '|' || charge_images || '|' || charge_microusd
    || '|' || gift_images || '|' || gift_microusd || '|' || source
    || '|' || day || '|' || bot_day || '|' || at_ms
)"""

DOUBT_SEAL = f"""{FUNCTION}(
    id || '|' || seq || '|' || kind || '|' || job_id || '|' || server_id || '|' || channel_id
    || '|' || member_id || '|' || microusd || '|' || day || '|' || bot_day || '|' || at_ms
    || '|' || by_id || '|' || reason
)"""


def seal_of(body: str | None) -> str | None:
    """Digest a row's text; the same as the function of that name in PostgreSQL."""
    return None if body is None else hashlib.sha256(body.encode()).hexdigest()


def next_number(counter: str, server: str) -> str:
    """Write the number of the next row of a server.

    Args:
        counter: `entries` or `doubts`.
        server: The text for the server's id.
    """
    return (
        f"COALESCE((SELECT {counter} FROM ledger_heads"  # noqa: S608 - names of this package only
        f" WHERE ledger_heads.server_id = {server}), 0) + 1"
    )


def sealed_insert(table: str, columns: str, seal: str, row: str, ending: str = "") -> str:
    """Write the statement that seals and inserts one row.

    Args:
        table: `ledger` or `doubts`.
        columns: Those of the row, without number and seal.
        seal: One of the texts above.
        row: A query for the row, with all its columns and its number `seq`; where it finds none,
            nothing is inserted.
        ending: What is to follow: `ON CONFLICT` and `RETURNING`.
    """
    return f"""
INSERT INTO {table} ({columns}, seq, seal)
SELECT {columns}, seq, {seal} FROM ({row}) AS numbered WHERE true
{ending}
"""  # noqa: S608 - names and texts of this package only
