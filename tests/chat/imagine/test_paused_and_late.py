"""Cards of a line that stands and of pictures that come late, word for word."""

import pytest

from bot.chat.imagine.cards import Attached, ended_card, pictures_card, waiting_card
from bot.chat.interaction.layouts import BAD, DONE, QUIET, WAITING
from bot.chat.moderation.log.cards import card_of
from bot.core.errors import Halt
from bot.core.jobs import Reason, State
from bot.core.models.options import Format
from bot.services.ports import Place
from bot.storage.notices import Notice
from bot.texts.jobs import WHILE_HALTED, why_halted
from tests.chat.imagine.test_cards import (
    BUTTON,
    assert_discord_takes,
    colour,
    components,
    texts,
)
from tests.chat.samples import MEMBER, NOW_MS, make_balance, make_job, make_pot

BALANCE = make_balance(make_pot())
LEFT = "14 of 20 left today (resets in 5 h)"
SMALL = f"-# 2 pictures · 1536×1024 · high · up to $0.36 held · {LEFT}"
HELD_IS_BACK = f"-# Nothing was charged: 2 pictures and $0.36 held are back · {LEFT}"
PICTURE = Attached("imagine-0123456789abcdef-1.png", b"", Format.PNG)


def button_ids(view) -> list[str]:
    return [one["custom_id"] for one in components(view) if one["type"] == BUTTON]


@pytest.mark.parametrize("halt", Halt)
async def test_a_card_that_waits_while_the_line_stands_says_why_and_can_be_cancelled(halt):
    view = waiting_card(make_job(), Place(in_line=1, halt=halt), BALANCE)

    assert texts(view) == [
        "“a lighthouse at dusk”",
        f"**Waiting** · 1st in line · paused: {why_halted(halt)}.",
        "It goes on by itself. A request that has waited for about an hour ends and costs nothing.",
        SMALL,
    ]
    assert button_ids(view) == ["cancel:0123456789abcdef"]
    assert colour(view) == WAITING.value
    assert_discord_takes(view)


async def test_once_the_line_moves_the_card_says_nothing_of_a_pause():
    view = waiting_card(make_job(), Place(in_line=1), BALANCE)
    assert texts(view) == ["“a lighthouse at dusk”", "**Waiting** · 1st in line", SMALL]


async def test_a_cancel_under_way_is_no_pause():
    view = waiting_card(make_job(cancel_by=5), Place(in_line=1, halt=Halt.KEY), BALANCE)
    assert "paused" not in "".join(texts(view))
    assert button_ids(view) == []


async def test_a_job_whose_answer_is_not_usable_can_still_be_cancelled():
    view = waiting_card(make_job(state=State.QUEUED), Place(is_unheard=True), BALANCE)
    assert texts(view)[1].startswith("**Waiting for fal's answer** · ")
    assert button_ids(view) == ["cancel:0123456789abcdef"]


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (Reason.SILENT, "fal has said nothing usable about this request for too long."),
        (Reason.GONE, "fal does not know this request any more."),
        (
            Reason.LOST,
            (
                "fal gave no answer when this was sent, so nobody knows whether it was made. "
                "It was not sent again."
            ),
        ),
        (Reason.MEDIA, "fal made it, but nothing of it could be fetched so far."),
    ],
)
async def test_what_is_looked_for_is_told_so_and_costs_nothing(reason, why):
    job = make_job(state=State.FAILED, reason=reason, search_until_ms=NOW_MS)
    view = ended_card(job, BALANCE)

    assert texts(view)[1:] == [
        (
            f"**No picture** · {why} The bot goes on looking for days; what it finds comes in a "
            "new message, free of charge."
        ),
        HELD_IS_BACK,
    ]
    assert colour(view) == BAD.value
    assert_discord_takes(view)


async def test_a_cancel_that_fal_did_not_confirm_says_what_may_still_come():
    job = make_job(state=State.CANCELLED, reason=Reason.MEMBER, search_until_ms=NOW_MS)
    view = ended_card(job, BALANCE)

    assert texts(view)[1:] == [
        (
            "**Cancelled** · By the member who asked for it. fal has not confirmed that: should it "
            "have made the picture, that still comes, free of charge."
        ),
        HELD_IS_BACK,
    ]
    assert colour(view) == QUIET.value


async def test_late_pictures_say_first_why_they_are_late_and_then_that_they_are_free():
    job = make_job(
        state=State.RENDERED, reason=Reason.LOST, cost_microusd=329_000, rendered_at_ms=NOW_MS
    )
    view = pictures_card(job, [PICTURE], BALANCE, [], names_member=True, is_late=True)

    assert texts(view) == [
        f"<@{MEMBER}> “a lighthouse at dusk”",
        "**Late, and free of charge:** fal's answer to the request was lost.",
        f"-# 1 picture · 1536×1024 · high · free · {LEFT}",
    ]
    assert "$" not in "".join(texts(view))
    assert colour(view) == DONE.value


def line_card(halt: str | None):
    return card_of([Notice("0" * 16, 10, "line", {"halt": halt}, NOW_MS)])


@pytest.mark.parametrize("halt", Halt)
async def test_the_log_channel_reads_why_pictures_are_paused(halt):
    view = line_card(halt.value)

    assert texts(view) == [
        f"**Pictures are paused:** {why_halted(halt)}.",
        f"-# New requests wait in line, and Cancel is free. {WHILE_HALTED}",
    ]
    assert colour(view) == BAD.value
    assert_discord_takes(view)


async def test_the_log_channel_reads_that_pictures_are_made_again():
    view = line_card(None)
    assert texts(view) == ["**Pictures are made again.** What waited is being sent."]
    assert colour(view) == QUIET.value
