"""The real bot with one more feature: `python -m tests.end_to_end.easel_bot run`.

A card whose buttons ask for pictures at once, open a form that asks for them, and break.
"""

import re
from typing import Any, cast

from discord import app_commands, ui

from bot.__main__ import main
from bot.chat import client
from bot.chat.imagine.submit import Draft, submit
from bot.chat.interaction.buttons import Button
from bot.chat.interaction.feature import Feature
from bot.chat.interaction.forms import Field, Form
from bot.chat.interaction.layouts import WAITING, Row, button, finished
from bot.chat.interaction.permission import anyone
from bot.chat.interaction.services import Interaction, Services

PROMPT = "a lighthouse at dusk"


def easel_card() -> ui.LayoutView:
    labels = {"Again": "again", "Hidden": "again:private", "Change": "change", "Break": "break"}
    box = ui.Container[ui.LayoutView](ui.TextDisplay("**Easel**"), accent_colour=WAITING)
    box.add_item(Row(*(button(label, f"easel:{what}") for label, what in labels.items())))
    return finished(box)


def build_easel(_: Services) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="easel", description="A card with buttons")
    async def easel(interaction: Interaction) -> None:
        await interaction.response.send_message(view=easel_card())

    return cast("app_commands.Command[Any, ..., None]", easel)


class AgainButton(Button, template=r"easel:again(?P<private>:private)?", gate=anyone):
    async def pressed(self, interaction: Interaction, found: re.Match[str]) -> None:
        await submit(interaction, Draft(PROMPT, private=found["private"] is not None))


class ChangeButton(Button, template="easel:change", gate=anyone):
    async def pressed(self, interaction: Interaction, _: re.Match[str]) -> None:
        await CHANGE.open(interaction, "easel:change", {"prompt": PROMPT})


class BreakButton(Button, template="easel:break"):
    async def pressed(self, interaction: Interaction, _: re.Match[str]) -> None:
        raise ZeroDivisionError


async def taken(interaction: Interaction, found: re.Match[str], typed: dict[str, str]) -> None:
    await submit(interaction, Draft(typed["prompt"], size=typed["size"]))


CHANGE = Form(
    "easel:change",
    "Change the picture",
    [Field("prompt", "Prompt"), Field("size", "Size", is_required=False)],
    taken,
    gate=anyone,
)
EASEL = Feature(
    commands=(build_easel,), buttons=(AgainButton, ChangeButton, BreakButton), forms=(CHANGE,)
)
client.FEATURES = (*client.FEATURES, EASEL)

if __name__ == "__main__":
    main()
