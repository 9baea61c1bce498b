"""Moderators change a server's preferences: audited, one at a time, over both engines."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.audit import Choice, Setting
from bot.core.errors import BadRequest, IllegalSize, NotOffered, Paused, Refused
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Size
from bot.core.preferences import Places, Preferences, Spoilers
from bot.services.moderation.preferences import By
from bot.storage import audit
from bot.texts.audit import words_of
from tests.said import saying, sentence_of
from tests.services.conftest import CHANNEL, SERVER

MIRA, OLE = By(71, "event week"), By(72)
OTHER = SERVER + 1
WIDE, LARGE = Size(1536, 1024), Size(2048, 2048)


class Panel:
    """The service, and what it noted."""

    def __init__(self, house):
        self.house = house
        self.preferences = house.services.preferences

    async def audit(self, server_id=SERVER):
        async with self.house.database.read() as connection:
            rows = await audit.page(connection, server_id=server_id, limit=50)
        return [row.change for row in reversed(rows)]

    async def steps(self):
        words = [(change.kind, words_of(change)) for change in await self.audit()]
        return [(kind, one.subject, one.before, one.after) for kind, one in words]

    async def notices(self, server_id=SERVER):
        async with self.house.database.read() as connection:
            return await connection.fetch(
                "SELECT * FROM notices WHERE server_id = $1 ORDER BY id", server_id
            )


@pytest.fixture
async def panel(open_house):
    return Panel(await open_house(runs=False))


async def test_every_change_is_stored_and_audited_with_before_and_after(panel):
    change = panel.preferences
    for changing in (
        lambda: change.set_default_size(SERVER, WIDE, MIRA),
        lambda: change.set_max_size(SERVER, LARGE, MIRA),
        lambda: change.set_default_quality(SERVER, Quality.LOW, MIRA),
        lambda: change.set_max_quality(SERVER, Quality.MEDIUM, MIRA),
        lambda: change.set_default_count(SERVER, 2, MIRA),
        lambda: change.set_max_count(SERVER, 3, MIRA),
        lambda: change.set_channels(SERVER, Places.ONLY, [8, 7], MIRA),
        lambda: change.set_channels(SERVER, Places.EXCEPT, [9], MIRA),
        lambda: change.set_log_channel(SERVER, 55, MIRA),
        lambda: change.set_zone(SERVER, "berlin", MIRA),
        lambda: change.set_spoilers(SERVER, Spoilers.AGE_RESTRICTED, MIRA),
        lambda: change.set_private(SERVER, MIRA, is_allowed=False),
        lambda: change.pause(SERVER, " Back\non  Monday ", MIRA),
        lambda: change.resume(SERVER, MIRA),
    ):
        await changing()
        panel.house.clock.now += 1
    assert await panel.steps() == [
        ("settings.size", "default size", "the host's default", "1536×1024"),
        ("settings.size", "highest size", "no bound", "2048×2048"),
        ("settings.quality", "default quality", "the host's default", "low"),
        ("settings.quality", "highest quality", "no bound", "medium"),
        ("settings.count", "default count", "1", "2"),
        ("settings.count", "highest count", "no bound", "3"),
        ("settings.channels", "channels", "everywhere", "only in channel 7, channel 8"),
        (
            "settings.channels",
            "channels",
            "only in channel 7, channel 8",
            "everywhere but in channel 9",
        ),
        ("settings.log_channel", "log channel", None, "channel 55"),
        ("settings.zone", "time zone", "UTC", "Europe/Berlin"),
        ("settings.spoilers", "spoilers", "never", "in age-restricted channels"),
        ("settings.private", "private pictures", "allowed", "not allowed"),
        ("pause.on", "the whole server", "running", "paused: “Back on Monday”"),
        ("pause.off", "the whole server", "paused: “Back on Monday”", "running"),
    ]
    assert {(c.actor_id, c.reason) for c in await panel.audit()} == {(71, "event week")}
    assert await change.read(SERVER) == Preferences(
        default_size=WIDE,
        default_quality=Quality.LOW,
        default_count=2,
        max_size=LARGE,
        max_quality=Quality.MEDIUM,
        max_count=3,
        places=Places.EXCEPT,
        channel_ids=frozenset({9}),
        log_channel_id=55,
        zone="Europe/Berlin",
        spoilers=Spoilers.AGE_RESTRICTED,
        private_allowed=False,
    )
    assert await change.read(OTHER) == Preferences()
    assert await panel.audit(OTHER) == []


async def test_what_was_so_already_is_neither_stored_nor_audited(panel):
    change = panel.preferences
    assert (await change.set_default_size(SERVER, WIDE, MIRA)).setting is Setting.DEFAULT_SIZE
    for _ in range(2):
        assert (await change.set_default_size(SERVER, WIDE, MIRA)).setting is None
        await change.set_zone(SERVER, "UTC", MIRA)
        await change.set_max_size(SERVER, Size(3840, 2160), MIRA)
        await change.set_max_quality(SERVER, Quality.HIGH, MIRA)
        await change.set_default_count(SERVER, 1, MIRA)
        await change.set_max_count(SERVER, 4, MIRA)
        await change.set_channels(SERVER, Places.ONLY, [], MIRA)
        await change.set_channels(SERVER, Places.ALL, [5], MIRA)
        await change.resume(SERVER, MIRA)
    assert len(await panel.audit()) == 1
    assert await change.read(SERVER) == Preferences(default_size=WIDE)


async def test_two_moderators_who_change_different_things_at_once_both_succeed(panel):
    change = panel.preferences
    await asyncio.gather(
        change.set_default_size(SERVER, WIDE, MIRA),
        change.set_default_quality(SERVER, Quality.HIGH, OLE),
        change.set_spoilers(SERVER, Spoilers.ALWAYS, MIRA),
        change.set_zone(SERVER, "Asia/Tokyo", OLE),
        change.pause(SERVER, "", MIRA),
        change.set_private(SERVER, OLE, is_allowed=False),
    )
    assert await change.read(SERVER) == Preferences(
        default_size=WIDE,
        default_quality=Quality.HIGH,
        spoilers=Spoilers.ALWAYS,
        zone="Asia/Tokyo",
        pause_sentence="",
        private_allowed=False,
    )
    assert len(await panel.audit()) == 6


async def test_of_the_same_thing_the_later_one_stays_and_both_are_audited(panel):
    change = panel.preferences
    await asyncio.gather(
        change.set_max_count(SERVER, 2, MIRA), change.set_max_count(SERVER, 3, OLE)
    )
    # Both are of one millisecond, so that their order is not known.
    noted = await panel.audit()
    assert {one.actor_id for one in noted} == {71, 72}
    [first] = [one for one in noted if one.before == Choice(None)]
    [second] = [one for one in noted if one.before == first.after]
    assert Choice((await change.read(SERVER)).max_count) == second.after


async def test_a_default_above_the_highest_is_refused_but_the_highest_may_go_below_it(panel):
    change = panel.preferences
    await change.set_default_size(SERVER, LARGE, MIRA)
    await change.set_default_quality(SERVER, Quality.HIGH, MIRA)
    await change.set_default_count(SERVER, 4, MIRA)
    await change.set_max_size(SERVER, WIDE, MIRA)
    await change.set_max_quality(SERVER, Quality.LOW, MIRA)
    lowered = (await change.set_max_count(SERVER, 2, MIRA)).preferences
    assert (lowered.default_size, lowered.max_size) == (LARGE, WIDE)
    for wrong, highest in (
        (change.set_default_size(SERVER, Size(2048, 1152), MIRA), "1536×1024"),
        (change.set_default_quality(SERVER, Quality.MEDIUM, MIRA), "low"),
        (change.set_default_count(SERVER, 3, MIRA), "2"),
    ):
        with pytest.raises(
            BadRequest, check=saying(f"The highest that this server allows is {highest}")
        ):
            await wrong
    assert await change.read(SERVER) == lowered
    assert len(await panel.audit()) == 6
    job = await panel.house.accept(size=None, quality=None, count=None)
    assert (job.size, job.quality, job.count) == (WIDE, Quality.LOW, 2)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda p: p.set_default_size(SERVER, Size(1000, 1000), MIRA), IllegalSize, "multiples"),
        (lambda p: p.set_max_size(SERVER, Size(64, 64), MIRA), IllegalSize, "at least"),
        (lambda p: p.set_default_count(SERVER, 0, MIRA), BadRequest, "must be 1 to 4"),
        (lambda p: p.set_max_count(SERVER, 5, MIRA), BadRequest, "must be 1 to 4"),
        (lambda p: p.set_zone(SERVER, "Berln", MIRA), BadRequest, "`Europe/Berlin`"),
        (lambda p: p.set_zone(SERVER, "localtime", MIRA), BadRequest, "is no time zone"),
        (lambda p: p.set_zone(SERVER, "UTC+2", MIRA), BadRequest, "summer time"),
        (lambda p: p.pause(SERVER, "x" * 201, MIRA), BadRequest, "at most 200 characters"),
        (
            lambda p: p.set_channels(SERVER, Places.ONLY, range(1, 27), MIRA),
            BadRequest,
            "At most 25 channels",
        ),
        (
            lambda p: p.set_private(SERVER, replace(MIRA, reason="x" * 201), is_allowed=False),
            BadRequest,
            "The reason",
        ),
    ],
)
async def test_what_is_not_possible_is_refused_and_changes_nothing(panel, change, error, said):
    with pytest.raises(error) as refused:
        await change(panel.preferences)
    assert isinstance(refused.value, Refused)
    assert said in sentence_of(refused.value)
    assert await panel.preferences.read(SERVER) == Preferences()
    assert await panel.audit() == []


async def test_a_new_log_channel_hears_of_itself_and_of_what_follows(panel):
    change = panel.preferences
    await change.set_private(SERVER, MIRA, is_allowed=False)
    assert await panel.notices() == []
    await change.set_log_channel(SERVER, 55, MIRA)
    panel.house.clock.now += 1
    await change.set_spoilers(SERVER, Spoilers.ALWAYS, MIRA)
    first, second = await panel.notices()
    assert '"settings.log_channel"' in first["body"]
    assert '"settings.spoilers"' in second["body"]
    assert await panel.notices(OTHER) == []


async def test_a_pause_refuses_new_requests_only_and_ends(panel):
    change, house = panel.preferences, panel.house
    before = await house.accept()
    await change.pause(SERVER, "Back \x00on Monday", MIRA)
    with pytest.raises(Paused, check=saying("“Back on Monday”")):
        await house.accept()
    assert (await house.get(before)).state == before.state
    await house.accept(server_id=OTHER)
    await change.resume(SERVER, OLE)
    await house.accept()
    await house.check()


async def test_what_is_set_decides_the_next_request(panel):
    change, house = panel.preferences, panel.house
    await change.set_max_size(SERVER, WIDE, MIRA)
    with pytest.raises(NotOffered, check=saying("larger than this server allows")):
        await house.accept(size=LARGE)
    await change.set_channels(SERVER, Places.ONLY, [CHANNEL + 1], MIRA)
    with pytest.raises(NotOffered, check=saying("Ask in")):
        await house.accept()
    await house.accept(channel_id=99, parent_channel_id=CHANNEL + 1)
    await change.set_channels(SERVER, Places.ALL, [], MIRA)
    await change.set_private(SERVER, MIRA, is_allowed=False)
    with pytest.raises(NotOffered, check=saying("private")):
        await house.accept(private=True)
    await change.set_spoilers(SERVER, Spoilers.AGE_RESTRICTED, MIRA)
    assert not (await house.accept()).spoiler
    veiled = await house.accept(is_age_restricted=True)
    assert veiled.spoiler
    assert (await house.get(veiled)).spoiler


async def test_after_a_change_of_the_zone_windows_run_in_it(panel):
    change, house = panel.preferences, panel.house
    at_8_pm_utc = house.clock.now // 86_400_000 * 86_400_000 + 20 * 3_600_000
    house.clock.now = at_8_pm_utc
    for _ in range(10):
        await house.accept()
    with pytest.raises(Refused):
        await house.accept()
    await change.set_zone(SERVER, "Tokyo", MIRA)
    await house.accept()  # it is tomorrow there
    await change.set_zone(SERVER, "UTC", MIRA)
    with pytest.raises(Refused):
        await house.accept()  # what was used today stays used today
    await house.check()
