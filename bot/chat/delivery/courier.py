"""Carries news and pictures to the member, by the first route that is open.

Routes, in order: edit the first answer with the interaction's token (younger than 14 minutes),
edit the same message as the bot, a new message in the channel that names the member, a direct
message. The first two can be repeated safely; new messages carry a nonce that Discord enforces,
so that a crash between posting and noting it does not post twice. A private request never lands
in a channel: its late route is the direct message.
"""

import logging
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import aiohttp
import discord

from bot.chat.delivery.edit_throttle import EditThrottle
from bot.chat.delivery.upload_compression import attach
from bot.chat.imagine.cards import Attached, ended_card, pictures_card, waiting_card
from bot.chat.interaction.layouts import NOT_TAKEN
from bot.core.errors import RouteBusy, Undeliverable
from bot.core.jobs import Job, Picture
from bot.services.limits.allowance import Quota
from bot.services.ports import Balance, Clock, Delivered, Place
from bot.texts.jobs import fewer_note, still_missing

_log = logging.getLogger(__name__)

TOKEN_MAX_AGE_MS = 14 * 60 * 1000
"""Discord ends a token after 15 minutes; a minute is left for the request itself."""

BOT_FILE_LIMIT_BYTES = 10 * 1024 * 1024
"""What Discord takes where no interaction tells more."""

_TOO_LARGE_STATUS, _TOO_LARGE_CODE = 413, 40005
_SMALLER = 0.6
"""A file that Discord refuses as too large is fitted to this share of the limit it named."""


@dataclass(frozen=True, slots=True)
class _Posted:
    """Where a message stands."""

    message_id: int
    channel_id: int


@dataclass(frozen=True, slots=True)
class _Route:
    """One way to the member."""

    name: str
    file_limit_bytes: int
    names_member: bool
    post: Callable[[discord.ui.LayoutView, list[discord.File]], Awaitable[_Posted]]


_Post = Callable[[list[Attached]], Awaitable[_Posted]]
"""Posts pictures that fit."""


