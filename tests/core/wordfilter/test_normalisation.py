"""What a prompt can be read as, and that common text is read in one way only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.wordfilter.normalisation import read

READINGS = {
    "A red Barn!": [" a red barn "],
    "b.a.d": [" b a d ", " bad "],
    "well-known": [" well known ", " wellknown "],
    "f u ck": [" f u ck ", " fuck "],
    "draw a b a d dog": [" draw a b a d dog ", " a bad "],
    "b4d": [" b4d ", " bad "],
    "1d10t": [" 1d10t ", " ;d;ot "],
    "kIll": [" kill ", " k;ll "],
    "b\u0430d": [" b\u0430d ", " bad "],
    "\U0001f171ad": [" bad "],
    "一个bad狗": [" 一个 bad 狗 "],
}

PLAIN = [
    "4k wallpaper, 3d, 8k",
    "a Galaxy A55 at $50",
    "it's a cat's life; she'll come",
    "a man/hole, red,blue",
    "открытый рот и зубы",
    "γάτα και σκύλος",
    "el año nuevo",
    "FULL CAPITALS IN A SIGN",
    "90% of 100",
]


@pytest.mark.parametrize("prompt", READINGS)
def test_a_prompt_is_read_in_these_ways_among_others(prompt):
    lines = read(prompt).lines
    assert lines[0] == READINGS[prompt][0]
    for wanted in READINGS[prompt]:
        assert any(wanted in line for line in lines), lines


@pytest.mark.parametrize("prompt", PLAIN)
def test_common_text_is_read_in_one_way(prompt):
    assert len(read(prompt).lines) == 1


@given(st.text(max_size=300))
def test_readings_are_bounded_and_each_stands_once(prompt):
    readings = read(prompt)
    assert len(set(readings.lines)) == len(readings.lines) <= 24
    # One character becomes up to 18 by Unicode's own rules; the rest is what readings add.
    assert sum(map(len, readings.lines)) <= 60 * (18 * len(prompt) + 10)
    assert set(readings.foreign) <= set(readings.lines)


@given(st.text(alphabet="ab1I @.'-\u0430\u0406\u0434", max_size=200))
def test_readings_of_text_full_of_reasons_stay_bounded(prompt):
    assert sum(map(len, read(prompt).lines)) <= 60 * (len(prompt) + 10)


def test_the_longest_prompt_of_nothing_but_reasons_is_read_in_a_bounded_number_of_characters():
    for piece in ("x" * 30 + " a b e ", "I1\u0430 b ", "a.b-c_", "\ufdfa", "\u3316", "a e i "):
        prompt = (piece * 4000)[:4000]
        assert sum(map(len, read(prompt).lines)) <= 40 * 4000
