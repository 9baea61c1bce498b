"""Acts as people: slash commands, buttons, menus, forms, from many members at once.

Every method refuses what a real client would not let a person do, unless it is told to send it
all the same. Nothing here waits for the bot except `autocomplete`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from standins.discord.errors import ClientRefused
from standins.discord.interactions import Choice, SentInteraction
from standins.discord.messages import Button, DiscordMessage, Select
from standins.discord.model import walk_components
from standins.discord.options import OptionValue, build, check, nest, resolve, walk
from standins.discord.people import Channel, Member, Role
from standins.discord.shapes import as_objects
from standins.discord.state import DiscordState

SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3
INTERACTION_TYPES = {
    "slash": 2,
    "user": 2,
    "message": 2,
    "press": 3,
    "select": 3,
    "autocomplete": 4,
    "modal": 5,
}
_INPUTS = (3, 4, 5, 6, 7, 8, 19, 21, 22, 23)
_TEXT_INPUT, _CHECKBOX = 4, 23
_CHOICES: dict[int, tuple[type, ...]] = {
    3: (str,),
    5: (Member,),
    6: (Role,),
    7: (Member, Role),
    8: (Channel,),
}
"""What each type of menu lets a person choose."""


class Driver:
    """The hands of the people in the local Discord."""

    def __init__(self, state: DiscordState) -> None:
        self.state = state

    # ------------------------------------------------------------------ commands

    async def slash(
        self,
        member: Member,
        channel: Channel,
        name: str,
        options: Mapping[str, OptionValue] | None = None,
        *,
        attachment_size_limit: int | None = None,
        unchecked: bool = False,
    ) -> SentInteraction:
        """Type a slash command.

        Args:
            member: Who.
            channel: Where.
            name: The command, or its path ("imagine-admin limit set").
            options: Values by option name; members, roles, channels and (name, bytes) files as
                they are.
            attachment_size_limit: Bytes per file, as if the person had Nitro or none.
            unchecked: Send options that a client would refuse, and a command that it hides.

        Raises:
            ClientRefused: A real client would not send it.
        """
        root_name, *path = name.split()
        root = self._command(member, channel, root_name, SLASH, unchecked=unchecked)
        leaf, levels = walk(root, path)
        given = dict(options or {})
        if not unchecked:
            check(leaf, given, partial=False)
        built, resolved = build(
            self.state.world, leaf, given, lambda n, d: self._store(channel, n, d)
        )
        data = self._command_data(root, nest(levels, built), resolved)
        return self._send("slash", member, channel, data, limit=attachment_size_limit)

    async def autocomplete(  # noqa: PLR0913 - what a person does in one step
        self,
        member: Member,
        channel: Channel,
        name: str,
        option: str,
        value: str,
        others: Mapping[str, OptionValue] | None = None,
        *,
        unchecked: bool = False,
    ) -> list[Choice]:
        """Type into an option that suggests; returns the suggestions.

        Args:
            member: Who.
            channel: Where.
            name: The command, or its path.
            option: The option that is typed into.
            value: What stands there so far.
            others: Values of the other options.
            unchecked: Also of a command that the client hides.

        Raises:
            ClientRefused: The option does not suggest anything.
            NoAnswer: The bot did not answer within three seconds.
        """
        root_name, *path = name.split()
        root = self._command(member, channel, root_name, SLASH, unchecked=unchecked)
        leaf, levels = walk(root, path)
        given = dict(others or {})
        check(leaf, given, partial=True)
        declared = {one["name"]: one for one in as_objects(leaf.get("options"))}
        if not declared.get(option, {}).get("autocomplete"):
            raise ClientRefused(f"{option} does not suggest anything")
        built, resolved = build(
            self.state.world, leaf, given, lambda n, d: self._store(channel, n, d)
        )
        kind = declared[option]["type"]
        built.append({"name": option, "type": kind, "value": value, "focused": True})
        data = self._command_data(root, nest(levels, built), resolved)
        sent = self._send("autocomplete", member, channel, data)
        return list((await sent.answer()).choices)

    def shown_commands(self, member: Member, channel: Channel) -> list[str]:
        """The names of the commands, menu entries too, that a member's client shows there."""
        world = self.state.world
        return [
            one["name"]
            for one in world.commands()
            if world.why_no_command(one, member.id, channel.id) is None
        ]

    async def user_menu(
        self,
        member: Member,
        channel: Channel,
        name: str,
        target: Member,
        *,
        unchecked: bool = False,
    ) -> SentInteraction:
        """Choose an app's entry in the menu of a member; `unchecked` also one that is hidden."""
        root = self._command(member, channel, name, USER_MENU, unchecked=unchecked)
        resolved: dict[str, dict[str, Any]] = {}
        resolve(self.state.world, target, resolved, lambda n, d: self._store(channel, n, d))
        data = self._command_data(root, None, resolved) | {"target_id": str(target.id)}
        return self._send("user", member, channel, data)

    async def message_menu(
        self, member: Member, message: DiscordMessage, name: str, *, unchecked: bool = False
    ) -> SentInteraction:
        """Choose an app's entry in the menu of a message; `unchecked` also one that is hidden."""
        if not unchecked:
            self._must_see(member, message)
        channel = self._channel_of(member, message.channel_id)
        root = self._command(member, channel, name, MESSAGE_MENU, unchecked=unchecked)
        payload = self.state.world.message_payload(message.model)
        resolved = {"messages": {str(message.id): self.state.message_payload_from(payload)}}
        data = self._command_data(root, None, resolved) | {"target_id": str(message.id)}
        return self._send("message", member, channel, data)

    # ------------------------------------------------------------------ components

    async def press(
        self, member: Member, message: DiscordMessage, button: str, *, unchecked: bool = False
    ) -> SentInteraction:
        """Press a button, named by its custom_id or its label.

        Args:
            member: Who.
            message: Where the button is.
            button: Its custom_id or its label.
            unchecked: Press one that is disabled or gone (a client with an old view).

        Raises:
            ClientRefused: There is no such button, it is disabled, or the person cannot see it.
        """
        custom_id = button
        if not unchecked:
            self._must_see(member, message)
            custom_id = _pressable(message, button)
        data = {"custom_id": custom_id, "component_type": 2, "id": _id_of(message, custom_id)}
        return self._press(member, message, data, "press")

    async def select(
        self,
        member: Member,
        message: DiscordMessage,
        menu: str,
        values: Sequence[str] | Sequence[Member] | Sequence[Role] | Sequence[Channel],
        *,
        unchecked: bool = False,
    ) -> SentInteraction:
        """Choose values in a menu, named by its custom_id or its placeholder.

        Args:
            member: Who.
            message: Where the menu is.
            menu: Its custom_id or its placeholder.
            values: What is chosen.
            unchecked: Choose where the person sees nothing, and what the menu does not offer.

        Raises:
            ClientRefused: There is no such menu or value, or the number of values is wrong.
        """
        found = next((s for s in message.selects if menu in (s.custom_id, s.placeholder)), None)
        if found is None:
            raise ClientRefused(f"no menu {menu!r} to choose from")
        if not unchecked:
            self._must_see(member, message)
            self._must_offer(found, values)
        resolved: dict[str, dict[str, Any]] = {}
        wire_values = [
            resolve(self.state.world, value, resolved, lambda _n, _d: {}) for value in values
        ]
        data: dict[str, Any] = {
            "custom_id": found.custom_id,
            "component_type": found.type,
            "id": _id_of(message, found.custom_id),
            "values": wire_values,
        }
        if resolved:
            data["resolved"] = resolved
        return self._press(member, message, data, "select")

    async def submit(
        self, interaction: SentInteraction, values: Mapping[str, str | list[str] | bool]
    ) -> SentInteraction:
        """Fill in and send the form that an interaction opened.

        Args:
            interaction: The one whose answer was a form.
            values: By custom_id or by label of the field; a list for menus.

        Raises:
            ClientRefused: It opened no form, a field is unknown, or a required one is empty.
        """
        modal = (await interaction.answer()).modal
        if modal is None or interaction.member is None or interaction.channel is None:
            raise ClientRefused("no form is open")
        left = dict(values)
        components = [_fill(one, left) for one in as_objects(modal.get("components"))]
        if left:
            raise ClientRefused(f"the form has no fields {sorted(left)}")
        data = {"custom_id": modal["custom_id"], "components": components}
        source_id = interaction.record.source_message_id
        source = (
            self.state.world.message(interaction.record.channel_id, source_id)
            if source_id is not None
            else None
        )
        message = self.state.gallery.view(source) if source is not None else None
        member, channel = interaction.member, interaction.channel
        sent = self._send("modal", member, channel, data, message=message)
        self.state.openers[sent.id] = interaction.record
        return sent

    # ------------------------------------------------------------------ plumbing

    def _command(
        self, member: Member, channel: Channel, name: str, kind: int, *, unchecked: bool
    ) -> dict[str, Any]:
        world = self.state.world
        command = world.command(name, channel.guild_id, kind)
        if command is None:
            raise ClientRefused(f"no command {name!r} is registered")
        if unchecked:
            return command
        if not world.can_see_channel(channel.id, member.id):
            raise ClientRefused(f"{member.name} cannot see #{channel.name}")
        reason = world.why_no_command(command, member.id, channel.id)
        if reason is not None:
            raise ClientRefused(f"{member.name} is not shown {name!r} here: {reason}")
        if command.get("nsfw") and channel.id not in world.age_restricted:
            raise ClientRefused(f"{name!r} is for age-restricted channels")
        return command

    def _command_data(
        self,
        root: dict[str, Any],
        options: list[dict[str, Any]] | None,
        resolved: dict[str, dict[str, Any]],
    ) -> dict[str, Any]:
        data: dict[str, Any] = {"id": root["id"], "name": root["name"], "type": root["type"]}
        if options:
            data["options"] = options
        if resolved:
            data["resolved"] = resolved
        return data

    def _press(
        self, member: Member, message: DiscordMessage, data: dict[str, Any], kind: str
    ) -> SentInteraction:
        channel = self._channel_of(member, message.channel_id)
        return self._send(kind, member, channel, data, message=message)

    def _send(
        self,
        kind: str,
        member: Member,
        channel: Channel,
        data: dict[str, Any],
        *,
        message: DiscordMessage | None = None,
        limit: int | None = None,
    ) -> SentInteraction:
        world = self.state.world
        number = INTERACTION_TYPES[kind]
        record, payload = world.new_interaction(number, channel.id, member.id, data)
        if message is not None:
            record.source_message_id = message.id
            payload["message"] = world.message_payload(message.model)
        return self.state.send_interaction(record, payload, kind=kind, file_limit_bytes=limit)

    def _must_offer(
        self,
        menu: Select,
        values: Sequence[str] | Sequence[Member] | Sequence[Role] | Sequence[Channel],
    ) -> None:
        if menu.disabled:
            raise ClientRefused(f"no menu {menu.custom_id!r} to choose from")
        different = {getattr(value, "id", value) for value in values}
        if not menu.minimum <= len(values) <= menu.maximum or len(different) < len(values):
            raise ClientRefused(f"{menu.custom_id}: {menu.minimum} to {menu.maximum} values")
        known = [value for value, _ in menu.options]
        for value in values:
            if not isinstance(value, _CHOICES[menu.type]):
                raise ClientRefused(f"{menu.custom_id}: {value!r} is of another kind")
            if isinstance(value, str) and value not in known:
                raise ClientRefused(f"{menu.custom_id}: {value!r} is not among {known}")
            model = self.state.world.channel(value.id) if isinstance(value, Channel) else None
            if model is not None and menu.channel_types and model.type not in menu.channel_types:
                raise ClientRefused(f"{menu.custom_id}: does not offer channels of that type")

    def _must_see(self, member: Member, message: DiscordMessage) -> None:
        gone = message.deleted
        if gone or not self.state.world.can_see_message(message.model, member.id):
            raise ClientRefused(f"{member.name} cannot see message {message.id}")

    def _channel_of(self, member: Member, channel_id: int) -> Channel:
        if channel_id in member.guild.channels:
            return member.guild.channels[channel_id]
        model = self.state.world.channel(channel_id)
        return Channel(channel_id, "", model.guild_id if model is not None else member.guild.id)

    def _store(self, channel: Channel, filename: str, data: bytes) -> dict[str, Any]:
        identity = self.state.world.snowflake()
        return self.state.cdn.store_attachment(identity, channel.id, filename, data, None)


