"""Forms with one field, answered by whoever runs when they come back.

discord.py finds a form by an object that it keeps, which a restart loses and which one who closes
the form leaves behind for good. These are not kept: the id of a form says what it is for.
"""

from typing import Any

import discord
from discord import ui


def one_field_form(
    custom_id: str, title: str, label: str, field: ui.TextInput[Any], *, hint: str = ""
) -> ui.Modal:
    """Make a form that discord.py does not keep.

    Args:
        custom_id: What `typed_into` is asked for with, unique to the form's purpose.
        title: At most 45 characters.
        label: At most 45 characters.
        field: The field.
        hint: Below the label, at most 100 characters.
    """
    form = ui.Modal(title=title, custom_id=custom_id, timeout=None)
    form.add_item(ui.Label(text=label, description=hint or None, component=field))
    form.stop()
    return form


def form_id(interaction: discord.Interaction[Any]) -> str:
    """The id of the form that came back; empty for anything but a form."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return ""
    data: Any = interaction.data
    return str(data["custom_id"])


def typed_into(interaction: discord.Interaction[Any]) -> str:
    """What was typed into the one field of a form that came back."""
    data: Any = interaction.data
    waiting: list[Any] = list(data["components"])
    while waiting:
        part = waiting.pop()
        if "value" in part:
            return str(part["value"] or "")
        waiting += part.get("components", [])
        if "component" in part:
            waiting.append(part["component"])
    return ""
