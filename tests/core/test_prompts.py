import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import BadRequest
from bot.core.prompts import clean_prompt, clip, one_line, shown_prompt
from tests.said import saying, sentence_of

FAMILY = "👩‍👩‍👧‍👦"
WAVE = "👋🏽"
FLAG = "🇩🇪"
HEART = "❤️"
ENGLAND = "🏴" + "".join(chr(0xE0000 + ord(c)) for c in "gbeng\x7f")
RTL = "شجرة خضراء על הר"

NASTY = st.text(
    st.one_of(
        st.sampled_from("\\`*_~|<>[]()@#:/-.!&+ \n\t"),
        st.sampled_from("\u200b\u200d\u202e\u2066\u0301\u0489\ufe0f\u20e3 \u2028\u00ad"),
        st.sampled_from("猫fé🦊👩👋🏽ש"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=200,
)
PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "@everyone", "@here", "<@1>", "<@!1>", "<@&2>", "<#3>", "</imagine:4>", "<t:5:R>",
                "<:fox:6>", "<a:fox:7>", "<id:home>", "https://evil.example/x", "http://a.b",
                "[click](https://evil.example)", "<https://a.b>", "discord://x", "**bold**",
                "__u__", "~~s~~", "||spoiler||", "`code`", "```\nblock\n```", "\n# big",
                "\n> quote", "\n-# small", "\n- list", "\\", "\\\\", FAMILY, WAVE, FLAG, HEART, RTL,
            ]
        ),
        NASTY,
    ),
    max_size=12,
).map("".join)  # fmt: skip


def unescaped(shown: str) -> str:
    """What is left for Discord to interpret once its escapes are taken away."""
    return re.sub(r"\\[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]", "", shown)


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("a fox", "a fox"),
        ("  a fox\n", "a fox"),
        ("a\nfox\tin snow", "a\nfox\tin snow"),
        ("a\x00 f\x07o\x1bx\x7f\x85", "a fox"),
        ("fox \ud83e", "fox \ufffd"),
        ("\udd8a", "\ufffd"),
        ("?", "?"),
        ("🦊", "🦊"),
        (FAMILY, FAMILY),
        (FLAG, FLAG),
        (RTL, RTL),
        ("e\u0301", "e\u0301"),
        ("a\u200bb", "a\u200bb"),
        ("\U0001fae9", "\U0001fae9"),
    ],
)
def test_a_prompt_stays_as_typed_but_for_what_no_text_has(typed, cleaned):
    assert clean_prompt(typed) == cleaned


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "\n\t  ", "\u00a0\u3000\u2028", "\u200b", "\u200b\u200d\u2060\ufeff",
        "\u202e\u202c", "\x00", "\x00\x01\x7f", "\u0301\u0301", "\ufe0f", "\u00ad", "\u3164",
        "\u2800", "\u115f\uffa0", "\U000e0041",
    ],
)  # fmt: skip
def test_a_prompt_of_nothing_that_can_be_seen_is_refused(typed):
    with pytest.raises(BadRequest, check=saying("The prompt is empty")):
        clean_prompt(typed)


def test_a_prompt_may_have_4000_characters_and_not_one_more():
    assert clean_prompt(" " + "猫" * 4000 + "\x00 ") == "猫" * 4000
    with pytest.raises(BadRequest) as refused:
        clean_prompt("x" * 4001)
    assert sentence_of(refused.value) == (
        "The prompt has 4,001 characters; at most 4,000 are possible."
    )


@given(st.text(max_size=50))
def test_a_cleaned_prompt_can_be_stored_and_sent_and_stays_clean(typed):
    try:
        cleaned = clean_prompt(typed)
    except BadRequest:
        return

    assert cleaned.encode().decode() == cleaned
    assert "\x00" not in cleaned
    assert clean_prompt(cleaned) == cleaned


@given(NASTY, st.integers(1, 60), st.integers(3, 200))
def test_a_cut_text_fits_and_is_a_beginning(text, chars_max, bytes_max):
    cut = clip(text, chars_max=chars_max, bytes_max=bytes_max)

    assert len(cut) <= chars_max
    assert len(cut.encode()) <= bytes_max
    if cut != text:
        assert cut.endswith("…")
        assert text.startswith(cut[:-1])


def test_what_fits_exactly_is_not_cut():
    assert clip("猫猫猫", chars_max=3, bytes_max=9) == "猫猫猫"
    assert clip("猫猫猫", chars_max=2, bytes_max=9) == "猫…"
    assert clip("猫猫猫", chars_max=3, bytes_max=8) == "猫…"
    assert clip("", chars_max=0, bytes_max=0) == ""


