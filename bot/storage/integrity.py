"""Whether the engine itself finds its files in order; what they say is for `consistency.py`."""

from bot.core.errors import StorageTrouble
from bot.storage.connection import Connection, Database

_LINES_MAX = 10

_OF_SERVER = """
SELECT 'the index ' || indexrelid::regclass || ' is not valid' AS problem
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE NOT indisvalid AND relnamespace = CAST(current_schema() AS regnamespace)
UNION ALL
SELECT 'the rule ' || conname || ' was never checked'
FROM pg_constraint
WHERE NOT convalidated AND connamespace = CAST(current_schema() AS regnamespace)
UNION ALL
SELECT 'pages with a wrong checksum were read: ' || checksum_failures
FROM pg_stat_database WHERE datname = current_database() AND checksum_failures > 0
"""
_TABLES = "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = current_schema()"


async def damage(database: Database) -> list[str]:
    """Let the engine look through its own files; reads all of them.

    Returns:
        A sentence for each problem; at most a few, because damage rarely comes alone.
    """
    look = _sqlite if database.engine == "sqlite" else _postgres
    try:
        async with database.read() as conn:
            return await look(conn)
    except StorageTrouble as error:
        return [str(error)]


async def _sqlite(conn: Connection) -> list[str]:
    rows = await conn.fetch(f"PRAGMA integrity_check({_LINES_MAX})")
    found = [str(row["integrity_check"]) for row in rows]
    problems = [f"the database file is damaged: {line}" for line in found if line != "ok"]
    if problems:
        return problems
    counts: dict[tuple[str, str], int] = {}
    for row in await conn.fetch("PRAGMA foreign_key_check"):
        pair = str(row["table"]), str(row["parent"])
        counts[pair] = counts.get(pair, 0) + 1
    return [
        f"{number} rows of the table {table} name a row of {parent} that is not there"
        for (table, parent), number in counts.items()
    ]


async def _postgres(conn: Connection) -> list[str]:
    # A server checks its pages as they are read, so all of each table are.
    for table in await conn.fetch(_TABLES):
        await conn.fetch(f"SELECT COUNT(one.*) AS n FROM {table['name']} AS one")  # noqa: S608 - names of tables
    rows = await conn.fetch(_OF_SERVER)
    return [f"the database is damaged: {row['problem']}" for row in rows]
