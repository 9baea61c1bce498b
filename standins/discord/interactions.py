"""What a person started: an interaction, and what the bot made of it."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from standins.discord.errors import NoAnswer
from standins.discord.messages import DiscordMessage
from standins.discord.model import Interaction
from standins.discord.people import Channel, Choice, Member
from standins.discord.shapes import as_object, as_objects

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
RESPONSE_WINDOW_S = 3.0
TOKEN_LIFE_S = 15 * 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The first answer of the bot.

    Attributes:
        type: Discord's callback type (4 message, 5 deferred, 6, 7 update, 8 choices, 9 modal).
        ephemeral: Whether only the person sees it.
        message: The message that came of it, or that it changed.
        modal: The form that was opened, as the bot sent it.
        choices: The suggestions.
        after_s: From the event to the answer.
    """

    type: int
    ephemeral: bool
    message: DiscordMessage | None
    modal: dict[str, Any] | None
    choices: tuple[Choice, ...]
    after_s: float


class SentInteraction:
    """An interaction on its way.

    Attributes:
        id: Its id.
        token: Its token, a credential of the bot for 15 minutes.
        kind: "slash", "press", "select", "modal", "autocomplete", "user", "message" or "page".
        member: Who started it; None if it came from the page.
        channel: Where.
        sent_s: When it went to the bot, on `time.monotonic`.
        file_limit_bytes: `attachment_size_limit` of its payload.
        followups: What else the bot sent with its token.
    """

    def __init__(
        self,
        record: Interaction,
        kind: str,
        *,
        member: Member | None,
        channel: Channel | None,
        file_limit_bytes: int,
    ) -> None:
        self.id = record.id
        self.token = record.token
        self.kind = kind
        self.member = member
        self.channel = channel
        self.sent_s = time.monotonic()
        self.file_limit_bytes = file_limit_bytes
        self.followups: list[DiscordMessage] = []
        self.original: DiscordMessage | None = None
        self._record = record
        self._answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def __repr__(self) -> str:
        return f"<SentInteraction {self.kind} {self.id} answered={self.answered}>"

    @property
    def answered(self) -> bool:
        """Whether the first answer came."""
        return self._answered.done()

    @property
    def record(self) -> Interaction:
        """SimCord's state of it."""
        return self._record

    async def answer(self, timeout_s: float = RESPONSE_WINDOW_S + 2) -> Answer:
        """The first answer.

        Raises:
            NoAnswer: It did not come in time: the person reads "the application did not respond".
        """
        try:
            return await asyncio.wait_for(asyncio.shield(self._answered), timeout_s)
        except TimeoutError:
            raise NoAnswer(f"{self.kind} {self.id}: no answer within {timeout_s} s") from None

    def message(self) -> DiscordMessage | None:
        """The message of the first answer, as it is now; None if there is none."""
        return self.original

    def note_followup(self, message: DiscordMessage) -> None:
        """Take down a follow-up; the one that filled a "thinking…" message is none."""
        if message is not self.original and message not in self.followups:
            self.followups.append(message)

    def note_answer(self, callback: dict[str, Any], message: DiscordMessage | None) -> None:
        """Take down the first answer; later ones change nothing."""
        if self._answered.done():
            return
        data = as_object(callback.get("data"))
        kind = int(callback["type"])
        self.original = message
        choices = tuple(
            Choice(one["name"], one["value"])
            for one in (as_objects(data.get("choices")) if kind == CHOICES else [])
        )
        self._answered.set_result(
            Answer(
                type=kind,
                ephemeral=self._record.ephemeral,
                message=message,
                modal=data if kind == MODAL else None,
                choices=choices,
                after_s=time.monotonic() - self.sent_s,
            )
        )
