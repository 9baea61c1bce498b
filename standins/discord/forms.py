"""Forms as a real client fills them in, with what it would not let a person send.

Fields by their type: texts, menus, files, one of several, some of several, a tick.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from standins.discord.errors import ClientRefused
from standins.discord.options import Resolver
from standins.discord.people import Channel, Member, Role
from standins.discord.shapes import as_object, as_objects

_TEXT, _STRING_MENU, _FILES, _RADIO, _CHECKBOXES, _CHECKBOX = 4, 3, 19, 21, 22, 23
CHOICES: dict[int, tuple[type, ...]] = {
    _STRING_MENU: (str,),
    5: (Member,),
    6: (Role,),
    7: (Member, Role),
    8: (Channel,),
}
"""What each type of menu lets a person choose."""

_INPUTS = (_TEXT, *CHOICES, _FILES, _RADIO, _CHECKBOXES, _CHECKBOX)
_SINGLE = (_TEXT, _RADIO, _CHECKBOX)
_LONGEST_TEXT = 4000

FormItem = str | Member | Role | Channel | tuple[str, bytes]
FormValue = str | bool | Sequence[FormItem]


class Form:
    """A form on a person's screen.

    Args:
        modal: As the bot sent it.
        values: What the person enters, by custom_id or by label; a list for menus, ticks, and
            files as (name, bytes).
        resolver: Turns people, places and files into what goes over the wire.
    """

    def __init__(
        self, modal: Mapping[str, Any], values: Mapping[str, FormValue], resolver: Resolver
    ) -> None:
        self._modal = modal
        self._left = dict(values)
        self._resolver = resolver

    def filled(self) -> dict[str, Any]:
        """The data of the interaction.

        Raises:
            ClientRefused: A field is unknown, a required one is empty, or a value is none that
                the field takes.
        """
        components = [self._fill(one, "") for one in as_objects(self._modal.get("components"))]
        if self._left:
            raise ClientRefused(f"the form has no fields {sorted(self._left)}")
        data: dict[str, Any] = {"custom_id": self._modal["custom_id"], "components": components}
        if self._resolver.resolved:
            data["resolved"] = self._resolver.resolved
        return data

    def _fill(self, node: dict[str, Any], label: str) -> dict[str, Any]:
        label = str(node.get("label") or label)
        filled: dict[str, Any] = {"type": node["type"], "id": node.get("id") or 0}
        if "components" in node:
            filled["components"] = [
                self._fill(one, label) for one in as_objects(node["components"])
            ]
        if "component" in node:
            filled["component"] = self._fill(as_object(node["component"]), label)
        if node["type"] not in _INPUTS:
            return filled
        custom_id = str(node["custom_id"])
        given = self._left.pop(custom_id if custom_id in self._left else label, None)
        key = "value" if node["type"] in _SINGLE else "values"
        entered = self._entered(node, label or custom_id, given)
        return filled | {"custom_id": custom_id, key: entered}

    def _entered(self, node: dict[str, Any], name: str, given: FormValue | None) -> Any:
        """What a field holds when the form is sent."""
        kind = node["type"]
        if kind == _CHECKBOX:
            return bool(node.get("default")) if given is None else _of(name, given, bool)
        if kind == _TEXT:
            return _text(node, name, node.get("value") or "" if given is None else given)
        if kind == _RADIO:
            chosen = _preset(node) if given is None else [_of(name, given, str)]
            return next(iter(_several(node, name, chosen)), None)
        if given is None:
            return _several(node, name, _preset(node))
        if isinstance(given, bool | str):
            raise ClientRefused(f"{name}: {given!r} is of another kind")
        kinds = (tuple,) if kind == _FILES else CHOICES.get(kind, (str,))
        chosen = [_of(name, one, *kinds) for one in given]
        return [self._resolver.wire(one) for one in _several(node, name, chosen)]


def _of(name: str, value: Any, *kinds: type) -> Any:
    if not isinstance(value, kinds):
        raise ClientRefused(f"{name}: {value!r} is of another kind")
    return value


def _preset(node: dict[str, Any]) -> list[Any]:
    """What is chosen in a field that the person left alone."""
    chosen = [str(one["value"]) for one in as_objects(node.get("options")) if one.get("default")]
    return chosen or [str(one["id"]) for one in as_objects(node.get("default_values"))]


def _text(node: dict[str, Any], name: str, given: object) -> str:
    text = str(_of(name, given, str))
    if not text and node.get("required", True):
        raise ClientRefused(f"the form needs {name!r}")
    low, high = node.get("min_length") or 0, node.get("max_length") or _LONGEST_TEXT
    if text and not low <= len(text) <= high:
        raise ClientRefused(f"{name}: {low} to {high} characters")
    return text


def _several(node: dict[str, Any], name: str, chosen: list[Any]) -> list[Any]:
    if not chosen:
        if node.get("required", True):
            raise ClientRefused(f"the form needs {name!r}")
        return chosen
    options = [str(one["value"]) for one in as_objects(node.get("options"))]
    if options and not {*chosen} <= {*options}:
        raise ClientRefused(f"{name}: {chosen} are not all among {options}")
    high = node.get("max_values") or (len(options) if node["type"] == _CHECKBOXES else 1)
    low = 1 if node.get("min_values") is None else int(node["min_values"])
    if not low <= len(chosen) <= high or (options and len({*chosen}) < len(chosen)):
        raise ClientRefused(f"{name}: {low} to {high} values")
    return chosen