class DiscordCourier:
    """Implements the courier port over discord.py."""

    def __init__(self, client: discord.Client, clock: Clock, quota: Quota) -> None:
        self._client = client
        self._quota = quota
        self._clock = clock
        self._pace = EditThrottle(self._edit_card)

    def show(self, job: Job, place: Place) -> None:
        """Bring the card up to date soon."""
        if self._token_is_open(job) or self._is_editable(job):
            self._pace.want(job.id, (job, place), is_far=(place.in_line or 0) > 5)

    async def deliver(self, job: Job, pictures: list[Picture], balance: Balance) -> Delivered:
        """Post the pictures by the first open route."""
        await self._pace.finish(job.id)
        return await self._post_by(self._routes(job, pictures), job, pictures, balance)

    async def bring(self, job: Job, pictures: list[Picture], balance: Balance) -> Delivered:
        """Post late pictures in a message of their own."""
        # Unlike that of any other message of the job, so that Discord does not take it for one.
        routes = self._new_messages(job, pictures, is_late=True)
        return await self._post_by(routes, job, pictures, balance, is_late=True)

    async def _post_by(
        self,
        routes: list[_Route],
        job: Job,
        pictures: list[Picture],
        balance: Balance,
        *,
        is_late: bool = False,
    ) -> Delivered:
        closed: list[str] = []
        for route in routes:
            post = self._poster(route, job, balance, is_late=is_late)
            try:
                posted = await _post(route, job, pictures, post)
            except discord.HTTPException as error:
                closed.append(_closed(route, error))
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise RouteBusy(f"{route.name}: {type(error).__name__}") from error
            else:
                return Delivered(posted.message_id, posted.channel_id, route.name)
        raise Undeliverable(closed)

    async def end(self, job: Job, balance: Balance) -> None:
        """Tell the member how it ended, by the same routes."""
        await self._pace.finish(job.id)
        for route in self._routes(job):
            view = ended_card(job, balance, names_member=route.names_member)
            try:
                await route.post(view, [])
            except discord.HTTPException as error:
                detail = _closed(route, error)
                _log.info("end not told", extra={"job_id": job.id, "detail": detail})
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise RouteBusy(f"{route.name}: {type(error).__name__}") from error
            else:
                return

    async def close(self) -> None:
        """Stop editing cards."""
        await self._pace.close()

    async def _edit_card(self, wanted: tuple[Job, Place]) -> None:
        job, place = wanted
        view = waiting_card(job, place, await self._quota.balance(job))
        try:
            if self._token_is_open(job):
                await self._edit_by_token(job, view, [])
            elif self._is_editable(job):
                await self._edit_as_bot(job, view, [])
        except NOT_TAKEN as error:
            _log.info("card not edited", extra={"job_id": job.id, "detail": str(error)})

    def _poster(self, route: _Route, job: Job, balance: Balance, *, is_late: bool) -> _Post:
        """Make what posts fitted pictures by a route."""

        async def post(attached: list[Attached]) -> _Posted:
            fewer = _fewer(job, len(attached), is_late=is_late)
            notes = [note for note in (fewer, *(a.note for a in attached)) if note]
            view = pictures_card(
                job,
                attached,
                balance,
                list(dict.fromkeys(notes)),
                names_member=route.names_member,
                is_late=is_late,
            )
            buffers = [BytesIO(a.data) for a in attached]
            files = [
                discord.File(buffer, a.filename)
                for buffer, a in zip(buffers, attached, strict=True)
            ]
            try:
                return await route.post(view, files)
            finally:
                # discord.py (2.7.1) leaves each buffer in a cycle with its own `close`, so the
                # pictures would stay in memory until the collector's rarest round.
                for buffer in buffers:
                    buffer.close()

        return post

    # Routes

    def _routes(self, job: Job, pictures: Sequence[Picture] = ()) -> list[_Route]:
        """The routes that may be open, in the order of their worth."""
        routes: list[_Route] = []
        late_limit = min(job.file_limit_bytes, BOT_FILE_LIMIT_BYTES)

        def add(name: str, limit: int, post: Callable[..., Awaitable[_Posted]]) -> None:
            async def run(view: discord.ui.LayoutView, files: list[discord.File]) -> _Posted:
                self._refuse_if_closed(name)
                return await post(job, view, files)

            routes.append(_Route(name, limit, names_member=False, post=run))

        if self._token_is_open(job):
            add("answer", job.file_limit_bytes, self._edit_by_token)
        if self._is_editable(job):
            add("message", late_limit, self._edit_as_bot)
        return routes + self._new_messages(job, pictures, is_late=False)

    def _new_messages(
        self, job: Job, pictures: Sequence[Picture], *, is_late: bool
    ) -> list[_Route]:
        """The routes that post a new message; only then are the pictures summed for its nonce."""
        limit = min(job.file_limit_bytes, BOT_FILE_LIMIT_BYTES)

        async def to_channel(view: discord.ui.LayoutView, files: list[discord.File]) -> _Posted:
            self._refuse_if_closed("channel")
            nonce = _nonce(job, pictures, is_late=is_late)
            return await self._send_to_channel(job, view, files, nonce)

        async def directly(view: discord.ui.LayoutView, files: list[discord.File]) -> _Posted:
            self._refuse_if_closed("direct")
            nonce = _nonce(job, pictures, is_late=is_late)
            return await self._send_directly(job, view, files, nonce)

        routes = [_Route("direct", limit, names_member=False, post=directly)]
        if not job.private:
            routes.insert(0, _Route("channel", limit, names_member=True, post=to_channel))
        return routes

    def _refuse_if_closed(self, name: str) -> None:
        if self._client.is_closed():
            # discord.py closes itself when the gateway is closed for good; what it raises after
            # that says nothing about a route.
            raise RouteBusy(f"{name}: this bot's connection is closed")

    def _token_is_open(self, job: Job) -> bool:
        age_ms = self._clock.now_ms() - job.created_at_ms
        return job.interaction_token is not None and age_ms < TOKEN_MAX_AGE_MS

    def _is_editable(self, job: Job) -> bool:
        return not job.private and job.message_id is not None

    async def _edit_by_token(
        self, job: Job, view: discord.ui.LayoutView, files: list[discord.File]
    ) -> _Posted:
        assert self._client.application_id is not None
        webhook = discord.Webhook.partial(
            self._client.application_id, job.interaction_token or "", client=self._client
        )
        original: Any = "@original"  # the route takes the word where discord.py's type says int
        message = await webhook.edit_message(original, view=view, attachments=files)
        return _Posted(message.id, job.channel_id)

    async def _edit_as_bot(
        self, job: Job, view: discord.ui.LayoutView, files: list[discord.File]
    ) -> _Posted:
        message = self._channel(job).get_partial_message(job.message_id or 0)
        # discord.py adds the client's own mentions to an edit only where its content changes.
        nobody = discord.AllowedMentions.none()
        await message.edit(view=view, attachments=files, allowed_mentions=nobody)
        return _Posted(message.id, job.channel_id)

    async def _send_to_channel(
        self, job: Job, view: discord.ui.LayoutView, files: list[discord.File], nonce: str
    ) -> _Posted:
        asker = discord.AllowedMentions(
            everyone=False, roles=False, users=[discord.Object(job.member_id)], replied_user=False
        )
        message = await self._channel(job).send(
            view=view, files=files, nonce=nonce, allowed_mentions=asker
        )
        return _Posted(message.id, message.channel.id)

    async def _send_directly(
        self, job: Job, view: discord.ui.LayoutView, files: list[discord.File], nonce: str
    ) -> _Posted:
        channel = await self._client.create_dm(discord.Object(job.member_id))
        message = await channel.send(view=view, files=files, nonce=nonce)
        return _Posted(message.id, channel.id)

    def _channel(self, job: Job) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(job.channel_id, guild_id=job.server_id)


