"""A model decides what can be asked of it; what was chosen for another one is never undone."""

import pytest

from bot.core.errors import BadRequest, IllegalSize, NotOffered
from bot.core.models.gpt_image_2 import GPT_IMAGE_2, GPT_IMAGE_2_EDIT
from bot.core.models.model import Fields, Model
from bot.core.models.options import Format, Size
from bot.core.models.prices import Flat, Price
from bot.core.models.registry import model_of, text_models
from bot.core.models.sizes import FewSizes
from bot.core.preferences import Defaults, Preferences, check, completed, usual
from bot.texts.sizes import rule_text
from tests.core.test_preferences import request
from tests.said import sentence_of

FLAT = Model(
    id="acme/crayon",
    sizes=FewSizes((Size(1024, 1024), Size(1536, 1024))),
    named_sizes={"Square": Size(1024, 1024)},
    qualities=("draft", "final"),
    count_max=2,
    formats=(Format.PNG,),
    price=Price(picture=(Flat(30_000),)),
)
PLAIN = Model(
    id="acme/chalk",
    sizes=FLAT.sizes,
    named_sizes=FLAT.named_sizes,
    qualities=(),
    count_max=1,
    formats=(Format.JPEG,),
    price=FLAT.price,
    fields=Fields(quality=None, count=None),
)


@pytest.mark.parametrize(
    ("size", "quality", "count", "file_format", "said"),
    [
        (Size(1024, 1024), "high", 1, Format.PNG, "The quality must be one of draft, final."),
        (Size(1024, 1024), "draft", 3, Format.PNG, "The count must be 1 to 2."),
        (Size(1024, 1024), "draft", 0, Format.PNG, "The count must be 1 to 2."),
        (Size(1024, 1024), "draft", 1, Format.WEBP, "The format must be one of png."),
    ],
)
def test_what_a_model_cannot_make_is_refused_by_name(size, quality, count, file_format, said):
    with pytest.raises(BadRequest) as refused:
        FLAT.check(size, quality, count, file_format)
    assert sentence_of(refused.value) == said


def test_a_model_of_few_sizes_names_them_and_the_nearest():
    with pytest.raises(IllegalSize) as refused:
        FLAT.check_size(Size(1920, 1080))
    assert rule_text(refused.value.rule) == "the model makes 1024×1024 and 1536×1024 only"
    assert refused.value.nearest == "1536×1024"
    with pytest.raises(IllegalSize) as refused:
        FLAT.check_size(Size(1000, 1000))
    assert refused.value.nearest == "1024×1024"


def test_a_bound_from_another_model_becomes_the_cheapest_and_does_not_vanish():
    preferences = Preferences(max_quality="medium", default_quality="high", max_count=4)
    made = usual(preferences, Defaults(FLAT, Size(1024, 1024), "final"))
    assert (made.quality, made.count) == ("draft", 1)
    with pytest.raises(NotOffered) as refused:
        check(preferences, FLAT, request(quality="final"))
    assert sentence_of(refused.value) == "The highest quality in this server is draft."


def test_a_default_size_that_the_model_does_not_make_gives_way_to_the_hosts():
    preferences = Preferences(default_size=Size(3840, 2160))
    assert usual(preferences, Defaults(FLAT, Size(1024, 1024), "draft")).size == Size(1024, 1024)


def test_a_highest_size_that_the_model_does_not_make_bounds_it_all_the_same():
    host = Defaults(FLAT, Size(1536, 1024), "draft")
    assert usual(Preferences(max_size=Size(1200, 1200)), host).size == Size(1024, 1024)


def test_the_hosts_defaults_fit_any_model():
    host = Defaults(GPT_IMAGE_2, Size(2048, 1152), "medium")
    assert host.of(GPT_IMAGE_2) is host
    assert host.of(FLAT) == Defaults(FLAT, Size(1536, 1024), "draft")
    assert host.of(PLAIN).quality == ""


def test_a_model_without_qualities_is_asked_without_one():
    whole = completed(
        Preferences(max_quality="low"), Defaults(PLAIN, Size(1024, 1024), ""), request()
    )
    assert (whole.quality, whole.count) == ("", 1)
    PLAIN.check(Size(1024, 1024), "", 1, Format.JPEG)
    typed = request(quality="<@1> anything")
    assert completed(Preferences(), Defaults(PLAIN, Size(1024, 1024), ""), typed).quality == ""


def test_models_are_found_by_all_their_names():
    assert model_of("fal-ai/gpt-image-2") is model_of("openai/gpt-image-2") is GPT_IMAGE_2
    assert model_of(GPT_IMAGE_2.edit or "") is GPT_IMAGE_2_EDIT
    assert text_models() == ("openai/gpt-image-2", "fal-ai/gpt-image-2")
    with pytest.raises(LookupError, match="no model is called 'acme/none'"):
        model_of("acme/none")
