"""Discord's rules for application commands, which SimCord takes on trust.

Developer reference, "Application Commands": names, lengths, order and number of options.
"""

import unicodedata
from typing import Any

from standins.discord.errors import bad_form
from standins.discord.shapes import as_object, as_objects

MOST = {1: 100, 2: 15, 3: 15}
MOST_OPTIONS = 25
MOST_CHARACTERS = 8000
_SUB = (1, 2)
_CHOOSABLE = (3, 4, 10)


def check_commands(commands: list[dict[str, Any]]) -> None:
    """Hold a whole PUT of commands against the rules.

    Raises:
        ApiError: 400, code 50035, with the path of the first broken rule.
    """
    for kind, most in MOST.items():
        names = [one["name"] for one in commands if one.get("type", 1) == kind]
        if len(names) > most:
            raise bad_form(f"at most {most} commands of type {kind}")
        if len(set(names)) != len(names):
            raise bad_form(f"names of commands of type {kind} must be unique")
    for index, command in enumerate(commands):
        _check_command(command, str(index))


def _check_command(command: dict[str, Any], path: str) -> None:
    name, description = command.get("name") or "", command.get("description") or ""
    if command.get("type", 1) == 1:
        _check_name(name, path)
        _check_description(description, path)
        _check_options(as_objects(command.get("options")), path, depth=0)
    else:
        if not 1 <= len(name) <= 32:
            raise bad_form(f"{path}.name: Must be between 1 and 32 in length.")
        if description or command.get("options"):
            raise bad_form(f"{path}: a context menu has neither description nor options")
    if _characters(command) > MOST_CHARACTERS:
        raise bad_form(f"{path}: the command is longer than 8000 characters")
    permissions = command.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdecimal():
        raise bad_form(f"{path}.default_member_permissions: not a bit set")


def _check_name(name: str, path: str) -> None:
    legal = all(
        character in "-_'" or unicodedata.category(character)[0] in "LN" or _is_mark(character)
        for character in name
    )
    if not 1 <= len(name) <= 32 or not legal or name != name.lower():
        raise bad_form(f"{path}.name: {name!r} does not match the pattern of a command name")


def _is_mark(character: str) -> bool:
    """Signs of the two scripts that Discord names besides letters and numbers."""
    return "\u0900" <= character <= "\u097f" or "\u0e00" <= character <= "\u0e7f"


def _check_description(description: str, path: str) -> None:
    if not 1 <= len(description) <= 100:
        raise bad_form(f"{path}.description: Must be between 1 and 100 in length.")


def _check_options(options: list[dict[str, Any]], path: str, depth: int) -> None:
    if len(options) > MOST_OPTIONS:
        raise bad_form(f"{path}.options: Must be 25 or fewer in length.")
    names = [option.get("name") for option in options]
    if len(set(names)) != len(names):
        raise bad_form(f"{path}.options: names must be unique")
    if len({option.get("type") in _SUB for option in options}) > 1:
        raise bad_form(f"{path}.options: sub-commands and values cannot be mixed")
    optional_seen = False
    for index, option in enumerate(options):
        here = f"{path}.options.{index}"
        _check_name(option.get("name") or "", here)
        _check_description(option.get("description") or "", here)
        if option.get("required") and optional_seen:
            raise bad_form(f"{here}: required options must be placed before non-required options")
        optional_seen = optional_seen or not option.get("required")
        if option.get("type") in _SUB:
            if option["type"] == 2 and depth > 0:
                raise bad_form(f"{here}: groups cannot be nested")
            _check_options(as_objects(option.get("options")), here, depth + 1)
        else:
            _check_value(option, here)


def _check_value(option: dict[str, Any], path: str) -> None:
    choices = as_objects(option.get("choices"))
    if choices and option.get("autocomplete"):
        raise bad_form(f"{path}: choices and autocomplete exclude each other")
    if (choices or option.get("autocomplete")) and option.get("type") not in _CHOOSABLE:
        raise bad_form(f"{path}: this type takes neither choices nor autocomplete")
    _check_choices(choices, path)
    for key in ("min_length", "max_length"):
        if option.get(key) is not None and not 0 <= option[key] <= 6000:
            raise bad_form(f"{path}.{key}: Must be between 0 and 6000.")


def _check_choices(choices: list[dict[str, Any]], path: str) -> None:
    if len(choices) > 25:
        raise bad_form(f"{path}.choices: Must be 25 or fewer in length.")
    for choice in choices:
        if not 1 <= len(choice.get("name") or "") <= 100:
            raise bad_form(f"{path}.choices.name: Must be between 1 and 100 in length.")
        if isinstance(choice.get("value"), str) and len(choice["value"]) > 100:
            raise bad_form(f"{path}.choices.value: Must be 100 or fewer in length.")


def _characters(node: dict[str, Any]) -> int:
    """Name, description and values of a command and all below it; the longest language counts."""
    total = 0
    for key in ("name", "description"):
        translated = as_object(node.get(f"{key}_localizations")).values()
        total += max(len(str(text)) for text in (node.get(key) or "", *translated))
    for choice in as_objects(node.get("choices")):
        total += len(str(choice.get("name") or "")) + len(str(choice.get("value") or ""))
    return total + sum(_characters(option) for option in as_objects(node.get("options")))
