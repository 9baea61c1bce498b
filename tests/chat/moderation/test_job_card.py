from datetime import UTC, datetime
from typing import Any

import pytest

from bot.chat.moderation.jobs.card import job_card, job_label, message_link
from bot.core.jobs import Hitch, Reason, State, Ticket
from bot.core.models.options import Format
from bot.services.moderation.job_inquiry import Case
from bot.storage.entries import Entry
from bot.storage.jobs import Step
from tests.chat.imagine.test_cards import (
    BUTTON,
    assert_discord_takes,
    assert_harmless,
    components,
    texts,
)
from tests.chat.samples import NASTY_PROMPTS, NOW_MS, make_job

TICKET = Ticket("0b1c-22", "http://q/s", "http://q", "http://q/c")
AT_S = NOW_MS // 1000


def step(number: int, event: str, note: str | Hitch = "") -> Step:
    state = {"create": State.HELD, "deliver": State.DELIVERED}.get(event, State.QUEUED)
    return Step(number, None, event, state, NOW_MS + number * 1500, note)


def entry(kind: str, **changes: Any) -> Entry:
    given = {
        "id": "e" * 16, "kind": kind, "hold_id": None, "job_id": "j", "server_id": 1,
        "channel_id": 2, "member_id": 3, "images": 0, "microusd": 0, "charge_images": 0,
        "charge_microusd": 0, "gift_images": 0, "gift_microusd": 0, "source": "none",
        "day": "2026-03-01", "bot_day": "2026-03-01", "at_ms": NOW_MS, **changes,
    }  # fmt: skip
    return Entry(**given)


HOLD = entry("hold", images=2, microusd=360_000, gift_images=1)
SETTLE = entry(
    "settle", images=2, microusd=330_000, charge_images=2, charge_microusd=330_000, gift_images=1,
    source="billed",
)  # fmt: skip
ADJUST = entry("adjust", charge_images=-1, charge_microusd=-165_000, gift_images=-1)


def test_a_delivered_job_tells_its_steps_its_money_and_where_it_stands():
    job = make_job(state=State.DELIVERED, message_id=77, ticket=TICKET, server_id=1)
    steps = [
        step(0, "create"), step(1, "submit"), step(2, "accept"), step(3, "render"),
        step(4, "deliver", "answer"),
    ]  # fmt: skip
    head, story, money, small = texts(job_card(Case(job, steps, [HOLD, SETTLE, ADJUST])))

    assert head == (
        f"**Job is delivered** · <t:{AT_S}:f>\n“a lighthouse at dusk”\n"
        f"<@{job.member_id}> in <#2> · [message](https://discord.com/channels/1/2/77)\n"
        "-# 2 pictures · 1536×1024 · high · png"
    )
    assert story.splitlines()[:2] == [
        f"<t:{AT_S}:T> **accepted**", f"<t:{AT_S + 1}:T> **sending to fal** · after 2 s"
    ]  # fmt: skip
    assert story.splitlines()[-1].endswith("**delivered** · after 2 s · in the answer")
    assert money.splitlines() == [
        "held: up to $0.36, 2 pictures · gifts: $0, 1 picture",
        "settled: $0.33, 2 pictures, as fal bills it · gifts: $0, 1 picture",
        "back to the member: $0.17, 1 picture · gifts: $0, 1 picture",
        "**Cost $0.33 · charged $0.17, 1 picture**",
    ]
    assert small == "-# fal 0b1c-22\n-# job 0123456789abcdef"


def test_an_open_job_can_be_cancelled_and_is_not_settled():
    def labels(**changes) -> list[str]:
        view = job_card(Case(make_job(**changes), [step(0, "create")], [HOLD]))
        assert "**Not settled yet**" in texts(view)[2]
        return [one["custom_id"] for one in components(view) if one["type"] == BUTTON]

    assert labels(state=State.QUEUED) == ["cancel:0123456789abcdef"]
    assert labels(state=State.QUEUED, cancel_by=5) == []
    assert labels(state=State.RENDERED) == []


def test_a_lost_job_says_why_what_it_may_cost_and_who_did_what():
    job = make_job(
        state=State.FAILED, reason=Reason.LOST, possible_loss_microusd=360_000, cancel_by=5,
        removed_by=6, removed_at_ms=NOW_MS, private=True, spoiler=True, format=Format.WEBP,
        message_id=77,
    )  # fmt: skip
    steps = [step(0, "create"), step(1, "fail", "HTTP 502")]
    head, story, money, small = texts(job_card(Case(job, steps, [HOLD, entry("release")])))

    assert "fal gave no answer" in head
    assert "webp · private · spoiler" in head
    assert "discord.com" not in head
    assert "**failed** · after 2 s · “HTTP 502”" in story
    assert "**Cost $0 · charged nothing**" in money
    assert "may have billed up to $0.36" in money
    assert "Cancel asked for by <@5>" in small
    assert f"removed by <@6> <t:{AT_S}:f>" in small


@pytest.mark.parametrize("hitch", Hitch)
def test_what_the_bot_itself_noted_stands_without_quotation_marks(hitch: Hitch):
    case = Case(make_job(), [step(0, "create"), step(1, "fail", hitch)], [HOLD])
    line = texts(job_card(case))[1].splitlines()[-1]
    assert line.startswith(f"<t:{AT_S + 1}:T> **failed** · after 2 s · ")
    assert "“" not in line
    assert "_" not in line


def test_the_link_leads_where_the_message_stands_and_never_into_direct_messages():
    def link(note: str, **changes) -> str | None:
        job = make_job(message_id=77, server_id=1, **changes)
        return message_link(Case(job, [step(0, "deliver", note)], []))

    assert link("channel") == "https://discord.com/channels/1/2/77"
    assert link("channel", message_channel_id=9) == "https://discord.com/channels/1/9/77"
    assert link("direct", message_channel_id=9) is None
    assert link("answer", private=True) is None


@pytest.mark.parametrize("nasty", NASTY_PROMPTS.values(), ids=NASTY_PROMPTS)
def test_the_card_fits_and_is_harmless_whatever_it_holds(nasty):
    job = make_job(
        prompt=nasty, message_id=2**63, server_id=2**63, channel_id=2**63, ticket=TICKET,
        state=State.FAILED, reason=Reason.TEMPORARY, cancel_by=2**63, removed_by=2**63,
        removed_at_ms=NOW_MS, possible_loss_microusd=1, private=False,
    )  # fmt: skip
    steps = [step(number, "return", nasty) for number in range(50)]
    view = job_card(Case(job, steps, [HOLD, SETTLE, *[ADJUST] * 20]))

    assert_discord_takes(view)
    head, story, *_ = texts(view)
    assert_harmless(head.splitlines()[2].strip("“”"))
    assert len(story.splitlines()) == 12
    assert "… 39 steps …" in story


@pytest.mark.parametrize("nasty", NASTY_PROMPTS.values(), ids=NASTY_PROMPTS)
def test_a_label_fits_whatever_it_holds(nasty):
    label = job_label(make_job(prompt=nasty), datetime(2026, 3, 1, 9, 5, tzinfo=UTC), nasty)

    assert len(label) <= 100
    assert label.startswith("01 Mar 09:05 · held · ")
    assert "\n" not in label


def test_a_label_names_time_state_member_and_prompt():
    label = job_label(make_job(), datetime(2026, 3, 1, 9, 5, tzinfo=UTC), "mira")
    assert label == "01 Mar 09:05 · held · mira · a lighthouse at dusk"
