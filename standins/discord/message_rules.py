"""Rules for messages that SimCord does not know: sizes of files, Discord's odd ceilings, callbacks.

Facts are those of the developer reference; where only bug reports tell (the 10170 bytes), the
constant says so.
"""

from collections.abc import Iterator
from typing import Any

from standins.discord.errors import ApiError, bad_form
from standins.discord.model import Upload, walk_components
from standins.discord.shapes import as_object, as_objects, number

MOST_FILES = 10
LONGEST_ALT_TEXT = 1024
CREATE_MESSAGE_BYTES = 25 * 1024 * 1024
"""The largest whole request of Create Message."""

V2_CEILING_BYTES = 10_170
"""UTF-8 bytes of all text, plus 12 per text display; above it Discord answers 500 (DOCS#8554)."""
V2_TEXT_OVERHEAD_BYTES = 12
V2_CHARACTERS = 4000

STRING_MENU = 3
MENUS: dict[int, tuple[str, ...]] = {
    STRING_MENU: (),
    5: ("user",),
    6: ("role",),
    7: ("user", "role"),
    8: ("channel",),
}
"""Types of menus, with the kinds of things that they may show as chosen."""

ATTACH_FILES = 1 << 15
EPHEMERAL = 1 << 6
TEXT_DISPLAY = 10


def too_large() -> ApiError:
    """413 with code 40005."""
    return ApiError(413, 40005, "Request entity too large")


def check_edit(body: dict[str, Any], files: list[Upload], *, kept_need_names: bool) -> None:
    """Hold an edit's list of files against the rules that a new message does not have.

    Args:
        body: The edit.
        files: Its uploads.
        kept_need_names: A file that stays is listed with its name.

    Raises:
        ApiError: 400, code 50035.
    """
    listed = as_objects(body.get("attachments"))
    shown = [as_object(one.get("media")) for one in _shown(as_objects(body.get("components")))]
    if files and not listed and any(_is_upload(media) for media in shown):
        raise _dangling()
    stays = (item for item in listed if number(item.get("id")) >= len(files))
    if kept_need_names and any(not item.get("filename") for item in stays):
        raise _dangling()


def _shown(components: Any) -> Iterator[dict[str, Any]]:
    for one in walk_components(components):
        yield from as_objects(one.get("items"))
        yield one


def _is_upload(media: dict[str, Any]) -> bool:
    return str(media.get("url") or "").startswith("attachment://")


def _dangling() -> ApiError:
    return bad_form("UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND")


def check_message(body: dict[str, Any], files: list[Upload], limit_bytes: int) -> None:
    """Hold a message body and its files against the rules.

    Args:
        body: The message: the `data` of a callback, else the whole body.
        files: Its uploads.
        limit_bytes: The largest file here.

    Raises:
        ApiError: 413 for a file over the limit, 400 for a broken rule, 500 above the V2 ceiling.
    """
    if any(len(file.data) > limit_bytes for file in files):
        raise too_large()
    listed = as_objects(body.get("attachments"))
    if len(files) > MOST_FILES or len(listed) > MOST_FILES:
        raise bad_form("attachments: Must be 10 or fewer in length.")
    for item in listed:
        if len(str(item.get("description") or "")) > LONGEST_ALT_TEXT:
            raise bad_form("attachments.description: Must be 1024 or fewer in length.")
    _check_files_listed(listed, files)
    components = as_objects(body.get("components"))
    _check_menus(components)
    _check_text_ceiling(components)


def _check_files_listed(listed: list[dict[str, Any]], files: list[Upload]) -> None:
    """A list of attachments decides what stays: a file that it leaves out would be lost."""
    if listed and files:
        named = {str(item.get("id")) for item in listed}
        missing = [index for index in range(len(files)) if str(index) not in named]
        if missing:
            raise bad_form(f"attachments: files {missing} are not listed.")


def _check_menus(components: Any) -> None:
    """What a menu shows as chosen must be a choice that a person could make in it."""
    for one in walk_components(components):
        kind = one.get("type")
        if kind not in MENUS:
            continue
        chosen = as_objects(one.get("default_values"))
        most, least = int(one.get("max_values") or 1), int(one.get("min_values", 1))
        if one.get("default_values") is not None and not least <= len(chosen) <= most:
            raise bad_form(f"default_values: Must be between {least} and {most} in length.")
        if any(value.get("type") not in MENUS[kind] for value in chosen):
            raise bad_form("default_values.type: not of the menu's kind.")
        options = as_objects(one.get("options"))
        if sum(bool(option.get("default")) for option in options) > most:
            raise bad_form("options: more are chosen by default than may be.")
        if kind == STRING_MENU and options and most > len(options):
            raise bad_form(f"max_values: Must be less than or equal to {len(options)}.")


def _check_text_ceiling(components: Any) -> None:
    texts = [
        str(one.get("content") or "")
        for one in walk_components(components)
        if one.get("type") == TEXT_DISPLAY
    ]
    if sum(map(len, texts)) > V2_CHARACTERS:
        return  # a plain 400, which SimCord gives
    size = sum(len(text.encode()) + V2_TEXT_OVERHEAD_BYTES for text in texts)
    if size > V2_CEILING_BYTES:
        raise ApiError(500, 0, "500: Internal Server Error")


def check_callback(body: dict[str, Any], interaction_type: int) -> None:
    """Hold a first answer against what may answer this type of interaction.

    Raises:
        ApiError: 400, code 50035.
    """
    kind = body.get("type")
    data = as_object(body.get("data"))
    if (kind == 8) != (interaction_type == 4):
        raise bad_form("type: an autocomplete is answered with choices, and nothing else is.")
    if kind in (6, 7) and interaction_type not in (3, 5):
        raise bad_form("type: only a component can be updated.")
    if kind == 9 and interaction_type == 5:
        raise bad_form("type: a modal cannot answer a modal.")
    if kind == 5 and int(data.get("flags") or 0) & ~EPHEMERAL:
        raise bad_form("data.flags: a deferred answer takes no flag but EPHEMERAL.")
    if kind == 9:
        _check_modal(as_objects(data.get("components")))
    if kind == 8:
        _check_choices(as_objects(data.get("choices")))


def _check_modal(components: list[dict[str, Any]]) -> None:
    """What SimCord takes in a form and Discord does not."""
    for one in walk_components(components):
        if one.get("disabled"):
            raise bad_form("components.disabled: not in a modal.")
        if one.get("min_values") == 0 and one.get("required", True):
            raise bad_form("components.min_values: 0 needs required to be false.")


def _check_choices(choices: list[dict[str, Any]]) -> None:
    if len(choices) > 25:
        raise bad_form("data.choices: Must be 25 or fewer in length.")
    for choice in choices:
        if not 1 <= len(str(choice.get("name") or "")) <= 100:
            raise bad_form("data.choices.name: Must be between 1 and 100 in length.")
        value = choice.get("value")
        if isinstance(value, str) and len(value) > 100:
            raise bad_form("data.choices.value: Must be 100 or fewer in length.")


def with_default_mentions(body: dict[str, Any], *, by_token: bool, private: bool) -> dict[str, Any]:
    """The body with the mentions that Discord reads where none are named.

    Interaction answers parse users only, other messages everything, and an edit parses anew even
    if the first send was silenced (developer reference, "Allowed Mentions").

    Args:
        body: The message.
        by_token: It came with an interaction's token.
        private: It is for a channel of direct messages.
    """
    if body.get("allowed_mentions") is not None:
        return body
    parse = ["users"] if by_token or private else ["users", "roles", "everyone"]
    return body | {"allowed_mentions": {"parse": parse, "replied_user": True}}
