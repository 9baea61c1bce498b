"""What stands in the channel as text: who typed what, the cards, the pictures and where they are.

It reads the local Discord, writes picture files, and returns lines; it prints nothing.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from PIL import Image

from standins.demo.acting import Deed
from standins.demo.hall import Hall
from standins.demo.markup import readable, wrapped
from standins.discord import DiscordMessage, Edit, Picture

_BUTTON, _TEXT, _GALLERY, _SEPARATOR = 2, 10, 12, 14
_NAME_COLUMNS = 8
_EDGE = " " * _NAME_COLUMNS + "│ "


class Transcript:
    """Writes the deeds of a scene as lines.

    Args:
        hall: For the names of people and places.
        out: Where the pictures go; it exists.
        width: Columns of a line.
    """

    def __init__(self, hall: Hall, out: Path, width: int) -> None:
        self._out = out
        self._width = width
        self._names = _names(hall)
        self._now = datetime.now(UTC)

    def lines(self, deeds: list[Deed]) -> Iterator[str]:
        """Write every deed; the pictures are saved on the way.

        Raises:
            OSError: A picture cannot be written.
        """
        for deed in deeds:
            yield ""
            yield from self._deed(deed)

    def posts(self, messages: Sequence[DiscordMessage]) -> Iterator[str]:
        """Write messages that the bot posted by itself, as they stand now."""
        for message in messages:
            yield ""
            yield from self._card(message, None)

    def _deed(self, deed: Deed) -> Iterator[str]:
        name = f"{deed.member.name:<{_NAME_COLUMNS}}"
        yield from wrapped(deed.typed, name, " " * (_NAME_COLUMNS + 2), self._width)
        if deed.choices:
            yield from self._note("the list that opens while typing:")
            for choice in deed.choices:
                yield from self._card_text(choice.name)
        if deed.answer is not None and deed.answer.modal is not None:
            yield from self._note(f"a form opens: {deed.answer.modal['title']}")
        if deed.answer is None or deed.message is None:
            return
        if deed.shown is not None:
            yield from self._card_text(deed.shown) if deed.shown else ()
            return
        message = deed.message
        only = f", and only {deed.member.name} sees it" if message.ephemeral else ""
        yield from self._note(f"answered after {deed.answer.after_s * 1000:.0f} ms{only}:")
        if len(message.edits) > 1:
            first, last = message.edits[0], message.edits[-1]
            yield from self._card_text(first.text)
            if first.buttons:
                yield from self._card_text(_buttons(first.buttons))
            between = "".join(f"then {_state(edit)}, " for edit in message.edits[1:-1])
            yield from self._note(f"{between}and {last.at_s - first.at_s:.1f} s later:")
        yield from self._card(message, deed.saved_as)

    def _note(self, text: str) -> list[str]:
        pad = " " * _NAME_COLUMNS
        return wrapped(text, pad, pad, self._width)

    def _card_text(self, text: str) -> list[str]:
        return wrapped(readable(text, self._names, self._now), _EDGE, _EDGE, self._width)

    def _card(self, message: DiscordMessage, saved_as: str | None) -> Iterator[str]:
        """The card from top to bottom, as it stands now."""
        for one in _leaves(message.components):
            kind = one.get("type")
            if kind == _TEXT:
                yield from self._card_text(str(one.get("content") or ""))
            elif kind == _GALLERY:
                for number, picture in enumerate(message.gallery, 1):
                    stem = saved_as or "picture"
                    is_whole = bool(Path(stem).suffix)
                    name = stem if is_whole else f"{stem}-{number}{Path(picture.filename).suffix}"
                    yield from self._picture(picture, name)
            elif kind == _SEPARATOR:
                yield _EDGE.rstrip()
        labels = tuple(button.label for button in message.buttons)
        if labels:
            yield from self._card_text(_buttons(labels))

    def _picture(self, picture: Picture, name: str) -> Iterator[str]:
        path = self._out / name
        path.write_bytes(picture.data)
        with Image.open(io.BytesIO(picture.data)) as image:
            what = f"{image.width}×{image.height} {image.format}"
        yield from wrapped(f"alt: {picture.alt}", f"{_EDGE}▣ ", f"{_EDGE}  ", self._width)
        yield f"{_EDGE}  {path} · {what} · {_weight(len(picture.data))}"


def _state(edit: Edit) -> str:
    """The word in bold under the prompt, or what has taken its place."""
    *_, line = edit.text.splitlines()[:2]
    return "the pictures" if edit.files else line.split(" · ")[0].replace("**", "")


def _names(hall: Hall) -> dict[int, str]:
    people = {one.id: f"@{one.name}" for one in hall.guild.members.values()}
    places = {one.id: f"#{one.name}" for one in hall.guild.channels.values()}
    return people | places


def _leaves(components: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The parts of a card in the order in which they are seen; buttons come apart."""
    for one in components:
        inner = cast("list[dict[str, Any]]", one.get("components") or [])
        if inner:
            yield from _leaves(inner)
        elif one.get("type") != _BUTTON:
            yield one


def _buttons(labels: tuple[str, ...]) -> str:
    return " ".join(f"[ {label} ]" for label in labels)


def _weight(size_bytes: int) -> str:
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"
