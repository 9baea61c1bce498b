"""The scene: what the members do, and what has to come of it.

Every step either comes true or raises `NotTrue`; nothing is left to the eye.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.demo.hall import IMAGES_PER_DAY, Hall
from bot.standin.discord import Answer, Choice, DiscordMessage, Member

RUN_S = 0.8
_ENDLESS_S = 60.0
_WAIT_S = 20.0
_SCENE_S = 30

LIGHTHOUSE = "a lighthouse on a cliff at dusk, oil painting"
FOX = "a paper fox in a bamboo forest, soft light"
NEON = "a neon sign that says **OPEN** for @everyone, in the rain"
REFUSED = "a celebrity caught in the supermarket"
MAP = "a hand-drawn map of an island with a hidden harbour"
TOO_MANY = "a herd of origami elephants, from four sides"
WRONG_SIZE = "1000x1000"


class NotTrue(Exception):
    """A step of the scene did not come true; the text says what was expected."""


@dataclass(slots=True)
class Deed:
    """One thing that a person did, and what the bot made of it.

    Attributes:
        typed: What they typed or pressed.
        answer: The first answer; None for what was only typed.
        message: What came of it and is still alive; a button's answer is a message of its own.
        choices: What was suggested while typing.
        saved_as: Stem of the names of the pictures, None where none are expected.
    """

    member: Member
    typed: str
    answer: Answer | None = None
    message: DiscordMessage | None = None
    choices: list[Choice] = field(default_factory=list[Choice])
    saved_as: str | None = None


class Scene:
    """Plays the scene once.

    Attributes:
        deeds: All that was done so far, in order.
        step: What is being played.
    """

    def __init__(self, hall: Hall, tell: Callable[[str], None]) -> None:
        self.deeds: list[Deed] = []
        self.step = ""
        self._hall = hall
        self._tell = tell

    async def play(self) -> None:
        """Play all steps and tell what came true.

        Raises:
            NotTrue, NoAnswer, ClientRefused: `step` did not come true.
        """
        await _outwait_midnight(self._tell)
        self._hall.fal.run_s = lambda sent: _ENDLESS_S if sent.get("prompt") == NEON else RUN_S
        steps = {
            "the start of the bot": self._start,
            "two members at once": self._two_members_at_once,
            "a cancel while the picture is painted": self._cancel_while_painting,
            "a refusal by the content check": self._content_check,
            "a private picture": self._private_pictures,
            "a refusal over quota": self._over_quota,
            "the quota": self._quota,
        }
        for self.step, play_step in steps.items():
            await play_step()

    async def _start(self) -> None:
        await self._hall.bot.start()
        await self._hall.discord.wait_until_ready()
        self._tell("the bot is connected and has registered its commands")

    async def _two_members_at_once(self) -> None:
        alice, bob = self._hall.alice, self._hall.bob
        self._hall.fal.hold()  # until bob is in line, however slow this machine is
        first = await self._imagine(
            alice, LIGHTHOUSE, "lighthouse", size="1536x1024", quality="high", count=2
        )
        at_once = self._message(first).edits[0].text
        if "up to $0.36 held" not in at_once or "4 of 6 left today" not in at_once:
            raise NotTrue(f"the price held and what is left were expected at once: {at_once!r}")
        self._tell("alice asks for two pictures: card at once, price held, quota told")
        choices = await self._hall.discord.autocomplete(
            bob, self._hall.channel, "imagine", "size", WRONG_SIZE, {"prompt": FOX}
        )
        self.deeds.append(Deed(bob, f"/imagine size: {WRONG_SIZE}", choices=choices))
        nearest = next((str(c.value) for c in choices if "nearest possible" in c.name), None)
        if nearest is None or "multiples of 16" not in choices[0].name:
            raise NotTrue(f"a correction of {WRONG_SIZE} was expected, not {choices}")
        self._tell(f"bob types {WRONG_SIZE}, which cannot be, and is offered {nearest}")
        second = await self._imagine(bob, FOX, "fox", size=nearest, format="webp")
        if "1st in line" not in self._message(second).edits[0].text:
            raise NotTrue("a place in line was expected while another job runs")
        self._hall.fal.release()
        self._tell("bob takes it and waits in line, for one job runs at a time here")
        await self._pictures(first, 2, "2 images · 1536×1024 · high · $0.33")
        await self._pictures(second, 1, "1 image · 1008×1008 · medium · $0.05")
        self._tell("all three pictures arrive, with alt text and what they cost")

    async def _cancel_while_painting(self) -> None:
        bob = self._hall.bob
        deed = await self._imagine(bob, NEON, None, size="Wide", quality="low")
        message = self._message(deed)
        await self._wait(message, "Painting")
        if message.pinged:
            raise NotTrue("nobody was to be notified by a prompt")
        pressed = await self._hall.discord.press(bob, message, "Cancel")
        answer = await pressed.answer()
        self.deeds.append(Deed(bob, "presses Cancel", answer, answer.message))
        await self._wait(message, "Nothing was charged")
        self._tell("bob cancels while his is painted: nothing charged, all is back")

    async def _content_check(self) -> None:
        deed = await self._imagine(self._hall.alice, REFUSED, None)
        await self._wait(self._message(deed), "content check refused")
        self._expect(deed, "Nothing was charged")
        self._tell("the model's content check refuses a prompt: nothing charged")

    async def _private_pictures(self) -> None:
        hall = self._hall
        deed = await self._imagine(
            hall.alice, MAP, "map", size="Portrait", quality="low", format="jpeg", private=True
        )
        await self._pictures(deed, 1, "1 image · 1024×1536 · low")
        seen = [one.id for one in hall.discord.messages(hall.channel, viewer=hall.bob)]
        if self._message(deed).id in seen:
            raise NotTrue("bob was not to see a private picture of alice")
        self._tell("alice makes a picture that only she sees")

    async def _over_quota(self) -> None:
        deed = await self._imagine(self._hall.alice, TOO_MANY, None, count=4)
        self._expect(deed, "it needs 4 images", f"3 of {IMAGES_PER_DAY} left today", "It resets")
        if deed.answer is None or not deed.answer.ephemeral:
            raise NotTrue("a refusal was to be private")
        self._tell("alice asks for more than is left: refused, with numbers and reset time")

    async def _quota(self) -> None:
        hall = self._hall
        sent = await hall.discord.slash(hall.alice, hall.channel, "quota")
        answer = await sent.answer()
        deed = Deed(hall.alice, "/quota", answer, answer.message)
        self.deeds.append(deed)
        self._expect(deed, f"3 of {IMAGES_PER_DAY} left today", "of $25 left this month")
        self._tell("/quota says what is left and which limits hold")

    # ------------------------------------------------------------------ how it is done

    async def _imagine(
        self, member: Member, prompt: str, saved_as: str | None, **options: str | int | bool
    ) -> Deed:
        given = {"prompt": prompt, **options}
        sent = await self._hall.discord.slash(member, self._hall.channel, "imagine", given)
        answer = await sent.answer()
        deed = Deed(member, _typed("imagine", given), answer, answer.message, saved_as=saved_as)
        self.deeds.append(deed)
        return deed

    async def _pictures(self, deed: Deed, count: int, footer: str) -> None:
        message = self._message(deed)
        await self._hall.discord.wait_for(
            lambda: len(message.gallery) == count, _WAIT_S, f"{count} pictures for {deed.typed}"
        )
        self._expect(deed, footer)
        if any(not picture.alt for picture in message.gallery):
            raise NotTrue("every picture was to have alt text")

    async def _wait(self, message: DiscordMessage, part: str) -> None:
        await self._hall.discord.wait_for(
            lambda: part in message.text, _WAIT_S, f"{part!r} in {message.text!r}"
        )

    def _expect(self, deed: Deed, *parts: str) -> None:
        text = self._message(deed).text
        for part in parts:
            if part not in text:
                raise NotTrue(f"{part!r} was expected in the answer to {deed.typed}: {text!r}")

    def _message(self, deed: Deed) -> DiscordMessage:
        if deed.message is None:
            raise NotTrue(f"a message was expected in answer to {deed.typed}")
        return deed.message


def _typed(command: str, options: Mapping[str, str | int | bool]) -> str:
    return f"/{command} " + " ".join(f"{name}: {value}" for name, value in options.items())


async def _outwait_midnight(tell: Callable[[str], None]) -> None:
    """A scene over midnight would see its quota start anew; so it begins after that."""
    now = datetime.now(UTC)
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    left_s = (tomorrow - now).total_seconds()
    if left_s < _SCENE_S:
        tell(f"quotas start anew in {left_s:.0f} s: waiting for that first")
        await asyncio.sleep(left_s + 1)
