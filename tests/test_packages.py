"""A wheel and its lock hold the bot alone; the demo is of the source tree and the image."""

import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FOR_THE_DEMO_ALONE = {"av", "linkify-it-py", "markdown-it-py", "mdurl", "regex", "simcord"}


def pins(name: str) -> dict[str, set[str]]:
    """Each requirement of a lock file with its version, and its hashes."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {line.split(" ")[0]: set(re.findall(r"--hash=(\S+)", line)) for line in lines}


def names(lock: dict[str, set[str]]) -> set[str]:
    return {one.partition("==")[0] for one in lock}


def is_shipped(package: str) -> bool:
    patterns = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    return any(fnmatchcase(package, pattern) for pattern in patterns)


def test_a_wheel_holds_every_room_of_the_bot_and_nothing_else():
    packages = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for room in ("bot", "standins", "tests", "benchmarks", "simulation")
        for path in (ROOT / room).rglob("__init__.py")
    }
    shipped = {one for one in packages if is_shipped(one)}
    assert is_shipped("bot.storage.migrations")
    assert shipped == {one for one in packages if one.partition(".")[0] == "bot"}


def test_what_only_the_demo_needs_is_not_in_the_lock_of_production():
    assert not FOR_THE_DEMO_ALONE & names(pins("requirements.lock"))
    assert set(PROJECT["project"]["optional-dependencies"]) == {"postgres"}


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("requirements.lock", "requirements-demo.lock"),
        ("requirements-demo.lock", "requirements-dev.lock"),
    ],
)
def test_each_lock_holds_the_one_before_it_to_the_last_hash(smaller: str, larger: str):
    inner, outer = pins(smaller), pins(larger)
    assert all(inner.values())
    assert all(outer.values())
    assert inner.items() <= outer.items()
    assert names(pins("requirements-demo.lock")) >= FOR_THE_DEMO_ALONE


def demo_in(folder: Path, *rooms: str) -> subprocess.CompletedProcess[str]:
    """Start the demo where only some rooms are installed."""
    for room in rooms:
        (folder / room).symlink_to(ROOT / room)
    return subprocess.run(
        [sys.executable, "-m", "bot", "demo"],
        cwd=folder, env={"PYTHONPATH": str(folder)},
        capture_output=True, check=False, text=True, timeout=60,
    )  # fmt: skip


def test_without_the_stand_ins_the_demo_says_in_one_line_where_it_can_be_played(tmp_path: Path):
    ended = demo_in(tmp_path, "bot")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "The demo is not part of the installed package: "
        "type `make demo` in the source tree, or give `demo` to the container.\n"
    )


def test_without_its_packages_the_demo_says_in_one_line_how_they_come(tmp_path: Path):
    (tmp_path / "simcord.py").write_text("raise ModuleNotFoundError(name='simcord')\n")
    ended = demo_in(tmp_path, "bot", "standins")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "The demo needs the packages of requirements-demo.lock (simcord is missing): "
        "type `make demo` in the source tree, which installs them.\n"
    )
