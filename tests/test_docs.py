"""The README and `.env.example` say what the code does; `python -m tests.documents` writes them."""

import inspect
import pkgutil
import re
from dataclasses import fields
from importlib import import_module
from typing import Any, cast

import click
import pytest
from discord import app_commands

import bot.chat.commands
from bot.__main__ import main
from bot.chat.desk import Desk
from bot.core.models.options import Size
from bot.core.models.registry import DEFAULT
from bot.core.preferences import Defaults
from bot.settings import Settings
from tests.documents import (
    ENV_EXAMPLE,
    README,
    section,
    settings_by_need,
    settings_table,
    shown_default,
    state_diagram,
    typed_default,
    with_section,
)

DOCS = README.parent / "docs"
SECRETS = ("DISCORD_TOKEN", "FAL_KEY", "FAL_ADMIN_KEY")

Command = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu


@pytest.fixture
def readme() -> str:
    assert README.exists(), "there is no README.md"
    return README.read_text("utf-8")


def example_lines() -> list[str]:
    return ENV_EXAMPLE.read_text("utf-8").splitlines()


def example() -> dict[str, tuple[str, str]]:
    """Each setting of the example with its mark, `#` or nothing, and its value."""
    found = [re.fullmatch(r"(#?)([A-Z_]+)=(.*)", line) for line in example_lines()]
    return {match[2]: (match[1], match[3]) for match in found if match}


def test_the_example_names_exactly_the_settings_and_their_defaults():
    assert {name: value for name, (_, value) in example().items()} == {
        name: typed_default(field) for name, field in settings_by_need().items()
    }


def test_the_example_sets_only_what_is_required():
    """A container has defaults of its own, which a copy of this file must not override."""
    given = {name for name, (mark, _) in example().items() if not mark}
    assert given == {name for name, field in settings_by_need().items() if field.is_required()}


def test_the_example_explains_each_setting_on_the_line_above():
    lines = example_lines()
    for number, line in enumerate(lines):
        if re.match("#?[A-Z_]+=", line):
            assert re.match("# .{5,}", lines[number - 1]), line
            assert len(lines[number - 1]) <= 100


def test_the_example_puts_what_is_required_first_and_holds_no_secret():
    given = example()
    required = [name for name, field in settings_by_need().items() if field.is_required()]

    assert [*given][: len(required)] == required
    assert {given[name][1] for name in SECRETS} == {""}


@pytest.mark.parametrize("mark", ["#", ""])
def test_the_example_with_the_secrets_filled_in_means_the_defaults(tmp_path, monkeypatch, mark):
    for name in settings_by_need():
        monkeypatch.delenv(name, raising=False)
    filled = re.sub("(?m)^#(?=[A-Z_]+=)", mark, ENV_EXAMPLE.read_text("utf-8"))
    for name, secret in (("DISCORD_TOKEN", "token"), ("FAL_KEY", "id:secret")):
        monkeypatch.setenv(name, secret)
        filled = filled.replace(f"{name}=\n", f"{name}={secret}\n")
    path = tmp_path / ".env"
    path.write_text(filled, "utf-8")

    assert Settings.load(str(path)) == Settings.load(None)


def test_the_readme_s_table_names_exactly_the_settings_and_their_defaults(readme):
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in section(readme, "settings").splitlines()
        if line.startswith("| `")
    ]

    found = {row[0].strip("`"): row[1] for row in rows}
    assert found == {name: shown_default(field) for name, field in settings_by_need().items()}
    assert len(rows) == len(found)
    assert all(len(row) == 3 and row[2] for row in rows)


def test_the_readme_s_state_diagram_is_the_table_of_transitions(readme):
    assert section(readme, "states") == state_diagram()


def every_command() -> list[str]:
    """Build every command from `bot.chat.commands`, as the client does, and name it."""
    none = cast("Any", None)
    parts = dict.fromkeys((field.name for field in fields(Desk)), none)
    desk = Desk(**{**parts, "defaults": Defaults(DEFAULT, Size(1024, 1024), "medium")})
    names: list[str] = []
    for module in pkgutil.iter_modules(bot.chat.commands.__path__, "bot.chat.commands."):
        for name, build in inspect.getmembers(import_module(module.name), inspect.isfunction):
            if name.startswith("build_") and build.__module__ == module.name:
                built = build(desk)
                for command in built if isinstance(built, list) else [built]:
                    names += names_of(command)
    return names


def names_of(command: Command) -> list[str]:
    if isinstance(command, app_commands.Group):
        parts = [part for part in command.walk_commands() if isinstance(part, app_commands.Command)]
        return [f"/{part.qualified_name}" for part in parts]
    is_menu = isinstance(command, app_commands.ContextMenu)
    return [command.qualified_name if is_menu else f"/{command.qualified_name}"]


def test_the_commands_are_found():
    assert {"/imagine", "/quota"} <= set(every_command())


def test_every_command_is_in_the_readme(readme):
    missing = [name for name in every_command() if f"`{name}" not in readme]
    assert missing == []


def test_pictures_of_the_readme_are_there_small_and_described(readme):
    shown = re.findall(r"!\[([^\]]*)\]\((docs/[^)]+)\)", readme)
    shown += [
        (found[2], found[1])
        for found in re.finditer(r'<img src="(docs/[^"]+)"[^>]* alt="([^"]*)"', readme)
    ]
    assert {path for _, path in shown} == {f"docs/{one.name}" for one in DOCS.iterdir()}
    for alt, path in shown:
        assert len(alt) > 40
        assert (README.parent / path).stat().st_size < 200_000


def typed_commands(group: click.Group, before: str = "") -> list[str]:
    """Name every command of the command line: `check`, `limit set`."""
    names: list[str] = []
    for name, command in group.commands.items():
        is_group = isinstance(command, click.Group)
        names += typed_commands(command, f"{name} ") if is_group else [before + name]
    return names


def test_every_command_of_the_command_line_is_in_the_readme(readme):
    text = readme.replace("\\|", "|")
    found = typed_commands(main)
    assert {"check", "limit set", "audit"} <= set(found)

    def is_there(name: str) -> bool:
        *group, last = name.split()
        typed = re.escape(" ".join(["python -m bot", *group]))
        return bool(re.search(rf"{typed} (?:[a-z]+\|)*{last}\b|make {name}\b", text))

    assert [name for name in found if not is_there(name)] == []


def test_a_section_is_read_and_written_between_its_marks():
    text = "before\n<!-- states -->\nold\n<!-- /states -->\nafter old\n"

    written = with_section(text, "states", state_diagram())

    assert section(text, "states") == "old"
    assert section(written, "states") == state_diagram()
    assert written.endswith("<!-- /states -->\nafter old\n")
    assert section(with_section("<!-- a --><!-- /a -->", "a", "x"), "a") == "x"
    with pytest.raises(AssertionError, match="no section <!-- settings -->"):
        section(text, "settings")


def test_the_generated_parts_show_what_matters():
    assert "| `FAL_KEY` | required |" in settings_table()
    assert "| `DEFAULT_SIZE` | `1024x1024` |" in settings_table()
    assert "    held --> submitting: submit\n" in state_diagram()
    assert "    undelivered --> delivered: deliver\n" in state_diagram()
