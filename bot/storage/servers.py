"""Which servers the database has heard of."""

from bot.storage.connection import Connection

_IS_KNOWN = """
SELECT 1 AS known FROM servers WHERE server_id = $1
UNION ALL SELECT 1 AS known FROM jobs WHERE server_id = $1
UNION ALL SELECT 1 AS known FROM audit WHERE server_id = $1
LIMIT 1
"""


async def is_known(conn: Connection, server_id: int) -> bool:
    """Tell whether anything was ever asked for or changed in a server."""
    return await conn.fetch_one(_IS_KNOWN, server_id) is not None
