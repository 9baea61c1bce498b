"""The routes that the bot uses, by name, so that faults and limits can say which one they mean."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

RouteName = Literal[
    "me",
    "application",
    "gateway",
    "commands",
    "guild_commands",
    "all_permissions",
    "command_permissions",
    "callback",
    "followup",
    "original",
    "followup_message",
    "create_message",
    "channel_message",
    "create_dm",
    "cdn",
    "other",
]
NAMES: tuple[str, ...] = get_args(RouteName)

_TEMPLATES: dict[str, RouteName] = {
    "/users/@me": "me",
    "/oauth2/applications/@me": "application",
    "/gateway/bot": "gateway",
    "/applications/{application_id}/commands": "commands",
    "/applications/{application_id}/guilds/{guild_id}/commands": "guild_commands",
    "/applications/{application_id}/guilds/{guild_id}/commands/permissions": "all_permissions",
    "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions": (
        "command_permissions"
    ),
    "/interactions/{interaction_id}/{token}/callback": "callback",
    "/webhooks/{webhook_id}/{token}": "followup",
    "/webhooks/{webhook_id}/{token}/messages/@original": "original",
    "/webhooks/{webhook_id}/{token}/messages/{message_id}": "followup_message",
    "/channels/{channel_id}/messages": "create_message",
    "/channels/{channel_id}/messages/{message_id}": "channel_message",
    "/users/@me/channels": "create_dm",
}
_PATTERNS: list[tuple[re.Pattern[str], str, RouteName]] = [
    (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + r"\Z"), template, name)
    for template, name in _TEMPLATES.items()
]


@dataclass(frozen=True, slots=True)
class Route:
    """One matched route.

    Attributes:
        name: How tests speak of it.
        template: Path with the names of its parts; safe to log.
        args: The parts.
    """

    name: RouteName
    template: str
    args: dict[str, str]

    @property
    def by_token(self) -> bool:
        """Whether the token is in the path, so that no Authorization header is needed."""
        return self.name in ("callback", "followup", "original", "followup_message")

    @property
    def token(self) -> str:
        """The interaction token of the path, or nothing."""
        return self.args.get("token", "")


def match(path: str) -> Route:
    """The route of a path below `/api/v10`; "other" where the bot has no business."""
    for pattern, template, name in _PATTERNS:
        found = pattern.match(path)
        if found is not None:
            return Route(name, template, found.groupdict())
    return Route("other", path, {})
