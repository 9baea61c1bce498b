import re

import pytest

from bot.chat.interaction.writing import DISCORD
from bot.core.errors import Halt, OverLimit
from bot.core.jobs import Reason, State
from bot.core.limits import Subject, Unit, Window
from bot.texts.amounts import count_images, duration, ordinal
from bot.texts.jobs import (
    fewer_note,
    footer,
    options_line,
    still_missing,
    what_became_of_the_money,
    why_ended,
    why_halted,
    why_late,
)
from bot.texts.limits import left_of, quota_line, whose, window_now
from tests.chat.samples import NOW_MS, make_balance, make_job, make_pot
from tests.said import sentence_of


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (-5, "1 s"),
        (0, "1 s"),
        (400, "1 s"),
        (41_400, "41 s"),
        (99_400, "99 s"),
        (99_600, "2 min"),
        (360_000, "6 min"),
        (5_399_000, "90 min"),
        (5_400_000, "2 h"),
        (5 * 3_600_000, "5 h"),
        (129_599_000, "36 h"),
        (129_600_000, "2 days"),
        (3 * 86_400_000, "3 days"),
        (31 * 86_400_000, "31 days"),
    ],
)
def test_durations_have_one_unit(milliseconds, shown):
    assert duration(milliseconds) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (10, "10th"), (11, "11th"), (12, "12th"),
        (13, "13th"), (20, "20th"), (21, "21st"), (22, "22nd"), (101, "101st"), (111, "111th"),
        (113, "113th"),
    ],
)  # fmt: skip
def test_places_are_counted_as_people_do(number, shown):
    assert ordinal(number) == shown


def test_pictures_and_windows_are_named():
    assert [count_images(count) for count in (0, 1, 4)] == ["0 pictures", "1 picture", "4 pictures"]
    assert [window_now(window) for window in Window] == ["today", "this week", "this month"]
    assert options_line(make_job()) == "2 pictures · 1536×1024 · high"


@pytest.mark.parametrize(
    ("pot", "shown"),
    [
        (make_pot(20, 6), "14 of 20 left today"),
        (make_pot(20, 25), "0 of 20 left today"),
        (make_pot(1, 0, window=Window.WEEK), "1 of 1 left this week"),
        (
            make_pot(5_000_000, 2_500_000, unit=Unit.USD, window=Window.MONTH),
            "$2.50 of $5 left this month",
        ),
    ],
)
def test_what_is_left_is_told_with_its_limit(pot, shown):
    assert left_of(pot) == shown


def test_the_footer_is_the_signature_of_the_product():
    job = make_job(cost_microusd=329_000, rendered_at_ms=NOW_MS + 41_000)

    assert footer(job, 2, make_balance(make_pot(20, 6))) == (
        "2 pictures · 1536×1024 · high · $0.33 · 41 s · 14 of 20 left today (resets in 5 h)"
    )


def test_the_footer_says_when_the_cost_is_computed_and_leaves_out_what_there_is_not():
    job = make_job(cost_microusd=5_880, cost_is_computed=True, rendered_at_ms=NOW_MS + 100)
    assert footer(job, 1, make_balance()) == "1 picture · 1536×1024 · high · about $0.0059 · 1 s"


def test_the_quota_line_shows_the_first_pot():
    dollars = make_pot(5_000_000, 0, unit=Unit.USD, window=Window.MONTH)

    assert quota_line(make_balance()) == ""
    assert quota_line(make_balance(make_pot(), dollars)) == "14 of 20 left today (resets in 5 h)"
    assert quota_line(make_balance(dollars)) == "$5 of $5 left this month (resets in 5 h)"


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (Subject.EVERYONE, "the limit for everyone"),
        (Subject.MEMBER, "your own limit"),
        (Subject.ROLE, "the limit of <@&77>"),
        (Subject.CHANNEL, "this channel's budget"),
        (Subject.SERVER, "this server's budget"),
        (Subject.BOT, "the whole bot's budget"),
    ],
)
def test_every_limit_has_an_owner(subject, shown):
    assert whose(make_pot(subject=subject, subject_id=77), DISCORD) == shown


