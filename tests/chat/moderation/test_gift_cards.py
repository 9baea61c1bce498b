"""Gifts and blocks on cards, in footers and in refusals; whatever was typed, they fit."""

from dataclasses import replace

import pytest

from bot.chat.imagine.cards import ended_card, quota_card, waiting_card
from bot.chat.moderation.blocks.cards import blocked_card, blocks_card, unblocked_card
from bot.chat.moderation.gifts.cards import given_card, taken_back_card
from bot.chat.moderation.limits.cards import explained_card
from bot.core.errors import OverLimit
from bot.core.gifts import Gift
from bot.core.jobs import Reason, State
from bot.core.limits import Rule, Subject, Unit, Window
from bot.services.limits.allowance import Allowance
from bot.services.moderation.limits import Explained, Overview
from bot.services.ports import Place
from bot.storage.blocks import Block
from bot.texts.jobs import footer
from bot.texts.limits import quota_line
from tests.chat.imagine.test_cards import assert_discord_takes, texts
from tests.chat.samples import MEMBER, NASTY_PROMPTS, NOW_MS, make_balance, make_job, make_pot
from tests.said import sentence_of

USD = Unit.USD
SECOND = NOW_MS // 1000 + 3600
GIFT = Gift("a", Unit.IMAGES, 5, 3, NOW_MS + 3_600_000, 77, "a *prize*")
MONEY = Gift("b", USD, 5_000_000, 2_500_000, NOW_MS + 3_600_000, 0, "")
BLOCK = Block(MEMBER, NOW_MS + 3_600_000, "**spam**", 77, NOW_MS)
USED_UP = make_pot(10, 10)
DOLLARS = make_pot(5_000_000, 4_000_000, unit=USD, window=Window.MONTH)


def allowance(*standings, gifts=(), block=None) -> Allowance:
    return Allowance(list(standings), "2026-03-01", "2026-03-01", list(gifts), block=block)


def balance(*pots, gifts=()):
    return replace(make_balance(*pots), gifts=list(gifts))


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (balance(USED_UP, gifts=[GIFT]), "0 of 10 left today + 3 from gifts (resets in 5 h)"),
        (balance(make_pot(), gifts=[GIFT]), "14 of 20 left today + 3 from gifts (resets in 5 h)"),
        (balance(USED_UP, gifts=[MONEY]), "0 of 10 left today (resets in 5 h)"),
        (
            balance(DOLLARS, gifts=[GIFT, MONEY, MONEY]),
            "$1 of $5 left this month + $5 from gifts (resets in 5 h)",
        ),
        (balance(gifts=[GIFT]), ""),
    ],
)
def test_what_gifts_have_left_stands_beside_the_pot_of_their_unit(found, line):
    assert quota_line(found) == line


async def test_every_card_of_a_job_counts_gifts():
    found = balance(USED_UP, gifts=[GIFT])
    said = "0 of 10 left today + 3 from gifts (resets in 5 h)"
    job = make_job(cost_microusd=1, rendered_at_ms=NOW_MS, reason=Reason.CONTENT)

    assert said in footer(job, 1, found)
    assert said in "".join(texts(waiting_card(job, Place(in_line=1), found)))
    assert said in "".join(texts(ended_card(replace(job, state=State.FAILED), found)))


def test_a_refusal_counts_gifts_and_advises_what_is_possible():
    lines = sentence_of(OverLimit(make_pot(10, 9), 4, 2)).splitlines()
    assert lines[1] == "1 of 10 left today, by the limit for everyone, and 2 from gifts."
    assert lines[2] == "Ask for 3 or fewer, or wait."
    lines = sentence_of(OverLimit(USED_UP, 4, 2)).splitlines()
    assert lines[2] == "Ask for 2 or fewer, or wait."
    lines = sentence_of(OverLimit(DOLLARS, 2_000_000, 330_000)).splitlines()
    assert lines[1] == "$1 of $5 left this month, by the limit for everyone, and $0.33 from gifts."
    assert len(lines) == 3


async def test_the_quota_card_says_who_gave_what_until_when_and_why():
    view = quota_card(allowance(USED_UP, gifts=[GIFT, MONEY]))

    assert texts(view)[1].splitlines() == [
        "**Gifts**, used after what the limits allow",
        f"**3 of 5 pictures left** · from <@77> · until <t:{SECOND}:f> (<t:{SECOND}:R>)",
        "-# “a \\*prize\\*”",
        f"**$2.50 of $5 left** · from the host · until <t:{SECOND}:f> (<t:{SECOND}:R>)",
    ]


async def test_the_quota_card_of_a_blocked_member_says_so_first():
    assert texts(quota_card(allowance(USED_UP, block=BLOCK)))[0].splitlines() == [
        f"**A moderator has blocked you here** until <t:{SECOND}:f> (<t:{SECOND}:R>)",
        "-# “\\*\\*spam\\*\\*”",
    ]


