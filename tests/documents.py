"""What the documents must say, made from the code.

`python -m tests.documents` writes the marked sections of the chapters in `docs/` and the whole
`.env.example`; `test_docs.py` fails where they differ from the code.
"""

import ast
import re
import tomllib
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from pydantic.fields import FieldInfo

from bot.core.jobs import TRANSITIONS, State
from bot.core.models.gpt_image_2 import GPT_IMAGE_2, NAMED_SIZES, Quality
from bot.core.money import format_usd
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DOCS = ROOT / "docs"
ENV_EXAMPLE = ROOT / ".env.example"
OUTSIDE_THE_BOT = ("standins", "simulation", "benchmarks", "tests")
"""Packages beside `bot`, as far as they are there."""


def settings_by_need() -> dict[str, FieldInfo]:
    """The settings by the name that a host types, the required ones first."""
    fields = sorted(Settings.model_fields.items(), key=lambda item: not item[1].is_required())
    return {name.upper(): field for name, field in fields}


def typed_default(field: FieldInfo) -> str:
    """A default as a host would type it; empty where there is none."""
    if field.is_required() or field.default is None:
        return ""
    if isinstance(field.default, tuple):
        return ",".join(str(part) for part in field.default)
    return str(field.default.value if isinstance(field.default, Enum) else field.default)


def shown_default(field: FieldInfo) -> str:
    """A default as the host's table shows it."""
    if field.is_required():
        return "required"
    return f"`{typed_default(field)}`" if typed_default(field) else "none"


def settings_table() -> str:
    """The host's table: name, default, meaning."""
    rows = [
        f"| `{name}` | {shown_default(field)} | {field.description} |"
        for name, field in settings_by_need().items()
    ]
    return "\n".join(["| Name | Default | Meaning |", "|---|---|---|", *rows])


def env_example() -> str:
    """The whole `.env.example`: a comment for each setting, secrets empty.

    Defaults are commented out: a container has others, which an unedited copy must not override.
    """
    parts = ["# Copy this file to .env and fill in the secrets; the rest shows the defaults.\n"]
    for name, field in settings_by_need().items():
        need, mark = (" (required)", "") if field.is_required() else ("", "#")
        parts.append(f"# {field.description}{need}\n{mark}{name}={typed_default(field)}\n")
    return "\n".join(parts)


def state_diagram() -> str:
    """A job's life, in Mermaid."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.HELD}"]
    lines += [f"    {state} --> {after}: {event}" for (state, event), after in TRANSITIONS.items()]
    lines += [f"    {state} --> [*]" for state in State if state.is_ended]
    return "\n".join([*lines, "```"])


def price_table() -> str:
    """The offered sizes by name, with the price of one picture in each quality."""
    heading = " | ".join(quality.value for quality in Quality)
    rows = [
        f"| {name} | {size.shown} | "
        + " | ".join(format_usd(GPT_IMAGE_2.picture_microusd(size, quality)) for quality in Quality)
        + " |"
        for name, size in NAMED_SIZES.items()
    ]
    marks = "|---|---|" + "---:|" * len(Quality)
    return "\n".join([f"| Name | Pixels | {heading} |", marks, *rows])


def layers() -> str:
    """Who may import whom, from the linter's own contract."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    [contract] = [one for one in contracts if one.get("containers") == ["bot"]]
    return "\n".join(["```", "\n   ↓\n".join(contract["layers"]), "```"])


def room_table() -> str:
    """Every room and what it is for, in the first sentence of its own docstring."""
    found = [*(ROOT / "bot").glob("*.py"), *(ROOT / "bot").glob("*/__init__.py")]
    found += [ROOT / name / "__init__.py" for name in OUTSIDE_THE_BOT if (ROOT / name).is_dir()]
    rows = [
        f"| `{_name(path)}` | {_purpose(path)} |"
        for path in sorted(found, key=lambda path: (path.name == "__init__.py", _order(path)))
        if path != ROOT / "bot" / "__init__.py"
    ]
    return "\n".join(["| Where | What it is for |", "|---|---|", *rows])


def _order(path: Path) -> tuple[bool, str]:
    return path.relative_to(ROOT).parts[0] != "bot", path.as_posix()


def _name(path: Path) -> str:
    where = path.relative_to(ROOT)
    return f"{where.parent.as_posix()}/" if path.name == "__init__.py" else where.as_posix()


def _purpose(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert said, f"{_name(path)} does not say what it is for"
    return said.split("\n\n", maxsplit=1)[0].replace("\n", " ").replace("|", "\\|")


def example_model() -> str:
    """The imaginary model of the end-to-end test, as it stands in its file."""
    text = (ROOT / "tests" / "end_to_end" / "crayon.py").read_text("utf-8")
    return f"```python\n{text[text.index('CRAYON = ') :].rstrip()}\n```"


SECTIONS: Mapping[tuple[Path, str], Callable[[], str]] = MappingProxyType(
    {
        (DOCS / "members.md", "prices"): price_table,
        (DOCS / "operating.md", "settings"): settings_table,
        (DOCS / "adding-a-model.md", "model"): example_model,
        (DOCS / "architecture.md", "layers"): layers,
        (DOCS / "architecture.md", "rooms"): room_table,
        (DOCS / "architecture.md", "states"): state_diagram,
    }
)
"""What is written from the code: the file, the name of the section, and who makes it."""


def documents() -> list[Path]:
    """Everything that people read."""
    return [README, CONTRIBUTING, *sorted(DOCS.glob("*.md"))]


def section(text: str, name: str) -> str:
    """What stands between `<!-- name -->` and `<!-- /name -->`."""
    match = _marked(name).search(text)
    assert match, f"there is no section <!-- {name} -->…<!-- /{name} -->"
    return match[2].strip()


def with_section(text: str, name: str, content: str) -> str:
    """The text with other content in a section."""
    return _marked(name).sub(lambda match: f"{match[1]}\n{content}\n{match[3]}", text)


def _marked(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->)(.*?)(<!-- /{name} -->)", re.DOTALL)


def write_documents() -> None:
    """Bring all files up to date."""
    ENV_EXAMPLE.write_text(env_example(), "utf-8")
    for (path, name), make in SECTIONS.items():
        text = path.read_text("utf-8")
        section(text, name)
        path.write_text(with_section(text, name, make()), "utf-8")


if __name__ == "__main__":
    write_documents()
