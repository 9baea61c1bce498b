import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from discord import ui

from bot.chat.imagine.cards import (
    CANCEL_ID,
    Attached,
    alt_text,
    ended_card,
    pictures_card,
    quota_card,
    quoted,
    state_line,
    waiting_card,
)
from bot.chat.interaction.layouts import BAD, DONE, QUIET, WAITING, WORKING, notice
from bot.core.errors import Halt
from bot.core.jobs import Job, Phase, Progress, Reason, State
from bot.core.limits import Subject, Unit, Window
from bot.core.models.options import Format
from bot.services.limits.allowance import Allowance
from bot.services.ports import Place
from bot.texts.jobs import fewer_note
from tests.chat.samples import MEMBER, NASTY_PROMPTS, NOW_MS, make_balance, make_job, make_pot

SECTION, TEXT, GALLERY, ROW, BUTTON, CONTAINER = 9, 10, 12, 1, 2, 17
BALANCE = make_balance(make_pot())
NOTES = ["fal sent WebP instead of PNG.", fewer_note(4, 2, 3, 3) or ""]
LONG_NOTE = "Sent as WebP (quality 95, 3840×2160): the PNG was over 10 MiB."


def components(view: ui.LayoutView) -> Iterator[dict[str, Any]]:
    """All components of a layout, those inside others too."""
    todo = list(view.to_components())
    while todo:
        one = todo.pop(0)
        yield one
        todo = [*one.get("components", []), *todo]


def texts(view: ui.LayoutView) -> list[str]:
    return [one["content"] for one in components(view) if one["type"] == TEXT]


def colour(view: ui.LayoutView) -> int:
    (box,) = view.to_components()
    assert box["type"] == CONTAINER
    return box["accent_color"]


def pictures(count: int = 4) -> list[Attached]:
    names = [f"imagine-0123456789abcdef-{number}.webp" for number in range(1, count + 1)]
    return [Attached(name, b"", Format.WEBP, LONG_NOTE) for name in names]


def with_pictures(job: Job, *, names_member: bool = False, is_late: bool = False) -> ui.LayoutView:
    notes = [*NOTES, *[LONG_NOTE] * 4]
    return pictures_card(
        job, pictures(), BALANCE, notes, names_member=names_member, is_late=is_late
    )


def searched(job: Job) -> Job:
    """A job that ended and whose pictures are looked for."""
    return replace(job, search_until_ms=NOW_MS)


CARDS: dict[str, Callable[[Job], ui.LayoutView]] = {
    "waiting": lambda job: waiting_card(job, Place(in_line=7), BALANCE),
    "running": lambda job: waiting_card(job, Place(progress=Progress(Phase.RUNNING)), BALANCE),
    "pictures": with_pictures,
    "late pictures": lambda job: with_pictures(job, names_member=True),
    "pictures after the end": lambda job: with_pictures(job, names_member=True, is_late=True),
    "ended": lambda job: ended_card(job, BALANCE),
    "late end": lambda job: ended_card(job, BALANCE, names_member=True),
    "ended, looked for": lambda job: ended_card(searched(job), BALANCE),
    **{
        f"paused, {halt}": lambda job, halt=halt: waiting_card(
            job, Place(in_line=2000, halt=halt), BALANCE
        )
        for halt in Halt
    },
}


def assert_discord_takes(view: ui.LayoutView) -> None:
    """Hold a layout against Discord's limits; a breach of the last one is a 500, not a 400."""
    found = list(components(view))
    shown = texts(view)
    assert len(found) <= 40
    assert all(shown), "an empty text is refused"
    assert sum(map(len, shown)) <= 4000
    assert sum(len(text.encode()) + 12 for text in shown) <= 10_170
    for one in found:
        if one["type"] == GALLERY:
            assert 1 <= len(one["items"]) <= 10
            assert all(1 <= len(item["description"]) <= 1024 for item in one["items"])
        if one["type"] == BUTTON:
            assert len(one["label"]) <= 80
            assert len(one["custom_id"]) <= 100


