"""Each form of a price, against cells of fal's own pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.models.gpt_image_2 import GPT_IMAGE_2, GPT_IMAGE_2_EDIT, INPUTS
from bot.core.models.options import Size
from bot.core.models.prices import (
    AreaSteps,
    Ask,
    ByQuality,
    Flat,
    Form,
    InputTokens,
    OutputTokens,
    PerInput,
    PerMegapixel,
    Price,
    PromptTokens,
    Table,
)

SQUARE, WIDE, FOUR_K = Size(1024, 1024), Size(1536, 1024), Size(3840, 2160)
SIZES = st.builds(Size, st.integers(16, 3840), st.integers(16, 3840))
ASKS = st.builds(
    Ask,
    SIZES,
    st.sampled_from(("low", "high")),
    st.text(max_size=200),
    st.integers(1, 4),
    st.lists(SIZES, max_size=4).map(tuple),
)
FORMS: list[Form] = [
    Flat(35_000),
    ByQuality({"low": 75_00, "high": 25_000}),
    Table({"low": {SQUARE: 9_000}, "high": {}}, {"low": 13_000, "high": 200_000}),
    AreaSteps(((1536 * 1536, 67_500), (2048 * 2048, 135_000))),
    PerMegapixel(30_000, 15_000, counts_inputs=True),
    PerInput(4_500, free=1),
    OutputTokens({"low": 16, "high": 96}, 30),
    InputTokens(8),
    PromptTokens(5),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: type(form).__name__)
@given(ask=ASKS)
def test_what_is_likely_never_exceeds_the_bound(form, ask):
    assert 0 <= form.likely(ask) <= form.bound(ask)


@given(
    ASKS,
    st.lists(st.sampled_from(FORMS), max_size=4).map(tuple),
    st.lists(st.sampled_from(FORMS), max_size=2).map(tuple),
    st.sampled_from((1, 100, 10_000, 250_000)),
)
def test_a_hold_covers_what_is_likely_billed(ask, picture, request_, step):
    price = Price(picture, prompt=(PromptTokens(5),), request=request_, step_microusd=step)
    assert price.likely_microusd(ask, ask.count) <= price.hold_microusd(ask)


@pytest.mark.parametrize(
    ("form", "ask", "microusd"),
    [
        # `fal-ai/gpt-image-1.5`
        (Table({"low": {SQUARE: 9_000}}, {"low": 13_000}), Ask(SQUARE, "low"), 9_000),
        (Table({"low": {SQUARE: 9_000}}, {"low": 13_000}), Ask(WIDE, "low"), 13_000),
        # `fal-ai/flux-2-pro`: 1920x1080 is two of fal's megapixels, 2048x2048 four
        (PerMegapixel(30_000, 15_000), Ask(SQUARE, ""), 30_000),
        (PerMegapixel(30_000, 15_000), Ask(Size(1920, 1080), ""), 45_000),
        (PerMegapixel(30_000, 15_000), Ask(Size(2048, 2048), ""), 75_000),
        (
            PerMegapixel(30_000, 15_000, counts_inputs=True),
            Ask(SQUARE, "", inputs=(SQUARE, Size(1920, 1080))),
            75_000,
        ),
        # `bytedance/seedream/v5/pro`
        (AreaSteps(((1536 * 1536, 67_500), (2048 * 2048, 135_000))), Ask(WIDE, ""), 67_500),
        (AreaSteps(((1536 * 1536, 67_500), (2048 * 2048, 135_000))), Ask(FOUR_K, ""), 135_000),
        (PerInput(4_500, free=1), Ask(SQUARE, "", inputs=(SQUARE,) * 3), 9_000),
        (PerInput(4_500, free=1), Ask(SQUARE, ""), 0),
        (ByQuality({"turbo": 7_500}), Ask(SQUARE, "turbo"), 7_500),
    ],
)
def test_fals_published_prices_come_out(form, ask, microusd):
    assert form.likely(ask) == microusd


@pytest.mark.parametrize(
    ("size", "microusd"),
    [
        (Size(1024, 1024), 8_192),
        (Size(1024, 768), 6_144),
        (Size(3840, 2160), 12_288),
        (Size(512, 512), 8_192),
        (Size(100, 100), 392),
        (Size(3000, 500), 12_288),
    ],
)
def test_an_input_picture_is_counted_in_tiles(size, microusd):
    assert INPUTS.likely(Ask(SQUARE, "low", inputs=(size,))) == microusd


def test_the_edit_endpoint_costs_its_inputs_for_each_picture():
    ask = Ask(SQUARE, "medium", "a fox", 2, inputs=(SQUARE,))
    text = GPT_IMAGE_2.price.likely_microusd(ask, 2)
    assert GPT_IMAGE_2_EDIT.price.likely_microusd(ask, 2) == text + 2 * 8_192


def test_a_request_is_rounded_up_once():
    price = Price(picture=(Flat(5_100),), request=(Flat(1_000),), step_microusd=10_000)
    assert price.likely_microusd(Ask(SQUARE, ""), 2) == 20_000
    assert price.likely_microusd(Ask(SQUARE, ""), 0) == 0
