"""Somebody at the command line, with only the address of the database."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.settings import Settings
from bot.storage.database import Database, migrated_database
from tests.migrated import put_sqlite

ROOT = Path(__file__).resolve().parents[1]
NO_SETTINGS = dict.fromkeys(name.upper() for name in Settings.model_fields)
NOTE = re.compile(r"Note: nothing was stored of server \d+ before; is the id right\?\n")


@dataclass
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


@dataclass
class Host:
    """Types commands in a folder; `process` takes a process of its own, which is slower."""

    folder: Path
    url: str

    def run(self, *args: object, **env: str) -> Ended:
        from bot.__main__ import main  # the whole bot; not every test of the suite needs it

        given = {**NO_SETTINGS, "DATABASE_URL": self.url, **env}
        with chdir(self.folder):
            ended = CliRunner(env=given, catch_exceptions=False).invoke(main, [*map(str, args)])
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    def process(self, *args: object, **env: str) -> Ended:
        given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": self.url}
        ended = subprocess.run(
            [sys.executable, "-m", "bot", *map(str, args)],
            cwd=self.folder, env={**given, **env}, capture_output=True, encoding="utf-8",
            timeout=60, check=False,
        )  # fmt: skip
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def done(self, *args: object, **env: str) -> str:
        """What a command printed that went well."""
        ended = self.run(*args, **env)
        assert (ended.code, NOTE.sub("", ended.stderr)) == (0, ""), ended
        return ended.stdout

    def json(self, *args: object, **env: str) -> list[dict[str, Any]]:
        return json.loads(self.done(*args, "--json", **env))

    def failed(self, *args: object, code: int = 2, **env: str) -> str:
        """The one line of a command that went wrong and printed nothing else."""
        ended = self.run(*args, **env)
        assert (ended.code, ended.stdout) == (code, ""), ended
        [line] = ended.stderr.splitlines()
        return line

    def in_database(self, work: Callable[[Database], Awaitable[Any]]) -> Any:
        async def opened() -> Any:
            async with migrated_database(self.url) as database:
                return await work(database)

        return asyncio.run(opened())


def cells(table: str) -> list[list[str]]:
    """The cells of a printed table."""
    return [re.split("  +", line.strip()) for line in table.splitlines()]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with an empty database in a file."""
    host = Host(tmp_path, f"sqlite:///{tmp_path / 'bot.db'}")
    put_sqlite(tmp_path / "bot.db")
    return host


@pytest.fixture(params=["sqlite", "postgres"])
def any_host(request: pytest.FixtureRequest, host: Host) -> Host:
    """The same over either engine."""
    if request.param == "postgres":
        host.url = request.getfixturevalue("migrated_postgres_url")
    return host
