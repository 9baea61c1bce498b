"""Messages as a person sees them: text, buttons, pictures, and how they changed over time."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from standins.discord.cdn import Cdn
from standins.discord.model import Message, World, walk_components
from standins.discord.shapes import as_object, as_objects

EPHEMERAL = 1 << 6
LOADING = 1 << 7
SILENT = 1 << 12
COMPONENTS_V2 = 1 << 15
_BUTTON, _TEXT, _GALLERY, _THUMBNAIL, _FILE = 2, 10, 12, 11, 13
_SELECTS = (3, 5, 6, 7, 8)


@dataclass(frozen=True, slots=True)
class Button:
    """A button; `custom_id` is None for links."""

    label: str
    custom_id: str | None
    disabled: bool
    style: int
    url: str | None
    emoji: str | None


@dataclass(frozen=True, slots=True)
class Select:
    """A menu.

    Attributes:
        options: (value, label) pairs, empty for users, roles and channels.
        chosen: The values or ids that it shows as chosen.
        channel_types: The types of channels that it offers, all if empty.
    """

    custom_id: str
    type: int
    placeholder: str
    options: tuple[tuple[str, str], ...]
    disabled: bool
    minimum: int
    maximum: int
    chosen: tuple[str, ...] = ()
    channel_types: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """One visible file of a message."""

    filename: str
    alt: str | None
    url: str
    data: bytes
    spoiler: bool
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class Edit:
    """One version of a message.

    Attributes:
        at_s: When, on `time.monotonic`.
        text: What stood in it then.
        files: Names of its attachments then.
        buttons: Labels of its buttons then.
    """

    at_s: float
    text: str
    files: tuple[str, ...]
    buttons: tuple[str, ...]


@dataclass(slots=True)
class Pinged:
    """Whom a message notified when it came; an edit notifies nobody, whatever it mentions."""

    users: set[int] = field(default_factory=set[int])
    roles: set[int] = field(default_factory=set[int])
    everyone: bool = False

    def __bool__(self) -> bool:
        return bool(self.users or self.roles or self.everyone)


class DiscordMessage:
    """A live view of one message; it keeps its last state after the message is gone.

    Attributes:
        id: Its id.
        channel_id: Where it stands.
        edits: Its versions, the first is its creation (only that one when not strict).
        pinged: Whom it notified, unless it was `silent`: then it only counts as unread for them.
        deleted: Whether it is gone.
        created_s: When it came, on `time.monotonic`.
        pictured_s: When it first had a file.
    """

    def __init__(self, world: World, cdn: Cdn, model: Message) -> None:
        self.id = model.id
        self.channel_id = model.channel_id
        self.edits: list[Edit] = []
        self.pinged = Pinged(
            set(model.ping_user_ids), set(model.ping_role_ids), model.mention_everyone
        )
        self.deleted = False
        self.created_s = time.monotonic()
        self.pictured_s: float | None = None
        self._world = world
        self._cdn = cdn
        self._model = model

    def __repr__(self) -> str:
        return f"<DiscordMessage {self.id} {self.text!r}>"

    def note_change(self, *, keep: bool) -> None:
        """Take down the present version."""
        if self.pictured_s is None and self._model.attachments:
            self.pictured_s = time.monotonic()
        if keep or not self.edits:
            labels = tuple(button.label for button in self.buttons)
            files = tuple(str(one["filename"]) for one in self._model.attachments)
            self.edits.append(Edit(time.monotonic(), self.text, files, labels))

    @property
    def model(self) -> Message:
        """SimCord's message."""
        return self._model

    @property
    def flags(self) -> int:
        """The flags of the message."""
        return self._model.flags

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def silent(self) -> bool:
        """Whether it came without a sound."""
        return bool(self.flags & SILENT)

    @property
    def loading(self) -> bool:
        """Whether it shows "thinking…"."""
        return bool(self.flags & LOADING)

    @property
    def author_id(self) -> int:
        """Who wrote it."""
        return self._model.author_id

    @property
    def content(self) -> str:
        """The plain content, empty in a Components V2 message."""
        return self._model.content

    @property
    def components(self) -> list[dict[str, Any]]:
        """The components as Discord holds them."""
        return self._model.components

    @property
    def embeds(self) -> list[dict[str, Any]]:
        """The embeds as Discord holds them."""
        return self._model.embeds

    @property
    def attachments(self) -> list[dict[str, Any]]:
        """The attachment objects."""
        return self._model.attachments

    @property
    def reply_to(self) -> int | None:
        """The message that it answers."""
        reference = self._model.reference
        return int(reference["message_id"]) if reference else None

    @property
    def text(self) -> str:
        """All that a person can read in it, one line per piece."""
        return "\n".join(piece for piece in self._pieces() if piece)

    def _pieces(self) -> Iterator[str]:
        yield self._model.content
        for embed in self._model.embeds:
            yield from _embed_pieces(embed)
        for one in walk_components(self._model.components):
            if one.get("type") == _TEXT:
                yield str(one.get("content") or "")

    @property
    def buttons(self) -> list[Button]:
        """Its buttons, from top to bottom."""
        return [
            Button(
                label=str(one.get("label") or ""),
                custom_id=one.get("custom_id"),
                disabled=bool(one.get("disabled")),
                style=int(one["style"]),
                url=one.get("url"),
                emoji=as_object(one.get("emoji")).get("name"),
            )
            for one in walk_components(self._model.components)
            if one.get("type") == _BUTTON
        ]

    @property
    def selects(self) -> list[Select]:
        """Its menus, from top to bottom."""
        return [
            Select(
                custom_id=str(one["custom_id"]),
                type=int(one["type"]),
                placeholder=str(one.get("placeholder") or ""),
                options=tuple((o["value"], o["label"]) for o in as_objects(one.get("options"))),
                disabled=bool(one.get("disabled")),
                minimum=int(one.get("min_values", 1)),
                maximum=int(one.get("max_values", 1)),
                chosen=(
                    *(o["value"] for o in as_objects(one.get("options")) if o.get("default")),
                    *(str(o["id"]) for o in as_objects(one.get("default_values"))),
                ),
                channel_types=tuple(one.get("channel_types") or ()),
            )
            for one in walk_components(self._model.components)
            if one.get("type") in _SELECTS
        ]

    @property
    def gallery(self) -> list[Picture]:
        """The pictures that are visible: in a V2 message only those that a component shows."""
        by_id = {str(one["id"]): one for one in self._model.attachments}
        if not self.flags & COMPONENTS_V2:
            return [self._picture(one, {}) for one in by_id.values()]
        pictures: list[Picture] = []
        for shown in _shown_media(self._model.components):
            media = as_object(shown.get("media") or shown.get("file"))
            attachment = by_id.get(str(media.get("attachment_id")), {})
            pictures.append(self._picture(attachment | {"url": media.get("url", "")}, shown))
        return pictures

    def _picture(self, attachment: dict[str, Any], shown: dict[str, Any]) -> Picture:
        url = str(attachment.get("url", ""))
        return Picture(
            filename=str(attachment.get("filename", "")),
            alt=shown.get("description") or attachment.get("description"),
            url=url,
            data=self._cdn.get(url) or b"",
            spoiler=bool(shown.get("spoiler")),
            width=attachment.get("width"),
            height=attachment.get("height"),
        )


