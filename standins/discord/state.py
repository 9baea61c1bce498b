"""What all parts of the local Discord share, and the few steps that more than one of them takes."""

import json
from collections import deque
from collections.abc import Mapping
from typing import Any

from standins.discord import wire
from standins.discord.cdn import Cdn
from standins.discord.faults import Faults
from standins.discord.gateway import Gateway
from standins.discord.interactions import SentInteraction
from standins.discord.limits import Limits
from standins.discord.messages import Gallery
from standins.discord.model import Interaction, World, WorldClock
from standins.discord.people import Channel, Guild, Member
from standins.discord.record import Bell, Request, Violation, new_log
from standins.discord.session import Session
from standins.discord.settings import StandInDiscordSettings
from standins.discord.shapes import as_object, as_objects

COMPONENT, FORM, MESSAGE_MENU = 3, 5, 3
KEPT_FILES_BYTES = 256 * 1024 * 1024
"""In a benchmark the CDN forgets older files above this."""


class DiscordState:
    """The world, its gateway, its records. No sockets of its own."""

    def __init__(self, settings: StandInDiscordSettings) -> None:
        self.settings = settings
        self.bell = Bell()
        clock = WorldClock()
        most_bytes = None if settings.strict else KEPT_FILES_BYTES
        self.cdn = Cdn(clock.now, uploads_kept_s=settings.uploads_kept_s, most_bytes=most_bytes)
        self.world = World(self.cdn, clock, bot_name=settings.bot_name)
        self.limits = Limits(lambda: clock.now().timestamp(), enforced=settings.enforce_limits)
        self.faults = Faults()
        self.gallery = Gallery(self.world, self.cdn, strict=settings.strict)
        self.requests: deque[Request] = new_log(strict=settings.strict)
        self.violations: list[Violation] = []
        self.guilds: dict[int, Guild] = {}
        self.sent: dict[int, SentInteraction] = {}
        self.openers: dict[int, Interaction] = {}
        self.gateway = Gateway(self.world, settings.token, settings.heartbeat_interval_ms)
        self.gateway.on_change = self.bell.ring
        self.gateway.ready_events = self._ready_events
        self.gateway_url = ""
        self.quiet = False
        self.world.subscribe(self.on_event)

    # ------------------------------------------------------------------ events of the world

    def on_event(self, event: str, payload: Mapping[str, Any]) -> None:
        """Pass an event of the world on to the bot; interactions of the page start here."""
        if event == "INTERACTION_CREATE":
            self._from_page(dict(payload))
        elif event == "GUILD_CREATE":
            if not self.quiet:
                self._announce_guild(int(payload["id"]))
        else:
            if event in ("CHANNEL_CREATE", "CHANNEL_UPDATE"):
                payload = self._channel(payload)
            self.gateway.emit(event, payload)
            self._note_message(event, payload)
        self.bell.ring()

    def _from_page(self, payload: dict[str, Any]) -> None:
        record = self.world.interaction(int(payload["id"]))
        if record is not None and record.id not in self.sent:
            self.send_interaction(record, payload, kind="page")

    def _note_message(self, event: str, payload: Mapping[str, Any]) -> None:
        """Take down what a person did; the bot's own requests note what they changed."""
        author = as_object(payload.get("author"))
        if event.startswith("MESSAGE_") and author.get("id") != str(self.world.bot_id):
            self.gallery.changed(int(payload["channel_id"]), int(payload.get("id", 0)))

    def _announce_guild(self, guild_id: int) -> None:
        for session in self.gateway.sessions:
            if session.owns(guild_id):
                payload = self._guild_payload(session, guild_id)
                session.send("GUILD_CREATE", json.dumps(payload, default=str))

    def _guild_payload(self, session: Session, guild_id: int) -> dict[str, Any]:
        model = self.world.backend.guilds[guild_id]
        payload = self.world.guild_payload(model, session.intents)
        payload["channels"] = [self._channel(one) for one in payload["channels"]]
        return payload

    def _channel(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        restricted = int(payload["id"]) in self.world.age_restricted
        return dict(payload) | {"nsfw": restricted, "flags": 0}

    def _ready_events(self, session: Session) -> list[tuple[str, dict[str, Any]]]:
        mine = [one for one in self.world.backend.guilds if session.owns(one)]
        ready: dict[str, Any] = {
            "v": 10,
            "user": wire.own_user(self.world.user_payload(self.world.bot_id)),
            "guilds": [{"id": str(one), "unavailable": True} for one in mine],
            "session_id": session.id,
            "resume_gateway_url": self.gateway_url,
            "shard": list(session.shard),
            "application": {"id": str(self.world.application_id), "flags": 0},
        }
        guilds = [("GUILD_CREATE", self._guild_payload(session, one)) for one in mine]
        return [("READY", ready), *guilds]

    # ------------------------------------------------------------------ interactions

    def send_interaction(
        self,
        record: Interaction,
        payload: dict[str, Any],
        *,
        kind: str,
        member: Member | None = None,
        file_limit_bytes: int | None = None,
    ) -> SentInteraction:
        """Complete an interaction's payload and send it to the shard that owns its server.

        Args:
            record: SimCord's state of it.
            payload: SimCord's payload; it is changed.
            kind: See `SentInteraction`.
            member: Who started it; found by the server where there is one.
            file_limit_bytes: As if the person had Nitro or none.
        """
        guild = self.guilds.get(record.guild_id or 0)
        member = guild.members.get(record.user_id, member) if guild is not None else member
        limit = file_limit_bytes or (
            guild.file_limit_bytes if guild is not None else self.settings.file_limit_bytes
        )
        owners = {"0": str(record.guild_id or 0)}
        payload |= {
            "attachment_size_limit": limit,
            "authorizing_integration_owners": owners,
            "locale": member.locale if member is not None else "en-US",
            "channel": self._channel(payload["channel"]),
        }
        if guild is not None:
            payload["guild_locale"] = guild.locale
            payload["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": []}
            payload["member"]["user"] = wire.user(payload["member"]["user"])
        else:
            payload["user"] = wire.user(payload["user"])
            # in direct messages these two are always allowed (interactions reference)
            payload["app_permissions"] = str((1 << 14) | (1 << 15))
        if "message" in payload:
            payload["message"] = self.message_payload_from(payload["message"])
        channel = guild.channels.get(record.channel_id) if guild is not None else None
        sent = SentInteraction(
            record,
            kind,
            member=member,
            channel=channel or Channel(record.channel_id, "", record.guild_id),
            file_limit_bytes=limit,
        )
        self.sent[record.id] = sent
        self.gateway.emit("INTERACTION_CREATE", payload)
        return sent

    def sent_by_token(self, token: str) -> SentInteraction | None:
        """The interaction that a token of a path belongs to."""
        record = self.world.interaction_of_token(token)
        return self.sent.get(record.id) if record is not None else None

    def message_payload_from(self, payload: dict[str, Any]) -> dict[str, Any]:
        """A message object as Discord sends it."""
        metadata = payload.get("interaction_metadata")
        if metadata is not None:
            payload = payload | {"interaction_metadata": self._metadata(payload, metadata)}
        return wire.message(payload | {"mentions": self._mentioned(payload)}, self._sign)

    def _mentioned(self, payload: dict[str, Any]) -> list[dict[str, Any]]:
        """Whose data goes along: nobody's whom the bot kept from being mentioned."""
        mentioned = as_objects(payload["mentions"])
        model = self.world.message(int(payload["channel_id"]), int(payload["id"]))
        if model is None or model.author_id != self.world.bot_id:
            return mentioned
        known = {*model.ping_user_ids, model.reply_author_id}
        return [one for one in mentioned if int(one["id"]) in known]

    def _metadata(self, payload: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
        application = {"application_id": str(self.world.application_id)}
        record = self.world.interaction(int(metadata["id"]))
        if record is None:
            return metadata | application
        more = self._origin(record)
        if record.message_id not in (None, int(payload["id"])):
            more["original_response_message_id"] = str(record.message_id)
        if record.type == FORM:
            opener = self.openers.get(record.id)
            origin = self._origin(opener) if opener is not None else {}
            unknown = more | {"type": 2, "user": metadata["user"]}
            more["triggering_interaction_metadata"] = unknown | origin
        return metadata | application | more

    def _origin(self, record: Interaction) -> dict[str, Any]:
        """What is true of an interaction wherever it is told."""
        known: dict[str, Any] = {
            "id": str(record.id),
            "type": record.type,
            "authorizing_integration_owners": {"0": str(record.guild_id or 0)},
        }
        if record.type == COMPONENT and record.source_message_id is not None:
            known["interacted_message_id"] = str(record.source_message_id)
        if record.target_type == MESSAGE_MENU and record.target_id is not None:
            known["target_message_id"] = str(record.target_id)
        return known

    def _sign(self, url: str) -> str:
        return self.cdn.sign(url) if self.cdn.owns(url) else url

    # ------------------------------------------------------------------ limits of files

    def file_limit_bytes(self, token: str, channel_id: int | None) -> int:
        """The largest file for an interaction's token, or else for a channel."""
        sent = self.sent_by_token(token) if token else None
        if sent is not None:
            return sent.file_limit_bytes
        channel = self.world.channel(channel_id) if channel_id is not None else None
        guild = self.guilds.get(channel.guild_id or 0) if channel is not None else None
        return guild.file_limit_bytes if guild else self.settings.file_limit_bytes

    def is_unreachable(self, channel_id: int) -> bool:
        """Whether this is a direct message to somebody who shares no server with the bot."""
        channel = self.world.channel(channel_id)
        if channel is None or channel.guild_id is not None:
            return False
        people = [one for one in channel.recipient_ids if one != self.world.bot_id]
        return not any(self.world.shares_guild(one) for one in people)

    def closed_to_bot(self, channel_id: int) -> bool:
        """Whether this is a direct message to somebody who does not accept any."""
        channel = self.world.channel(channel_id)
        if channel is None or channel.guild_id is not None:
            return False
        people: list[Member] = [
            member
            for guild in self.guilds.values()
            for member in guild.members.values()
            if member.id in channel.recipient_ids
        ]
        return any(not person.accepts_direct_messages for person in people)
