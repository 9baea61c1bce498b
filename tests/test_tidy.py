"""The hard stops of the house: lengths of modules and functions, and where sentences live."""

import ast
from pathlib import Path

import pytest

from bot.core import errors

ROOT = Path(__file__).resolve().parents[1]
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
ROOMS = ("bot", "standins", "tests", "benchmarks")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def too_long(source: str) -> list[str]:
    """Name what is over a stop, with its length."""
    found: list[str] = []
    lines = len(source.splitlines())
    if lines > MODULE_LINES_MAX:
        found.append(f"the module has {lines} lines, at most {MODULE_LINES_MAX} are allowed")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
            length = (node.end_lineno or first) - first + 1
            if length > FUNCTION_LINES_MAX:
                found.append(f"{node.name} has {length} lines, {FUNCTION_LINES_MAX} are allowed")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_too_long(path):
    assert too_long(path.read_text("utf-8")) == []


def test_one_line_too_many_is_noticed():
    body = "    x = 1\n"
    assert too_long("x = 1\n" * 400) == []
    assert len(too_long("x = 1\n" * 401)) == 1
    assert too_long("def f():\n" + body * 69) == []
    assert len(too_long("def f():\n" + body * 70)) == 1
    assert len(too_long("class A:\n    @b\n    async def f():\n" + ("    " + body) * 69)) == 1


def test_all_rooms_are_looked_at():
    rooms = {path.relative_to(ROOT).parts[0] for path in MODULES}
    assert {"bot", "standins", "tests"} <= rooms


REFUSALS = {
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, errors.Refused)
}
WITHOUT_SENTENCES = [
    path
    for path in MODULES
    if path.relative_to(ROOT).parts[:2]
    in {("bot", "core"), ("bot", "services"), ("bot", "storage"), ("bot", "fal")}
]


def sentences_in_refusals(source: str) -> list[str]:
    """Find texts with a space inside what makes a refusal: those belong to `bot/texts`."""
    return [
        part.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in REFUSALS
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value
    ]


@pytest.mark.parametrize(
    "path", WITHOUT_SENTENCES, ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_a_refusal_carries_a_code_and_no_sentence(path):
    assert sentences_in_refusals(path.read_text("utf-8")) == []


def test_a_sentence_in_a_refusal_is_noticed():
    assert sentences_in_refusals('raise BadRequest(Option.COUNT, typed="x y")') == ["x y"]
    assert sentences_in_refusals('def f():\n    return TooLate(f"gone {x}")') == ["gone "]
    assert sentences_in_refusals("raise Refused(Files.TOO_MUCH)") == []
