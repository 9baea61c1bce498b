import re
from dataclasses import replace
from pathlib import Path

import pytest

import bot.services
from bot.chat.moderation.audit.card import PAGE_ID, ROWS_ON_PAGE, TOPICS, Filters, audit_card
from bot.services.moderation.limits import AuditPage
from bot.storage.audit import HOST, AuditRow, Change
from tests.chat.imagine.test_cards import BUTTON, assert_discord_takes, components, texts
from tests.chat.samples import NASTY_PROMPTS, NOW_MS

MEMBER = 2**62 + 3
ROLE = 2**62 + 9
CHANGE = Change("limit.set", 7, f"role {ROLE}, pictures per day", "5 pictures", None, "a reason")


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
        f"**Limit set** · role <@&{ROLE}>, pictures per day\n"
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
    change = Change("x" * 100, 2**63, nasty, nasty, nasty, nasty, 2**63)
    view = audit_card(page(*[change] * ROWS_ON_PAGE), Filters(2**63, "y" * 20))

    assert_discord_takes(view)
    for text in texts(view)[1:]:
        assert len(text.splitlines()) == 3
        bare = re.sub(r"<@\d+>|<t:\d+:f>", "", text)
        assert not re.search(r"(?<!\\)[<@]", bare)


def test_an_id_in_words_becomes_a_name_but_no_other_number():
    asked = ("member", "the channel", "user")
    shown = [
        texts(audit_card(page(replace(CHANGE, subject=f"{one} {MEMBER} x")), Filters()))[1]
        for one in asked
    ]
    assert [text.splitlines()[0] for text in shown] == [
        f"**Limit set** · member <@{MEMBER}> x",
        f"**Limit set** · the channel <#{MEMBER}> x",
        f"**Limit set** · user <@{MEMBER}> x",
    ]
    plain = texts(audit_card(page(replace(CHANGE, subject="job 12, member 5")), Filters()))[1]
    assert "<@5>" not in plain


def test_every_kind_of_change_can_be_asked_for():
    services = Path(bot.services.__file__).parent
    kinds = re.compile(r'"([a-z]+)\.[a-z_]+"')
    used = {kind for file in services.rglob("*.py") for kind in kinds.findall(file.read_text())}

    assert used == set(TOPICS)
