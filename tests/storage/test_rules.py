import pytest

from bot.core.errors import Broken
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.preferences import Preferences
from bot.storage import preferences, rules
from bot.storage.database import Database
from tests.storage.samples import NOW_MS, SERVER

RULES = [
    Rule(Subject.EVERYONE, 0, Unit.IMAGES, Window.DAY, 10),
    Rule(Subject.EVERYONE, 0, Unit.USD, Window.DAY, 2_500_000),
    Rule(Subject.EVERYONE, 0, Unit.USD, Window.MONTH, 2**62),
    Rule(Subject.ROLE, 2**62, Unit.USD, Window.DAY, 0),
]


async def test_a_server_without_rules_counts_in_utc(database: Database) -> None:
    async with database.read() as conn:
        assert await rules.load(conn, SERVER) == ((), Preferences(zone="UTC"))


async def test_rules_and_zone_come_back_for_their_server_only(database: Database) -> None:
    async with database.write(SERVER) as conn:
        for rule in RULES[::-1]:
            await rules.put(conn, SERVER, rule, reason="", set_by=1, at_ms=NOW_MS)
        assert await rules.load(conn, SERVER) == (tuple(RULES), Preferences(zone="UTC"))
        await preferences.put(conn, SERVER, Preferences(zone="Europe/Berlin"))
        await preferences.put(conn, SERVER, Preferences(zone="Europe/Zurich"))
        await preferences.put(conn, 5, Preferences(zone="Asia/Tokyo"))

    async with database.read() as conn:
        assert await rules.load(conn, SERVER) == (tuple(RULES), Preferences(zone="Europe/Zurich"))
        assert await rules.load(conn, 5) == ((), Preferences(zone="Asia/Tokyo"))


async def test_a_rule_is_set_over_its_like(database: Database) -> None:
    later = Rule(Subject.EVERYONE, 0, Unit.IMAGES, Window.DAY, 3)
    async with database.write(SERVER) as conn:
        await rules.put(conn, SERVER, RULES[0], reason="launch", set_by=1, at_ms=NOW_MS)
        await rules.put(conn, SERVER, later, reason="too much", set_by=2, at_ms=NOW_MS + 1)

        assert await rules.load(conn, SERVER) == ((later,), Preferences(zone="UTC"))
        row = await conn.fetch_one("SELECT reason, set_by, set_at_ms FROM rules")
    assert row
    assert (row["reason"], row["set_by"], row["set_at_ms"]) == ("too much", 2, NOW_MS + 1)


async def test_clearing_removes_one_rule_and_says_what_it_was(database: Database) -> None:
    key = {"subject": Subject.EVERYONE, "subject_id": 0, "unit": Unit.USD, "window": Window.DAY}
    async with database.write(SERVER) as conn:
        for rule in RULES:
            await rules.put(conn, SERVER, rule, reason="", set_by=1, at_ms=NOW_MS)

        assert await rules.clear(conn, SERVER, **key) == 2_500_000
        assert await rules.clear(conn, SERVER, **key) is None
        assert await rules.load(conn, SERVER) == ((RULES[0], *RULES[2:]), Preferences(zone="UTC"))


async def test_a_negative_amount_is_refused(database: Database) -> None:
    rule = Rule(Subject.EVERYONE, 0, Unit.IMAGES, Window.DAY, -1)

    with pytest.raises(Broken, match="rules_amount"):
        async with database.write(SERVER) as conn:
            await rules.put(conn, SERVER, rule, reason="", set_by=1, at_ms=NOW_MS)
