"""Slash options as a real client would accept and send them."""

from collections.abc import Callable, Iterable
from typing import Any

from standins.discord.errors import ClientRefused
from standins.discord.model import World
from standins.discord.people import Channel, Member, Role
from standins.discord.shapes import as_objects

SUB_COMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, FILE = range(3, 12)

OptionValue = str | int | float | bool | Member | Channel | Role | tuple[str, bytes]
Resolved = dict[str, dict[str, Any]]
StoreFile = Callable[[str, bytes], dict[str, Any]]


def walk(
    command: dict[str, Any], path: Iterable[str]
) -> tuple[dict[str, Any], list[tuple[str, int]]]:
    """The leaf of a command path, and the (name, type) of every level below the root.

    Raises:
        ClientRefused: There is no such sub-command, or the path stops too early.
    """
    node, levels = command, list[tuple[str, int]]()
    for name in path:
        found = next(
            (
                one
                for one in as_objects(node.get("options"))
                if one["name"] == name and one["type"] in (SUB_COMMAND, GROUP)
            ),
            None,
        )
        if found is None:
            raise ClientRefused(f"/{command['name']} has no sub-command {name!r}")
        levels.append((name, found["type"]))
        node = found
    if any(one["type"] in (SUB_COMMAND, GROUP) for one in as_objects(node.get("options"))):
        raise ClientRefused(f"/{command['name']}: choose a sub-command")
    return node, levels


def nest(levels: list[tuple[str, int]], options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Wrap options in their sub-command and group."""
    for name, kind in reversed(levels):
        options = [{"name": name, "type": kind, "options": options}]
    return options


def check(leaf: dict[str, Any], given: dict[str, OptionValue], *, partial: bool) -> None:
    """Refuse what a client would not send.

    Args:
        leaf: The command or sub-command.
        given: Values by option name.
        partial: Autocomplete: required options may be missing.

    Raises:
        ClientRefused: With the reason.
    """
    declared = {one["name"]: one for one in as_objects(leaf.get("options"))}
    for name, value in given.items():
        if name not in declared:
            raise ClientRefused(f"no option {name!r}; there are {', '.join(declared)}")
        if not partial:
            _check_value(declared[name], value)
    missing = [n for n, one in declared.items() if one.get("required") and n not in given]
    if missing and not partial:
        raise ClientRefused(f"required: {', '.join(missing)}")


_TYPES: dict[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    USER: (Member,),
    CHANNEL: (Channel,),
    ROLE: (Role,),
    MENTIONABLE: (Member, Role),
    NUMBER: (int, float),
    FILE: (tuple,),
}


def _check_value(option: dict[str, Any], value: OptionValue) -> None:
    name, kind = option["name"], option["type"]
    wrong_bool = isinstance(value, bool) and kind != BOOLEAN
    if wrong_bool or not isinstance(value, _TYPES[kind]):
        raise ClientRefused(f"{name}: {value!r} is not of the option's type {kind}")
    choices = option.get("choices")
    if choices and value not in [one["value"] for one in choices]:
        raise ClientRefused(f"{name}: {value!r} is not among the choices")
    if isinstance(value, str):
        low, high = option.get("min_length", 0), option.get("max_length", 6000)
        if not low <= len(value) <= high:
            raise ClientRefused(f"{name}: between {low} and {high} characters")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = option.get("min_value", -(2**53)), option.get("max_value", 2**53)
        if not low <= value <= high:
            raise ClientRefused(f"{name}: between {low} and {high}")


def build(
    world: World, leaf: dict[str, Any], given: dict[str, OptionValue], store: StoreFile
) -> tuple[list[dict[str, Any]], Resolved]:
    """The options of the payload and what they resolve to."""
    declared = {one["name"]: one for one in as_objects(leaf.get("options"))}
    resolved: Resolved = {}
    built: list[dict[str, Any]] = []
    for name, value in given.items():
        kind = declared.get(name, {}).get("type") or _guess_type(value)
        wire = resolve(world, value, resolved, store)
        built.append({"name": name, "type": kind, "value": wire})
    return built, resolved


def _guess_type(value: OptionValue) -> int:
    """For an option that the command does not have (a hand-made illegal one)."""
    for kind in (BOOLEAN, INTEGER, NUMBER, USER, CHANNEL, ROLE, FILE):
        if isinstance(value, _TYPES[kind]):
            return kind
    return STRING


def resolve(world: World, value: OptionValue, resolved: Resolved, store: StoreFile) -> Any:
    """The value on the wire; people, places and files are added to `resolved`."""
    if isinstance(value, Member):
        resolved.setdefault("users", {})[str(value.id)] = world.user_payload(value.id)
        if not world.is_member(value.guild.id, value.id):
            return str(value.id)  # who has left is only a user
        member = world.member_payload(value.guild.id, value.id) | {"permissions": "0"}
        resolved.setdefault("members", {})[str(value.id)] = member
        return str(value.id)
    if isinstance(value, Role):
        payload = world.role_payload(value.guild_id, value.id)
        resolved.setdefault("roles", {})[str(value.id)] = payload
        return str(value.id)
    if isinstance(value, Channel):
        payload = world.channel_payload(value.id) | {"permissions": "0"}
        resolved.setdefault("channels", {})[str(value.id)] = payload
        return str(value.id)
    if isinstance(value, tuple):
        attachment = store(*value)
        resolved.setdefault("attachments", {})[attachment["id"]] = attachment
        return attachment["id"]
    return value
