"""Reads JSON of unknown shape without trusting it: objects and lists of objects, or empty ones."""

from typing import Any, cast

Payload = dict[str, Any]


def as_object(value: Any) -> Payload:
    """The value if it is a JSON object, else an empty one."""
    return cast("Payload", value) if isinstance(value, dict) else {}


def as_objects(value: Any) -> list[Payload]:
    """The objects of a JSON list; nothing if it is none."""
    if not isinstance(value, list):
        return []
    items = cast("list[Any]", value)
    return [as_object(one) for one in items if isinstance(one, dict)]
