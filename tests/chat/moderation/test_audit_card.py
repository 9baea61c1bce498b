import re
from dataclasses import replace
from pathlib import Path

import pytest

import bot.services
from bot.chat.moderation.audit.card import PAGE_ID, ROWS_ON_PAGE, TOPICS, Filters, audit_card
from bot.chat.moderation.log.cards import card_of
from bot.core.audit import (
    Amount,
    AuditRow,
    Change,
    Choice,
    Code,
    Deleted,
    LimitOf,
    Prompt,
    Text,
    Where,
)
from bot.core.limits import Subject, Unit, Window
from bot.core.preferences import Places
from bot.core.wordfilter.words import Entry, Kind
from bot.services.moderation.limits import AuditPage
from bot.storage.audit import HOST
from bot.storage.notices import Notice
from tests.chat.imagine.test_cards import BUTTON, assert_discord_takes, components, texts
from tests.chat.samples import NASTY_PROMPTS, NOW_MS

MEMBER = 2**62 + 3
ROLE = 2**62 + 9
LIMIT = LimitOf(Subject.ROLE, ROLE, Unit.IMAGES, Window.DAY)
CHANGE = Change("limit.set", 7, LIMIT, Amount(Unit.IMAGES, 5), None, "a reason")


def page(*changes: Change, newer: bool = True, older: bool = True) -> AuditPage:
    rows = [
        AuditRow(f"{9 - number:016}", NOW_MS - number * 60_000, change)
        for number, change in enumerate(changes)
    ]
    return AuditPage(rows, has_newer=newer, has_older=older)


def buttons(view) -> dict[str, dict]:
    return {one["label"]: one for one in components(view) if one["type"] == BUTTON}


def test_a_row_says_what_who_when_and_why():
    text = texts(audit_card(page(CHANGE, replace(CHANGE, actor_id=HOST)), Filters()))

    assert text[0] == (f"**Audit**\n-# <t:{NOW_MS // 1000 - 60}:f> to <t:{NOW_MS // 1000}:f>")
    assert text[1] == (
        f"**Limit set** · <@&{ROLE}>, pictures per day\n"
        f"was 5 pictures → **nothing**\n"
        f"-# <t:{NOW_MS // 1000}:f> · <@7> · “a reason”"
    )
    assert "· the host ·" in text[2]


def test_the_heading_names_the_filters():
    view = audit_card(page(CHANGE, newer=False), Filters(MEMBER, "limit"))
    assert texts(view)[0].startswith(f"**Audit** · limits · about <@{MEMBER}>\n-# the newest, ")
    nothing = audit_card(AuditPage([], has_newer=False, has_older=False), Filters(topic="gift"))
    assert texts(nothing) == ["**Audit** · gifts\nNothing like this was changed yet."]
    assert not buttons(nothing)


def test_the_buttons_name_the_rows_that_the_next_pages_start_from_and_the_filters():
    view = audit_card(page(CHANGE, CHANGE, newer=False), Filters(MEMBER, "limit"))

    assert {name: one["custom_id"] for name, one in buttons(view).items()} == {
        "Newer": f"audit:n:{9:016}:{MEMBER}:limit",
        "Older": f"audit:o:{8:016}:{MEMBER}:limit",
    }
    assert buttons(view)["Newer"]["disabled"]
    assert not buttons(view)["Older"]["disabled"]
    for topic in (*TOPICS, None):
        for one in buttons(audit_card(page(CHANGE), Filters(2**64 - 1, topic))).values():
            assert len(one["custom_id"]) <= 100
            assert re.fullmatch(PAGE_ID, one["custom_id"])


@pytest.mark.parametrize("nasty", NASTY_PROMPTS.values(), ids=NASTY_PROMPTS)
def test_a_full_page_fits_and_is_harmless_whatever_the_rows_hold(nasty):
    words, entry = Text(nasty), Entry(Kind.PATTERN, nasty)
    where = Where(Places.EXCEPT, tuple(range(2**63, 2**63 + 25)))
    for change in (
        Change("x" * 100, 2**63, words, words, words, nasty),
        Change("words.refused", 2**63, Prompt(nasty), entry, entry, nasty),
        Change("settings.channels", 2**63, Code("channels"), where, where, nasty),
        Change("limit.clear", 2**63, LIMIT, words, words, "", Deleted(Subject.ROLE, nasty)),
    ):
        view = audit_card(page(*[change] * ROWS_ON_PAGE), Filters(2**63, "y" * 20))

        assert_discord_takes(view)
        for text in texts(view)[1:]:
            assert len(text.splitlines()) == 3
            bare = re.sub(r"<(@&?|#)\d+>|<t:\d+:f>", "", text)
            assert not re.search(r"(?<!\\)[<@]", bare)


TYPED = f"member {MEMBER}, role {ROLE}, channel {MEMBER}, user {MEMBER} <@{MEMBER}>"
"""What somebody may type to have the bot name others."""


@pytest.mark.parametrize(
    "change",
    [
        replace(CHANGE, subject=Code("sums"), reason=TYPED),
        Change("words.add", 7, Entry(Kind.WORD, TYPED), None, Entry(Kind.WORD, TYPED)),
        Change("words.refused", 7, Prompt(TYPED), Code("asked_for"), Entry(Kind.REGEX, TYPED)),
        Change("pause.on", 7, Code("pause_sentence"), Choice(None), Choice(TYPED)),
        Change("limit.clear", 7, Code("sums"), cause=Deleted(Subject.ROLE, TYPED)),
        Change("limit.set", 7, Text(TYPED), Text(TYPED), Text(TYPED), TYPED),
    ],
    ids=lambda change: change.kind,
)
def test_an_id_that_somebody_typed_names_nobody(change: Change):
    [_, card] = texts(audit_card(page(change, newer=False, older=False), Filters()))
    body = {"kind": change.kind, "actor_id": 7, "reason": change.reason, **change.facts}
    [logged] = texts(card_of([Notice("0" * 16, 10, "change", body, NOW_MS)]))

    for text in (card, logged):
        assert f"member {MEMBER}, role"[:20] in text
        assert re.findall(r"(?<!\\)<[@#]&?\d+>", text) == ["<@7>"]


def test_the_ids_of_facts_become_names():
    where = Where(Places.EXCEPT, (21, 22, 23, 24))
    change = Change("settings.channels", 7, Code("channels"), Where(Places.ALL, ()), where)
    card = texts(audit_card(page(change), Filters()))[1]
    named = "everywhere but in <#21>, <#22> and 2 more"
    assert f"was everywhere → **{named}**" in card


def test_every_kind_of_change_can_be_asked_for():
    services = Path(bot.services.__file__).parent
    kinds = re.compile(r'"([a-z]+)\.[a-z_]+"')
    used = {kind for file in services.rglob("*.py") for kind in kinds.findall(file.read_text())}

    assert used == set(TOPICS)
