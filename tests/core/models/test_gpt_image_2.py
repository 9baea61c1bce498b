from contextlib import suppress
from fractions import Fraction
from math import ceil, floor, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.errors import IllegalSize
from bot.core.models.gpt_image_2 import (
    GPT_IMAGE_2,
    NAMED_SIZES,
    OUTPUT,
    PRICED_SIZES,
    SIZES,
    Quality,
)
from bot.core.models.options import Size, aspect, typed_size
from bot.core.models.prices import Ask
from bot.core.money import ceil_to_cent
from bot.texts.sizes import rule_text
from tests.said import saying, sentence_of

# Output tokens and micro-dollars of low, medium and high, from fal's table and OpenAI's calculator.
PUBLISHED = {
    "1024x768": ((134, 4_020), (1_204, 36_120), (4_815, 144_450)),
    "1024x1024": ((196, 5_880), (1_756, 52_680), (7_024, 210_720)),
    "1024x1536": ((158, 4_740), (1_372, 41_160), (5_488, 164_640)),
    "1920x1080": ((147, 4_410), (1_320, 39_600), (5_280, 158_400)),
    "2560x1440": ((205, 6_150), (1_843, 55_290), (7_370, 221_100)),
    "3840x2160": ((371, 11_130), (3_336, 100_080), (13_342, 400_260)),
}
FAL_PAGE_CENTS = {
    "1024x768": (1, 4, 15),
    "1024x1024": (1, 6, 22),
    "1024x1536": (1, 5, 17),
    "1920x1080": (1, 4, 16),
    "2560x1440": (1, 6, 23),
    "3840x2160": (2, 11, 41),
}
FORMULA = {
    "1280x720": ((106, 3_180), (947, 28_410), (3_787, 113_610)),
    "1536x864": ((120, 3_600), (1_078, 32_340), (4_312, 129_360)),
    "1792x1008": ((138, 4_140), (1_234, 37_020), (4_934, 148_020)),
    "2048x1152": ((157, 4_710), (1_413, 42_390), (5_650, 169_500)),
    "2048x2048": ((397, 11_910), (3_568, 107_040), (14_272, 428_160)),
    "2880x2880": ((659, 19_770), (5_930, 177_900), (23_719, 711_570)),
}
CELLS = [
    (size, quality, tokens, microusd)
    for size, cells in {**PUBLISHED, **FORMULA}.items()
    for quality, (tokens, microusd) in zip(Quality, cells, strict=True)
]

LEGAL = [
    Size(width, height)
    for width in range(16, 3841, 16)
    for height in range(16, 3841, 16)
    if 655_360 <= width * height <= 8_294_400
    and max(width, height) <= 3 * min(width, height)
]  # fmt: skip
ALL_LEGAL = frozenset(LEGAL)

ARABIC = "1024x1024".translate({48 + digit: 0x660 + digit for digit in range(10)})
WIDE = "1024x1024".translate({48 + digit: 0xFF10 + digit for digit in range(10)})

legal_sizes = st.sampled_from(LEGAL)
any_sizes = st.builds(Size, st.integers(0, 999_999), st.integers(0, 999_999))
near_sizes = st.builds(Size, st.integers(0, 4200), st.integers(0, 4200))
qualities = st.sampled_from(Quality)


@pytest.mark.parametrize(("size", "quality", "tokens", "microusd"), CELLS)
def test_every_known_cell_comes_out_exactly(size, quality, tokens, microusd):
    upright = typed_size(size)
    turned = Size(upright.height, upright.width)

    assert OUTPUT.tokens(upright, quality) == OUTPUT.tokens(turned, quality) == tokens
    assert (
        GPT_IMAGE_2.picture_microusd(upright, quality)
        == GPT_IMAGE_2.picture_microusd(turned, quality)
        == microusd
    )


def test_fal_s_page_is_the_price_rounded_up_to_the_cent():
    for size, cents in FAL_PAGE_CENTS.items():
        prices = [GPT_IMAGE_2.picture_microusd(typed_size(size), quality) for quality in Quality]
        assert [ceil_to_cent(price) for price in prices] == [10_000 * cent for cent in cents]


def test_the_published_sizes_are_those_of_fal_s_table():
    assert [str(size) for size in PRICED_SIZES] == list(PUBLISHED)


