"""What is still to be posted to log channels, stored in the transaction that it tells of.

A server without a log channel gets none. Whoever posts them deletes them.
"""

import json
from dataclasses import dataclass
from typing import Any

from bot.storage.connection import Connection
from bot.storage.ids import new_id

_ADD = """
INSERT INTO notices (id, server_id, kind, body, at_ms)
SELECT $1, CAST($2 AS BIGINT), $3, $4, CAST($5 AS BIGINT)
FROM servers WHERE server_id = $2 AND log_channel_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a log channel is to show.

    Attributes:
        kind: Which card it becomes.
        body: What the card is made of: text, whole numbers and None by name.
    """

    id: str
    server_id: int
    kind: str
    body: dict[str, Any]
    at_ms: int


async def add(
    conn: Connection, server_id: int, kind: str, body: dict[str, Any], at_ms: int
) -> bool:
    """Note something for a server's log channel; False where it has none."""
    text = json.dumps(body)
    return await conn.execute(_ADD, new_id(at_ms), server_id, kind, text, at_ms) == 1
