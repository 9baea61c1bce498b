"""What people in the scene can do, and how it is checked; what they do is told elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from standins.demo.hall import Hall
from standins.discord import (
    Answer,
    Channel,
    Choice,
    DiscordMessage,
    Member,
    Role,
    SentInteraction,
)

_WAIT_S = 20.0

T = TypeVar("T")
Value = str | int | bool | Member | Channel | Role


class NotTrue(Exception):
    """A step of the scene did not come true; the text says what was expected."""


@dataclass(slots=True)
class Deed:
    """One thing that a person did, and what the bot made of it.

    Attributes:
        typed: What they typed or pressed.
        answer: The first answer; None for what was only typed.
        message: What came of it and is still alive; a button's answer is a message of its own.
        sent: What went to the bot.
        shown: What to print of the message instead of the whole card, for one that changes later.
        choices: What was suggested while typing.
        saved_as: Stem of the names of the pictures, or the whole name of the only one; None where
            none are expected.
    """

    member: Member
    typed: str
    answer: Answer | None = None
    message: DiscordMessage | None = None
    sent: SentInteraction | None = None
    shown: str | None = None
    choices: list[Choice] = field(default_factory=list[Choice])
    saved_as: str | None = None


class Acting:
    """Hands and eyes of the people in the scene.

    Attributes:
        deeds: All that was done so far, in order.
        tell: Says what came true.
    """

    def __init__(self, hall: Hall, tell: Callable[[str], None]) -> None:
        self.deeds: list[Deed] = []
        self.hall = hall
        self.tell = tell

    async def imagine(
        self, member: Member, prompt: str, saved_as: str | None = None, **options: Value
    ) -> Deed:
        """Ask for pictures."""
        given = {"prompt": prompt, **options}
        return await self.command(member, "imagine", given, saved_as=saved_as)

    async def command(
        self,
        member: Member,
        name: str,
        options: Mapping[str, Value] | None = None,
        *,
        channel: Channel | None = None,
        saved_as: str | None = None,
    ) -> Deed:
        """Type a slash command, in the channel for pictures unless another is named."""
        hall = self.hall
        sent = await hall.discord.slash(member, channel or hall.channel, name, options)
        return await self._done(member, _typed(name, options or {}), sent, saved_as=saved_as)

    async def press(self, member: Member, message: DiscordMessage, button: str) -> Deed:
        """Press a button."""
        sent = await self.hall.discord.press(member, message, button)
        return await self._done(member, f"presses {button}", sent)

    async def choose(
        self, member: Member, message: DiscordMessage, menu: str, values: Sequence[Channel]
    ) -> Deed:
        """Choose channels in a menu, named by a part of its id."""
        found = next((one for one in message.selects if menu in one.custom_id), None)
        if found is None:
            raise NotTrue(f"a menu {menu!r} was expected in {message.text!r}")
        sent = await self.hall.discord.select(member, message, found.custom_id, values)
        return await self._done(member, f"chooses {' '.join(map(_shown, values))}", sent)

    async def open_menu(self, member: Member, message: DiscordMessage, entry: str) -> Deed:
        """Choose an entry in the menu of a message, and leave the form that opens to `fill_in`."""
        sent = await self.hall.discord.message_menu(member, message, entry)
        return await self._done(member, f"chooses {entry} in the menu of that message", sent)

    async def fill_in(self, opener: Deed, values: Mapping[str, str]) -> Deed:
        """Fill in the form that a deed opened, by the labels of its fields."""
        if opener.sent is None or opener.answer is None or opener.answer.modal is None:
            raise NotTrue(f"a form was expected when {opener.member.name} {opener.typed}")
        sent = await self.hall.discord.submit(opener.sent, values)
        typed = " ".join(f"{name}: {value}" for name, value in values.items())
        return await self._done(opener.member, f"fills in {typed}", sent)

    async def _done(
        self, member: Member, typed: str, sent: SentInteraction, *, saved_as: str | None = None
    ) -> Deed:
        answer = await sent.answer()
        message = answer.message
        if message is not None:
            await self.until(lambda: not message.loading, f"an answer to {typed}")
        deed = Deed(member, typed, answer, message, sent=sent, saved_as=saved_as)
        self.deeds.append(deed)
        return deed

    async def until(self, condition: Callable[[], T], what: str) -> T:
        """Wait for something that the bot does by itself."""
        return await self.hall.discord.wait_for(condition, _WAIT_S, what)

    async def pictures(self, deed: Deed, count: int, footer: str) -> None:
        """Wait for the pictures, and look at their footer and alt texts."""
        message = shown_in(deed)
        await self.until(
            lambda: len(message.gallery) == count, f"{count} pictures for {deed.typed}"
        )
        expect(deed, footer)
        if any(not picture.alt for picture in message.gallery):
            raise NotTrue("every picture was to have alt text")

    async def wait(self, message: DiscordMessage, part: str) -> None:
        """Wait until a message says something."""
        await self.until(lambda: part in message.text, f"{part!r} in {message.text!r}")

    async def posted(self, channel: Channel, *parts: str) -> DiscordMessage:
        """Wait for a message of the bot that everybody in a channel sees."""

        def found() -> DiscordMessage | None:
            standing = (one for one in self.hall.discord.messages(channel) if not one.ephemeral)
            return next((one for one in standing if all(part in one.text for part in parts)), None)

        message = await self.until(found, f"{' and '.join(parts)!r} in #{channel.name}")
        if message is None:
            raise NotTrue(f"{parts} was expected in #{channel.name}")
        return message


def expect(deed: Deed, *parts: str, is_private: bool = False) -> None:
    """See that an answer holds some texts.

    Raises:
        NotTrue: It does not, or others see what was to be private.
    """
    text = shown_in(deed).text
    for part in parts:
        if part not in text:
            raise NotTrue(f"{part!r} was expected in the answer to {deed.typed}: {text!r}")
    if is_private and (deed.answer is None or not deed.answer.ephemeral):
        raise NotTrue(f"the answer to {deed.typed} was to be private")


def shown_in(deed: Deed) -> DiscordMessage:
    """The message that came of a deed."""
    if deed.message is None:
        raise NotTrue(f"a message was expected in answer to {deed.typed}")
    return deed.message


def _typed(command: str, options: Mapping[str, Value]) -> str:
    pairs = (f"{name}: {_shown(value)}" for name, value in options.items())
    return " ".join([f"/{command}", *pairs])


def _shown(value: Value) -> str:
    """As it stands in the message box while it is typed."""
    match value:
        case Channel():
            return f"#{value.name}"
        case Member() | Role():
            return f"@{value.name}"
        case _:
            return str(value)