def _pressable(message: DiscordMessage, wanted: str) -> str:
    found: list[Button] = [b for b in message.buttons if wanted in (b.custom_id, b.label)]
    if not found:
        labels = [button.label for button in message.buttons]
        raise ClientRefused(f"no button {wanted!r}; there are {labels}")
    if found[0].disabled or found[0].custom_id is None:
        raise ClientRefused(f"button {wanted!r} cannot be pressed")
    return found[0].custom_id


def _id_of(message: DiscordMessage, custom_id: str) -> int:
    for one in walk_components(message.components):
        if one.get("custom_id") == custom_id:
            return int(one.get("id") or 0)
    return 0


def _fill(
    node: dict[str, Any], left: dict[str, str | list[str] | bool], label: str = ""
) -> dict[str, Any]:
    """One component of a form with what the person put into it; takes the value out of `left`."""
    label = str(node.get("label") or label)
    filled: dict[str, Any] = {"type": node["type"], "id": node.get("id") or 0}
    if "components" in node:
        filled["components"] = [_fill(child, left, label) for child in node["components"]]
    if "component" in node:
        filled["component"] = _fill(node["component"], left, label)
    if node["type"] not in _INPUTS:
        return filled
    custom_id = str(node["custom_id"])
    key = custom_id if custom_id in left else label
    given = left.pop(key, None)
    text = str(node.get("value") or "") if given is None else str(given)
    value = (text if node["type"] == _TEXT_INPUT else []) if given is None else given
    if node.get("required", True) and value in ("", []):
        raise ClientRefused(f"the form needs {label or custom_id!r}")
    if node["type"] == _TEXT_INPUT:
        low, high = node.get("min_length") or 0, node.get("max_length") or 4000
        if text and not low <= len(text) <= high:
            raise ClientRefused(f"{label or custom_id}: {low} to {high} characters")
    name = "value" if node["type"] in (_TEXT_INPUT, _CHECKBOX, 21) else "values"
    return filled | {"custom_id": custom_id, name: value}
