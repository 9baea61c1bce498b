"""The log channel: in order, each thing once, one server apart from all, and nobody waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from bot.core.audit import Change, Text
from bot.core.errors import RouteBusy, Undeliverable
from bot.core.limits import Rule, Subject, Unit, Window
from bot.services.audit_recorder import record
from bot.services.limits.allowance import HostLimits
from bot.services.moderation.limits import Moderation
from bot.services.moderation.log_channel import LogChannel, Waits
from bot.storage import notices, preferences
from tests.fakes import RecordingLogPoster
from tests.services.conftest import SERVER, House
from tests.services.limits.test_alerts import set_log_channel

OTHER = SERVER + 1
FAST = Waits(every_s=0.01, pause_s=0.01, pause_max_s=0.02, post_max_s=5, stop_max_s=1)


def named(subject: str | dict[str, str]) -> str:
    """The text of a change, or of a notice of another kind."""
    return subject if isinstance(subject, str) else subject.get("words", "")


@dataclass
class Scene:
    """A house with a log channel in two servers, and what would be posted there."""

    house: House
    poster: RecordingLogPoster

    async def change(self, *subjects: str, server_id: int = SERVER, kind: str = "limit.set"):
        for subject in subjects:
            async with self.house.database.write(server_id) as connection:
                change = Change(kind, 99, Text(subject))
                await record(connection, server_id, change, self.house.clock.now_ms())

    async def other_kind(self, text: str, server_id: int = SERVER) -> None:
        at_ms = self.house.clock.now_ms()
        async with self.house.database.write(server_id) as connection:
            await notices.add(connection, server_id, "alert", {"subject": text}, at_ms)

    async def waiting(self) -> dict[int, int]:
        async with self.house.database.real.read() as connection:
            return await notices.waiting(connection)

    def subjects(self, server_id: int = SERVER) -> list[list[str]]:
        messages = self.poster.of(server_id)
        return [[named(notice.body["subject"]) for notice in message] for message in messages]

    @asynccontextmanager
    async def running(self, waits: Waits = FAST, **options) -> AsyncIterator[None]:
        loop = LogChannel(
            self.house.database, self.house.clock, self.poster, waits=waits, **options
        )
        task = asyncio.create_task(loop.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def empty(self, *, left: dict[int, int] | None = None) -> None:
        async with asyncio.timeout(10):
            while await self.waiting() != (left or {}):  # noqa: ASYNC110 - tables ring no bell
                await asyncio.sleep(0.005)


@pytest.fixture
async def scene(open_house):
    house = await open_house(runs=False)
    for server_id, channel_id in ((SERVER, 77), (OTHER, 88)):
        await set_log_channel(house, server_id, channel_id)
    return Scene(house, RecordingLogPoster())


def numbered(first: int, last: int) -> list[str]:
    return [f"change {number}" for number in range(first, last + 1)]


async def test_a_backlog_is_posted_in_order_and_few_changes_share_a_message(scene):
    await scene.change(*numbered(1, 10))
    await scene.other_kind("an alert")
    await scene.change(*numbered(11, 12))
    async with scene.running():
        await scene.empty()

    assert scene.subjects() == [
        numbered(1, 8),
        numbered(9, 10),
        ["an alert"],
        numbered(11, 12),
    ]
    assert {channel_id for _, channel_id, _ in scene.poster.posted} == {77}


async def test_each_server_hears_only_of_itself(scene):
    await scene.change("here")
    await scene.change("there", server_id=OTHER)
    async with scene.running():
        await scene.empty()

    assert sorted((server, channel) for server, channel, _ in scene.poster.posted) == [
        (SERVER, 77),
        (OTHER, 88),
    ]
    assert scene.subjects(OTHER) == [["there"]]


async def test_a_crash_between_posting_and_noting_it_posts_once_and_keeps_what_belongs_together(
    scene,
):
    await scene.change(*numbered(1, 2))
    gate = scene.poster.gates[SERVER] = asyncio.Event()
    scene.poster.errors[SERVER] = [RouteBusy("the answer was lost")]
    scene.poster.is_posted = True
    gate.set()
    async with scene.running(replace(FAST, pause_s=60, pause_max_s=60)):
        while not scene.poster.nonces:  # noqa: ASYNC110 - a list rings no bell
            await asyncio.sleep(0.005)
    assert await scene.waiting() == {SERVER: 2}

    await scene.change("change 3")
    async with scene.running():
        await scene.empty()
    assert scene.subjects() == [numbered(1, 2), ["change 3"]]
    assert scene.poster.nonces[0] == scene.poster.nonces[1]


async def test_what_comes_after_a_message_was_decided_is_not_put_into_it(scene):
    await scene.change(*numbered(1, 2))
    scene.poster.errors[SERVER] = [RouteBusy("nothing was posted")]
    async with scene.running(replace(FAST, pause_s=60, pause_max_s=60)):
        while scene.poster.errors[SERVER]:  # noqa: ASYNC110 - a list rings no bell
            await asyncio.sleep(0.005)
    await scene.change("change 3")
    async with scene.running():
        await scene.empty()

    assert scene.subjects() == [numbered(1, 2), ["change 3"]]


async def test_a_failing_log_channel_holds_up_no_change_and_no_other_server(scene):
    scene.poster.errors[SERVER] = [RouteBusy("HTTP 500")] * 5
    hanging = OTHER + 1
    await set_log_channel(scene.house, hanging, 99)
    scene.poster.gates[hanging] = asyncio.Event()
    await scene.change("waits", server_id=hanging)
    async with scene.running():
        service = Moderation(
            scene.house.database, scene.house.clock, HostLimits(default_images_per_day=10)
        )
        rule = Rule(Subject.SERVER, 0, Unit.IMAGES, Window.DAY, 3)
        await service.set_limit(SERVER, rule, actor_id=99, reason="")
        await scene.change("there", server_id=OTHER)
        await scene.empty(left={hanging: 1})

    assert scene.subjects(OTHER) == [["there"]]
    assert len(scene.subjects()) == 1
    assert scene.poster.errors[SERVER] == []
    async with scene.house.database.read() as connection:
        rows = await connection.fetch("SELECT kind FROM audit WHERE server_id = $1", SERVER)
    assert [row["kind"] for row in rows] == ["limit.set"]


async def test_a_channel_that_never_takes_it_drops_that_message_and_goes_on(scene, caplog):
    scene.poster.errors[SERVER] = [Undeliverable(["HTTP 404, code 10003"]), KeyError("a bug")]
    await scene.other_kind("nowhere")
    await scene.other_kind("never")
    await scene.change("somewhere")
    async with scene.running():
        await scene.empty()

    assert scene.subjects() == [["somewhere"]]
    assert [
        r.message for r in caplog.records if r.name == "bot.services.moderation.log_channel"
    ] == ["notice not posted, see the audit"] * 2


async def test_no_log_channel_any_more_drops_what_waits(scene):
    await scene.change(*numbered(1, 3))
    await set_log_channel(scene.house, SERVER, None)
    async with scene.running():
        await scene.empty()
    assert scene.poster.posted == []


async def test_more_than_can_wait_is_dropped_with_one_line_that_says_how_many(scene):
    await scene.change(*numbered(1, 7))
    waits = replace(FAST, kept_max=4, pause_s=60, pause_max_s=60)
    scene.poster.errors[SERVER] = [RouteBusy("closed")]
    async with scene.running(waits):
        await scene.empty(left={SERVER: 5})
    await scene.change(*numbered(8, 9))
    async with scene.running(waits):
        await scene.empty()

    dropped, kept = scene.poster.of(SERVER)
    assert [(one.kind, one.body) for one in dropped] == [("dropped", {"count": 5})]
    assert [named(one.body["subject"]) for one in kept] == numbered(6, 9)


async def test_what_waited_for_a_day_is_dropped_and_at_last_nothing_is_left(scene):
    await scene.change(*numbered(1, 3))
    scene.poster.errors[SERVER] = [RouteBusy("forbidden")] * 10_000
    scene.house.clock.now += 25 * 3600 * 1000
    async with scene.running():
        await scene.empty(left={SERVER: 1})
        scene.house.clock.now += 25 * 3600 * 1000
        await scene.empty()
    assert scene.poster.posted == []


async def test_only_the_servers_of_this_process_are_served(scene):
    await scene.change("here")
    await scene.change("there", server_id=OTHER)
    async with scene.running(owns=lambda server_id: server_id == OTHER):
        await scene.empty(left={SERVER: 1})
    assert scene.poster.of(SERVER) == []


async def test_a_database_that_is_away_stops_nothing_for_good(scene):
    await scene.change("here")
    scene.house.database.reads_failing = 3
    scene.house.database.writes_failing = 2
    async with scene.running():
        await scene.empty()
    assert scene.subjects() == [["here"]]


async def test_a_stop_lets_the_message_that_is_under_way_be_posted_and_noted(scene):
    await scene.change("here")
    gate = scene.poster.gates[SERVER] = asyncio.Event()
    loop = LogChannel(scene.house.database, scene.house.clock, scene.poster, waits=FAST)
    task = asyncio.create_task(loop.run())
    async with asyncio.timeout(10):
        while not loop._tasks:  # noqa: ASYNC110 - a dictionary rings no bell
            await asyncio.sleep(0.005)
    asyncio.get_running_loop().call_later(0.1, gate.set)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert scene.subjects() == [["here"]]
    assert await scene.waiting() == {}


async def test_a_server_without_a_log_channel_gets_no_notices(scene):
    async with scene.house.database.write(SERVER) as connection:
        known = await preferences.load(connection, SERVER)
        await preferences.put(connection, SERVER, replace(known, log_channel_id=None))
    await scene.change("here")
    assert await scene.waiting() == {}
