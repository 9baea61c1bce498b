"""Word lists as moderators change them while members ask."""

import asyncio
from collections import Counter

import pytest

from bot.core.audit import Prompt
from bot.core.errors import BadRequest, Blocked, ForbiddenPrompt
from bot.core.wordfilter.words import ENTRIES_MAX, Entry, Kind
from bot.services.limits.words import Added, Words
from bot.storage import audit, jobs, words
from bot.storage.words import StoredEntry
from bot.texts.audit import words_of
from tests.said import saying, sentence_of
from tests.services.conftest import MEMBER, SERVER

MODERATOR = 99


def service(house) -> Words:
    """Other than the one that requests are checked by, like that of another process."""
    return house.services.words


async def add(house, text, kind=Kind.WORD, *, server_id=SERVER, reason=""):
    house.clock.now += 1  # so that two changes are one after the other
    return await service(house).add(server_id, kind, text, actor_id=MODERATOR, reason=reason)


async def remove(house, text, *, server_id=SERVER):
    house.clock.now += 1
    return await service(house).remove(server_id, text, actor_id=MODERATOR, reason="")


async def changes(house, server_id=SERVER):
    async with house.database.read() as connection:
        return [row.change for row in await audit.page(connection, server_id=server_id, limit=50)]


async def forbidden(house, prompt, **request) -> ForbiddenPrompt:
    house.clock.now += 1
    with pytest.raises(ForbiddenPrompt) as caught:
        await house.accept(prompt=prompt, **request)
    return caught.value


async def test_a_refused_prompt_holds_nothing_and_is_in_the_audit_with_its_entry(open_house):
    house = await open_house(runs=False)
    await add(house, "Bad* Dog", Kind.PATTERN, reason="they bite")
    error = await forbidden(house, "a b\u0430dger d.o.g @everyone")

    assert "bad" not in sentence_of(error).lower()
    refused = (await changes(house))[0]
    assert (refused.kind, refused.actor_id, refused.member_id) == ("words.refused", MEMBER, MEMBER)
    assert refused.after == Entry(Kind.PATTERN, "bad* dog")
    assert refused.subject == Prompt("a b\u0430dger d.o.g @everyone")
    assert words_of(refused).after == "refused for “bad* dog” (pattern)"
    async with house.database.read() as connection:
        assert await jobs.unfinished(connection) == []
        assert await connection.fetch("SELECT * FROM ledger") == []
    await house.check()


async def test_what_was_accepted_before_an_entry_goes_on_and_later_prompts_do_not(open_house):
    house = await open_house(runs=False)
    job = await house.accept(prompt="a kraken")
    await add(house, "kraken")
    await forbidden(house, "a kraken")
    assert await house.get(job) == job
    await remove(house, "kraken")
    await house.accept(prompt="a kraken")


async def test_every_change_is_in_the_audit_with_before_and_after(open_house):
    house = await open_house(runs=False)
    first = Entry(Kind.WORD, "kraken")
    assert await add(house, " Kraken ", reason="too  many\narms") == Added(first, None)
    added = await add(house, "kraken", Kind.PATTERN)
    assert added.before == first
    assert await remove(house, "KRAKEN") == added.entry

    words = [(row.kind, words_of(row)) for row in await changes(house)][::-1]
    assert [(kind, one.subject, one.before, one.after) for kind, one in words] == [
        ("words.add", "“kraken”", None, "“kraken”"),
        ("words.add", "“kraken” (pattern)", "“kraken”", "“kraken” (pattern)"),
        ("words.remove", "“kraken” (pattern)", "“kraken” (pattern)", None),
    ]
    assert (await changes(house))[-1].reason == "too many arms"


async def test_adding_twice_and_removing_nothing_are_refused_and_change_nothing(open_house):
    house = await open_house(runs=False)
    await add(house, "kraken")
    with pytest.raises(BadRequest, check=saying("on the list already")):
        await add(house, "KRAKEN")
    with pytest.raises(BadRequest, check=saying("not on the list")):
        await remove(house, "squid")
    with pytest.raises(BadRequest, check=saying("no regular expression")):
        await add(house, "(", Kind.REGEX)
    assert len(await changes(house)) == 1
    assert len(await service(house).listed(SERVER)) == 1


