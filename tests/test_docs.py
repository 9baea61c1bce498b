"""The documents and `.env.example` say what the code does.

`python -m tests.documents` writes the parts that are made from the code.
"""

import inspect
import json
import pkgutil
import re
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import click
import pytest
from discord import app_commands

import bot.chat
from bot.__main__ import main
from bot.chat.imagine import buttons, cards
from bot.core.models.options import Size
from bot.core.models.registry import DEFAULT
from bot.core.preferences import Defaults
from bot.services.container import Services
from bot.services.generation.build import Policy
from bot.services.limits.allowance import HostLimits
from bot.services.ports import Ports
from bot.settings import Settings
from tests.documents import (
    DOCS,
    ENV_EXAMPLE,
    README,
    ROOT,
    SECTIONS,
    documents,
    layers,
    price_table,
    room_table,
    section,
    settings_by_need,
    settings_table,
    shown_default,
    state_diagram,
    typed_default,
    with_section,
)

README_LINES_MAX = 90
SAID_TO_COME = {"/history"}
WORKED_EXAMPLE = {"/line"}
ADDRESSES = {"/healthz", "/readyz", "/data"}
SECRETS = ("DISCORD_TOKEN", "FAL_KEY", "FAL_ADMIN_KEY")

Command = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu


def chapter(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def everything() -> str:
    return "\n".join(path.read_text("utf-8") for path in documents())


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


def test_the_table_names_exactly_the_settings_and_their_defaults():
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in section(chapter("operating"), "settings").splitlines()
        if line.startswith("| `")
    ]

    found = {row[0].strip("`"): row[1] for row in rows}
    assert found == {name: shown_default(field) for name, field in settings_by_need().items()}
    assert len(rows) == len(found)
    assert all(len(row) == 3 and row[2] for row in rows)


@pytest.mark.parametrize(("path", "name"), SECTIONS, ids=lambda one: getattr(one, "stem", one))
def test_what_is_made_from_the_code_is_up_to_date(path, name):
    """If this fails, run `python -m tests.documents`."""
    assert section(path.read_text("utf-8"), name) == SECTIONS[path, name]()


def test_each_marked_section_is_made_from_the_code():
    marked = {
        (path, name)
        for path in documents()
        for name in re.findall("<!-- ([a-z]+) -->", path.read_text("utf-8"))
    }
    assert marked == set(SECTIONS)


def test_the_readme_has_two_screens_and_the_two_commands():
    text = README.read_text("utf-8")

    assert len(text.splitlines()) <= README_LINES_MAX
    assert "\nmake demo\n" in text
    assert "\nmake test\n" in text


