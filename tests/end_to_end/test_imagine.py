"""The main job from the first answer to the footer."""

import pytest

from tests.stage import staged


async def test_a_member_gets_pictures_with_alt_text_and_a_footer(tmp_path):
    async with staged(tmp_path) as stage:
        card = await stage.card(size="1536x1024", quality="high", count=2)
        await stage.wait_text(card, "left today (resets in")
        await stage.discord.wait_for(lambda: len(card.gallery) == 2, 15)

        print([e.text for e in card.edits])
        print(card.text, card.gallery[0].alt, card.gallery[0].filename)
        assert "$0.33" in card.text
        await stage.bot.stop()
        print(stage.bot.log)
        stage.assert_books_are_right()
