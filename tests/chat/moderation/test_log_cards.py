"""Cards of the log channel: readable, harmless, and within Discord's limits whatever they say."""

import json

import pytest
from discord import ui

from bot.chat.moderation.log.cards import card_of
from bot.core.audit import Amount, Change, LimitOf, Prompt, Text
from bot.core.limits import Subject, Unit, Window
from bot.services.moderation.log_channel import TOGETHER_MAX
from bot.storage.audit import HOST
from bot.storage.notices import Notice

AT_MS = 1_780_000_000_000
HOSTILE = "@everyone **x** <@1> `y` 界" * 40
LIMIT = LimitOf(Subject.ROLE, 123456789012345678, Unit.IMAGES, Window.DAY)
ONE = Amount(Unit.IMAGES, 1)
ALERT = {
    "line": "80",
    "subject": "channel",
    "subject_id": 21,
    "is_host": False,
    "unit": "usd",
    "window": "month",
    "percent": 82,
    "amount": 5_000_000,
    "used": 4_100_000,
    "asked": None,
    "resets_at_ms": AT_MS,
}


def notice(kind: str, body: dict) -> Notice:
    return Notice("0" * 16, 10, kind, body, AT_MS)


def change(**given) -> Notice:
    known = {"kind": "limit.set", "actor_id": 99, "subject": LIMIT, "after": ONE, "reason": ""}
    one = Change(**{**known, **given})
    head = {"kind": one.kind, "actor_id": one.actor_id, "reason": one.reason}
    return notice("change", json.loads(json.dumps({**head, **one.facts})))


def text_of(view: ui.LayoutView) -> str:
    return "\n".join(i.content for i in view.walk_children() if isinstance(i, ui.TextDisplay))


def test_a_change_says_who_what_before_after_why_and_when():
    card = card_of([change(reason="too many")])
    assert text_of(card) == (
        "**Limit set** · <@99> · <t:1780000000:f>\n"
        "<@&123456789012345678>, pictures per day: nothing → **1 picture**\n"
        "-# “too many”"
    )


def test_a_notice_of_an_older_version_shows_its_words_as_they_stand():
    words = "member 123456789012345678, images per day"
    body = {"kind": "limit.set", "actor_id": 99, "subject": words, "before": None,
            "after": "1 image", "reason": "so", "member_id": 5, "job_id": None}  # fmt: skip
    assert text_of(card_of([notice("change", body)])) == (
        f"**Limit set** · <@99> · <t:1780000000:f>\n{words}: nothing → **1 image**\n-# “so”"
    )


def test_a_change_by_the_host_and_one_without_before_and_after():
    refused = change(kind="words.refused", actor_id=HOST, subject=Prompt("a fox"), after=None)
    assert text_of(card_of([refused])) == (
        "**Words refused** · the host · <t:1780000000:f>\nprompt “a fox”"
    )


@pytest.mark.parametrize("count", [1, TOGETHER_MAX])
def test_whatever_was_typed_fits_and_formats_nothing(count):
    texts = dict.fromkeys(("subject", "before", "after"), Text(HOSTILE))
    card = card_of([change(**texts, reason=HOSTILE)] * count)
    text = text_of(card)
    assert card.content_length() <= 4000
    assert len(text.encode()) + 12 * 3 <= 10_170
    assert "\\@everyone" in text
    assert " <@1>" not in text
    assert text.count("Limit set") == count


def test_an_alert_has_a_bar_amounts_whose_it_is_and_when_it_resets():
    assert text_of(card_of([notice("alert", ALERT)])) == (
        "**The budget of <#21> has reached 80 %**\n"
        "▰▰▰▰▰▰▰▰▱▱ 82 %\n"
        "$4.10 of $5 used and held this month\n"
        "-# What does not fit is refused until <t:1780000000:f>, <t:1780000000:R>. "
        "`/imagine-admin limit set` changes it."
    )


def test_a_refusal_says_what_was_asked():
    stopped = {**ALERT, "line": "stopped", "subject": "server", "asked": 330_000, "percent": 130}
    text = text_of(card_of([notice("alert", stopped)]))
    assert "**This server's budget stops requests now**\n▰▰▰▰▰▰▰▰▰▰ 130 %" in text
    assert "Refused: a request for up to $0.33" in text


def test_of_the_whole_bots_budget_only_the_share_is_shown():
    secret = {**ALERT, "subject": "bot", "is_host": True, "amount": None, "used": None}
    text = text_of(card_of([notice("alert", secret)]))
    assert "The whole bot's budget has reached 80 %" in text
    assert "$" not in text
    assert "The host sets it." in text


def test_what_was_dropped_is_counted():
    assert "… and 1,037 more" in text_of(card_of([notice("dropped", {"count": 1037})]))