async def _post(route: _Route, job: Job, pictures: list[Picture], post: _Post) -> _Posted:
    """Post by one route; what Discord finds too large is fitted again, once."""
    attached = await attach(job, pictures, route.file_limit_bytes)
    try:
        return await post(attached)
    except discord.HTTPException as error:
        if error.status != _TOO_LARGE_STATUS and error.code != _TOO_LARGE_CODE:
            raise
    largest = max(len(picture.data) for picture in attached)
    limit = int(min(route.file_limit_bytes, largest) * _SMALLER)
    return await post(await attach(job, pictures, limit))


def _fewer(job: Job, arriving: int, *, is_late: bool) -> str | None:
    """Say what is missing of a job once so many of its pictures have arrived."""
    if is_late:
        return still_missing(sum(not link.arrived for link in job.links) - arriving)
    return fewer_note(job.count, arriving, job.made or len(job.links), len(job.links))


def _nonce(job: Job, pictures: Sequence[Picture], *, is_late: bool) -> str:
    """Name what a new message shows, so that Discord posts it once; at most 25 characters.

    By its pictures: a try that brings more of them than the one before must not be taken for it,
    or those would be noted as posted and be nowhere.
    """
    if not pictures:
        return job.id
    digest = zlib.crc32(f"{is_late} {job.pictures or 0}".encode())
    for picture in pictures:
        digest = zlib.crc32(picture.data, digest)
    return f"{job.id}-{digest:08x}"


def _closed(route: _Route, error: discord.HTTPException) -> str:
    """Note why a route is closed.

    Raises:
        RouteBusy: Discord failed or asks to wait, which says nothing about the route.
    """
    if error.status == 429 or error.status >= 500:
        raise RouteBusy(f"{route.name}: HTTP {error.status}") from error
    return f"{route.name}: HTTP {error.status}, code {error.code}"
