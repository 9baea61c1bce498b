"""SimCord's page over our world: the other file, besides model.py, that touches SimCord.

SimCord wants a client of its own and makes its page for tests that stand still. This makes it fit
for a bot behind a socket that never stands still, and a little plainer to look at.
"""

# ruff: noqa: SLF001 - SimCord has no public name for what is put right here
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord
from aiohttp import web
from simcord.actors import MemberActor
from simcord.backend.errors import SetupError
from simcord.builders import ChannelHandle, GuildHandle, UserHandle
from simcord.env import Env
from simcord.preview import Preview

from standins.discord.dress import LIVELIER, PLAINER
from standins.discord.extras import Extras
from standins.discord.model import World

ANSWER_WITHIN_S = 3.2
POLL_S = 0.02
MEDIA_BYTES = 1024 * 1024 * 1024
"""Room for an evening of pictures; SimCord shows a placeholder once its own 128 MiB are used up."""
_ADDED = {"/preview.css": PLAINER, "/app.js": LIVELIER}

_Action = Callable[[str | None, Any], Awaitable[dict[str, Any]]]
_Static = Callable[[web.Request], Awaitable[web.Response]]


class Stage:
    """SimCord's page over a world, whose bot is the one behind the socket."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._env = Env(_Stub(world), settle_timeout=10, check_errors=False)
        self._env.backend = world.backend
        self._preview: Preview | None = None
        self._one_at_a_time = asyncio.Lock()

    async def open(self, channel_ids: Sequence[int], viewers: Sequence[int], port: int) -> str:
        """Start the page, at the first channel; returns its address, which is a credential."""
        env, backend = self._env, self._world.backend
        await env.start()
        channels = [backend.get_channel(one) for one in channel_ids]
        guild = GuildHandle(env, backend.get_guild(channels[0].guild_id or 0))
        people = [
            MemberActor(env, guild, UserHandle(env, backend.get_user(one))) for one in viewers
        ]
        handles = [ChannelHandle(env, guild, channel) for channel in channels]
        preview = env.preview(handles[0], viewers=people, layout="channel", port=port)
        self._fit(preview, Extras(preview, handles))
        self._preview = await preview.__aenter__()
        return preview.url

    def _fit(self, preview: Any, extras: Extras) -> None:
        """Hang our own steps into the private ones of SimCord's page."""
        preview._MAX_MEDIA_BYTES = MEDIA_BYTES
        act: _Action = preview._action
        serve: _Static = preview._server._static

        async def patient(context_id: str | None, body: Any) -> dict[str, Any]:
            # SimCord refuses an action while it makes the page anew, and one that was meant for a
            # state half a second old; a real client minds neither
            async with self._one_at_a_time:
                page = preview._pages.get(context_id)
                if page is not None and isinstance(body.get("published_revision"), int):
                    body = body | {"published_revision": page.revision}
                with extras.at_home(page, body) as placed:
                    return await act(context_id, placed)

        async def dressed(request: web.Request) -> web.Response:
            response = await serve(request)
            if request.path in _ADDED:
                response.text = f"{response.text or ''}\n{_ADDED[request.path]}"
            return response

        preview._action = patient
        preview._server._static = dressed

    async def refresh(self) -> bool:
        """Show the present state; False if SimCord would not, or the page is closed."""
        if self._preview is None:
            return False
        async with self._one_at_a_time:
            try:
                await self._preview.refresh()
            except (SetupError, TimeoutError):
                return False
        return True

    async def close(self) -> None:
        """Close the page and take SimCord's hooks out of the event loop."""
        if self._preview is not None:
            await self._preview.close()
        await self._env.shutdown()


class _Stub(discord.Client):
    """SimCord's client: it only holds an action of the page until the real bot has answered.

    The page shows what stands there when the action ends.
    """

    def __init__(self, world: World) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self._world = world

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Wait until the bot behind the socket has answered, or can no longer."""
        for _ in range(int(ANSWER_WITHIN_S / POLL_S)):
            record = self._world.interaction(interaction.id)
            if record is None or record.responded:
                return
            # SimCord settles on sleeping tasks, but not on tasks that wait for an event
            await asyncio.sleep(POLL_S)
