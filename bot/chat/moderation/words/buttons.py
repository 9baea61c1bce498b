"""The buttons that turn the pages of the list of words."""

import re

from discord import ui

from bot.chat.interaction.answers import turn
from bot.chat.interaction.buttons import Button
from bot.chat.interaction.services import Interaction
from bot.chat.moderation.words.cards import PAGE_ID, words_card
from bot.services.limits.words import Words


class WordsPageButton(Button, template=PAGE_ID):
    """Turns a page of the list in place."""

    async def pressed(self, interaction: Interaction, found: re.Match[str]) -> None:
        """Show the page whose number the button carries."""
        words, number = interaction.client.services.words, max(int(found["number"]), 0)
        await turn(interaction, read_words_page(words, interaction.guild_id or 0, number))


async def read_words_page(words: Words, server_id: int, number: int = 0) -> ui.LayoutView:
    """Read a server's list and lay out a page of it."""
    return words_card(await words.listed(server_id), number)
