"""One scene with nearly all that the bot says to Discord, for tests that look at every word."""

from standins.fal.jobs import FalJob, FalState
from standins.fal.trouble import NAMED
from tests.stage import Stage


async def play_everything(stage: Stage) -> None:
    """Pictures, refusals, cancels, failures, private answers, late routes: about five seconds.

    The stage must have `FAL_CONCURRENCY=1`, so that there is a line.
    """
    await say_no(stage)
    await make_and_fail(stage)
    await cancel(stage)
    await arrive_late(stage)


async def say_no(stage: Stage) -> None:
    discord, channel = stage.discord, stage.channel
    for typed in ("", "wide", "1536x864", "1000x1000", "nonsense"):
        await discord.autocomplete(stage.alice, channel, "imagine", "size", typed)
    for options in ({"size": "512x512"}, {"count": 7}, {"prompt": "*" * 4000, "size": "big"}):
        sent = await discord.slash(
            stage.alice, channel, "imagine", {"prompt": "a heron", **options}, unchecked=True
        )
        await stage.reply(sent)
    await stage.reply(await discord.slash(stage.alice, channel, "quota"))


async def make_and_fail(stage: Stage) -> None:
    done = await stage.card(count=2, prompt="@everyone **a heron** " * 150)
    private = await stage.card(stage.bob, private=True, format="webp")
    await stage.discord.wait_for(lambda: done.gallery and private.gallery, 20)
    stage.fal.faults.add(NAMED["result_content_policy_violation"])
    failed = await stage.card()
    await stage.wait_text(failed, "content check")
    texts = [(await stage.reply(await stage.imagine(count=4))).text for _ in range(3)]
    assert "No room" in texts[-1]


async def open_job(stage: Stage) -> FalJob:
    while (job := await stage.fal.next_job()).state is FalState.COMPLETED:
        pass
    return job


async def cancel(stage: Stage) -> None:
    await stage.discord.wait_for(
        lambda: not any(m.buttons for m in stage.discord.messages(stage.channel)), 20
    )
    stage.fal.hold()
    sent = await stage.card(stage.bob)
    await open_job(stage)
    waiting = await stage.card(stage.moderator)
    for member, card in ((stage.alice, waiting), (stage.moderator, waiting), (stage.bob, sent)):
        await stage.reply(await stage.discord.press(member, card, "Cancel"))
    await stage.wait_text(waiting, "Cancelled")
    await stage.wait_text(sent, "Cancelled")


async def arrive_late(stage: Stage) -> None:
    """After the token's end: the same message, a new one, a direct message."""
    discord = stage.discord
    for number in range(3):
        card = await stage.card(stage.moderator, private=number == 2)
        job = await open_job(stage)
        if number == 1:
            discord.delete_message(card)
        discord.clock.advance(16 * 60)
        await stage.fal.start(job)
        await stage.fal.finish(job)
        if number == 2:
            await discord.wait_for(lambda: discord.direct_messages(stage.moderator), 15)
        else:
            await discord.wait_for(lambda: discord.messages(stage.channel)[-1].gallery, 15)
