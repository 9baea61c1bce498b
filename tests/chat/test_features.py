"""What the features offer: all that is written, and forms within Discord's limits."""

import inspect
import pkgutil
import re
from importlib import import_module

import pytest

import bot.chat
from bot.chat.client import FEATURES
from bot.chat.interaction.buttons import Button
from bot.chat.interaction.forms import Form

FORMS = [form for feature in FEATURES for form in feature.forms]


def written(kind) -> list:
    """Every value of a kind that a module of `bot.chat` has, alone or in a mapping."""
    found = []
    for module in pkgutil.walk_packages(bot.chat.__path__, "bot.chat."):
        for value in vars(import_module(module.name)).values():
            values = value.values() if isinstance(value, dict) else [value]
            found += [one for one in values if kind(one)]
    return found


def is_button(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, Button) and value is not Button


def test_every_button_and_form_that_is_written_is_offered():
    buttons = {button for feature in FEATURES for button in feature.buttons}
    assert set(written(is_button)) == buttons
    forms = {form.template for form in written(lambda value: isinstance(value, Form))}
    assert sorted(forms) == sorted(form.template for form in FORMS)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.template)
async def test_every_form_fits_discord_s_limits_and_is_not_kept(form):
    custom_id = example_of(form.template)
    made = form.modal(custom_id, {})
    sent = made.to_dict()
    assert sent["custom_id"] == custom_id
    assert len(sent["title"]) <= 45
    assert 1 <= len(sent["components"]) <= 5
    for label in sent["components"]:
        assert len(label["label"]) <= 45
        assert len(label.get("description") or "") <= 100
        assert len(label["component"].get("placeholder") or "") <= 100
    assert made.is_finished()


def example_of(template: str) -> str:
    """An id that a template matches, with the longest number and id that there are."""
    for part, example in (
        (r"(?P<id>\d{1,20})", "1" * 20),
        ("(?P<id>[0-9a-z]{16})", "a" * 16),
    ):
        template = template.replace(part, example)
    return re.sub(r"\(\?P<\w+>(\w+)\)", r"\1", template)