@given(st.integers(1, 10**9), st.integers(1, 10**9), qualities)
def test_prices_are_exact_integers_at_any_magnitude(width, height, quality):
    factor = {"low": 16, "medium": 48, "high": 96}[quality]
    short, long = sorted((width, height))
    rows = floor(Fraction(factor * short, long) + Fraction(1, 2))
    exact = ceil(Fraction(factor * rows * (2_000_000 + width * height), 4_000_000))

    tokens = OUTPUT.tokens(Size(width, height), quality)
    price = GPT_IMAGE_2.picture_microusd(Size(width, height), quality)

    assert (tokens, price) == (exact, exact * 30)
    assert type(tokens) is type(price) is int


@given(legal_sizes)
def test_better_quality_always_costs_more(size):
    low, medium, high = (GPT_IMAGE_2.picture_microusd(size, quality) for quality in Quality)
    assert 0 < low < medium < high


@given(legal_sizes, qualities, st.text(max_size=300), st.integers(1, 4))
def test_the_hold_is_never_below_any_plausible_bill(size, quality, prompt, count):
    held = GPT_IMAGE_2.price.hold_microusd(Ask(size, quality, prompt, count))
    price = GPT_IMAGE_2.picture_microusd(size, quality)
    prompt_bytes = len(prompt.encode("utf-8", "surrogatepass"))

    assert type(held) is int
    assert held >= GPT_IMAGE_2.price.likely_microusd(Ask(size, quality, prompt), count)
    assert held >= count * ceil_to_cent(price)
    assert held >= ceil_to_cent(count * (price + 5 * len(prompt)))
    assert held >= count * (ceil_to_cent(price) + 10_000), "room for the prompt and for rounding"
    assert held <= count * (price + 5 * prompt_bytes + 3 * 10_000), "and not wildly above"
    assert held == count * GPT_IMAGE_2.price.hold_microusd(Ask(size, quality, prompt, 1))


@pytest.mark.parametrize(
    ("prompt", "held"), [("", 230_000), ("a" * 2000, 230_000), ("a" * 2001, 240_000),
                         ("猫" * 4000, 280_000), ("🦊" * 4000, 300_000), ("\ud800" * 4, 230_000)],
)  # fmt: skip
def test_long_prompts_hold_more(prompt, held):
    assert GPT_IMAGE_2.price.hold_microusd(Ask(Size(1024, 1024), Quality.HIGH, prompt, 1)) == held


@pytest.mark.parametrize(
    ("prompt", "pictures", "cost"),
    [("", 1, 210_720), ("abcd", 1, 210_725), ("abcde", 1, 210_730), ("abcd", 3, 632_175)],
)
def test_the_computed_cost_counts_the_prompt_for_every_picture(prompt, pictures, cost):
    found = GPT_IMAGE_2.price.likely_microusd(Ask(Size(1024, 1024), Quality.HIGH, prompt), pictures)
    assert found == cost


def test_every_named_size_is_legal():
    for name, size in NAMED_SIZES.items():
        assert SIZES.broken_rule(size) is None, name
    assert len(NAMED_SIZES) == len(set(NAMED_SIZES.values())) == 9


@pytest.mark.parametrize(
    "size",
    ["1024x640", "640x1024", "816x816", "1408x480", "480x1408", "2880x2880", "3840x2160",
     "2160x3840", "3840x1280", "1280x3840"],
)  # fmt: skip
def test_sizes_on_the_edge_of_a_rule_are_legal(size):
    GPT_IMAGE_2.check_size(typed_size(size))


@pytest.mark.parametrize(
    ("size", "rule"),
    [
        ("0x1024", "both sides must be larger than 0"),
        ("1024x0", "both sides must be larger than 0"),
        ("3856x2160", "no side may be longer than 3840 pixels"),
        ("2160x3841", "no side may be longer than 3840 pixels"),
        ("1025x1024", "both sides must be multiples of 16"),
        ("1024x1032", "both sides must be multiples of 16"),
        ("1920x1080", "both sides must be multiples of 16"),
        ("3840x1264", "no side may be longer than 3 times the other"),
        ("464x1408", "no side may be longer than 3 times the other"),
        ("1024x624", "it needs at least 655,360 pixels (it has 638,976)"),
        ("2896x2880", "it may have at most 8,294,400 pixels (it has 8,340,480)"),
    ],
)
def test_each_broken_rule_is_named_with_the_nearest_size(size, rule):
    wanted = typed_size(size)

    broken = SIZES.broken_rule(wanted)
    assert broken is not None
    assert rule_text(broken) == rule
    with pytest.raises(IllegalSize) as refused:
        GPT_IMAGE_2.check_size(wanted)

    nearest = SIZES.nearest(wanted)
    assert refused.value.nearest == nearest.shown
    assert sentence_of(refused.value) == (
        f"{wanted.shown} is not possible: {rule}; the nearest possible size is {nearest.shown}."
    )


