"""Forms with several fields, which a restart does not lose.

discord.py finds a form by an object that it keeps until somebody sends the form, and forever if
nobody does. These are not kept: the id of a form says what it is for, and the fields say what was
typed. Whoever runs when the form comes back can answer it.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.chat.interaction.answers import answer_error
from bot.chat.interaction.services import ServicesClient

REASON_CHARS_MAX = 200
UNTIL_CHARS_MAX = 60

Handler = Callable[[discord.Interaction[ServicesClient], re.Match[str]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Attributes:
        name: What its value is found by.
        label: At most 45 characters.
        hint: Below the label, at most 100 characters.
        choices: Values with their labels, the first one chosen; empty for a text.
    """

    name: str
    label: str
    hint: str = ""
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


def form(custom_id: str, title: str, *fields: Field) -> ui.Modal:
    """Make a form that discord.py does not keep.

    Args:
        custom_id: What finds the handler when the form comes back.
        title: At most 45 characters.
        fields: At most five.
    """
    made = ui.Modal(title=title, custom_id=custom_id, timeout=None)
    for field in fields:
        component = _component(field)
        made.add_item(
            ui.Label(text=field.label, description=field.hint or None, component=component)
        )
    made.stop()
    return made


def _component(field: Field) -> ui.Item[Any]:
    if field.choices:
        options = [
            discord.SelectOption(label=label, value=value, default=number == 0)
            for number, (value, label) in enumerate(field.choices)
        ]
        return ui.Select[ui.LayoutView](custom_id=field.name, options=options, required=True)
    return ui.TextInput[ui.LayoutView](
        custom_id=field.name,
        style=discord.TextStyle.paragraph if field.is_long else discord.TextStyle.short,
        required=field.is_required,
        max_length=field.chars_max,
    )


def filled_in(interaction: discord.Interaction[Any]) -> dict[str, str]:
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


async def take(
    interaction: discord.Interaction[ServicesClient],
    handlers: Sequence[tuple[re.Pattern[str], Handler]],
) -> None:
    """Hand a form that came back to the handler of its id; what goes wrong is answered."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return
    data: Any = interaction.data
    for pattern, handler in handlers:
        match = pattern.fullmatch(str(data["custom_id"]))
        if match is None:
            continue
        try:
            await handler(interaction, match)
        except Exception as error:  # noqa: BLE001 - nothing above this answers the person
            await answer_error(interaction, error)
        return
