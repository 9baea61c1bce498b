"""Cards of removed and reported pictures and of one member, and the forms that they open."""

import re

import pytest
from discord import ui

from bot.chat.delivery.takedowns import removed_card, warning_card
from bot.chat.interaction.layouts import BAD, DONE, QUIET
from bot.chat.moderation.members.card import member_card
from bot.chat.moderation.reports.card import report_card, reported_card
from bot.core.gifts import Gift
from bot.core.jobs import State
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.prompts import clip
from bot.services.moderation.limits import Explained, Overview
from bot.services.moderation.member_activity import Record
from bot.services.moderation.picture_reports import ReportCase, already_decided
from bot.storage.blocks import Block
from bot.storage.notices import Notice
from bot.storage.pictures import Made
from tests.chat.imagine.test_cards import BUTTON, colour, components, texts
from tests.chat.samples import MEMBER, NASTY_PROMPTS, NOW_MS, make_job, make_pot
from tests.said import sentence_of

BIG = 2**63 - 1
REPORT_ID = "0123456789abcdef"


def nasty(name: str, chars: int = 200) -> str:
    return " ".join(NASTY_PROMPTS[name].split())[:chars]


def case(text: str = "a fox", **changes) -> ReportCase:
    given = {
        "report_id": REPORT_ID,
        "server_id": BIG,
        "channel_id": BIG,
        "message_id": BIG,
        "member_id": MEMBER,
        "prompt": clip(text, chars_max=300, bytes_max=600),
        "pictures": 4,
        "reporter_id": BIG,
        "reason": text[:200],
        "voices": 3,
        **changes,
    }
    return ReportCase(**given)


def overview(text: str, limits: int = 40) -> Overview:
    rule = Rule(Subject.ROLE, BIG, Unit.USD, Window.MONTH, 10**12)
    pot = make_pot(10**12, 10**11, unit=Unit.USD, subject=Subject.ROLE, subject_id=BIG)
    gifts = [Gift(str(n), Unit.USD, 10**9, 10**8, NOW_MS + n, BIG, text[:200]) for n in range(20)]
    block = Block(MEMBER, NOW_MS, text[:200], BIG, NOW_MS)
    return Overview([Explained(pot, [rule])] * limits, gifts, block)


def record(text: str) -> Record:
    job = make_job(
        prompt=text,
        state=State.DELIVERED,
        server_id=BIG,
        channel_id=BIG,
        message_id=BIG,
        cost_microusd=10**9,
    )
    many = Made(10**6, 10**6, 10**12)
    return Record(many, many, many, [job] * 5)


def buttons(view: ui.LayoutView) -> list[str]:
    return [one["label"] for one in components(view) if one["type"] == BUTTON]


@pytest.mark.parametrize("name", NASTY_PROMPTS)
def test_every_card_fits_and_pings_nobody_whatever_was_typed(name):
    text = nasty(name)
    job = make_job(prompt=NASTY_PROMPTS[name], message_id=5, cost_microusd=10**6, pictures=2)
    for view in (
        report_card(case(text)),
        report_card(case(text, outcome="warn", closed_by=BIG, closed_at_ms=NOW_MS)),
        removed_card(job, text),
        warning_card(job, text, text),
        member_card(BIG, overview(text), record(NASTY_PROMPTS[name]), has_buttons=True),
    ):
        written = texts(view)
        assert sum(map(len, written)) <= 4000
        assert sum(len(one.encode()) + 12 for one in written) <= 10_170
        assert len(list(components(view))) <= 40
        for one in written:
            assert not re.search(r"(?<!\\)@(everyone|here)", one)
            assert "<@1>" not in one
            assert "](https://evil" not in one


def test_a_removed_card_shows_neither_the_prompt_nor_the_pictures():
    job = make_job(message_id=5, cost_microusd=330_000, pictures=2)
    written = "\n".join(texts(removed_card(job, "too **loud**")))

    assert job.prompt not in written
    assert r"“too \*\*loud\*\*”" in written
    assert "2 pictures · $0.33 stay counted; nothing is given back" in written


def test_an_open_report_has_four_buttons_and_a_decided_one_none():
    body = {name: getattr(case(), name) for name in ReportCase.__slots__}
    opened = reported_card([Notice("1", 1, "report", body, NOW_MS)])
    assert buttons(opened) == ["Remove", "Warn", "Block", "Dismiss"]
    assert colour(opened) == BAD.value
    assert f"<@{BIG}> and 2 others" in texts(opened)[0]

    for outcome, title, expected in (
        ("remove", "Removed", DONE),
        ("warn", "Member warned; the pictures stand", DONE),
        ("block", "Member blocked; the pictures stand", DONE),
        ("dismiss", "Dismissed; the pictures stand", QUIET),
    ):
        decided = case(outcome=outcome, closed_by=7, closed_at_ms=NOW_MS)
        view = report_card(decided)
        assert buttons(view) == []
        assert colour(view) == expected.value
        assert f"**{title}** · by <@7>" in texts(view)[-1]
        assert "<@7> has" in sentence_of(already_decided(decided))


def test_the_voices_of_a_report_are_counted_in_words():
    assert "<@5> and 1 other" in texts(report_card(case(reporter_id=5, voices=2)))[0]
    assert texts(report_card(case(reporter_id=5, voices=1)))[0].endswith("<@5>")


def test_a_member_s_card_offers_what_can_be_done_and_nothing_to_the_member():
    blocked = overview("spam", 1)
    free = Overview(blocked.limits, [], None)
    assert buttons(member_card(5, blocked, record("a"), has_buttons=True))[-1] == "Unblock"
    assert buttons(member_card(5, free, record("a"), has_buttons=True)) == ["Give more", "Block"]
    assert buttons(member_card(5, free, record("a"), has_buttons=False)) == []


def test_a_member_s_private_prompt_is_not_shown_to_moderators():
    nothing = Made(0, 0, 0)
    job = make_job(prompt="a secret", private=True, message_id=5)
    view = member_card(
        5, Overview([], [], None), Record(nothing, nothing, nothing, [job]), has_buttons=True
    )
    written = "\n".join(texts(view))
    assert "secret" not in written
    assert "private" in written
    assert "channels/" not in written
    assert "No limit applies." in written
