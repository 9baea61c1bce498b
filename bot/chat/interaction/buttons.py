"""What buttons and menus of cards do. They are found by their ids, so they outlive a restart."""

import re
from functools import partial
from typing import Any, ClassVar, Self

from discord import ui

from bot.chat.interaction.answers import guarded
from bot.chat.interaction.permission import Gate, require_moderator
from bot.chat.interaction.services import Interaction


class Button(ui.DynamicItem[Any], template="(?!)"):
    """What happens when a button is pressed, or something is chosen in a menu.

    A card draws it as a plain button or menu with an id that the template matches. A subclass names
    the template and who may, moderators unless it says otherwise, and says in `pressed` what is
    done. Whatever that raises is answered in private.
    """

    gate: ClassVar[Gate]

    def __init_subclass__(cls, *, template: str, gate: Gate = require_moderator) -> None:
        super().__init_subclass__(template=template)
        cls.gate = staticmethod(gate)

    def __init__(self, item: ui.Item[Any], found: re.Match[str]) -> None:
        super().__init__(item)
        self._found = found

    @classmethod
    async def from_custom_id(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls,
        interaction: Interaction,  # noqa: ARG003 - discord.py's signature
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Take what was pressed, and what its id says."""
        return cls(item, match)

    async def callback(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, interaction: Interaction
    ) -> None:
        """Ask whether the person may, then do it."""
        pressed = partial(self.pressed, interaction, self._found)
        await guarded(interaction, type(self).gate, pressed)

    async def pressed(self, interaction: Interaction, found: re.Match[str], /) -> None:
        """Do it and answer; what was chosen in a menu is in `self.item.values`.

        Args:
            interaction: Not answered yet.
            found: The id, with the groups of the template.
        """
        raise NotImplementedError
