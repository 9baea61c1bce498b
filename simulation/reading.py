"""What the database says, read past the bot; the one place that knows its tables."""

import json
import sqlite3
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bot.storage import seals
from simulation.inline_postgres import Server

_T = TypeVar("_T")

_JOBS = """
SELECT id, state, server_id, channel_id, member_id, count, held_microusd, cost_microusd,
    possible_loss_microusd, pictures, reason, fal_request_id, interaction_token, links,
    created_at_ms, ended_at_ms, role_ids, search_until_ms, free_pictures
FROM jobs ORDER BY created_at_ms, id
"""
_LEDGER = """
SELECT id, kind, job_id, server_id, channel_id, member_id, images, microusd, charge_images,
    charge_microusd, gift_images, gift_microusd, day, bot_day
FROM ledger ORDER BY server_id, seq
"""
_HISTORY = "SELECT job_id, seq, from_state, event, to_state FROM job_history ORDER BY job_id, seq"

ENDED = frozenset({"delivered", "undelivered", "failed", "cancelled"})


class Reader(Protocol):
    """Reads rows at once, without time passing."""

    def rows(self, sql: str, *args: object) -> list[Any]:
        """Run a query."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class SqliteReader:
    """Reads the file of a history."""

    def __init__(self, path: Path) -> None:
        self._link = sqlite3.connect(path, isolation_level=None)
        self._link.row_factory = sqlite3.Row
        self._link.create_function(seals.FUNCTION, 1, seals.seal_of, deterministic=True)

    def rows(self, sql: str, *args: object) -> list[Any]:
        """Run a query."""
        named = {str(number): value for number, value in enumerate(args, 1)}
        return self._link.execute(sql, named).fetchall()

    def close(self) -> None:
        """Close the connection."""
        self._link.close()


@dataclass
class ServerReader:
    """Reads a database on a server."""

    server: Server

    def rows(self, sql: str, *args: object) -> list[Any]:
        """Run a query."""
        return self.server.rows(sql, *args)

    def close(self) -> None:
        """The server stays."""


@dataclass
class Account:
    """What the books say of one job.

    Attributes:
        cost: What the host pays, as far as it is settled.
        doubt: What fal may bill beyond that.
        open_hold: What is held still.
        is_searched: Whether the bot still looks for its pictures.
        free: Pictures that came late, for which nobody pays.
    """

    id: str
    state: str
    server_id: int
    channel_id: int
    member_id: int
    count: int
    held: int
    pictures: int | None
    reason: str
    links: list[str]
    token: str | None
    created_at_ms: int
    doubt: int
    request_id: str
    role_ids: frozenset[int]
    is_searched: bool = False
    free: int = 0
    cost: int = 0
    charge_images: int = 0
    charge_microusd: int = 0
    own_images: int = 0
    own_microusd: int = 0
    images: int = 0
    open_hold: int = 0
    day: str = ""
    bot_day: str = ""
    kinds: list[str] = field(default_factory=list)

    @property
    def is_ended(self) -> bool:
        """Whether the bot has nothing to do for it but to look for it perhaps."""
        return self.state in ENDED


def accounts(reader: Reader) -> dict[str, Account]:
    """Read what the books say of every job."""
    found: dict[str, Account] = {}
    for row in reader.rows(_JOBS):
        found[row["id"]] = Account(
            id=row["id"],
            state=row["state"],
            server_id=row["server_id"],
            channel_id=row["channel_id"],
            member_id=row["member_id"],
            count=row["count"],
            held=row["held_microusd"],
            pictures=row["pictures"],
            reason=row["reason"] or "",
            links=[link[0] for link in json.loads(row["links"])],
            token=row["interaction_token"],
            created_at_ms=row["created_at_ms"],
            doubt=row["possible_loss_microusd"],
            request_id=row["fal_request_id"] or "",
            role_ids=frozenset(int(one) for one in row["role_ids"].split(",") if one),
            is_searched=row["search_until_ms"] is not None,
            free=row["free_pictures"],
        )
    for row in reader.rows(_LEDGER):
        if row["job_id"] in found:
            _enter(found[row["job_id"]], row)
    return found


def _enter(account: Account, row: Any) -> None:
    kind = row["kind"]
    account.kinds.append(kind)
    sides = (
        row["microusd"],
        row["images"],
        row["charge_images"],
        row["charge_microusd"],
        row["charge_images"] - row["gift_images"],
        row["charge_microusd"] - row["gift_microusd"],
    )
    match kind:
        case "hold":
            account.open_hold = row["microusd"]
            account.day, account.bot_day = row["day"], row["bot_day"]
            _, account.images, _, _, account.own_images, account.own_microusd = sides
        case "release":
            account.open_hold = account.images = account.own_images = account.own_microusd = 0
        case "settle":
            account.open_hold = 0
            _set(account, sides)
        case "adjust":
            now = (
                account.cost,
                account.images,
                account.charge_images,
                account.charge_microusd,
                account.own_images,
                account.own_microusd,
            )
            _set(account, tuple(a + b for a, b in zip(now, sides, strict=True)))
        case _:
            pass


def _set(account: Account, sides: tuple[int, ...]) -> None:
    (
        account.cost,
        account.images,
        account.charge_images,
        account.charge_microusd,
        account.own_images,
        account.own_microusd,
    ) = sides


def steps(reader: Reader) -> list[tuple[str, int, str | None, str, str]]:
    """Read the history of every job."""
    return [
        (row["job_id"], row["seq"], row["from_state"], row["event"], row["to_state"])
        for row in reader.rows(_HISTORY)
    ]


class Instant:
    """A `Connection` for the bot's own readers of the database, that takes no time."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def fetch(self, sql: str, *args: object) -> list[Any]:
        """See `bot.storage.connection.Connection`."""
        return self._reader.rows(sql, *args)

    async def fetch_one(self, sql: str, *args: object) -> Any:
        """See `bot.storage.connection.Connection`."""
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    async def execute(self, sql: str, *args: object) -> int:
        """Refuse: nothing here writes."""
        raise NotImplementedError(sql, args)

    def spoil(self) -> None:
        """There is no transaction."""


def at_once(work: Coroutine[Any, Any, _T]) -> _T:
    """Run what never really waits."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("this waits for something")
