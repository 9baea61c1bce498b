"""What is paid arrives: noise is waited out, and what comes late comes in a message of its own."""

import asyncio
import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from PIL import Image

from standins.discord import DiscordMessage
from standins.fal.control import prompt_has
from standins.fal.faults import Output
from standins.fal.settings import StandInFalSettings
from standins.fal.trouble import NAMED
from tests.fork_server import ForkedBot
from tests.stage import Stage, staged

pytestmark = pytest.mark.timeout(300)
"""The bot waits for real here: 20 s for a late picture, 17 s before a lost submit is told."""

NOISE = {
    "result_locked": {},
    "result_302": {},
    "result_405": {},
    "result_499": {},
    "result_402": {},
    "result_in_progress": {},
    "result_gateway_410": {},
    "result_gateway_404": {"for_s": 3},
    "result_not_json": {"for_s": 3},
    "result_passing_500": {},
}
"""Answers to the result that are no word of fal's about the job, and how long each goes on."""


async def test_noise_about_a_result_is_waited_out_and_every_picture_comes(tmp_path):
    settings = StandInFalSettings(concurrency=len(NOISE))
    many: dict[str, Any] = {"FAL_CONCURRENCY": str(len(NOISE)), "DEFAULT_IMAGES_PER_DAY": "100"}
    async with staged(tmp_path, fal=settings, **many) as stage:
        for name, lasts in NOISE.items():
            stage.fal.faults.add(NAMED[name], where=prompt_has(f"{name};"), **lasts)
        cards = {name: await stage.card(prompt=f"{name};") for name in NOISE}
        await stage.discord.wait_for(lambda: all(one.gallery for one in cards.values()), 60)

        said = [edit.text for edit in cards["result_in_progress"].edits]
        assert any("**Waiting for fal's answer**" in text for text in said)
        for card in cards.values():
            assert "No picture" not in "".join(edit.text for edit in card.edits)
        assert stage.fal.counts["submit"] == len(NOISE)
        assert len(stage.discord.messages(stage.channel)) == len(NOISE)
        await stage.bot.stop()
        stage.assert_books_are_right()


@dataclass
class SlowHost:
    """A second host of pictures: `/late` is missing until it is there, `/moved` leads to it."""

    port: int = 0
    is_there: bool = False
    asked: int = 0

    def at(self, path: str, name: str = "127.0.0.1") -> str:
        return f"http://{name}:{self.port}/{path}"

    async def late(self, _: web.Request) -> web.Response:
        self.asked += 1
        if not self.is_there:
            return web.Response(status=404)
        png = io.BytesIO()
        Image.new("RGB", (1024, 1024), "teal").save(png, "PNG")
        return web.Response(body=png.getvalue(), content_type="image/png")

    async def moved(self, _: web.Request) -> web.Response:
        # Another host by name, so that the list is asked for it too.
        return web.Response(status=307, headers={"Location": self.at("late", "localhost")})


@asynccontextmanager
async def with_slow_host(folder, **settings) -> AsyncGenerator[tuple[Stage, SlowHost]]:
    """A bot whose list of media hosts names the slow one too, and `localhost` beside it."""
    host = SlowHost()
    app = web.Application()
    app.router.add_get("/late", host.late)
    app.router.add_get("/moved", host.moved)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host.port = int(runner.addresses[0][1])
    try:
        async with staged(folder, starts_bot=False, **settings) as stage:
            also = f"127.0.0.1:{host.port},localhost:{host.port}"
            stage.env["FAL_MEDIA_HOSTS"] = f"{stage.fal.media_host},{also}"
            stage.bot = ForkedBot(folder, stage.env)
            await stage.start_bot()
            yield stage, host
    finally:
        await runner.cleanup()


async def late_message(stage: Stage, timeout_s: float = 60) -> DiscordMessage:
    """The second message in the channel."""
    await stage.discord.wait_for(lambda: len(stage.discord.messages(stage.channel)) > 1, timeout_s)
    [_, late] = stage.discord.messages(stage.channel)
    return late


async def test_a_redirect_to_an_allowed_host_is_followed(tmp_path):
    async with with_slow_host(tmp_path) as (stage, host):
        host.is_there = True
        stage.fal.faults.add(Output(instead={"url": host.at("moved")}))
        card = await stage.card()
        await stage.discord.wait_for(lambda: card.gallery, 20)

        assert host.asked == 1
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_one_late_picture_holds_up_no_other_and_comes_later_for_free(tmp_path):
    async with with_slow_host(tmp_path) as (stage, host):
        stage.fal.faults.add(Output(instead={"url": host.at("late")}, only=frozenset({2})))
        card = await stage.card(count=2)
        await stage.discord.wait_for(lambda: card.gallery, 40)
        host.is_there = True

        assert len(card.gallery) == 1
        assert "1 picture could not be fetched so far and is not charged." in card.text
        assert "9 of 10 left today" in card.text
        late = await late_message(stage, 90)
        assert late.pinged.users == {stage.alice.id}
        assert len(late.gallery) == 1
        assert (
            "**Late, and free of charge:** the others came earlier, and this could not be fetched"
        ) in late.text
        assert "free · 9 of 10 left today" in late.text
        assert "$" not in late.text

        asked = "SELECT 1 FROM jobs WHERE pictures = 2 AND free_pictures = 1"
        await stage.until(lambda: stage.stored(asked))
        await stage.bot.stop()
        assert len(stage.discord.messages(stage.channel)) == 2
        assert stage.fal.counts["submit"] == 1
        stage.assert_books_are_right()


async def test_a_lost_submit_that_is_found_later_comes_for_free_and_says_why(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.faults.add(NAMED["submit_lost"])
        closed = stage.fal.faults.add(NAMED["history_403"], times=None)
        card = await stage.card()
        await stage.wait_text(card, "No picture", 60)
        assert "The bot goes on looking for days" in card.text
        stage.fal.faults.remove(closed)

        late = await late_message(stage, 90)
        assert late.pinged.users == {stage.alice.id}
        assert len(late.gallery) == 1
        assert "**Late, and free of charge:** fal's answer to the request was lost." in late.text
        assert "free · 10 of 10 left today" in late.text
        await stage.until(lambda: stage.stored("SELECT 1 FROM jobs WHERE state = 'delivered'"))
        await stage.bot.stop()
        assert stage.in_doubt_microusd() == 0
        assert stage.fal.counts["submit"] == 1
        stage.assert_books_are_right()


async def test_late_private_pictures_come_by_direct_message_only(tmp_path):
    async with staged(tmp_path) as stage:
        stage.fal.faults.add(NAMED["submit_lost"])
        closed = stage.fal.faults.add(NAMED["history_403"], times=None)
        card = await stage.card(private=True)
        await stage.wait_text(card, "No picture", 60)
        stage.fal.faults.remove(closed)
        await stage.discord.wait_for(lambda: stage.discord.direct_messages(stage.alice), 90)

        [late] = stage.discord.direct_messages(stage.alice)
        assert late.gallery
        assert "Late, and free of charge" in late.text
        await asyncio.sleep(1)
        assert stage.discord.messages(stage.channel, viewer=stage.bob) == []
