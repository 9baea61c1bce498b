"""Tokens and keys are in no log, card, export or message of the bot, however much is logged."""

import pytest

from standins.discord import Fault
from standins.fal.trouble import NAMED
from tests.scenes import play_everything
from tests.stage import staged

ADMIN_KEY = "admin:S3CRET-of-the-host"


@pytest.mark.timeout(300)
async def test_the_most_talkative_log_and_all_texts_hold_no_secret(tmp_path):
    async with staged(
        tmp_path, LOG_LEVEL="DEBUG", FAL_ADMIN_KEY=ADMIN_KEY, FAL_CONCURRENCY="1"
    ) as stage:
        stage.fal.faults.add(NAMED["submit_locked"])
        stage.discord.faults.add(Fault(route="callback", status=500))
        stage.discord.faults.add(Fault(route="original", method="PATCH", lost_answer=True))
        stage.discord.faults.add(Fault(route="original", method="PATCH", status=429))
        paused = await stage.card()
        await stage.wait_text(paused, "paused: the bot's account at fal is locked")
        await stage.discord.wait_for(lambda: paused.gallery, 60)
        await play_everything(stage)
        await stage.bot.stop()
        printed = [stage.command_line("export", what).stdout for what in ("jobs", "ledger")]
        checked = stage.command_line("check")

        said = [message.text for message in stage.discord.messages(stage.channel)]
        told = "\n".join([stage.bot.log, *printed, checked.stdout, checked.stderr, *said])
        tokens = [one.token for one in stage.discord.interactions]
        assert "[hidden]/callback" in told
        assert len(tokens) > 10
        ends = [line for line in stage.bot.log.splitlines() if "job ended" in line]
        assert len(ends) > 5
        assert not any("heron" in line for line in ends), "a job's line is without its prompt"
        for secret in (stage.discord.token, stage.env["FAL_KEY"], ADMIN_KEY, *tokens):
            assert secret not in told
