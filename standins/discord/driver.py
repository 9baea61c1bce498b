"""Acts as people: slash commands, buttons, menus, forms, from many members at once.

Every method refuses what a real client would not let a person do, unless it is told to send it
all the same. Nothing here waits for the bot except `autocomplete`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from standins.discord.errors import ClientRefused
from standins.discord.forms import CHOICES, Form, FormValue
from standins.discord.interactions import SentInteraction
from standins.discord.message_rules import ATTACH_FILES
from standins.discord.messages import Button, DiscordMessage, Select
from standins.discord.model import walk_components
from standins.discord.options import OptionValue, Resolver, check, nest, walk
from standins.discord.people import Channel, Choice, Member, Role
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
            self._check_files(member, channel, given.values())
        resolver = self._resolver(member, channel)
        built = resolver.options(leaf, given)
        data = self._command_data(root, nest(levels, built), resolver.resolved)
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
        resolver = self._resolver(member, channel)
        kind = declared[option]["type"]
        built = resolver.options(leaf, given)
        built.append({"name": option, "type": kind, "value": value, "focused": True})
        data = self._command_data(root, nest(levels, built), resolver.resolved)
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
        resolver = self._resolver(member, channel)
        target_id = resolver.wire(target)
        data = self._command_data(root, None, resolver.resolved) | {"target_id": target_id}
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
        resolver = self._resolver(member, self._channel_of(member, message.channel_id))
        data: dict[str, Any] = {
            "custom_id": found.custom_id,
            "component_type": found.type,
            "id": _id_of(message, found.custom_id),
            "values": [resolver.wire(value) for value in values],
        }
        if resolver.resolved:
            data["resolved"] = resolver.resolved
        return self._press(member, message, data, "select")

    async def submit(
        self, interaction: SentInteraction, values: Mapping[str, FormValue]
    ) -> SentInteraction:
        """Fill in and send the form that an interaction opened.

        Args:
            interaction: The one whose answer was a form.
            values: By custom_id or by label of the field; lists of values, members, roles,
                channels and (name, bytes) files where a field takes several. What is left out
                stays as the bot filled it in.

        Raises:
            ClientRefused: It opened no form, a field is unknown, a required one is empty, or it
                does not take such a value.
        """
        modal = (await interaction.answer()).modal
        member, channel = interaction.member, interaction.channel
        if modal is None or member is None or channel is None:
            raise ClientRefused("no form is open")
        data = Form(modal, values, self._resolver(member, channel)).filled()
        source_id = interaction.record.source_message_id
        source = (
            self.state.world.message(interaction.record.channel_id, source_id)
            if source_id is not None
            else None
        )
        message = self.state.gallery.view(source) if source is not None else None
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
        return self.state.send_interaction(
            record, payload, kind=kind, member=member, file_limit_bytes=limit
        )

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
            if not isinstance(value, CHOICES[menu.type]):
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

    def _resolver(self, member: Member, channel: Channel) -> Resolver:
        state = self.state

        def store(filename: str, data: bytes) -> dict[str, Any]:
            identity = state.world.snowflake()
            return state.cdn.store_upload(identity, state.world.application_id, filename, data)

        by_name = state.settings.sends_choice_names
        return Resolver(state.world, member, channel, store, by_name)

    def _check_files(self, member: Member, channel: Channel, values: Iterable[OptionValue]) -> None:
        """Without the right to attach files a client hides the option for one."""
        if channel.guild_id is None or not any(isinstance(value, tuple) for value in values):
            return
        rights = self.state.world.permissions(channel.guild_id, member.id, channel.id)
        if not rights & ATTACH_FILES:
            raise ClientRefused(f"{member.name} may not attach files in #{channel.name}")


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