def test_every_make_target_in_the_documents_is_in_the_makefile():
    targets = set(re.findall("^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall("(?:^|`)make ([a-z]+)", everything(), re.MULTILINE))

    assert {"demo", "test", "run", "lint"} <= named
    assert named - targets == set()


def a_desk() -> Services:
    """Services that reach nothing: commands are built without a question to anybody."""
    none = cast("Any", None)
    limits = HostLimits(default_images_per_day=1)
    policy = Policy(limits, Defaults(DEFAULT, Size(1024, 1024), "medium"), Path())
    return Services(none, none, policy, Ports(none, none, none, none))


def built_commands() -> list[Command]:
    """Build every command of `bot.chat`, as the client does."""
    services = a_desk()
    commands: list[Command] = []
    for module in pkgutil.walk_packages(bot.chat.__path__, "bot.chat."):
        for name, build in inspect.getmembers(import_module(module.name), inspect.isfunction):
            if name.startswith("build_") and build.__module__ == module.name:
                built = build(services)
                commands += built if isinstance(built, list) else [built]
    return commands


def every_command() -> list[str]:
    return [name for command in built_commands() for name in names_of(command)]


def names_of(command: Command) -> list[str]:
    if isinstance(command, app_commands.Group):
        parts = [part for part in command.walk_commands() if isinstance(part, app_commands.Command)]
        return [f"/{part.qualified_name}" for part in parts]
    is_menu = isinstance(command, app_commands.ContextMenu)
    return [command.qualified_name if is_menu else f"/{command.qualified_name}"]


def test_the_commands_are_found():
    assert {"/imagine", "/quota", "Report image"} <= set(every_command())


def table_rows(text: str) -> set[str]:
    """What the first cells of all tables begin with in code."""
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def test_every_command_has_a_row_in_the_chapter_of_those_who_may_use_it():
    found = set(every_command())
    admin = {name for name in found if name.startswith("/imagine-admin ")}
    menus = {name for name in found if not name.startswith("/")}

    members = found - admin - menus | {"Report image"}
    assert members - table_rows(chapter("members")) == set()
    assert (admin | menus) - table_rows(chapter("moderators")) == set()


def test_every_slash_command_that_a_document_names_is_there():
    text = re.sub("```.*?```", "", everything(), flags=re.DOTALL)
    named = set(re.findall(r"`(/[a-z-]+(?: [a-z]+)*)`", text))
    named -= SAID_TO_COME | WORKED_EXAMPLE | ADDRESSES
    groups = {" ".join(name.split()[:count]) for name in every_command() for count in (1, 2)}

    assert {"/quota", "/imagine-admin limit set"} <= named
    assert named - set(every_command()) - groups == set()


def test_every_option_of_imagine_is_in_the_chapter_for_members():
    [imagine] = [one for one in built_commands() if one.name == "imagine"]
    assert isinstance(imagine, app_commands.Command)
    options = {option.name for option in imagine.parameters}

    assert {"prompt", "private"} <= options
    assert options - table_rows(chapter("members")) == set()


def test_the_worked_example_of_a_command_can_be_built():
    """What it imports is there, and the command has the name that the chapter gives it."""
    test, command, _, card, button = re.findall(
        "```python\n(.*?)```", chapter("adding-a-command"), re.DOTALL
    )
    written: dict[str, Any] = {}
    for source in (test, command):
        exec(source, written)  # the documents are our own
    for module, source in ((cards, card), (buttons, button)):
        written = {**vars(module), **written}
        exec(source, written)

    assert {names_of(written["build_line"](a_desk()))[0]} == WORKED_EXAMPLE
    template = written["LineButton"].__discord_ui_compiled_template__
    drawn = json.dumps(written["line_card"](0, 0).to_components())
    assert [one for one in re.findall('"custom_id": "(.*?)"', drawn) if template.fullmatch(one)]


def typed_commands(group: click.Group, before: str = "") -> list[str]:
    """Name every command of the command line: `check`, `limit set`."""
    names: list[str] = []
    for name, command in group.commands.items():
        is_group = isinstance(command, click.Group)
        names += typed_commands(command, f"{name} ") if is_group else [before + name]
    return names


def test_every_command_of_the_command_line_is_in_the_chapter_for_hosts():
    text = chapter("operating").replace("\\|", "|")
    found = typed_commands(main)
    assert {"check", "limit set", "audit"} <= set(found)

    def is_there(name: str) -> bool:
        *group, last = name.split()
        typed = re.escape(" ".join(["python -m bot", *group]))
        return bool(re.search(rf"{typed} (?:[a-z]+\|)*{last}\b|make {name}\b", text))

    assert [name for name in found if not is_there(name)] == []


def test_every_command_of_the_command_line_that_a_document_names_is_there():
    commands = typed_commands(main)
    first_words = {name.split()[0] for name in commands}
    named = re.findall(r"python -m bot ([a-z]+)((?: [a-z]+)?)", everything())

    assert {"run", "limit", "losses"} <= {first for first, _ in named}
    assert {first for first, _ in named} - first_words == set()
    groups = first_words - set(commands)
    assert {f"{a}{b}" for a, b in named if a in groups} - set(commands) == set()


def typed_options(command: click.Command) -> set[str]:
    """Every option of a command and of those below it."""
    options = {name for one in command.params for name in [*one.opts, *one.secondary_opts]}
    below = command.commands.values() if isinstance(command, click.Group) else []
    return options.union(*map(typed_options, below))


def test_every_option_of_the_command_line_that_a_document_names_is_there():
    named: set[str] = set()
    for call in re.findall("python -m bot ([a-z][^`\n]+)", everything()):
        command = main.commands[call.split()[0]]
        options = set(re.findall("--[a-z-]+", call))
        assert options - typed_options(command) == set(), call
        named |= options
    assert {"--accept-database", "--write-off"} <= named


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
    assert "| Square | 1024×1024 | $0.0059 | $0.053 | $0.21 |" in price_table()
    assert layers().endswith("services\n   ↓\nstorage\n   ↓\ncore\n```")
    assert "\n| `bot/core/` | Pure rules" in room_table()
    assert "\n| `bot/app.py` | The one place" in room_table()
    assert "\n| `tests/` |" in room_table()
