"""Turns SimCord's payloads into what Discord itself sends, key for key.

Checked against Discord's OpenAPI file by tests/contract. Pure functions; what they are given is
never changed, because SimCord's payloads share lists with its stored messages.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from standins.discord.shapes import as_object, as_objects

Payload = dict[str, Any]

_COMPONENT_DEFAULTS: dict[int, Payload] = {
    3: {"min_values": 1, "max_values": 1},
    5: {"min_values": 1, "max_values": 1},
    6: {"min_values": 1, "max_values": 1},
    7: {"min_values": 1, "max_values": 1},
    8: {"min_values": 1, "max_values": 1},
    11: {"description": None, "spoiler": False},
    13: {"spoiler": False},
    14: {"spacing": 1, "divider": True},
    17: {"accent_color": None, "spoiler": False},
}
LOADING = 1 << 7


def user(payload: Payload) -> Payload:
    """A user as everybody sees them: without the account's private keys."""
    private = ("verified", "mfa_enabled", "locale", "email", "system")
    public = {key: value for key, value in payload.items() if key not in private}
    if not public.get("bot"):
        public.pop("bot", None)
    else:
        public["global_name"] = None
    extra = ("avatar_decoration_data", "collectibles", "primary_guild", "banner", "accent_color")
    return public | dict.fromkeys(extra)


def own_user(payload: Payload) -> Payload:
    """The bot's own account, with the keys that only it may see."""
    return user(payload) | {
        "verified": True,
        "mfa_enabled": True,
        "locale": "en-US",
        "email": None,
        "bio": "",
    }


def application(payload: Payload, *, guilds: int) -> Payload:
    """The bot's application, as `GET /oauth2/applications/@me` gives it to its bot."""
    bot = user(payload["bot"])
    owner = {key: value for key, value in bot.items() if key != "bot"}
    owner |= {"id": str(int(bot["id"]) - 1), "username": "host", "global_name": "Host"}
    return payload | {
        "type": None,
        "bot": bot,
        "owner": owner,
        "flags_new": str(payload["flags"]),
        "hook": True,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": guilds,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": ["applications.commands", "bot"],
        "integration_types_config": {"0": {}},
        "event_webhooks_status": 1,
    }


def command(payload: Payload, version: str) -> Payload:
    """A registered command."""
    known = {key: value for key, value in payload.items() if value is not None}
    permissions = payload.get("default_member_permissions")
    answer = known | {
        "version": version,
        "default_member_permissions": None if permissions is None else str(permissions),
        "nsfw": bool(payload.get("nsfw", False)),
        "integration_types": payload.get("integration_types") or [0],
        "contexts": payload.get("contexts"),
    }
    if payload.get("type", 1) != 1 or not payload.get("options"):
        answer.pop("options", None)
    return answer


def private_channel(payload: Payload) -> Payload:
    """A channel of direct messages."""
    keys = ("id", "type", "last_message_id")
    return {key: payload.get(key) for key in keys} | {
        "flags": 0,
        "recipients": [user(one) for one in payload["recipients"]],
    }


def message(payload: Payload, sign: Callable[[str], str]) -> Payload:
    """A message; the addresses of its files get fresh signatures."""
    answer = dict(payload)
    answer["author"] = user(payload["author"])
    answer["mentions"] = [user(one) for one in payload["mentions"]]
    shown = _shown_files(payload["components"])
    answer["attachments"] = [
        _attachment(one, sign) for one in payload["attachments"] if str(one["id"]) not in shown
    ]
    answer["components"] = [_component(one, sign) for one in deepcopy(payload["components"])]
    for key in ("nonce", "guild_id"):  # of the event only, or absent unless given
        answer.pop(key, None)
    if not payload["reactions"]:
        answer.pop("reactions")
    if not payload["sticker_items"]:
        answer.pop("sticker_items")
    metadata = payload.get("interaction_metadata")
    if metadata is not None:
        answer["interaction_metadata"] = _metadata(metadata)
        answer["webhook_id"] = answer["application_id"] = metadata.get("application_id")
        if answer["webhook_id"] is None:
            del answer["webhook_id"], answer["application_id"]
    referenced = payload.get("referenced_message")
    if referenced is not None:
        answer["referenced_message"] = message(referenced, sign)
    return answer


def _shown_files(components: object) -> set[str]:
    """Files that a component shows: Discord's list of attachments leaves them out, on purpose."""
    found: set[str] = set()
    for one in as_objects(components):
        found |= _shown_files(one.get("components")) | _shown_files(one.get("items"))
        inner = [as_object(one[key]) for key in ("media", "file", "accessory") if one.get(key)]
        found |= _shown_files(inner)
        if one.get("attachment_id") is not None:
            found.add(str(one["attachment_id"]))
    return found


def _metadata(payload: Payload) -> Payload:
    known = {
        key: payload[key]
        for key in ("id", "type", "authorizing_integration_owners", "name")
        if key in payload
    }
    known["user"] = user(payload["user"])
    for key in ("interacted_message_id", "target_message_id", "original_response_message_id"):
        if key in payload:
            known[key] = payload[key]
    if "triggering_interaction_metadata" in payload:
        known["triggering_interaction_metadata"] = _metadata(
            payload["triggering_interaction_metadata"] | {"user": payload["user"]}
        )
    return known


def _attachment(payload: Payload, sign: Callable[[str], str]) -> Payload:
    url = sign(payload["url"])
    return {key: value for key, value in payload.items() if value is not None} | {
        "url": url,
        "proxy_url": url,
    }


def _component(payload: Payload, sign: Callable[[str], str]) -> Payload:
    kind = payload.get("type")
    answer = _COMPONENT_DEFAULTS.get(kind if isinstance(kind, int) else 0, {}) | payload
    for key in ("components",):
        if isinstance(payload.get(key), list):
            answer[key] = [_component(child, sign) for child in payload[key]]
    if isinstance(payload.get("accessory"), dict):
        answer["accessory"] = _component(payload["accessory"], sign)
    if isinstance(answer.get("default_values"), list):
        chosen = as_objects(answer["default_values"])
        answer["default_values"] = [one | {"id": str(one["id"])} for one in chosen]
    for item in as_objects(answer.get("items")):
        item.setdefault("description", None)
        item.setdefault("spoiler", False)
        item["media"] = _media(item["media"], sign)
    for key in ("media", "file"):
        if isinstance(answer.get(key), dict):
            answer[key] = _media(answer[key], sign)
    return answer


def _media(payload: Payload, sign: Callable[[str], str]) -> Payload:
    url = sign(payload["url"])
    identity = payload.get("attachment_id") or "1"
    return {"id": identity, "proxy_url": url} | payload | {"url": url, "proxy_url": url}