def assert_harmless(text: str) -> None:
    left = re.sub(r"\\[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]", "", text)
    assert not re.search(r"[`*_~|<>\[\]@\\]|://", left)
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("prompt", NASTY_PROMPTS.values(), ids=NASTY_PROMPTS)
@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
async def test_every_card_fits_and_is_harmless_whatever_the_prompt(card, prompt):
    job = make_job(
        prompt=prompt, count=4, cost_microusd=660_000, rendered_at_ms=NOW_MS + 41_000,
        reason=Reason.LOST,
    )  # fmt: skip

    view = card(job)

    assert_discord_takes(view)
    heading = texts(view)[0].removeprefix(f"<@{MEMBER}> ")
    assert heading == quoted(job)
    assert heading.startswith("“")
    assert heading.endswith("”")
    assert_harmless(heading)
    for other in texts(view)[1:]:
        assert "@" not in other
    assert view.is_finished(), "a layout that is not finished would be kept in memory"


async def test_only_late_news_names_the_member():
    job = make_job(cost_microusd=1)
    named = {name for name, card in CARDS.items() if f"<@{MEMBER}>" in "".join(texts(card(job)))}
    assert named == {"late pictures", "pictures after the end", "late end"}


async def test_a_waiting_card_has_prompt_state_small_print_and_a_button():
    view = waiting_card(make_job(), Place(in_line=2), BALANCE)

    assert texts(view) == [
        "“a lighthouse at dusk”",
        "**Waiting** · 2nd in line",
        "-# 2 pictures · 1536×1024 · high · up to $0.36 held · 14 of 20 left today (resets in 5 h)",
    ]
    (button,) = [one for one in components(view) if one["type"] == BUTTON]
    match = re.fullmatch(CANCEL_ID, button["custom_id"])
    assert match
    assert match["job_id"] == make_job().id
    assert colour(view) == WAITING.value


async def test_a_card_of_a_member_without_limits_leaves_the_quota_out():
    view = waiting_card(make_job(), Place(in_line=2), make_balance())
    assert texts(view)[2] == "-# 2 pictures · 1536×1024 · high · up to $0.36 held"


STARTED_MS = NOW_MS + 12_999


@pytest.mark.parametrize(
    ("job", "place", "line"),
    [
        (make_job(), Place(in_line=1), "**Waiting** · 1st in line"),
        (make_job(), Place(), "**Sending to fal** …"),
        (make_job(), Place(in_line=0), "**Sending to fal** …"),
        (
            make_job(state=State.QUEUED),
            Place(progress=Progress(Phase.WAITING, 3)),
            "**Waiting at fal** · 3 ahead",
        ),
        (
            make_job(state=State.QUEUED),
            Place(progress=Progress(Phase.WAITING, 0)),
            "**Waiting at fal** · next",
        ),
        (
            make_job(state=State.QUEUED),
            Place(progress=Progress(Phase.WAITING)),
            "**Waiting at fal** · next",
        ),
        (
            make_job(state=State.QUEUED),
            Place(progress=Progress(Phase.RUNNING), running_since_ms=STARTED_MS),
            f"**Painting** · started <t:{STARTED_MS // 1000}:R>",
        ),
        (
            make_job(state=State.QUEUED),
            Place(progress=Progress(Phase.RUNNING)),
            f"**Painting** · started <t:{NOW_MS // 1000}:R>",
        ),
        (
            make_job(state=State.QUEUED, cancel_by=1),
            Place(progress=Progress(Phase.RUNNING)),
            "**Cancelling** · what fal has already started may still be finished and paid for",
        ),
        (
            make_job(state=State.UNCLEAR),
            Place(),
            "**No answer from fal** · looking for the job before anything is decided",
        ),
        (
            make_job(state=State.QUEUED),
            Place(is_unheard=True),
            "**Waiting for fal's answer** · none is usable yet, so it is asked again and again",
        ),
        (
            make_job(),
            Place(in_line=2, halt=Halt.BUSY),
            "**Waiting** · 2nd in line · paused: fal is busy or cannot be reached.",
        ),
    ],
)
def test_the_state_is_one_line(job, place, line):
    assert state_line(job, place) == line


@pytest.mark.parametrize("changes", [{"cancel_by": 3}, {"state": State.UNCLEAR}])
async def test_what_cannot_be_cancelled_has_no_button(changes):
    view = waiting_card(make_job(**changes), Place(), BALANCE)
    assert {one["type"] for one in components(view)} == {CONTAINER, TEXT}