def _shown_media(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in walk_components(components):
        if one.get("type") == _GALLERY:
            yield from as_objects(one.get("items"))
        elif one.get("type") in (_THUMBNAIL, _FILE):
            yield one


def _embed_pieces(embed: dict[str, Any]) -> Iterator[str]:
    yield str(as_object(embed.get("author")).get("name") or "")
    yield str(embed.get("title") or "")
    yield str(embed.get("description") or "")
    for one in as_objects(embed.get("fields")):
        yield f"{one.get('name')}: {one.get('value')}"
    yield str(as_object(embed.get("footer")).get("text") or "")


class Gallery:
    """All message views, so that one message always has one view with one history."""

    def __init__(self, world: World, cdn: Cdn, *, strict: bool) -> None:
        self._world = world
        self._cdn = cdn
        self._strict = strict
        self._views: dict[int, DiscordMessage] = {}

    def view(self, model: Message) -> DiscordMessage:
        """The view of a message."""
        found = self._views.get(model.id)
        if found is None:
            found = self._views[model.id] = DiscordMessage(self._world, self._cdn, model)
            found.note_change(keep=True)
        return found

    def changed(self, channel_id: int, message_id: int) -> DiscordMessage | None:
        """Take down what became of a message; None for one that never had a view."""
        model = self._world.message(channel_id, message_id)
        if model is None:
            found = self._views.get(message_id)
            if found is not None:
                found.deleted = True
            return found
        known = model.id in self._views
        found = self.view(model)
        if known:
            found.note_change(keep=self._strict)
        return found

    def forget_channel(self, channel_id: int) -> None:
        """The channel is gone and all its messages with it."""
        for found in self._views.values():
            found.deleted = found.deleted or found.channel_id == channel_id
