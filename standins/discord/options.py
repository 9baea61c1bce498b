"""Slash options as a real client would accept and send them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from standins.discord.errors import ClientRefused
from standins.discord.model import World
from standins.discord.people import Channel, Choice, Member, Role
from standins.discord.shapes import as_objects

SUB_COMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, FILE = range(3, 12)

OptionValue = str | int | float | bool | Member | Channel | Role | tuple[str, bytes] | Choice
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
            _check_value(declared[name], _taken(declared[name], value))
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


def _taken(option: dict[str, Any], value: OptionValue) -> OptionValue:
    """What stands behind a suggestion that a person took."""
    if not isinstance(value, Choice):
        return value
    if not option.get("autocomplete"):
        raise ClientRefused(f"{option['name']} does not suggest anything")
    return value.value


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


def _guess_type(value: OptionValue) -> int:
    """For an option that the command does not have (a hand-made illegal one)."""
    for kind in (BOOLEAN, INTEGER, NUMBER, USER, CHANNEL, ROLE, FILE):
        if isinstance(value, _TYPES[kind]):
            return kind
    return STRING


@dataclass(slots=True)
class Resolver:
    """Turns what a person enters into values on the wire, and gathers what they stand for.

    Attributes:
        person: Who enters it, in `channel`.
        store: Keeps an uploaded file; returns its attachment object.
        by_name: A suggestion of an autocomplete is sent by its name, as some clients do.
        resolved: The people, places and files so far.
    """

    world: World
    person: Member
    channel: Channel
    store: StoreFile
    by_name: bool = False
    resolved: Resolved = field(default_factory=dict[str, dict[str, Any]])

    def options(
        self, leaf: dict[str, Any], given: Mapping[str, OptionValue]
    ) -> list[dict[str, Any]]:
        """The options of a command's payload."""
        declared = {one["name"]: one for one in as_objects(leaf.get("options"))}
        return [
            {
                "name": name,
                "type": declared.get(name, {}).get("type") or _guess_type(value),
                "value": self.wire(value),
            }
            for name, value in given.items()
        ]

    def wire(self, value: OptionValue) -> Any:
        """The value on the wire; people, places and files are added to `resolved`."""
        if isinstance(value, Choice):
            return value.name if self.by_name and isinstance(value.value, str) else value.value
        if isinstance(value, tuple):
            attachment = self.store(*value)
            return self._add("attachments", attachment["id"], attachment)
        if isinstance(value, Member):
            return self._member(value)
        if isinstance(value, Role):
            payload = self.world.role_payload(value.guild_id, value.id)
            return self._add("roles", value.id, payload)
        if isinstance(value, Channel):
            return self._channel(value)
        return value

    def _add(self, kind: str, identity: object, payload: dict[str, Any]) -> str:
        self.resolved.setdefault(kind, {})[str(identity)] = payload
        return str(identity)

    def _member(self, value: Member) -> str:
        if self.world.is_member(value.guild.id, value.id):  # who has left is only a user
            rights = 0
            if self.channel.guild_id == value.guild.id:
                rights = self.world.permissions(value.guild.id, value.id, self.channel.id)
            payload = self.world.member_payload(value.guild.id, value.id)
            self._add("members", value.id, payload | {"permissions": str(rights)})
        return self._add("users", value.id, self.world.user_payload(value.id))

    def _channel(self, value: Channel) -> str:
        world, guild_id = self.world, value.guild_id
        people = {"permissions": self.person.id, "app_permissions": world.bot_id}
        rights = {
            key: str(world.permissions(guild_id, one, value.id))
            if guild_id is not None and world.is_member(guild_id, one)
            else "0"
            for key, one in people.items()
        }
        return self._add("channels", value.id, world.channel_payload(value.id) | rights)
