"""A database that answers nobody: each command, button, menu and form is answered in time."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from bot.chat.moderation.reports.command import REPORT
from standins.discord.interactions import RESPONSE_WINDOW_S
from tests.hand_made import BROKEN, Scene, choose_message, everything, said
from tests.stage import staged


@asynccontextmanager
async def locked(url: str) -> AsyncGenerator[None]:
    """Let nobody read or write, as a migration by another program does."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        async with connection.transaction():
            names = ", ".join(row["tablename"] for row in rows)
            await connection.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def test_everything_is_answered_within_three_seconds_and_in_the_end(tmp_path, postgres_url):
    async with staged(tmp_path, DATABASE_URL=postgres_url) as stage:
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 20)
        nothing = "z" * 16
        scene = Scene(stage, nothing, nothing, nothing, nothing, nothing, card, card, stage.channel)
        own_card = await stage.reply(
            await stage.discord.slash(stage.moderator, stage.channel, "quota")
        )
        async with locked(postgres_url):
            sent = await everything(scene, stage.moderator, stage.channel, own_card)
            sent.append((REPORT, choose_message(scene, stage.bob, stage.channel, card, REPORT)))
            for name, one in sent:
                answer = await one.answer()
                assert answer.after_s < RESPONSE_WINDOW_S, (name, answer.after_s)
        for name, one in sent:
            text = await said(stage, one)
            assert text, name
            assert BROKEN not in text, (name, text)
        assert not stage.discord.violations