@pytest.mark.parametrize(
    "whole", [FAMILY, WAVE, HEART, "e\u0301\u0302", "1\ufe0f\u20e3", FLAG, "🏴‍☠️", ENGLAND, "🏳️‍🌈"]
)
@pytest.mark.parametrize("before", ["", "x", "🦊 "])
def test_a_cut_never_goes_through_what_is_seen_as_one(whole, before):
    text = before + whole + "y" * 40
    allowed = {f"{before.rstrip()}…", f"{before}{whole}…"}
    allowed |= {f"{before}{whole}{'y' * count}…" for count in range(40)}
    allowed |= {f"{before[:count]}…" for count in range(len(before))}

    for chars_max in range(1, len(text)):
        assert clip(text, chars_max=chars_max, bytes_max=1000) in allowed
    for bytes_max in range(3, len(text.encode())):
        assert clip(text, chars_max=1000, bytes_max=bytes_max) in allowed


def test_two_flags_are_cut_between_and_not_inside():
    assert clip(FLAG * 3, chars_max=6, bytes_max=100) == FLAG * 3
    assert clip(FLAG * 3, chars_max=5, bytes_max=100) == FLAG * 2 + "…"
    assert clip(FLAG * 3, chars_max=4, bytes_max=100) == FLAG + "…"


@given(NASTY)
def test_one_line_is_one_line_and_reorders_nothing_outside_it(text):
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert line == " ".join(line.split())
    assert not any(unicodedata.bidirectional(c) in {"RLO", "LRO", "RLI", "PDI"} for c in line)
    assert one_line(line) == line


@pytest.mark.parametrize("pile", ["\u0301" * 50, "\u0489" * 50, "\u0301\u20dd" * 25,
                                  "\u0301\u200d" * 25])  # fmt: skip
def test_marks_do_not_pile_up_over_other_lines(pile):
    line = one_line(f"Z{pile}algo")

    assert line.startswith("Z")
    assert line.endswith("algo")
    assert sum(unicodedata.category(c) in {"Mn", "Me"} for c in line) == 4


@pytest.mark.parametrize(
    "text", [FAMILY, WAVE, FLAG, HEART, RTL, "e\u0301", "กำลัง", "हिन्दी", "🏳️‍🌈"]
)
def test_ordinary_text_of_any_script_is_shown_as_it_is(text):
    assert one_line(text) == shown_prompt(text, chars_max=100, bytes_max=400) == text


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("a fox, 50% grey (really)!", "a fox, 50% grey (really)!"),
        ("a *red* fox", r"a \*red\* fox"),
        ("<@1> @everyone", r"\<\@1\> \@everyone"),
        ("see https://a.b/c_d", r"see https\://a.b/c\_d"),
        ("[x](https://a.b)", r"\[x\](https\://a.b)"),
        ("`a` ||b|| ~~c~~", r"\`a\` \|\|b\|\| \~\~c\~\~"),
        ("back\\slash \\* ", r"back\\slash \\\*"),
        ("16:9, at 5:30", "16:9, at 5:30"),
        ("line\n# one\n\n> two", r"line # one \> two"),
    ],
)
def test_a_prompt_is_shown_letter_by_letter(prompt, shown):
    assert shown_prompt(prompt, chars_max=100, bytes_max=400) == shown


@given(PIECES, st.integers(1, 120), st.integers(3, 300))
def test_a_shown_prompt_keeps_its_bounds_and_holds_nothing_that_acts(prompt, chars_max, bytes_max):
    shown = shown_prompt(prompt, chars_max=chars_max, bytes_max=bytes_max)

    assert len(shown) <= chars_max
    assert len(shown.encode()) <= bytes_max
    assert len(shown.splitlines()) <= 1
    left = unescaped(shown)
    assert not re.search(r"[`*_~|<>\[\]@\\]", left)
    assert "://" not in left


@given(PIECES)
def test_a_shown_prompt_reads_as_the_prompt(prompt):
    shown = shown_prompt(prompt, chars_max=100_000, bytes_max=400_000)

    assert re.sub(r"\\([\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e])", r"\1", shown) == one_line(prompt)


@given(PIECES, st.integers(20, 120))
def test_the_room_for_a_prompt_is_used(prompt, chars_max):
    shown = shown_prompt(prompt, chars_max=chars_max, bytes_max=10_000)

    line = one_line(prompt)
    if len(line) * 2 <= chars_max:
        assert "…" in line or not shown.endswith("…")
    elif line.isascii() and " " not in line:
        assert len(shown) >= chars_max // 2 - 1


def test_where_there_is_no_room_only_the_ellipsis_is_left():
    assert shown_prompt("*", chars_max=1, bytes_max=10) == "…"
    assert shown_prompt("a", chars_max=0, bytes_max=0) == "…"
    assert shown_prompt("", chars_max=10, bytes_max=10) == ""


@pytest.mark.parametrize(
    "prompt", ["*" * 4000, "猫" * 4000, FAMILY * 500, "\\" * 4000, "_ " * 2000]
)
def test_the_longest_prompts_are_shown_in_the_room_of_a_card(prompt):
    shown = shown_prompt(prompt, chars_max=400, bytes_max=1600)

    assert 300 <= len(shown) <= 400
    assert len(shown.encode()) <= 1600
    assert shown.endswith("…")
