"""Names of members for places that can show no mention, such as suggestions.

Discord sends a name with each interaction; asking for the names of all would need a permission
that the bot does without. So those are known who used it since its start, the latest of them.
"""

from collections import OrderedDict

import discord

_KEPT_MAX = 10_000


class Names:
    """The display names that were seen last, by server."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], str] = OrderedDict()

    def note(self, interaction: discord.Interaction) -> None:
        """Take down the name of who interacts."""
        if interaction.guild_id is None:
            return
        key = (interaction.guild_id, interaction.user.id)
        self._kept[key] = interaction.user.display_name
        self._kept.move_to_end(key)
        if len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)

    def of(self, server_id: int, member_id: int) -> str:
        """Name a member, by the id where no name was seen."""
        return self._kept.get((server_id, member_id)) or str(member_id)
