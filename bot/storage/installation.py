"""Which database this is, how much it knows, and whether it still takes what is written."""

from dataclasses import dataclass

from bot.core.errors import Broken
from bot.storage.connection import Database
from bot.storage.schema import found_version

_SINCE = 4
"""The version of the tables that first had an identity."""

_SELECT = "SELECT id FROM installation"
_COUNT = "SELECT COUNT(*) AS n FROM ledger"
_PROBE = "UPDATE installation SET probe = probe + $1"


@dataclass(frozen=True, slots=True)
class Found:
    """What a database turned out to be.

    Attributes:
        version: Of its tables; 0 where there are none of ours.
        id: Its identity; None in one that is older than identities.
        entries: How many entries its ledger has.
    """

    version: int = 0
    id: str | None = None
    entries: int = 0


async def look(database: Database) -> Found:
    """Look at a database that may hold anything.

    Raises:
        DatabaseUnavailable: It cannot be read.
        Broken: It is newer than this code.
    """
    async with database.read() as conn:
        version = await found_version(conn, database.engine)
        if version == 0:
            return Found()
        counted = await conn.fetch_one(_COUNT)
        row = await conn.fetch_one(_SELECT) if version >= _SINCE else None
    return Found(version, str(row["id"]) if row else None, int(counted["n"]) if counted else 0)


async def write_probe(database: Database) -> None:
    """Write something and take it back, down to the disk: what is rolled back never gets there.

    Raises:
        DatabaseUnavailable: Writes do not work; the sentence says why.
        Broken: The database is none of ours.
    """
    async with database.write() as conn:
        changed = await conn.execute(_PROBE, 1)
        await conn.execute(_PROBE, -1)
    if changed != 1:
        raise Broken("the database has lost its identity: its table `installation` is empty")
