"""Reads JSON of unknown shape without trusting it: objects, lists of objects, ids, or nothing."""

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


def number(value: Any) -> int:
    """An id, sent as text or as a number; 0 if it is none."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() else 0