async def test_a_gift_of_use_has_no_but():
    view = given_card(MEMBER, GIFT, allowance(USED_UP, gifts=[replace(GIFT, left=1)]))

    large, small = texts(view)
    assert large.splitlines() == [
        f"**Given.** <@{MEMBER}>: 5 pictures until <t:{SECOND}:f> (<t:{SECOND}:R>)",
        "“a \\*prize\\*”",
    ]
    assert small.splitlines() == [
        "-# They have 4 from gifts now, used after what the limits allow, the earliest end first.",
        "-# They see it in `/quota`, with your name and the reason.",
    ]


@pytest.mark.parametrize(
    ("before", "but"),
    [
        (allowance(), "no limit of pictures holds for them here, so the gift has no effect now."),
        (
            allowance(USED_UP, DOLLARS),
            "their limit of USD holds all the same: $1 of $5 left this month.",
        ),
        (
            allowance(USED_UP, DOLLARS, gifts=[MONEY]),
            "their limit of USD holds all the same: $1 of $5 left this month + $2.50 from gifts.",
        ),
        (
            allowance(USED_UP, block=replace(BLOCK, until_ms=None)),
            "they are blocked without an end, and a gift lifts no block.",
        ),
        (
            allowance(USED_UP, make_pot(9, 9, subject=Subject.SERVER)),
            "this server's budget is used up: 0 of 9 left today.",
        ),
    ],
)
async def test_a_gift_that_can_have_no_effect_says_so(before, but):
    assert f"**But:** {but}" in texts(given_card(MEMBER, GIFT, before))[0].splitlines()


async def test_a_gift_to_somebody_who_left_says_so():
    view = given_card(MEMBER, GIFT, allowance(USED_UP), is_here=False)
    assert "**But:** they are not in this server now." in texts(view)[0]


async def test_what_is_taken_back_is_counted():
    [text, _] = texts(taken_back_card(MEMBER, Unit.IMAGES, [GIFT, replace(GIFT, left=0)]))
    assert text == f"**Taken back.** <@{MEMBER}>: 2 gifts of pictures, with 3 pictures left"


async def test_a_block_says_that_accepted_jobs_go_on():
    [text] = texts(blocked_card(MEMBER, None, "spam", BLOCK))
    assert text.splitlines()[:2] == [f"**Blocked.** <@{MEMBER}> without an end", "“spam”"]
    assert f"Before: blocked until <t:{SECOND}:f>" in text
    assert "Jobs that were accepted before go on, because their price is held already" in text
    [text] = texts(unblocked_card(MEMBER, BLOCK))
    assert text.startswith(f"**Lifted.** <@{MEMBER}> may make pictures again")


async def test_the_list_of_blocks_names_who_until_when_by_whom_and_why():
    [title, text] = texts(blocks_card([BLOCK]))
    assert title == "**Blocked:** 1 member"
    until = f"until <t:{SECOND}:f> (<t:{SECOND}:R>)"
    assert text.splitlines() == [
        f"<@{MEMBER}> · blocked {until} · by <@77> on <t:{NOW_MS // 1000}:d>",
        "-# “\\*\\*spam\\*\\*”",
    ]
    assert texts(blocks_card([])) == ["**Blocked:** nobody"]


@pytest.mark.parametrize("reason", NASTY_PROMPTS.values(), ids=NASTY_PROMPTS)
async def test_the_fullest_cards_fit_whatever_was_typed(reason):
    reason = reason[:200]
    gifts = [replace(GIFT, reason=reason, given_by=2**63 - 1, until_ms=10**15) for _ in range(40)]
    money = [replace(MONEY, amount=10**12, left=10**12 - 1, reason=reason) for _ in range(40)]
    block = replace(BLOCK, reason=reason, member_id=2**63 - 1, set_by=2**63 - 1)
    subjects = (Subject.ROLE, Subject.CHANNEL, Subject.SERVER, Subject.BOT)
    full = [
        make_pot(10**12, 1, unit=unit, window=window, subject=subject, subject_id=2**63 - 1)
        for subject in subjects
        for unit in Unit
        for window in Window
    ]
    roles = [Rule(Subject.ROLE, 2**63 - n, Unit.IMAGES, Window.DAY, 10**6) for n in range(1, 51)]
    explained = [Explained(one, roles) for one in full]

    for mine in (gifts, money, gifts[:12]):
        assert_discord_takes(quota_card(allowance(*full, gifts=mine, block=block)))
        assert_discord_takes(given_card(MEMBER, mine[0], allowance(*full, gifts=mine, block=block)))
        assert_discord_takes(explained_card(MEMBER, Overview(explained, mine, block)))
    assert_discord_takes(blocked_card(MEMBER, 10**15, reason, block))
    listed = blocks_card([block] * 1000)
    assert_discord_takes(listed)
    assert "more; name a `member` to see theirs" in texts(listed)[-1]
    assert "more gifts" in texts(quota_card(allowance(*full, gifts=gifts)))[1]