async def test_an_expression_is_removed_as_it_was_typed(open_house):
    house = await open_house(runs=False)
    await add(house, r"\bKrak\S+", Kind.REGEX)
    await add(house, "krak")
    assert (await remove(house, r"\bKrak\S+")).kind is Kind.REGEX
    assert await service(house).found_in(SERVER, "krakens, a krak") == [Entry(Kind.WORD, "krak")]


async def test_two_moderators_at_once_are_both_in_the_audit_and_one_entry_stands(open_house):
    house = await open_house(runs=False)
    results = await asyncio.gather(
        *(add(house, "kraken", kind) for kind in [Kind.WORD, Kind.PATTERN, Kind.WORD] * 2),
        return_exceptions=True,
    )
    done = [one for one in results if not isinstance(one, BaseException)]
    assert len(await changes(house)) == len(done)
    [stands] = await service(house).listed(SERVER)
    # Each change says what it found: they form one chain, whatever their order was.
    befores = Counter(change.before for change in await changes(house))
    afters = Counter(change.after for change in await changes(house))
    assert afters - befores == {stands.entry: 1}


async def test_requests_that_race_with_a_change_are_judged_by_one_list_or_the_other(open_house):
    house = await open_house(runs=False, default_images_per_day=100)
    tasks = [house.accept(prompt="a kraken") for _ in range(10)]
    results, _ = await asyncio.gather(
        asyncio.gather(*tasks, return_exceptions=True), add(house, "kraken")
    )
    refused = sum(isinstance(one, ForbiddenPrompt) for one in results)
    after = await asyncio.gather(
        *(house.accept(prompt="a kraken") for _ in range(5)), return_exceptions=True
    )
    assert all(isinstance(one, ForbiddenPrompt) for one in after)
    kinds = Counter(change.kind for change in await changes(house))
    assert kinds == {"words.add": 1, "words.refused": refused + 5}
    async with house.database.read() as connection:
        assert len(await jobs.unfinished(connection)) == 10 - refused
    await house.check()


async def test_another_server_is_not_touched_and_learns_nothing(open_house):
    house = await open_house(runs=False)
    await add(house, "kraken")
    await add(house, "squid", server_id=SERVER + 1)

    await house.accept(prompt="a kraken", server_id=SERVER + 1)
    await forbidden(house, "a squid", server_id=SERVER + 1)
    await house.accept(prompt="a squid")
    assert await service(house).found_in(SERVER + 2, "kraken squid") == []
    assert [one.entry.text for one in await service(house).listed(SERVER + 1)] == ["squid"]
    assert {row.kind for row in await changes(house)} == {"words.add"}


async def test_the_list_is_bounded(open_house):
    house = await open_house(runs=False)
    async with house.database.write(SERVER) as connection:
        for number in range(ENTRIES_MAX):
            stored = StoredEntry(Entry(Kind.WORD, f"word{number}ly"), "", MODERATOR, 1)
            await words.put(connection, SERVER, stored)
    with pytest.raises(BadRequest, check=saying("500 entries")):
        await add(house, "more")
    await add(house, "word7ly", Kind.PATTERN)
    await forbidden(house, "a w.o.r.d.4.9.9.l.y thing")


async def test_a_long_prompt_is_read_beside_the_loop(open_house):
    house = await open_house(runs=False)
    await add(house, r"(k+)+\.$", Kind.REGEX)
    await add(house, "kraken")
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    await forbidden(house, "k1 " * 1300 + "kraken")
    beside.cancel()
    assert turns > 1


async def test_a_blocked_member_with_a_forbidden_prompt_is_refused_once(open_house):
    house = await open_house(runs=False)
    await house.services.blocks.add(SERVER, MEMBER, None, actor_id=MODERATOR, reason="")
    await add(house, "kraken")
    with pytest.raises((Blocked, ForbiddenPrompt)):
        await house.accept(prompt="a kraken")
    assert sum(row.kind == "words.refused" for row in await changes(house)) <= 1


async def test_more_servers_than_are_kept_ready_are_all_checked(open_house, monkeypatch):
    house = await open_house(runs=False)
    monkeypatch.setattr("bot.services.limits.words._SERVERS_MAX", 2)
    for number in range(5):
        await add(house, f"word{number}x", server_id=SERVER + number)
    for _ in range(2):
        for number in range(5):
            await forbidden(house, f"a word{number}x", server_id=SERVER + number)
