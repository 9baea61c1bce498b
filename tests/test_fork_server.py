"""A bot that was forked is the bot that was started: same words, same codes, same signals."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from standins.process import BotProcess
from tests.fork_server import ROOT, ForkedBot, fork_server


@pytest.mark.parametrize(
    ("args", "code"),
    [(["prices", "--json"], 0), (["--help"], 0), (["nonsense"], 2), (["check"], 1), (["run"], 2)],
    ids=lambda one: "-".join(one) if isinstance(one, list) else str(one),
)
def test_a_fork_says_what_a_start_says(tmp_path: Path, args: list[str], code: int):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "90"}
    started = subprocess.run(
        [sys.executable, "-m", "bot", *args],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    forked = fork_server().run("bot", args, tmp_path, env)

    assert forked.returncode == started.returncode == code
    assert (forked.stdout, forked.stderr) == (started.stdout, started.stderr)


def test_nothing_of_one_fork_is_in_the_next(tmp_path: Path):
    tells = "import os, sys; print(os.getcwd(), *sorted(os.environ), repr(sys.stdin.read()))"
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        args = ["-n1", "-r1", tells]
        ended = fork_server().run("timeit", args, folder, {f"ONLY_{number}": "x"})
        assert ended.stdout.splitlines()[0] == f"{folder} ONLY_{number} ''"


@pytest.mark.parametrize("kind", [BotProcess, ForkedBot])
async def test_an_end_by_a_signal_is_told_as_such(tmp_path: Path, kind: type[BotProcess]):
    bot = kind(tmp_path, {"DISCORD_TOKEN": "x", "FAL_KEY": "x:y"})
    await bot.start()
    assert bot.is_running
    bot.signal(signal.SIGKILL)

    assert await bot.wait() == -signal.SIGKILL
    assert not bot.is_running
