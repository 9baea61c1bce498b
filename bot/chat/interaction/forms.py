"""Forms, which a restart does not lose.

discord.py finds a form by an object that it keeps until somebody sends the form, and forever if
nobody does. These are not kept: the id of a form says what it is for, and whoever runs when it
comes back can answer it.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import discord
from discord import ui

from bot.chat.interaction.answers import guarded, logged_if_not_taken, tell
from bot.chat.interaction.permission import Gate, require_moderator
from bot.chat.interaction.services import Interaction

REASON_CHARS_MAX = 200
UNTIL_CHARS_MAX = 60

Taken = Callable[[Interaction, re.Match[str], dict[str, str]], Awaitable[None]]
"""Does what a form is for, and answers: the groups of its id, and what was typed, by field."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Attributes:
        name: What its value is found by.
        label: At most 45 characters.
        hint: Below the label, at most 100 characters.
        example: Stands in the empty field.
        choices: Values with their labels, the first one chosen; empty for a text.
    """

    name: str
    label: str
    hint: str = ""
    example: str = ""
    chars_max: int = REASON_CHARS_MAX
    is_required: bool = True
    is_long: bool = False
    choices: Sequence[tuple[str, str]] = ()


def reason_field(hint: str, *, is_required: bool = True) -> Field:
    """The field for why something is done."""
    return Field("reason", "Reason", hint, is_required=is_required, is_long=True)


def until_field(hint: str, *, is_required: bool = False) -> Field:
    """The field for an end, as people type it."""
    return Field("until", "Until", hint, chars_max=UNTIL_CHARS_MAX, is_required=is_required)


@dataclass(frozen=True, slots=True)
class Form:
    """A form, and what is done when it comes back.

    Attributes:
        template: What its ids look like.
        title: At most 45 characters.
        fields: At most five.
        taken: What is done; whatever it raises is answered in private.
        gate: Who may send it; that is asked again, because the form may be hours old.
    """

    template: str
    title: str
    fields: Sequence[Field]
    taken: Taken
    gate: Gate = require_moderator

    async def open(
        self, interaction: Interaction, custom_id: str, filled_in: Mapping[str, str] | None = None
    ) -> None:
        """Answer with the form, perhaps with values in it; only a first answer can be one."""
        with logged_if_not_taken("form not opened"):
            await interaction.response.send_modal(self.modal(custom_id, filled_in or {}))

    def modal(self, custom_id: str, filled_in: Mapping[str, str]) -> ui.Modal:
        """Make it, with an id that its template matches."""
        assert re.fullmatch(self.template, custom_id)
        made = ui.Modal(title=self.title, custom_id=custom_id, timeout=None)
        for field in self.fields:
            component = _component(field, filled_in.get(field.name, ""))
            made.add_item(
                ui.Label(text=field.label, description=field.hint or None, component=component)
            )
        made.stop()
        return made


def _component(field: Field, value: str) -> ui.Item[Any]:
    if field.choices:
        options = [
            discord.SelectOption(label=label, value=value, default=number == 0)
            for number, (value, label) in enumerate(field.choices)
        ]
        return ui.Select[ui.LayoutView](custom_id=field.name, options=options, required=True)
    return ui.TextInput[ui.LayoutView](
        custom_id=field.name,
        style=discord.TextStyle.paragraph if field.is_long else discord.TextStyle.short,
        default=value or None,
        placeholder=field.example or None,
        required=field.is_required,
        max_length=field.chars_max,
    )


async def take_form(interaction: Interaction, forms: Sequence[Form]) -> None:
    """Do what a form that came back is for; leave every other interaction alone."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return
    data: Any = interaction.data
    for form in forms:
        found = re.fullmatch(form.template, data["custom_id"])
        if found is not None:
            taking = partial(form.taken, interaction, found, _typed(interaction))
            await guarded(interaction, form.gate, taking)
            return
    await tell(interaction, "This form is of another version of the bot. Open it again.")


def _typed(interaction: Interaction) -> dict[str, str]:
    """What a form that came back holds, by the names of its fields, without outer white space."""
    found: dict[str, str] = {}
    data: Any = interaction.data
    waiting: list[Any] = list(data["components"])
    while waiting:
        part = waiting.pop()
        waiting += part.get("components", [])
        if "component" in part:
            waiting.append(part["component"])
        if part.get("custom_id") is None:
            continue
        values = part.get("values") or [part.get("value") or ""]
        found[part["custom_id"]] = str(values[0]).strip()
    return found
