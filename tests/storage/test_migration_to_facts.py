"""A database in which changes and steps were noted in words opens, shows them and goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import pytest
from discord import ui

from bot.chat.moderation.audit.card import Filters, audit_card
from bot.chat.moderation.jobs.card import job_card
from bot.chat.moderation.log.cards import card_of
from bot.core.audit import Amount, Change, LimitOf, Text
from bot.core.errors import Broken
from bot.core.jobs import Hitch, State
from bot.core.limits import Subject, Unit, Window
from bot.services.audit_recorder import record
from bot.services.generation.books import Books
from bot.services.generation.moves import Moves
from bot.services.moderation.job_inquiry import Case
from bot.services.moderation.limits import AuditPage
from bot.services.moderation.log_channel import LogChannel, Waits
from bot.services.ports import Meter
from bot.storage import audit, jobs
from bot.storage import notices as stored
from bot.storage.database import Database, migrate
from bot.storage.job_rows import INSERT_JOB, values_of
from bot.storage.notices import Notice
from tests.fakes import ManualClock
from tests.storage.samples import MEMBER, NOW_MS, SERVER, database_of_version, make_job

LOG_CHANNEL = 77
WORDS = f"member {MEMBER}, images per day"

_AUDIT = """
INSERT INTO audit (
    id, server_id, at_ms, actor_id, kind, topic, member_id, job_id, subject, before_, after_,
    reason
) VALUES ($1, $2, $3, 7, 'limit.set', 'limit', $4, NULL, $5, NULL, '5 images', 'an old reason')
"""
_NOTICE = """
INSERT INTO notices (id, server_id, seq, kind, body, at_ms) VALUES ($1, $2, $3, 'change', $4, $5)
"""
_STEP = """
INSERT INTO job_history (job_id, seq, from_state, event, to_state, at_ms, note)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
NEW = Change(
    "limit.set",
    7,
    LimitOf(Subject.MEMBER, MEMBER, Unit.IMAGES, Window.DAY),
    Amount(Unit.IMAGES, 5),
    Amount(Unit.IMAGES, 6),
    "a new reason",
    member_id=MEMBER,
)


@pytest.fixture
async def migrated(database_url: str) -> AsyncIterator[Database]:
    """A row of everything that was noted in words, by a bot that knew six migrations."""
    database = await database_of_version(database_url, 6)
    body = {
        "kind": "limit.set", "actor_id": 7, "subject": WORDS, "before": None,
        "after": "5 images", "reason": "an old reason", "member_id": MEMBER, "job_id": None,
    }  # fmt: skip
    async with database.write(SERVER) as conn:
        await conn.execute(
            "INSERT INTO servers (server_id, log_channel_id) VALUES ($1, $2)", SERVER, LOG_CHANNEL
        )
        await conn.execute(_AUDIT, "0" * 16, SERVER, NOW_MS, MEMBER, WORDS)
        await conn.execute(_NOTICE, "1" * 16, SERVER, 1, json.dumps(body), NOW_MS)
    assert await migrate(database) == [7]
    yield database
    await database.close()


def text_of(view: ui.LayoutView) -> str:
    return "\n".join(i.content for i in view.walk_children() if isinstance(i, ui.TextDisplay))


class Poster:
    """Renders what a log channel would show."""

    def __init__(self) -> None:
        self.posted: list[str] = []

    async def post(
        self, server_id: int, channel_id: int, notices: Sequence[Notice], nonce: str
    ) -> None:
        assert (server_id, channel_id) == (SERVER, LOG_CHANNEL)
        self.posted.append(text_of(card_of(notices)))


async def test_old_rows_keep_their_words_and_new_ones_are_facts(migrated: Database) -> None:
    async with migrated.write(SERVER) as conn:
        await audit.append(conn, SERVER, NEW, NOW_MS + 1)
        new, old = await audit.page(conn, server_id=SERVER, member_id=MEMBER, topic="limit")
        [_, written] = await conn.fetch("SELECT * FROM audit ORDER BY id")
    assert new.change == NEW
    assert (written["subject"], written["before_"], written["after_"]) == ("", None, None)
    assert old.change == Change(
        "limit.set", 7, Text(WORDS), None, Text("5 images"), "an old reason", member_id=MEMBER
    )
    card = text_of(audit_card(AuditPage([new, old], has_newer=False, has_older=False), Filters()))
    assert f"**Limit set** · {WORDS}\nwas nothing → **5 images**" in card
    assert f"**Limit set** · <@{MEMBER}>, pictures per day\nwas 5 pictures → **6" in card


@pytest.mark.parametrize("sql", ["UPDATE audit SET facts = '{}'", "DELETE FROM audit"])
async def test_nobody_rewrites_a_row(migrated: Database, sql: str) -> None:
    with pytest.raises(Broken):
        async with migrated.write(SERVER) as conn:
            await conn.execute(sql)


async def test_what_waited_for_the_log_channel_is_posted_before_what_is_new(
    migrated: Database,
) -> None:
    async with migrated.write(SERVER) as conn:
        await record(conn, SERVER, NEW, NOW_MS + 1)
    poster = Poster()
    loop = LogChannel(migrated, ManualClock(NOW_MS + 2), poster, waits=Waits(every_s=0.01))
    task = asyncio.create_task(loop.run())
    try:
        async with asyncio.timeout(10):
            while await _waiting(migrated):  # noqa: ASYNC110 - a table rings no bell
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    [text] = poster.posted
    old, new = f"{WORDS}: nothing → **5 images**", f"<@{MEMBER}>, pictures per day: 5 pictures"
    assert -1 < text.index(old) < text.index(new)
    assert "“an old reason”" in text


async def _waiting(database: Database) -> dict[int, int]:
    async with database.read() as conn:
        return await stored.waiting(conn)


async def test_an_unfinished_job_goes_on_and_its_story_has_both_kinds_of_note(
    database_url: str,
) -> None:
    database = await database_of_version(database_url, 6)
    job = make_job(state=State.SUBMITTING)
    steps = [
        (1, None, "create", "held", ""),
        (2, "held", "submit", "submitting", "first"),
        (3, "submitting", "return", "held", "the trace was written and nothing was sent"),
        (4, "held", "submit", "submitting", "second"),
    ]
    async with database.write(SERVER) as conn:
        for seq, before, event, after, note in steps:
            await conn.execute(_STEP, job.id, seq, before, event, after, NOW_MS + seq, note)
    try:
        await migrate(database)
        async with database.write(SERVER) as conn:
            await conn.execute(INSERT_JOB, *values_of(job))
        moves = Moves(database, ManualClock(NOW_MS + 10), Meter())
        books = Books(moves, search_max_s=60)
        assert await books.attempt_of(job) == "second"
        lost = await books.lose(job, Hitch.STOPPED)
        async with database.read() as conn:
            story = await jobs.history(conn, job.id)
            kinds = await conn.fetch("SELECT note_kind FROM job_history ORDER BY seq")
    finally:
        await database.close()
    assert [row["note_kind"] for row in kinds] == ["text"] * 4 + ["hitch"]
    assert story[2].note == steps[2][-1]
    assert story[4].note is Hitch.STOPPED
    lines = text_of(job_card(Case(lost, story, []))).splitlines()
    assert any(
        line.endswith(f"not sent; back in line** · after 1 ms · “{steps[2][-1]}”") for line in lines
    )
    assert any(
        line.endswith("no answer from fal** · after 6 ms · stopped while submitting")
        for line in lines
    )
