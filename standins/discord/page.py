"""The live page: SimCord's view of a channel, kept up to date with what the bot does.

It follows messages and commands; it never acts by itself.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from standins.discord.people import Channel, Member
from standins.discord.stage import Stage
from standins.discord.state import DiscordState

PAUSE_S = 0.15
"""At most this often is the page made anew; it polls, so more would not be seen."""


class Page:
    """A page on which people can type commands and press buttons.

    Attributes:
        url: Its address on the loopback; whoever has it can act.
        published: How often the page was made anew.
    """

    def __init__(
        self, state: DiscordState, channels: Sequence[Channel], viewers: Sequence[Member], port: int
    ) -> None:
        self.url = ""
        self.published = 0
        self._state = state
        self._channels = [one.id for one in channels]
        self._viewers = [one.id for one in viewers]
        self._port = port
        self._stage = Stage(state.world)
        self._follower: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._state.quiet = True  # SimCord announces all servers to its stub once more
        try:
            self.url = await self._stage.open(self._channels, self._viewers, self._port)
        finally:
            self._state.quiet = False
        self._follower = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)
        await self._stage.close()

    async def _follow(self) -> None:
        seen: object = None
        while True:
            changed = self._state.bell.next_ring()
            now = self._signature()
            if now == seen:
                await changed.wait()
                continue
            if await self._stage.refresh():
                seen = now
                self.published += 1
            await asyncio.sleep(PAUSE_S)

    def _signature(self) -> object:
        """What the page shows, short enough to compare after every request."""
        world = self._state.world
        messages = [
            (one.id, one.edited_timestamp, one.flags, len(one.attachments))
            for channel_id in self._channels
            for one in world.messages(channel_id)
        ]
        commands = [(one["id"], one.get("version")) for one in world.commands()]
        return messages, commands