@given(near_sizes)
def test_exactly_the_sizes_of_the_grid_are_legal(size):
    assert (SIZES.broken_rule(size) is None) == (size in ALL_LEGAL)


@given(legal_sizes)
def test_a_legal_size_is_its_own_nearest(size):
    assert SIZES.broken_rule(size) is None
    assert SIZES.nearest(size) == size


@given(any_sizes | near_sizes)
def test_the_nearest_size_is_legal(size):
    assert SIZES.broken_rule(SIZES.nearest(size)) is None


@settings(max_examples=30)
@given(near_sizes)
def test_no_legal_size_is_nearer_than_the_nearest(size):
    def distance(other: Size) -> float:
        across = log(other.width / max(size.width, 1))
        return across**2 + log(other.height / max(size.height, 1)) ** 2

    assert distance(SIZES.nearest(size)) <= min(map(distance, LEGAL)) + 1e-12


@pytest.mark.parametrize(
    ("typed", "size"),
    [
        ("1536x1024", "1536x1024"),
        ("1536X1024", "1536x1024"),
        ("1536 x 1024", "1536x1024"),
        ("  1536×1024\n", "1536x1024"),
        ("1536 × 1024", "1536x1024"),
        ("1536*1024", "1536x1024"),
        ("1536x1024px", "1536x1024"),
        ("1536x1024 PX", "1536x1024"),
        ("001024x01024", "1024x1024"),
        ("square", "1024x1024"),
        (" SQUARE 2k ", "2048x2048"),
        ("Landscape", "1536x1024"),
        ("portrait", "1024x1536"),
        ("Standard", "1024x768"),
        ("wIdE", "2048x1152"),
        ("tall", "1152x2048"),
        ("Wide 4K", "3840x2160"),
        ("TALL 4K", "2160x3840"),
    ],
)
def test_sizes_are_read_as_people_type_them(typed, size):
    assert str(GPT_IMAGE_2.parse_size(typed)) == size


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "x", "1024", "1024x", "x1024", "1024x1024x1024", "1024,1024", "1024 1024",
        "-1024x1024", "1024x-1024", "+1024x1024", "1024.0x1024", "1e3x1024", "0x400x0x400",
        "1_024x1024", "big", "squarish", ARABIC, WIDE, "²x²", "1024\u2a2f1024",
        "10000000x1024", "9" * 4000 + "x1024", "1024\x00x1024", "\ud800x1024",
    ],
)  # fmt: skip
def test_what_is_no_size_is_refused_with_an_example(typed):
    with pytest.raises(IllegalSize) as refused:
        GPT_IMAGE_2.parse_size(typed)

    assert refused.value.nearest is None
    assert sentence_of(refused.value) == (
        "A size is typed as width x height in pixels, like 1536x1024."
    )


def test_a_well_formed_illegal_size_is_read_but_refused():
    assert typed_size("999999x1") == Size(999_999, 1)
    with pytest.raises(IllegalSize, check=saying("nearest possible size is")):
        GPT_IMAGE_2.parse_size("999999x1")


@given(st.text(max_size=30))
def test_any_text_is_a_legal_size_or_refused(typed):
    with suppress(IllegalSize):
        assert SIZES.broken_rule(GPT_IMAGE_2.parse_size(typed)) is None


@given(legal_sizes)
def test_a_size_reads_back_as_it_is_written(size):
    assert GPT_IMAGE_2.parse_size(str(size)) == GPT_IMAGE_2.parse_size(size.shown) == size


@pytest.mark.parametrize(
    ("size", "ratio"), [("1536x1024", "3:2"), ("1024x1024", "1:1"), ("3840x2160", "16:9")]
)
def test_the_aspect_is_told_in_small_numbers(size, ratio):
    assert aspect(typed_size(size)) == ratio