def test_a_refusal_tells_what_is_asked_what_is_left_and_when_it_resets():
    resets = NOW_MS // 1000 + 5 * 3600

    assert sentence_of(OverLimit(make_pot(20, 19), 4)) == (
        "**No room for this: it needs 4 pictures.**\n"
        "1 of 20 left today, by the limit for everyone.\n"
        "Ask for 1 or fewer, or wait.\n"
        f"It resets <t:{resets}:R>, on <t:{resets}:f>. Nothing was charged."
    )


def test_a_refusal_with_nothing_left_does_not_advise_to_ask_for_less():
    assert "Ask for" not in sentence_of(OverLimit(make_pot(20, 20), 1))


def test_a_refusal_about_money_says_that_it_is_the_most_it_can_cost():
    cap = make_pot(5_000_000, 4_670_000, unit=Unit.USD, window=Window.MONTH, subject=Subject.SERVER)

    lines = sentence_of(OverLimit(cap, 440_000)).splitlines()

    assert lines[0] == "**No room for this: it needs up to $0.44.**"
    assert lines[1] == "$0.33 of $5 left this month, by this server's budget."
    assert len(lines) == 3


def test_every_reason_has_its_own_sentence():
    sentences = {reason: why_ended(make_job(reason=reason)) for reason in Reason}

    assert len(set(sentences.values())) == len(Reason)
    for sentence in sentences.values():
        assert sentence.endswith(".")
        assert sentence[0].isupper() or sentence.startswith("fal ")
        assert "@" not in sentence
        assert not re.search("looking|free of charge", sentence), "nobody looks for it"
    assert sentences[Reason.MEMBER] == "By the member who asked for it."
    assert why_ended(make_job()) == sentences[Reason.UNEXPECTED]


LOOKING = "The bot goes on looking for days; what it finds comes in a new message, free of charge."


@pytest.mark.parametrize("reason", [*Reason, None])
def test_an_end_says_that_its_pictures_are_looked_for_only_while_they_are(reason):
    ended, looked_for = make_job(reason=reason), make_job(reason=reason, search_until_ms=NOW_MS)

    more = why_ended(looked_for).removeprefix(why_ended(ended)).strip()

    if reason in (Reason.MEMBER, Reason.MODERATOR):
        assert more == (
            "fal has not confirmed that: should it have made the picture, that still comes, free "
            "of charge."
        )
    else:
        assert more == LOOKING


@pytest.mark.parametrize("reason", [*Reason, None])
def test_late_pictures_say_why_they_are_late_and_that_they_are_free(reason):
    rescued = why_late(make_job(state=State.RENDERED, reason=reason))
    assert re.fullmatch(r"\*\*Late, and free of charge:\*\* [^.*@]{20,90}\.", rescued)


def test_late_pictures_give_the_reason_that_their_member_was_told():
    def why(state: State, reason: Reason | None) -> str:
        late = why_late(make_job(state=state, reason=reason))
        return late.removeprefix("**Late, and free of charge:** ")

    assert why(State.RENDERED, Reason.LOST) == "fal's answer to the request was lost."
    assert why(State.RENDERED, Reason.SILENT) == "fal gave no usable answer in time."
    assert why(State.RENDERED, Reason.MEDIA) == "fal's files could not be fetched in time."
    assert "did not know the request" in why(State.RENDERED, Reason.GONE)
    assert "inside the bot" in why(State.RENDERED, Reason.UNEXPECTED)
    for reason in (Reason.MEMBER, Reason.MODERATOR):
        assert why(State.RENDERED, reason).startswith("this was cancelled")
    assert why(State.DELIVERED, None).startswith("the others came earlier")
    assert why(State.DELIVERED, Reason.LOST).startswith("the others came earlier")
    told = {why(State.RENDERED, reason) for reason in Reason}
    assert len(told) == 7, "reasons after which nothing is looked for share one"


