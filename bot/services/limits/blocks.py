"""Members whom moderators keep from making pictures.

A block refuses what is asked for from then on. Jobs that were accepted before go on: their price is
held, and perhaps spent.
"""

from dataclasses import replace

from bot.core.audit import Change, Until, Who
from bot.core.codes import MemberCode, ModerationCode
from bot.core.errors import BadRequest, Blocked
from bot.core.jobs import Request
from bot.core.limits import Subject
from bot.services.audit_recorder import checked_reason, record
from bot.services.ports import Clock
from bot.storage import blocks
from bot.storage.blocks import Block
from bot.storage.database import Connection, Database

BLOCKS_MAX = 1000
"""Blocks that hold at once in one server."""


class Blocks:
    """The block list of each server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(
        self, server_id: int, member_id: int, until_ms: int | None, *, actor_id: int, reason: str
    ) -> Block | None:
        """Block a member, over a block that holds already.

        Args:
            server_id: The server.
            member_id: The member; they may have left.
            until_ms: The first instant at which it holds no more, None for no end.
            actor_id: The moderator; 0 for the host.
            reason: The member reads it with every refusal.

        Returns:
            The block before, None where there was none.

        Raises:
            BadRequest: The end has passed, or the server has too many blocks already.
        """
        reason = checked_reason(reason)
        async with self._database.write(server_id) as connection:
            now_ms = self._clock.now_ms()
            block = Block(member_id, until_ms, reason, actor_id, now_ms)
            return await set_block(connection, server_id, block)

    async def remove(
        self, server_id: int, member_id: int, *, actor_id: int, reason: str
    ) -> Block | None:
        """Let a member make pictures again.

        Returns:
            The block before, None where there was none and nothing changed.
        """
        reason = checked_reason(reason)
        async with self._database.write(server_id) as connection:
            now_ms = self._clock.now_ms()
            before = await blocks.live(connection, server_id, member_id, now_ms)
            if before is not None:
                await blocks.delete(connection, server_id, member_id)
                change = _change("block.remove", member_id, actor_id, before, None, reason)
                await record(connection, server_id, change, now_ms)
        return before

    async def listed(self, server_id: int) -> list[Block]:
        """Read the blocks of a server that hold now, the newest first."""
        async with self._database.read() as connection:
            return await blocks.listed(connection, server_id, self._clock.now_ms())

    async def of(self, server_id: int, member_id: int) -> Block | None:
        """Read the block that holds for a member now, None where there is none."""
        async with self._database.read() as connection:
            return await blocks.live(connection, server_id, member_id, self._clock.now_ms())


async def set_block(
    connection: Connection, server_id: int, block: Block, job_id: str | None = None
) -> Block | None:
    """Block a member in the caller's transaction; see `Blocks.add`.

    Args:
        connection: Of `write(server_id)`.
        server_id: The server.
        block: What is to hold, set now.
        job_id: The job that gave the reason, for the audit.
    """
    now_ms, member_id = block.set_at_ms, block.member_id
    if block.until_ms is not None and block.until_ms <= now_ms:
        raise BadRequest(ModerationCode.BLOCK_ENDED)
    known = await blocks.listed(connection, server_id, now_ms)
    before = next((one for one in known if one.member_id == member_id), None)
    if before is None and len(known) >= BLOCKS_MAX:
        raise BadRequest(ModerationCode.TOO_MANY_BLOCKS, most=BLOCKS_MAX)
    await blocks.put(connection, server_id, block)
    change = _change("block.add", member_id, block.set_by, before, block, block.reason)
    await record(connection, server_id, replace(change, job_id=job_id), now_ms)
    return before


async def refuse_if_blocked(connection: Connection, request: Request, now_ms: int) -> None:
    """Refuse a member who is blocked now, with the reason and the end.

    Raises:
        Blocked: The member is blocked.
    """
    block = await blocks.live(connection, request.server_id, request.member_id, now_ms)
    if block is not None:
        raise Blocked(MemberCode.BLOCKED, at_ms=block.until_ms, typed=block.reason)


def _change(
    kind: str, member_id: int, actor_id: int, before: Block | None, after: Block | None, reason: str
) -> Change:
    return Change(
        kind=kind,
        actor_id=actor_id,
        subject=Who(Subject.MEMBER, member_id),
        before=before and Until(before.until_ms),
        after=after and Until(after.until_ms),
        reason=reason,
        member_id=member_id,
    )
