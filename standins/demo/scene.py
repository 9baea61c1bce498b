"""The scene: what the members do, and what has to come of it.

Every step either comes true or raises `NotTrue`; nothing is left to the eye.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from standins.demo.acting import Acting, Deed, NotTrue, expect, shown_in
from standins.demo.hall import IMAGES_PER_DAY, Hall
from standins.demo.moderation import Moderation
from standins.fal.trouble import NAMED

RUN_S = 0.8
_ENDLESS_S = 60.0
_SCENE_S = 60
_START_S = 60.0
"""The first start on a slow machine reads all its libraries from the disk."""

LIGHTHOUSE = "a lighthouse on a cliff at dusk, oil painting"
FOX = "a paper fox in a bamboo forest, soft light"
NEON = "a neon sign that says **OPEN** for @everyone, in the rain"
REFUSED = "a celebrity caught in the supermarket"
MAP = "a hand-drawn map of an island with a hidden harbour"
TOO_MANY = "a herd of origami elephants, from four sides"
WRONG_SIZE = "1000x1000"


class Scene:
    """Plays the scene once.

    Attributes:
        hall: Where it plays.
        step: What is being played.
        members: What the members do.
        moderation: What the moderator does then, and what the log channel says of it.
    """

    def __init__(self, hall: Hall, tell: Callable[[str], None]) -> None:
        self.step = ""
        self.members = Acting(hall, tell)
        self.moderation = Moderation(Acting(hall, tell), taken=TOO_MANY)
        self.hall = hall
        self._tell = tell

    async def play(self) -> None:
        """Play all steps and tell what came true.

        Raises:
            NotTrue, NoAnswer, ClientRefused: `step` did not come true.
        """
        await _outwait_midnight(self._tell)
        self.hall.fal.run_s = lambda sent: _ENDLESS_S if sent.get("prompt") == NEON else RUN_S
        steps = {
            "the start of the bot": self._start,
            "two members at once": self._two_members_at_once,
            "a cancel while the picture is painted": self._cancel_while_painting,
            "a refusal by the content check": self._content_check,
            "a private picture, and an answer that is lost": self._private_pictures,
            "a refusal over quota": self._over_quota,
            "the quota": self._quota,
            **self.moderation.steps,
        }
        for self.step, play_step in steps.items():
            await play_step()

    async def _start(self) -> None:
        await self.hall.bot.start()
        await self.hall.discord.wait_until_ready(timeout_s=_START_S)
        self._tell("the bot is connected and has registered its commands")

    async def _two_members_at_once(self) -> None:
        alice, bob = self.hall.alice, self.hall.bob
        self.hall.fal.hold()  # until bob is in line, however slow this machine is
        first = await self.members.imagine(
            alice, LIGHTHOUSE, "lighthouse", size="1536x1024", quality="high", count=2
        )
        at_once = shown_in(first).edits[0].text
        if "up to $0.36 held" not in at_once or "4 of 6 left today" not in at_once:
            raise NotTrue(f"the price held and what is left were expected at once: {at_once!r}")
        self._tell("alice asks for two pictures: card at once, price held, quota told")
        try:
            await self.hall.fal.until(lambda: bool(self.hall.fal.jobs))
        except TimeoutError:
            raise NotTrue("alice's request was expected at fal") from None
        choices = await self.hall.discord.autocomplete(
            bob, self.hall.channel, "imagine", "size", WRONG_SIZE, {"prompt": FOX}
        )
        self.members.deeds.append(Deed(bob, f"/imagine size: {WRONG_SIZE}", choices=choices))
        nearest = next((str(c.value) for c in choices if "nearest possible" in c.name), None)
        if nearest is None or "multiples of 16" not in choices[0].name:
            raise NotTrue(f"a correction of {WRONG_SIZE} was expected, not {choices}")
        self._tell(f"bob types {WRONG_SIZE}, which cannot be, and is offered {nearest}")
        second = await self.members.imagine(bob, FOX, "fox", size=nearest, format="webp")
        if "1st in line" not in shown_in(second).edits[0].text:
            raise NotTrue("a place in line was expected while another job runs")
        self.hall.fal.release()
        self._tell("bob takes it and waits in line, for one job runs at a time here")
        await self.members.pictures(first, 2, "2 pictures · 1536×1024 · high · $0.33")
        await self.members.pictures(second, 1, "1 picture · 1008×1008 · medium · $0.05")
        self._tell("all three pictures arrive, with alt text and what they cost")

    async def _cancel_while_painting(self) -> None:
        bob = self.hall.bob
        deed = await self.members.imagine(bob, NEON, None, size="Wide", quality="low")
        message = shown_in(deed)
        await self.members.wait(message, "Painting")
        if message.pinged:
            raise NotTrue("nobody was to be notified by a prompt")
        await self.members.press(bob, message, "Cancel")
        await self.members.wait(message, "Nothing was charged")
        self._tell("bob cancels while his is painted: nothing charged, all is back")

    async def _content_check(self) -> None:
        deed = await self.members.imagine(self.hall.alice, REFUSED, None)
        await self.members.wait(shown_in(deed), "content check refused")
        expect(deed, "Nothing was charged")
        self._tell("the model's content check refuses a prompt: nothing charged")

    async def _private_pictures(self) -> None:
        hall = self.hall
        hall.fal.faults.add(NAMED["submit_lost"])
        sent_before = hall.fal.counts["submit"]
        deed = await self.members.imagine(
            hall.alice, MAP, "map", size="Portrait", quality="low", format="jpeg", private=True
        )
        await self.members.pictures(deed, 1, "1 picture · 1024×1536 · low")
        seen = [one.id for one in hall.discord.messages(hall.channel, viewer=hall.bob)]
        if shown_in(deed).id in seen:
            raise NotTrue("bob was not to see a private picture of alice")
        self._tell("alice makes a picture that only she sees")
        if hall.fal.counts["submit"] != sent_before + 1:
            raise NotTrue("a request whose answer was lost was not to be sent twice")
        self._tell("fal's answer to it was lost on the way: found in fal's history, not paid twice")

    async def _over_quota(self) -> None:
        deed = await self.members.imagine(self.hall.alice, TOO_MANY, None, count=4)
        parts = ("it needs 4 pictures", f"3 of {IMAGES_PER_DAY} left today", "It resets")
        expect(deed, *parts, is_private=True)
        self._tell("alice asks for more than is left: refused, with numbers and reset time")

    async def _quota(self) -> None:
        deed = await self.members.command(self.hall.alice, "quota")
        expect(deed, f"3 of {IMAGES_PER_DAY} left today", "of $25 left this month")
        self._tell("/quota says what is left and which limits hold")


async def _outwait_midnight(tell: Callable[[str], None]) -> None:
    """A scene over midnight would see its quota start anew; so it begins after that."""
    now = datetime.now(UTC)
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    left_s = (tomorrow - now).total_seconds()
    if left_s < _SCENE_S:
        tell(f"quotas start anew in {left_s:.0f} s: waiting for that first")
        await asyncio.sleep(left_s + 1)
