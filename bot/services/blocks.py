"""Members whom moderators keep from making pictures."""

from bot.core.errors import Blocked
from bot.core.jobs import Request
from bot.services.ports import Clock
from bot.storage import blocks
from bot.storage.database import Connection, Database


class Blocks:
    """The block list of each server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock


async def refuse_if_blocked(connection: Connection, request: Request, now_ms: int) -> None:
    """Refuse a member who is blocked now, with the reason and the end.

    Raises:
        Blocked: With the sentence that the member reads.
    """
    block = await blocks.live(connection, request.server_id, request.member_id, now_ms)
    if block is None:
        return
    until = "" if block.until_ms is None else f" until <t:{-(-block.until_ms // 1000)}:f>"
    why = f" The reason: “{block.reason}”." if block.reason else ""
    raise Blocked(f"A moderator has blocked you from making pictures here{until}.{why}")
