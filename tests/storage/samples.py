"""Jobs and accepted jobs for the storage tests."""

from dataclasses import replace
from itertools import count
from typing import Any

from bot.core.jobs import Event, Job, PictureLink, State, Ticket
from bot.core.limits import Account, Usage
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size
from bot.storage import jobs, ledger, schema
from bot.storage.connection import Connection
from bot.storage.database import Database, open_database
from bot.storage.ledger import Settlement

SERVER = 2**62 + 1
CHANNEL = 2**62 + 2
MEMBER = 2**62 + 3
DAY = "2026-03-01"
BOT_DAY = "2026-02-28"
NOW_MS = 1_772_323_200_000
SETTLED = Settlement(330_000, 2, 1, 165_000, is_computed=False)

_numbers = count(1)


def make_job(**changes: Any) -> Job:
    number = next(_numbers)
    job = Job(
        id=f"job{number:013}",
        state=State.HELD,
        server_id=SERVER,
        channel_id=CHANNEL,
        member_id=MEMBER,
        prompt="Ein Fuchs 🦊 im 'Schnee'; DROP TABLE jobs",
        size=Size(1536, 1024),
        quality=Quality.HIGH,
        count=2,
        format=Format.PNG,
        private=False,
        held_microusd=400_000,
        created_at_ms=NOW_MS + number,
        interaction_token="secret-token",
        file_limit_bytes=10 * 2**20,
    )
    return replace(job, **changes)


async def database_of_version(url: str, version: int) -> Database:
    """A database as an older bot left it, opened."""
    database = await open_database(url)
    everything = schema.migrations()
    async with database.write() as conn:
        await conn.execute(schema._MAKE_VERSIONS)
        for number in range(1, version + 1):
            name, text = everything[number]
            for statement in schema._statements(text, database.engine):
                await conn.execute(statement)
            await conn.execute(schema._INSERT_VERSION, number, name)
    return database


def make_ticket(name: str = "r1") -> Ticket:
    return Ticket(name, f"http://q/{name}/status", f"http://q/{name}", f"http://q/{name}/cancel")


LINKS = (
    PictureLink("http://m/1.png", "image/png", 1536, 1024),
    PictureLink("http://m/2", "", 0, 0),
)


async def accept(conn: Connection, job: Job) -> Job:
    await ledger.hold(conn, job, day=DAY, bot_day=BOT_DAY, at_ms=NOW_MS)
    await jobs.insert(conn, job, NOW_MS)
    return job


async def accepted(database: Database, **changes: Any) -> Job:
    job = make_job(**changes)
    async with database.write(job.server_id) as conn:
        await accept(conn, job)
    return job


PATHS: dict[State, tuple[Event, ...]] = {
    State.HELD: (),
    State.SUBMITTING: (Event.SUBMIT,),
    State.UNCLEAR: (Event.SUBMIT, Event.LOSE),
    State.QUEUED: (Event.SUBMIT, Event.ACCEPT),
    State.RENDERED: (Event.SUBMIT, Event.ACCEPT, Event.RENDER),
    State.DELIVERED: (Event.SUBMIT, Event.ACCEPT, Event.RENDER, Event.DELIVER),
    State.UNDELIVERED: (Event.SUBMIT, Event.ACCEPT, Event.RENDER, Event.STRAND),
    State.FAILED: (Event.FAIL,),
    State.CANCELLED: (Event.CANCEL,),
}
"""How each state is reached from the start."""


async def moved(database: Database, job: Job, state: State) -> Job:
    """Bring a new job to a state, without touching the ledger."""
    async with database.write(job.server_id) as conn:
        for event in PATHS[state]:
            job = await jobs.advance(
                conn, job.id, expected=job.state, event=event, at_ms=NOW_MS + 1
            )
    return job


ALL = ((Account.MEMBER, DAY), (Account.CHANNEL, DAY), (Account.SERVER, DAY), (Account.BOT, BOT_DAY))


async def used(conn: Connection) -> list[Usage]:
    """Usage of member, channel, server and bot since the days of the samples."""
    found = await ledger.usage(
        conn, server_id=SERVER, member_id=MEMBER, channel_id=CHANNEL, periods=ALL
    )
    return [found[period] for period in ALL]


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """The whole content of the tables that record work, to see that nothing changed."""
    content: dict[str, list[tuple[Any, ...]]] = {}
    async with database.read() as conn:
        for table in ("jobs", "job_history", "ledger", "doubts", "ledger_heads", "totals"):
            rows = await conn.fetch(f"SELECT * FROM {table}")
            content[table] = sorted((tuple(row) for row in rows), key=repr)  # type: ignore[arg-type]
    return content


_TRIGGERS = {
    "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'",
    "postgres": """
        SELECT tgname AS name, CAST(CAST(tgrelid AS regclass) AS TEXT) AS tbl_name
        FROM pg_trigger WHERE NOT tgisinternal
    """,
}


async def unguard(database: Database, conn: Connection) -> None:
    """Take away what keeps rows from being changed, as somebody would who means harm."""
    for row in await conn.fetch(_TRIGGERS[database.engine]):
        where = f" ON {row['tbl_name']}" if database.engine == "postgres" else ""
        await conn.execute(f"DROP TRIGGER {row['name']}{where}")


_OF_THE_BOOKS = ("says that it cost", "its entries count", "its member pays", "member of job")


async def ledger_problems(conn: Connection) -> list[str]:
    """What is wrong with the ledger in itself, whatever was charged for which pictures."""
    problems = await ledger.check(conn)
    return [one for one in problems if not any(words in one for words in _OF_THE_BOOKS)]


async def render(conn: Connection, job: Job, settlement: Settlement = SETTLED) -> None:
    """What the runner does when a result is known."""
    for expected, event in (
        (State.HELD, Event.SUBMIT),
        (State.SUBMITTING, Event.ACCEPT),
        (State.QUEUED, Event.RENDER),
    ):
        changes = jobs.JobChanges()
        if event is Event.RENDER:
            changes = jobs.JobChanges(
                cost_microusd=settlement.cost_microusd, made=settlement.images
            )
        await jobs.advance(
            conn, job.id, expected=expected, event=event, at_ms=NOW_MS + 1, changes=changes
        )
    await ledger.settle(conn, job.id, settlement, NOW_MS + 1)
