"""What goes to fal and what its units cost is said by the model's value, not by this room."""

import json

import pytest

from bot.core.jobs import Ticket
from bot.core.models import registry
from bot.core.models.options import Format, Size
from bot.fal.evidence import Call, judge
from bot.fal.failures import read_failure, submit_failure
from bot.fal.wire import Answer, billed_microusd, order_input, rendering_from
from bot.services.ports import Order
from tests.end_to_end.crayon import CRAYON


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setitem(registry._known, CRAYON.id, CRAYON)


def answer(status, body, units):
    return Answer(status, {"x-fal-billable-units": units}, json.dumps(body).encode())


def test_a_request_has_the_models_own_names_words_and_constants():
    order = Order("job", "a fox", Size(768, 512), "final", 2, Format.WEBP, CRAYON.id)
    assert order_input(order) == {
        "prompt": "a fox",
        "image_size": "768x512",
        "rendering_speed": "QUALITY",
        "n": 2,
        "output_format": "webp",
        "enable_web_search": False,
    }


@pytest.mark.parametrize(
    ("units", "microusd"),
    [("0", 0), ("1", 40_000), ("4.5", 180_000), ("0.00001", 1), ("0.333333", 13_334)],
)
def test_a_unit_costs_what_the_model_says_and_a_fraction_is_rounded_up(units, microusd):
    assert billed_microusd({"x-fal-billable-units": units}, CRAYON.id) == microusd


def test_pictures_and_failures_are_billed_in_the_models_units():
    made = answer(200, {"images": [{"url": "https://v3.fal.media/1.webp"}]}, "4.5")
    assert rendering_from(made, CRAYON.id).billed_microusd == 180_000
    body = {"detail": [{"loc": [], "msg": "m", "type": "content_policy_violation"}]}
    refused, ticket = answer(422, body, "2"), Ticket("abc-1", "", "", "", CRAYON.id)
    failure = read_failure(judge(Call.RESULT, refused, "abc-1"), refused, ticket)
    assert failure.cost_microusd == 80_000
    assert submit_failure(refused, CRAYON.id).cost_microusd == 80_000
