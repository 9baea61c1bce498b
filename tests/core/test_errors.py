import pytest

from bot.core import errors
from bot.core.errors import (
    BotError,
    IllegalSize,
    NotSent,
    OverLimit,
    Refused,
    Undeliverable,
    Upstream,
)
from bot.core.limits import Rule, Standing, Subject, Unit, Window

CLASSES = [
    one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, BotError)
]


def drawn_tree() -> dict[str, str]:
    """Read who is whose child from the drawing in the module's docstring."""
    parents: dict[str, str] = {}
    above = ["BotError"]
    for line in (errors.__doc__ or "").splitlines():
        stem, dash, text = line.partition("── ")
        if dash:
            name, depth = text.split()[0], len(stem) // 4 + 1
            above[depth:] = [name]
            parents[name] = above[depth - 1]
    return parents


@pytest.mark.parametrize("one", CLASSES, ids=lambda one: one.__name__)
def test_every_error_stands_where_the_drawing_has_it(one):
    if one is BotError:
        assert one.__base__ is Exception
    else:
        assert drawn_tree()[one.__name__] == one.__base__.__name__


def test_the_drawing_shows_no_error_that_does_not_exist():
    assert set(drawn_tree()) == {one.__name__ for one in CLASSES} - {"BotError"}


def test_a_refusal_is_its_sentence():
    refused = Refused("Not like this.")
    assert refused.sentence == str(refused) == "Not like this."


def test_an_illegal_size_says_the_rule_and_the_nearest_size():
    assert IllegalSize("too wide", "16×16").sentence == (
        "Too wide; the nearest possible size is 16×16."
    )
    assert IllegalSize("no size", None).sentence == "No size."


@pytest.mark.parametrize(
    ("unit", "amount", "used", "asked", "sentence"),
    [
        (Unit.IMAGES, 10, 9, 2, "That needs 2 images; 1 image of 10 images are left."),
        (Unit.IMAGES, 0, 0, 1, "That needs 1 image; 0 images of 0 images are left."),
        (Unit.IMAGES, 3, 5, 1, "That needs 1 image; 0 images of 3 images are left."),
        (Unit.USD, 5_000_000, 4_670_000, 440_000, "That needs $0.44; $0.33 of $5 are left."),
    ],
)
def test_a_full_limit_carries_its_numbers(unit, amount, used, asked, sentence):
    standing = Standing(Rule(Subject.EVERYONE, 0, unit, Window.DAY, amount), used, 0)

    refused = OverLimit(standing, asked)

    assert refused.sentence == sentence
    assert (refused.standing, refused.asked) == (standing, asked)


def test_what_fal_says_and_bills_is_kept_apart():
    error = Upstream("the model is tired", cost_microusd=5_880)

    assert str(error) == error.detail == "the model is tired"
    assert error.cost_microusd == 5_880
    assert Upstream("x").cost_microusd is None


def test_a_wait_that_fal_asks_for_is_kept():
    error = NotSent("too many requests", retry_after_s=2.5)

    assert (error.detail, error.retry_after_s) == ("too many requests", 2.5)
    assert NotSent("x").retry_after_s is None


def test_closed_routes_are_all_named():
    assert str(Undeliverable(["edit: gone", "channel: 403"])) == "edit: gone; channel: 403"
    assert str(Undeliverable([])) == "no route"