def test_a_late_footer_says_free_and_neither_price_nor_duration():
    job = make_job(cost_microusd=329_000, rendered_at_ms=NOW_MS + 41_000)
    assert footer(job, 1, make_balance(make_pot(20, 6)), is_late=True) == (
        "1 picture · 1536×1024 · high · free · 14 of 20 left today (resets in 5 h)"
    )


@pytest.mark.parametrize(
    ("asked", "made", "arrived", "shown"),
    [(4, 4, 4, "$0.66"), (4, 4, 3, "$0.49"), (4, 4, 1, "$0.16"), (1, 4, 4, "$0.16")],
)
def test_a_footer_shows_what_is_charged_and_not_what_the_host_bears(asked, made, arrived, shown):
    job = make_job(
        count=asked, made=made, cost_microusd=658_000, held_microusd=165_000 * asked,
        rendered_at_ms=NOW_MS + 41_000,
    )  # fmt: skip
    assert f" · high · {shown} · 41 s" in footer(job, arrived, make_balance())


MADE_3 = "fal made 3 pictures of 4; only what was made is charged."
MISSING_1 = f"1 picture could not be fetched so far and is not charged. {LOOKING}"
MISSING_2 = f"2 pictures could not be fetched so far and are not charged. {LOOKING}"
MORE_THAN_1 = "fal made more than was asked for; 1 picture is charged."
NAMELESS_1 = "1 picture came without an address and is not charged."


@pytest.mark.parametrize(
    ("asked", "arrived", "made", "links", "note"),
    [
        (4, 4, 4, None, None),
        (4, 4, 4, 4, None),
        (4, 3, 3, None, MADE_3),
        (4, 3, 4, None, MISSING_1),
        (4, 2, 3, None, f"{MADE_3} {MISSING_1}"),
        (4, 2, 4, None, MISSING_2),
        (4, 3, 4, 3, NAMELESS_1),
        (4, 2, 4, 2, "2 pictures came without an address and are not charged."),
        (4, 2, 4, 3, f"{NAMELESS_1} {MISSING_1}"),
        (4, 1, 3, 2, f"{MADE_3} {NAMELESS_1} {MISSING_1}"),
        (1, 4, 4, 4, MORE_THAN_1),
        (2, 3, 3, None, "fal made more than was asked for; 2 pictures are charged."),
        (2, 2, 3, 2, NAMELESS_1),
        (1, 2, 4, 3, f"{NAMELESS_1} {MISSING_1} {MORE_THAN_1}"),
    ],
)  # fmt: skip
def test_missing_and_surplus_pictures_are_explained(asked, arrived, made, links, note):
    assert fewer_note(asked, arrived, made, links) == note


def test_no_promise_names_a_time():
    for note in (fewer_note(4, 1, 4), still_missing(1)):
        assert not re.search(r"\d+ (s|min|h)\b|soon|minute|hour|still being", note or "")
    assert still_missing(0) is None


def test_every_halt_has_its_own_end_of_a_sentence():
    ends = {halt: why_halted(halt) for halt in Halt}

    assert len(set(ends.values())) == len(Halt)
    for end in ends.values():
        assert len(end) <= 110
        assert end[-1].isalpha()
        assert "@" not in end
    hosts = {halt for halt, end in ends.items() if "only the bot's host can mend" in end}
    assert hosts == {Halt.KEY, Halt.ACCOUNT, Halt.MEDIA}


def test_what_became_of_the_money_is_said_with_numbers():
    assert what_became_of_the_money(make_job(), make_balance(make_pot())) == (
        "Nothing was charged: 2 pictures and $0.36 held are back · "
        "14 of 20 left today (resets in 5 h)"
    )
    assert what_became_of_the_money(make_job(count=1), make_balance()) == (
        "Nothing was charged: 1 picture and $0.36 held are back"
    )
