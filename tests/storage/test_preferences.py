"""A server's preferences as a row, over both engines."""

import pytest

from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Size
from bot.core.preferences import Places, Preferences, Spoilers
from bot.storage import preferences, rules

SERVER, OTHER = 1 << 62, (1 << 62) + 1

FULL = Preferences(
    default_size=Size(1536, 1024),
    default_quality=Quality.LOW,
    default_count=2,
    max_size=Size(2048, 2048),
    max_quality=Quality.MEDIUM,
    max_count=3,
    places=Places.EXCEPT,
    channel_ids=frozenset({(1 << 62) + 5, 7}),
    log_channel_id=(1 << 62) + 9,
    zone="Europe/Berlin",
    spoilers=Spoilers.AGE_RESTRICTED,
    private_allowed=False,
    pause_sentence="Back on Monday — 月曜日 🌙 \\ \"'$1%s",
)


@pytest.mark.parametrize(
    "wanted", [FULL, Preferences(), Preferences(pause_sentence=""), Preferences(places=Places.ONLY)]
)
async def test_preferences_come_back_as_they_were_put(database, wanted):
    async with database.write(SERVER) as connection:
        await preferences.put(connection, SERVER, FULL)
        await preferences.put(connection, SERVER, wanted)
    async with database.read() as connection:
        assert await preferences.load(connection, SERVER) == wanted
        assert (await rules.load(connection, SERVER))[1] == wanted
        assert await preferences.load(connection, OTHER) == Preferences()


@pytest.mark.parametrize("settings", ["{}", "", '{"max_count": 2, "from_a_later_version": 1}'])
async def test_a_row_that_knows_less_or_more_is_read_with_defaults(database, settings):
    async with database.write(SERVER) as connection:
        await connection.execute(
            "INSERT INTO servers (server_id, settings) VALUES ($1, $2)", SERVER, settings
        )
    async with database.read() as connection:
        known = await preferences.load(connection, SERVER)
    assert known == Preferences(max_count=2 if "max_count" in settings else None)


async def test_a_server_that_only_has_limits_has_default_preferences(database):
    rule = Rule(Subject.EVERYONE, 0, Unit.IMAGES, Window.DAY, 5)
    async with database.write(SERVER) as connection:
        await rules.put(connection, SERVER, rule, reason="", set_by=1, at_ms=1)
        assert await preferences.load(connection, SERVER) == Preferences()
        await preferences.put(connection, SERVER, FULL)
    async with database.read() as connection:
        known, prefers = await rules.load(connection, SERVER)
    assert list(known) == [rule]
    assert prefers == FULL


async def test_what_was_read_before_a_change_is_not_taken_for_what_stands(database):
    async with database.write(SERVER) as connection:
        await preferences.put(connection, SERVER, FULL)
        assert (await rules.load(connection, SERVER))[1] == FULL
    async with database.write(SERVER) as connection:
        await preferences.put(connection, SERVER, Preferences())
    async with database.read() as connection:
        assert (await rules.load(connection, SERVER))[1] == Preferences()