async def test_the_pictures_have_alt_text_and_the_footer():
    job = make_job(cost_microusd=329_000, rendered_at_ms=NOW_MS + 41_000)

    view = pictures_card(job, pictures(2), BALANCE, [], names_member=False)

    (gallery,) = [one for one in components(view) if one["type"] == GALLERY]
    assert [item["media"]["url"] for item in gallery["items"]] == [
        "attachment://imagine-0123456789abcdef-1.webp",
        "attachment://imagine-0123456789abcdef-2.webp",
    ]
    assert [item["description"] for item in gallery["items"]] == [
        "Picture 1 of 2: a lighthouse at dusk",
        "Picture 2 of 2: a lighthouse at dusk",
    ]
    assert texts(view) == [
        "“a lighthouse at dusk”",
        "-# 2 pictures · 1536×1024 · high · $0.33 · 41 s · 14 of 20 left today (resets in 5 h)",
    ]
    assert colour(view) == DONE.value


async def test_notes_are_small_print_below_the_footer():
    job = make_job(cost_microusd=1)
    view = pictures_card(job, pictures(1), BALANCE, NOTES, names_member=False)
    assert texts(view)[2] == "-# " + " ".join(NOTES)


@pytest.mark.parametrize("prompt", NASTY_PROMPTS.values(), ids=NASTY_PROMPTS)
@pytest.mark.parametrize(("number", "count"), [(1, 1), (4, 4)])
def test_alt_text_is_the_prompt_in_one_line_and_fits(prompt, number, count):
    alt = alt_text(make_job(prompt=prompt), number, count)

    assert len(alt) <= 1024
    assert len(alt.encode()) <= 4096
    assert len(alt.splitlines()) == 1
    assert alt.startswith("Picture 4 of 4: ") == (count == 4)


def test_alt_text_is_not_escaped_because_it_is_not_markdown():
    assert alt_text(make_job(prompt="a *red*\nfox_"), 1, 1) == "a *red* fox_"


@pytest.mark.parametrize(
    ("state", "reason", "title", "accent"),
    [
        (State.CANCELLED, Reason.MEMBER, "**Cancelled** · By the member who asked for it.", QUIET),
        (State.CANCELLED, Reason.MODERATOR, "**Cancelled** · By a moderator.", QUIET),
        (
            State.FAILED,
            Reason.TOO_OLD,
            "**No picture** · It waited too long in line and was never sent.",
            BAD,
        ),
    ],
)
async def test_an_ended_card_says_why_and_what_became_of_the_money(state, reason, title, accent):
    view = ended_card(make_job(state=state, reason=reason), BALANCE)

    held = "-# Nothing was charged: 2 pictures and $0.36 held are back"
    assert texts(view)[1:] == [title, f"{held} · 14 of 20 left today (resets in 5 h)"]
    assert colour(view) == accent.value
    assert not [one for one in components(view) if one["type"] == BUTTON]


async def test_a_running_job_has_a_colour_of_its_own():
    view = waiting_card(make_job(), Place(progress=Progress(Phase.RUNNING)), BALANCE)
    assert colour(view) == WORKING.value


def allowance(*standings: Any) -> Allowance:
    return Allowance(list(standings), "2026-03-01", "2026-03-01")


async def test_the_quota_card_tells_what_is_left_and_which_limit_says_so():
    resets = (NOW_MS + 5 * 3_600_000) // 1000
    cap = make_pot(5_000_000, 4_670_000, unit=Unit.USD, window=Window.MONTH, subject=Subject.SERVER)

    view = quota_card(allowance(make_pot(subject=Subject.MEMBER), cap))

    assert texts(view) == [
        f"**14 of 20 left today** · resets <t:{resets}:R>\n-# Your own limit",
        "-# This server's budget: $0.33 of $5 left this month",
    ]


async def test_the_quota_card_says_so_where_no_limit_holds():
    view = quota_card(allowance())
    assert texts(view) == ["**No limit** holds for you here."]
    assert_discord_takes(view)


async def test_the_fullest_quota_card_fits():
    subjects = (Subject.ROLE, Subject.CHANNEL, Subject.SERVER, Subject.BOT)
    full = [
        make_pot(10**15, 1, unit=unit, window=window, subject=subject, subject_id=2**63 - 1)
        for subject in subjects
        for unit in Unit
        for window in Window
    ]
    assert_discord_takes(quota_card(allowance(*full)))


async def test_a_notice_is_one_text():
    view = notice("No room.")
    assert texts(view) == ["No room."]
    assert colour(view) == BAD.value
    assert view.is_finished()
