import pkgutil
from importlib import import_module

import pytest

import bot
from bot.core import errors
from bot.core.codes import BrokenRule, ModerationCode, OptionCode, SizeRule, TypedCode
from bot.core.errors import (
    BadRequest,
    BotError,
    ForbiddenPrompt,
    IllegalSize,
    NotSent,
    OverLimit,
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


def every(kind: type[BotError]) -> set[type[BotError]]:
    return {kind}.union(*(every(one) for one in kind.__subclasses__()))


def test_no_room_has_an_error_of_its_own_beside_the_tree():
    for module in pkgutil.walk_packages(bot.__path__, "bot."):
        if module.name != "bot.__main__":
            import_module(module.name)
    others = {one for one in every(BotError) if one.__module__.startswith("bot.")} - set(CLASSES)
    assert {one.__name__ for one in others if not one.__name__.startswith("_")} == set()


def test_a_refusal_shows_its_code_and_values_in_the_log():
    refused = BadRequest(ModerationCode.TOO_MANY_GIFTS, most=20)
    assert str(refused) == "ModerationCode.TOO_MANY_GIFTS most=20"
    assert repr(refused) == "BadRequest(ModerationCode.TOO_MANY_GIFTS most=20)"
    illegal = IllegalSize(BrokenRule(SizeRule.STEP, 16), "9×9", "16×16")
    assert (illegal.code, illegal.nearest) == (SizeRule.STEP, "16×16")
    assert str(illegal) == "SizeRule.STEP most=16"


@pytest.mark.parametrize(
    "refused",
    [
        BadRequest(TypedCode.NO_END, typed="secret"),
        BadRequest(OptionCode.MODEL, typed="secret", detail="near “secret”"),
        ForbiddenPrompt("word", "secret"),
    ],
)
def test_what_people_typed_is_in_no_log(refused):
    assert "secret" not in f"{refused} {refused!r} {refused.args!r}"


def test_a_full_limit_carries_its_numbers():
    standing = Standing(Rule(Subject.EVERYONE, 0, Unit.IMAGES, Window.DAY, 10), 9, 5)

    refused = OverLimit(standing, 2, 3)

    assert (refused.standing, refused.asked, refused.given) == (standing, 2, 3)
    assert str(refused) == "MemberCode.NO_ROOM given=3 most=1 at_ms=5"


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
