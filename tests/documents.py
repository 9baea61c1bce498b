"""What the README and `.env.example` must say, made from the code.

`python -m tests.documents` writes the marked sections of the README and the whole `.env.example`;
`test_docs.py` fails where they differ from the code in what counts.
"""

import re
from enum import Enum
from pathlib import Path

from pydantic.fields import FieldInfo

from bot.core.jobs import TRANSITIONS, State
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
ENV_EXAMPLE = ROOT / ".env.example"


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
    """A default as the README's table shows it."""
    if field.is_required():
        return "required"
    return f"`{typed_default(field)}`" if typed_default(field) else "none"


def settings_table() -> str:
    """The README's table: name, default, meaning."""
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
    """The README's picture of a job's life, in Mermaid."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.HELD}"]
    lines += [f"    {state} --> {after}: {event}" for (state, event), after in TRANSITIONS.items()]
    lines += [f"    {state} --> [*]" for state in State if state.is_ended]
    return "\n".join([*lines, "```"])


def section(text: str, name: str) -> str:
    """What stands between `<!-- name -->` and `<!-- /name -->`."""
    match = _marked(name).search(text)
    assert match, f"the README has no section <!-- {name} -->…<!-- /{name} -->"
    return match[2].strip()


def with_section(text: str, name: str, content: str) -> str:
    """The text with other content in a section."""
    return _marked(name).sub(lambda match: f"{match[1]}\n{content}\n{match[3]}", text)


def _marked(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->)(.*?)(<!-- /{name} -->)", re.DOTALL)


def write_documents() -> None:
    """Bring both files up to date."""
    ENV_EXAMPLE.write_text(env_example(), "utf-8")
    if README.exists():
        text = with_section(README.read_text("utf-8"), "settings", settings_table())
        README.write_text(with_section(text, "states", state_diagram()), "utf-8")


if __name__ == "__main__":
    write_documents()
