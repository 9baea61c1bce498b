"""The word list of each server and the version that tells when to read it again."""

import pytest

from bot.core.errors import Broken
from bot.core.preferences import Preferences
from bot.core.wordfilter.words import Entry, Kind
from bot.storage import preferences, words
from bot.storage.database import Database
from bot.storage.words import StoredEntry
from tests.storage.samples import NOW_MS, SERVER

BAD = StoredEntry(Entry(Kind.WORD, "bad"), "why", 5, NOW_MS)
ENTRIES = [
    StoredEntry(Entry(Kind.REGEX, r"\bB[ae]d"), "", 0, NOW_MS),
    StoredEntry(Entry(Kind.PATTERN, "_under%*"), "", 5, NOW_MS),
    BAD,
    StoredEntry(Entry(Kind.WORD, "zebra"), "", 2**62, NOW_MS),
    StoredEntry(Entry(Kind.WORD, "öl"), "", 5, NOW_MS),
    StoredEntry(Entry(Kind.WORD, "笨蛋🍆"), "", 5, NOW_MS),
]


async def test_a_list_comes_back_in_one_order_on_both_engines_for_its_server_only(
    database: Database,
) -> None:
    async with database.write(SERVER) as conn:
        for stored in ENTRIES[::-1]:
            await words.put(conn, SERVER, stored)
    async with database.read() as conn:
        assert await words.load(conn, SERVER) == ENTRIES
        assert await words.load(conn, SERVER + 1) == []


async def test_an_entry_is_put_over_one_of_the_same_text(database: Database) -> None:
    pattern = StoredEntry(Entry(Kind.PATTERN, "bad"), "other", 6, NOW_MS + 1)
    async with database.write(SERVER) as conn:
        await words.put(conn, SERVER, BAD)
        await words.put(conn, SERVER, pattern)
        assert await words.load(conn, SERVER) == [pattern]
        await words.remove(conn, SERVER, pattern.entry)
        assert await words.load(conn, SERVER) == []


async def test_the_version_grows_with_each_change_of_that_server(database: Database) -> None:
    async with database.write(SERVER) as conn:
        versions = [await words.version(conn, SERVER)]
        await words.put(conn, SERVER, BAD)
        versions.append(await words.version(conn, SERVER))
        await words.put(conn, SERVER, BAD)
        versions.append(await words.version(conn, SERVER))
        await words.remove(conn, SERVER, BAD.entry)
        versions.append(await words.version(conn, SERVER))
        assert await words.version(conn, SERVER + 1) == 0
    assert versions == [0, 1, 2, 3]


async def test_a_change_leaves_the_other_preferences_of_the_server_alone(
    database: Database,
) -> None:
    set_before = Preferences(zone="Europe/Zurich", log_channel_id=7, max_count=2)
    async with database.write(SERVER) as conn:
        await preferences.put(conn, SERVER, set_before)
        await words.put(conn, SERVER, BAD)
        assert await preferences.load(conn, SERVER) == set_before
        await preferences.put(conn, SERVER, Preferences(zone="Asia/Tokyo"))
        assert await words.version(conn, SERVER) == 1


async def test_a_change_that_is_taken_back_leaves_the_version_as_it_was(
    database: Database,
) -> None:
    async def fail() -> None:
        async with database.write(SERVER) as conn:
            await words.put(conn, SERVER, BAD)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.read() as conn:
        assert await words.version(conn, SERVER) == 0
        assert await words.load(conn, SERVER) == []


async def test_the_database_takes_no_other_kind(database: Database) -> None:
    async with database.write(SERVER) as conn:
        await words.put(conn, SERVER, BAD)
    with pytest.raises(Broken):
        async with database.write(SERVER) as conn:
            await conn.execute("UPDATE words SET kind = 'other'")
