"""What a request does: checks that SimCord lacks, then SimCord, then the answer made complete."""

from typing import Any

from standins.discord import wire
from standins.discord.command_rules import check_commands
from standins.discord.errors import ApiError, bad_form
from standins.discord.interactions import TOKEN_LIFE_S, SentInteraction
from standins.discord.message_rules import (
    ATTACH_FILES,
    check_callback,
    check_edit,
    check_message,
    with_default_mentions,
)
from standins.discord.messages import DiscordMessage
from standins.discord.model import Upload
from standins.discord.routes import Route
from standins.discord.shapes import as_object, as_objects, number
from standins.discord.state import DiscordState

NONCE_LIFE_S = 300.0
"""Discord says "in the past few minutes"."""

LONGEST_NONCE = 25
OLD_AFTER_S = 3600.0
_MESSAGE_ROUTES = ("followup", "original", "followup_message", "create_message", "channel_message")


class Actions:
    """Runs one request; every method is one step without an await."""

    def __init__(self, state: DiscordState) -> None:
        self._state = state
        self._nonces: dict[tuple[int, str], tuple[float, int]] = {}

    def run(
        self, method: str, route: Route, body: Any, query: dict[str, Any], files: list[Upload]
    ) -> Any:
        """Do what a request asks for; returns the body of the answer, None for 204.

        Raises:
            ApiError: Discord would refuse it.
        """
        if route.name == "gateway":
            return self._gateway()
        if route.name in ("commands", "guild_commands") and method == "PUT":
            return self._put_commands(route, body)
        if route.name in ("all_permissions", "command_permissions"):
            return self._command_permissions(method, route)
        if route.name == "callback":
            return self._callback(method, route, body, query, files)
        if route.name in _MESSAGE_ROUTES:
            return self._message(method, route, body, query, files)
        answer = self._dispatch(method, route, body, query, files)
        return self._complete(route, answer)

    def _dispatch(
        self, method: str, route: Route, body: Any, query: dict[str, Any], files: list[Upload]
    ) -> Any:
        path = route.template.format(**route.args)
        return self._state.world.dispatch(method, path, body, query, files)

    def _complete(self, route: Route, answer: Any) -> Any:
        world = self._state.world
        if route.name == "me":
            return wire.own_user(answer)
        if route.name == "application":
            return wire.application(answer, guilds=len(world.backend.guilds))
        if route.name == "create_dm":
            return wire.private_channel(answer)
        if route.name in ("commands", "guild_commands"):
            return [wire.command(one, str(world.application_id)) for one in answer]
        return answer

    def _gateway(self) -> dict[str, Any]:
        limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
        return {
            "url": self._state.gateway_url,
            "shards": self._state.settings.shard_count,
            "session_start_limit": limit,
        }

    # ------------------------------------------------------------------ commands

    def _put_commands(self, route: Route, body: Any) -> list[dict[str, Any]]:
        world = self._state.world
        if int(route.args["application_id"]) != world.application_id:
            raise ApiError(403, 20012, "You are not authorized to perform this action")
        commands = as_objects(body)
        check_commands(commands)
        guild_id = int(route.args["guild_id"]) if "guild_id" in route.args else None
        restricted = {(one["name"], one.get("type", 1)) for one in commands if one.get("nsfw")}
        known = [{key: one[key] for key in one if key not in ("nsfw", "id")} for one in commands]
        registered = world.register_commands(guild_id, known)
        for one in registered:
            one["nsfw"] = (one["name"], one["type"]) in restricted
            one["version"] = str(world.snowflake())
        self._state.bell.ring()
        return [wire.command(one, one["version"]) for one in registered]

    def _command_permissions(self, method: str, route: Route) -> Any:
        if method != "GET":
            raise ApiError(403, 20001, "Bots cannot use this endpoint")
        guild_id = int(route.args["guild_id"])
        if self._state.world.guild(guild_id) is None:
            raise ApiError(403, 50001, "Missing Access")
        found = self._state.world.command_permissions(guild_id)
        if route.name == "all_permissions":
            return found
        for one in found:
            if one["id"] == route.args["command_id"]:
                return one
        raise ApiError(404, 10066, "Unknown application command permissions")

    # ------------------------------------------------------------------ the first answer

    def _callback(
        self, method: str, route: Route, body: Any, query: dict[str, Any], files: list[Upload]
    ) -> Any:
        sent = self._state.sent_by_token(route.token)
        payload = as_object(body)
        data = as_object(payload.get("data"))
        if sent is not None and not sent.record.responded:
            check_callback(payload, sent.record.type)
            check_message(data, files, sent.file_limit_bytes)
            if payload.get("type") in (4, 7):
                private = sent.record.guild_id is None
                data = with_default_mentions(data, by_token=True, private=private)
                payload = payload | {"data": data}
            if payload.get("type") == 7 and self._state.settings.updates_drop_files:
                # what is lost is not listed; a part that shows it is then refused
                payload, files = payload | {"data": data | {"attachments": list[Any]()}}, []
        answer = self._dispatch(method, route, payload, query, files)
        if sent is None:  # the page of another world cannot get here
            return answer
        view = self._changed(sent.record.channel_id, sent.record.message_id)
        sent.note_answer(payload, view)
        if str(query.get("with_response", "")).lower() not in ("1", "true"):
            return None
        return self._complete_callback(sent, answer)

    def _complete_callback(self, sent: SentInteraction, answer: dict[str, Any]) -> dict[str, Any]:
        known = {k: v for k, v in answer["interaction"].items() if v is not None}
        known["channel_id"] = str(sent.record.channel_id)
        if sent.record.guild_id is not None:
            known["guild_id"] = str(sent.record.guild_id)
        answer = answer | {"interaction": known}
        resource = answer.get("resource")
        if resource is not None:
            message = self._state.message_payload_from(resource["message"])
            answer["resource"] = resource | {"message": message}
        return answer

    # ------------------------------------------------------------------ messages

    def _message(
        self, method: str, route: Route, body: Any, query: dict[str, Any], files: list[Upload]
    ) -> Any:
        channel_id = self._authorize(method, route, files)
        if method == "DELETE":
            self._delete(route, query)
            return None
        if method == "GET":
            answer = self._dispatch(method, route, None, query, [])
            if isinstance(answer, list):
                return [self._state.message_payload_from(one) for one in as_objects(answer)]
            return self._state.message_payload_from(as_object(answer))
        message = as_object(body)
        check_message(message, files, self._state.file_limit_bytes(route.token, channel_id))
        if method == "PATCH":
            names = self._state.settings.kept_files_need_names
            check_edit(message, files, kept_need_names=names)
        else:
            self._check_reference(channel_id, as_object(message.get("message_reference")))
        private = self._is_private(channel_id)
        message = with_default_mentions(message, by_token=route.by_token, private=private)
        nonce = message.get("nonce")
        repeated = self._repeated(route, message, channel_id)
        if repeated is None:
            answer = as_object(self._dispatch(method, route, message, query, files))
            self._note(route, answer, nonce)
            repeated = self._state.message_payload_from(answer)
        return repeated | {"nonce": nonce} if nonce is not None else repeated

    def _note(self, route: Route, answer: dict[str, Any], nonce: Any) -> None:
        """Take down what a message became, and whose follow-up it is."""
        channel_id, message_id = int(answer["channel_id"]), int(answer["id"])
        view = self._changed(channel_id, message_id)
        sent = self._state.sent_by_token(route.token) if route.by_token else None
        if sent is not None and view is not None and route.name == "followup":
            sent.note_followup(view)
        if nonce is not None and route.name == "create_message":
            ends_s = self._state.limits.now_s() + NONCE_LIFE_S
            self._nonces[channel_id, str(nonce)] = (ends_s, message_id)

    def _authorize(self, method: str, route: Route, files: list[Upload]) -> int:
        """The channel of a request, if its token or the bot's rights are good for it."""
        if not route.by_token:
            channel_id = int(route.args["channel_id"])
            self._check_rights(method, channel_id, files)
            if method == "PATCH":
                self._check_age(channel_id, int(route.args["message_id"]))
            return channel_id
        record = self._state.world.interaction_of_token(route.token)
        now_s = self._state.limits.now_s()
        if record is None or now_s - _created_s(record.id) >= TOKEN_LIFE_S:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        if not record.responded:
            raise ApiError(404, 10015, "Unknown Webhook")
        if self._state.world.channel(record.channel_id) is None:
            raise ApiError(404, 10003, "Unknown Channel")
        return record.channel_id

    def _check_age(self, channel_id: int, message_id: int) -> None:
        if self._state.limits.now_s() - _created_s(message_id) > OLD_AFTER_S:
            self._state.limits.check_old_edit(channel_id)

    def _check_reference(self, channel_id: int, reference: dict[str, Any]) -> None:
        """A reply needs its message, unless it says that it does not."""
        if not reference or not reference.get("fail_if_not_exists", True):
            return
        place = number(reference.get("channel_id")) or channel_id
        if self._state.world.message(place, number(reference.get("message_id"))) is None:
            raise bad_form("message_reference: Unknown message")

    def _check_rights(self, method: str, channel_id: int, files: list[Upload]) -> None:
        world = self._state.world
        if method == "POST" and self._state.closed_to_bot(channel_id):
            raise ApiError(403, 50007, "Cannot send messages to this user")
        if method == "POST" and self._state.is_unreachable(channel_id):
            sentence = "Cannot send messages to this user due to having no mutual guilds"
            raise ApiError(403, 50278, sentence)
        channel = world.channel(channel_id)
        if not files or channel is None or channel.guild_id is None:
            return
        rights = world.permissions(channel.guild_id, world.bot_id, channel_id)
        if not rights & ATTACH_FILES:
            raise ApiError(403, 50013, "Missing Permissions")

    def _is_private(self, channel_id: int) -> bool:
        channel = self._state.world.channel(channel_id)
        return channel is not None and channel.guild_id is None

    def _repeated(
        self, route: Route, message: dict[str, Any], channel_id: int
    ) -> dict[str, Any] | None:
        """The message that already has this nonce, if the bot asked for that."""
        nonce = message.get("nonce")
        if route.name != "create_message" or nonce is None:
            return None
        if len(str(nonce)) > LONGEST_NONCE:
            raise bad_form("nonce: Must be 25 or fewer in length.")
        ends_s, message_id = self._nonces.get((channel_id, str(nonce)), (0.0, 0))
        model = self._state.world.message(channel_id, message_id)
        fresh = ends_s > self._state.limits.now_s()
        if not message.get("enforce_nonce") or not fresh or model is None:
            return None
        return self._state.message_payload_from(self._state.world.message_payload(model))

    def _delete(self, route: Route, query: dict[str, Any]) -> None:
        record = self._state.world.interaction_of_token(route.token) if route.by_token else None
        channel_id = record.channel_id if record else int(route.args.get("channel_id", 0))
        named = route.args.get("message_id")
        message_id = int(named) if named else (record.message_id if record else None)
        self._dispatch("DELETE", route, None, query, [])
        self._changed(channel_id, message_id)

    def _changed(self, channel_id: int, message_id: int | None) -> DiscordMessage | None:
        if message_id is None:
            return None
        view = self._state.gallery.changed(channel_id, message_id)
        self._state.bell.ring()
        return view


def _created_s(snowflake: int) -> float:
    """When an id was made, in seconds since 1970 (Discord's epoch is 2015)."""
    return ((snowflake >> 22) + 1_420_070_400_000) / 1000
