"""A database that lets wait: Discord is answered in time, and what is private stays so."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from standins.discord import DiscordMessage, Fault, SentInteraction
from tests.stage import Stage, staged

DEFERRED = 5


@contextmanager
def locked(stage: Stage) -> Iterator[None]:
    """Hold SQLite's one lock for writers, as a slow disk or a backup does."""
    connection = sqlite3.connect(stage.folder / "bot.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def shown(sent: SentInteraction) -> DiscordMessage:
    assert sent.original is not None
    return sent.original


async def test_what_takes_long_is_deferred_then_accepted_or_refused_where_it_belongs(tmp_path):
    async with staged(tmp_path, DEFAULT_IMAGES_PER_DAY="2") as stage:
        with locked(stage):
            accepted = await stage.imagine(stage.alice)
            accepted_privately = await stage.imagine(stage.bob, private=True)
            refused = await stage.imagine(stage.moderator, count=3)
            refused_privately = await stage.imagine(
                stage.guild.add_member("carol"), count=3, private=True
            )
            sent = [accepted, accepted_privately, refused, refused_privately]
            answers = [await one.answer() for one in sent]
        assert [answer.type for answer in answers] == [DEFERRED] * 4
        assert [answer.ephemeral for answer in answers] == [False, True, False, True]
        for one in (accepted, accepted_privately):
            await stage.discord.wait_for(lambda one=one: shown(one).gallery, 15)
            assert one.followups == []
        assert shown(accepted_privately).ephemeral

        # What thinks in public goes away, and the reason comes in private.
        await stage.discord.wait_for(lambda: shown(refused).deleted)
        [reason] = refused.followups
        assert reason.ephemeral
        for told in (reason, shown(refused_privately)):
            assert "it needs 3 pictures" in told.text
            assert "a lighthouse at dusk" in told.text
        assert refused_privately.followups == []
        assert stage.discord.messages(stage.channel, viewer=stage.alice) == [shown(accepted)]


async def test_a_cancel_that_takes_long_is_deferred_and_then_answered(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.hold()
        card = await stage.card()
        await stage.fal.next_job()
        await stage.wait_text(card, "Waiting at fal")
        with locked(stage):
            pressed = await stage.discord.press(stage.alice, card, "Cancel")
            answer = await pressed.answer()
        assert (answer.type, answer.ephemeral) == (DEFERRED, True)

        await stage.discord.wait_for(lambda: "fal" in shown(pressed).text)
        await stage.wait_text(card, "By the member who asked for it.")


async def test_asking_who_may_takes_of_the_time_for_the_first_answer(tmp_path):
    async with staged(tmp_path) as stage:
        role = stage.guild.add_role("helpers")
        hana = stage.guild.add_member("hana", role)
        stage.discord.set_command_permissions(stage.guild, "imagine-admin", {role: True})
        word = {"text": "quagga"}
        # It is asked again, and slowly, because the server's settings have just changed.
        stage.discord.faults.add(Fault(route="all_permissions", delay_s=1))
        with locked(stage):
            sent = await stage.discord.slash(
                hana, stage.channel, "imagine-admin words add", word, unchecked=True
            )
            assert (await sent.answer()).type == DEFERRED
        [asked] = [one for one in stage.discord.requests if one.name == "all_permissions"]
        [answered] = [one for one in stage.discord.requests if one.name == "callback"]
        assert answered.at_s - asked.at_s < 2.2
        await stage.discord.wait_for(lambda: "**Added.**" in shown(sent).text)
