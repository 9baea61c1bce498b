"""Holds requests and answers against Discord's own OpenAPI file, where that is at hand.

jsonschema is a development dependency: it is imported only when a contract is made, so that the
demo does without. What the file is known to reject wrongly is put right before the check.
"""

import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from standins.discord.record import Violation
from standins.discord.routes import Route
from standins.discord.shapes import Payload, as_object

DOCUMENT = "urn:discord-openapi"
MOST_DETAIL = 300

_OWN_NAMES = {
    "/interactions/{interaction_id}/{token}/callback": (
        "/interactions/{interaction_id}/{interaction_token}/callback"
    ),
    "/webhooks/{webhook_id}/{token}": "/webhooks/{webhook_id}/{webhook_token}",
    "/webhooks/{webhook_id}/{token}/messages/@original": (
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
    ),
    "/webhooks/{webhook_id}/{token}/messages/{message_id}": (
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"
    ),
}


def find_openapi() -> Path | None:
    """Discord's OpenAPI file: `DISCORD_OPENAPI`, or beside the repository; None if absent."""
    named = os.environ.get("DISCORD_OPENAPI")
    beside = Path(__file__).parents[3] / "shared" / "reference" / "discord-openapi.json"
    path = Path(named) if named else beside
    return path if path.is_file() else None


class Contract:
    """Discord's description of its API.

    Args:
        path: The OpenAPI 3.1 file.
    """

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_text(encoding="utf-8"))
        self._paths: dict[str, Payload] = document["paths"]
        jsonschema: Any = importlib.import_module("jsonschema")
        referencing: Any = importlib.import_module("referencing")
        specification: Any = importlib.import_module("referencing.jsonschema")
        resource = referencing.Resource.from_contents(
            document, default_specification=specification.DRAFT202012
        )
        self._registry: Any = referencing.Registry().with_resource(DOCUMENT, resource)
        self._validator: Any = jsonschema.Draft202012Validator
        self._made: dict[str, Any] = {}

    def check_request(self, method: str, route: Route, body: Any) -> list[Violation]:
        """What the description does not take of a request of the bot."""
        operation = self._operation(method, route)
        if operation is None:
            return [Violation("request", f"{method} {route.template}", "no such operation")]
        content = as_object(as_object(operation.get("requestBody")).get("content"))
        if "application/json" not in content:
            return []
        pointer = self._pointer(method, route, "requestBody/content/application~1json/schema")
        return self._check("request", method, route, pointer, put_right(body))

    def check_answer(self, method: str, route: Route, body: Any) -> list[Violation]:
        """What the description does not know of an answer of ours."""
        operation = self._operation(method, route)
        if operation is None or body is None:
            return []
        pointer = self._pointer(method, route, "responses/200/content/application~1json/schema")
        return self._check("answer", method, route, pointer, body)

    def _operation(self, method: str, route: Route) -> Payload | None:
        template = _OWN_NAMES.get(route.template, route.template)
        found = self._paths.get(template, {}).get(method.lower())
        return as_object(found) if found is not None else None

    def _pointer(self, method: str, route: Route, rest: str) -> str:
        template = _OWN_NAMES.get(route.template, route.template)
        escaped = template.replace("~", "~0").replace("/", "~1")
        escaped = escaped.replace("{", "%7B").replace("}", "%7D")
        return f"{DOCUMENT}#/paths/{escaped}/{method.lower()}/{rest}"

    def _check(
        self, where: str, method: str, route: Route, pointer: str, body: Any
    ) -> list[Violation]:
        validator = self._made.get(pointer)
        if validator is None:
            schema = {"$ref": pointer}
            validator = self._made[pointer] = self._validator(schema, registry=self._registry)
        name = f"{method} {route.template}"
        return [
            Violation(where, name, f"{place}: {text}"[:MOST_DETAIL])
            for error in validator.iter_errors(body)
            for place, text in _deepest(error)
        ]


def _deepest(error: Any) -> Iterator[tuple[str, str]]:
    """The place and text of an error; of a union, the alternative that came furthest."""
    if not error.context:
        yield "/".join(str(part) for part in error.absolute_path) or "(body)", error.message
        return
    # of several alternatives, the one whose first failure lies deepest was meant
    branches: dict[Any, list[Any]] = {}
    for one in error.context:
        branches.setdefault(one.schema_path[0], []).append(one)
    meant = max(branches.values(), key=_reach)
    for one in meant:
        yield from _deepest(one)


def _reach(errors: list[Any]) -> tuple[bool, int, int]:
    wrong_kind = any(
        one.validator in ("enum", "const", "type") and len(one.path) <= 1 for one in errors
    )
    return not wrong_kind, max(len(one.absolute_path) for one in errors), -len(errors)


_IDS = ("id", "channel_id", "message_id", "guild_id", "recipient_id")


def put_right(value: Any) -> Any:
    """A request as the file wants it: ids and permission bits that are integers become strings.

    Discord takes both; its description takes one (snowflakes are strings there, permissions of
    commands integers).
    """
    if isinstance(value, list):
        return [put_right(one) for one in as_items(value)]
    if not isinstance(value, dict):
        return value
    answer: Payload = {}
    for key, one in as_object(value).items():
        if key in ("attachments", "message_reference", "default_values"):
            answer[key] = _string_ids(one)
        elif key == "allowed_mentions":
            answer[key] = _string_mentions(as_object(one))
        elif key == "recipient_id":
            answer[key] = str(one)
        elif key == "default_member_permissions" and one is not None:
            answer[key] = int(one)
        else:
            answer[key] = put_right(one)
    return answer


def as_items(value: Any) -> list[Any]:
    """A JSON list as it is."""
    return list(value)


def _string_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_string_ids(one) for one in as_items(value)]
    return {
        key: str(one) if key in _IDS and one is not None else one
        for key, one in as_object(value).items()
    }


def _string_mentions(value: Payload) -> Payload:
    return {
        key: [str(one) for one in as_items(items)] if key in ("users", "roles") else items
        for key, items in value.items()
    }
