"""The moderator's part of the scene: mira runs the server from Discord, and members feel it.

Like every other step of the scene these come true or raise `NotTrue`.
"""

from collections.abc import Awaitable, Callable, Mapping

from standins.demo.acting import Acting, Deed, NotTrue, Value, expect, shown_in
from standins.demo.hall import IMAGES_PER_DAY
from standins.discord import DiscordMessage

GIFT = 4
WORD = "clown"
DISGUISED = "a c\u200bl\u043e\u0461n on a unicycle"  # one letter of no width, two Cyrillic
INNOCENT = "a clownfish in a coral reef"
TIGHT, ROOMY = "$0.65", "$20"
DOUBTFUL = "our neighbour as a garden gnome"
ONE_MORE = "a lighthouse keeper's desk, still life"


class Moderation:
    """Plays the moderator's steps.

    Args:
        acting: The hands of all.
        taken: A prompt of alice's that was refused for want of quota; with the gift it passes.
    """

    def __init__(self, acting: Acting, *, taken: str) -> None:
        self._acting = acting
        self._hall = acting.hall
        self._taken = taken

    @property
    def deeds(self) -> list[Deed]:
        """What was done, in order."""
        return self._acting.deeds

    @property
    def steps(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """The steps by their names, in order."""
        return {
            "a log channel": self._log_channel,
            "a gift": self._gift,
            "a forbidden word": self._forbidden_word,
            "a budget with alerts": self._budget,
            "a report and a removal": self._report,
            "the usage": self._usage,
            "the audit": self._audit,
        }

    def log(self) -> list[DiscordMessage]:
        """What the bot has posted for moderators, oldest first."""
        standing = self._hall.discord.messages(self._hall.moderation)
        return [one for one in standing if not one.ephemeral]

    async def _admin(self, name: str, saves: str = "", **options: Value) -> Deed:
        hall, path = self._hall, f"imagine-admin {name}"
        deed = await self._acting.command(
            hall.mira, path, options, channel=hall.moderation, saved_as=saves or None
        )
        expect(deed, is_private=True)
        return deed

    async def _log_channel(self) -> None:
        mira, moderation = self._hall.mira, self._hall.moderation
        opened = await self._admin("settings")
        expect(opened, "**Log channel:** none", "**Time zone:** UTC")
        panel = shown_in(opened)
        opened.shown = panel.text
        turned = await self._acting.press(mira, panel, "Channels")
        turned.shown = ""
        chosen = await self._acting.choose(mira, panel, ":log:", [moderation])
        expect(chosen, "**Saved.** Log channel")
        chosen.shown = next(one for one in panel.text.splitlines() if "**Saved.**" in one)
        await self._acting.posted(moderation, "log channel", moderation.mention)
        self._acting.tell("mira names a log channel in the settings panel; its first line is that")

    async def _gift(self) -> None:
        hall, acting = self._hall, self._acting
        given = await self._admin(
            "gift", member=hall.alice, amount=str(GIFT), unit="images", until="1 week",
            reason="won the poster contest",
        )  # fmt: skip
        expect(given, f"**Given.** {hall.alice.mention}: {GIFT} pictures until")
        quota = await acting.command(hall.alice, "quota")
        expect(
            quota, f"{GIFT} of {GIFT} pictures left", f"from {hall.mira.mention}", "poster contest"
        )
        deed = await acting.imagine(hall.alice, self._taken, "elephants", count=4)
        await acting.pictures(deed, 4, f"0 of {IMAGES_PER_DAY} left today + 3 from gifts")
        acting.tell(
            "mira gives alice 4 pictures for a week: /quota says so, and what was refused goes"
        )

    async def _forbidden_word(self) -> None:
        hall, acting = self._hall, self._acting
        added = await self._admin("words add", text=WORD, reason="half of us are afraid of them")
        expect(added, "**Added.**")
        refused = await acting.imagine(hall.bob, DISGUISED)
        expect(refused, "Nothing was charged", is_private=True)
        passed = await acting.imagine(hall.bob, INNOCENT, "clownfish", quality="low")
        await acting.pictures(passed, 1, "1 picture · 1024×1024 · low")
        acting.tell(f"mira forbids “{WORD}”: a disguised one is refused, a clownfish is not")

    async def _budget(self) -> None:
        hall, acting = self._hall, self._acting
        deed = await self._limit(TIGHT)
        expect(deed, f"**Set.** Channel {hall.channel.mention}, all together: {TIGHT} a day")
        last = await acting.imagine(hall.bob, DOUBTFUL, quality="low")
        await acting.pictures(last, 1, "1 picture · 1024×1024 · low")
        name = f"The budget of {hall.channel.mention}"
        await acting.posted(hall.moderation, f"{name} has reached 80 %")
        refused = await acting.imagine(hall.alice, ONE_MORE)
        expect(refused, "this channel's budget", "Nothing was charged", is_private=True)
        await acting.posted(hall.moderation, f"{name} stops requests now")
        await self._limit(ROOMY, reason="the month has begun")
        acting.tell(
            "a small budget of the channel: alert at 80 %, then a stop, both in #moderation"
        )

    async def _limit(self, amount: str, **reason: str) -> Deed:
        return await self._admin(
            "limit set", "", amount=amount, unit="usd", window="day",
            channel=self._hall.channel, **reason,
        )  # fmt: skip

    async def _report(self) -> None:
        hall, acting = self._hall, self._acting
        asked = next(one for one in self.deeds if DOUBTFUL in one.typed)
        picture = shown_in(asked)
        opened = await acting.open_menu(hall.alice, picture, "Report image")
        thanks = await acting.fill_in(opened, {"Reason": "that is a real person"})
        expect(thanks, "**Thank you.**", is_private=True)
        card = await acting.posted(hall.moderation, "**Reported**", "that is a real person")
        pressed = await acting.press(hall.mira, card, "Remove")
        decided = await acting.fill_in(pressed, {"Reason": "nobody without being asked"})
        await acting.until(lambda: not picture.gallery, "a message without its pictures")
        expect(asked, "Removed by a moderator", "nobody without being asked")
        await acting.wait(card, "**Removed**")
        decided.shown = card.text
        acting.tell("alice reports a picture, mira removes it on the card; the record stays")

    async def _usage(self) -> None:
        deed = await self._admin("usage", saves="usage.png", period="today")
        expect(deed, "### Usage", self._hall.alice.mention, self._hall.bob.mention)
        chart = shown_in(deed).gallery
        if len(chart) != 1 or not (chart[0].alt or "").startswith("Chart of usage"):
            raise NotTrue("a chart with alt text was expected")
        self._acting.tell("usage: a chart and tables of who spent what today")

    async def _audit(self) -> None:
        deed = await self._admin("audit")
        kinds = ("Picture remove", "Limit set", "Words add", "Gift give", "Settings")
        expect(deed, *kinds, self._hall.mira.mention)
        self._acting.tell("audit: all of it, with who, before and after, when and why")
