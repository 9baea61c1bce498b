"""What the image promises, read from its Dockerfile; building it is not a test's business."""

import asyncio
import json
import os
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

from bot import __version__
from bot.__main__ import main
from bot.ops.health import health_routes
from bot.ops.http import HttpServer
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
KEPT = ["LICENSE", "bot", "requirements-demo.lock", "standins"]
SQLITE = "sqlite:///"


def instructions(text: str) -> list[tuple[str, str]]:
    """Names and arguments in order, without comments, one line each."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    pairs = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(name.upper(), rest.strip()) for name, rest in pairs]


def stages(found: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    starts = [at for at, (name, _) in enumerate(found) if name == "FROM"]
    return [found[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]


ALL = instructions(DOCKERFILE)
BUILD, FINAL = stages(ALL)


def only(stage: list[tuple[str, str]], name: str) -> str:
    (value,) = [rest for found, rest in stage if found == name]
    return value


def environment() -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(only(FINAL, "ENV")))


def copied_from_here() -> list[str]:
    copies = [rest.split() for name, rest in ALL if name in {"COPY", "ADD"}]
    return [word for words in copies if not words[0].startswith("--from=") for word in words[:-1]]


def test_both_stages_start_from_one_named_base_with_an_exact_version():
    assert re.fullmatch(r"BASE=python:3\.\d+-slim", ALL[0][1])
    assert [rest.split(" AS ")[0] for name, rest in ALL if name == "FROM"] == ["${BASE}"] * 2
    assert "latest" not in DOCKERFILE.lower()


def test_no_address_and_no_host_stands_in_the_files():
    ignore = (ROOT / ".dockerignore").read_text("utf-8")
    text = (DOCKERFILE + ignore).replace(SQLITE, "")
    assert "://" not in text
    assert not re.search(r"\w\.(com|dev|io|net|org)\b", text)


def test_packages_come_from_the_lock_file_with_their_hashes_and_from_nowhere_else():
    installs = [rest for name, rest in ALL if name == "RUN" and "pip" in rest.split()]
    (install,) = installs
    words = install.split("&&")[1].split()
    assert words[words.index("--requirement") + 1] == "/build/requirements-demo.lock"
    assert ("COPY", "requirements-demo.lock /build/requirements-demo.lock") in BUILD
    assert {"--require-hashes", "--only-binary", "--no-cache-dir"} <= set(words)
    assert words.count("--requirement") == install.count("install") == 1
    assert ALL.index(("RUN", install)) < ALL.index(("COPY", "bot /app/bot"))
    assert ("COPY", "standins /app/standins") in BUILD
    assert all(name != "RUN" or "pip" not in rest for name, rest in FINAL)


def test_it_runs_as_a_numbered_user_who_is_not_root():
    names = [name for name, _ in FINAL]
    user, group = only(FINAL, "USER").split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert f"useradd --uid {user} " in only(FINAL, "RUN")
    assert names.index("RUN") < names.index("USER") < names.index("ENTRYPOINT")


def test_everything_that_is_written_goes_into_the_one_volume():
    (volume,) = json.loads(only(FINAL, "VOLUME"))
    given = environment()
    assert only(FINAL, "WORKDIR") == volume
    assert given["HOME"] == volume
    assert Path(given["DATA_DIR"]).is_relative_to(volume)
    assert Path(given["DATABASE_URL"].removeprefix(SQLITE)).is_relative_to(volume)
    assert given["PYTHONDONTWRITEBYTECODE"] == given["PYTHONSAFEPATH"] == "1"


def test_its_defaults_are_settings_that_the_bot_accepts(monkeypatch: pytest.MonkeyPatch):
    fields = set(Settings.model_fields)
    given = {name: value for name, value in environment().items() if name.lower() in fields}
    secrets = {"DISCORD_TOKEN": "a.b.c", "FAL_KEY": "id:secret"}
    for name, value in {**given, **secrets}.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load(env_file=None)
    assert set(given) == {"DATABASE_URL", "DATA_DIR", "HTTP_HOST", "HTTP_PORT"}
    assert str(settings.http_port) == only(FINAL, "EXPOSE")


def test_commands_can_be_given_and_without_one_it_runs():
    entry = json.loads(only(FINAL, "ENTRYPOINT"))
    (default,) = json.loads(only(FINAL, "CMD"))
    assert entry == ["tini", "--", "python", "-m", "bot"]
    assert default == "run"
    assert {"run", "demo", "check", "prices"} <= set(main.commands)
    assert ("COPY", "--from=build /usr/bin/tini /usr/bin/tini") in FINAL


async def health_check(port: int) -> int:
    _, command = only(FINAL, "HEALTHCHECK").split("CMD ", 1)
    python, *arguments = json.loads(command)
    assert python == "python"
    env = {**os.environ, **environment(), "HTTP_HOST": "127.0.0.1", "HTTP_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=env, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


async def test_its_health_check_passes_only_while_the_bot_answers():
    async def is_not_ready() -> bool:
        return False

    health = HttpServer("127.0.0.1", 0, health_routes({"discord": is_not_ready}, {}))
    await health.open()
    try:
        port = health.port
        while_it_answers = await health_check(port)
    finally:
        await health.close()
    assert (while_it_answers, await health_check(port)) == (0, 1)


def test_labels_carry_the_version_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    labels = dict(word.split("=", 1) for word in shlex.split(only(FINAL, "LABEL")))
    assert only(FINAL, "ARG") == f"VERSION={project['version']}"
    assert __version__ == project["version"]
    assert labels["org.opencontainers.image.title"] == project["name"]
    assert labels["org.opencontainers.image.licenses"] == project["license"]
    assert labels["org.opencontainers.image.version"] == "${VERSION}"


def test_nothing_is_sent_to_the_build_but_what_it_copies():
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    kept = [pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!")]
    assert patterns[0] == "*"
    assert sorted(kept) == sorted(copied_from_here()) == KEPT
    assert not {".git", ".venv", ".env", "data", "demo-out", "tests"} & set(kept)
    assert patterns[-2:] == ["**/__pycache__", "**/.*"]
