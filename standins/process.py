"""Starts the real bot as a process of its own, pointed at a local Discord and a local fal.

It gives the process its settings by the environment and nothing else, and ends only what it
started. The bot knows nothing of it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

_KEPT_NAMES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")


class BotProcess:
    """One run of `python -m bot run`.

    Args:
        folder: Where the database, the data and the log of the bot go.
        settings: Names and values as in the table of settings.
        module: What is run in place of `bot`, such as one that adds a model first.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str], module: str = "bot") -> None:
        self._folder = folder
        self._settings = dict(settings)
        self._module = module
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log_path(self) -> Path:
        """Where the bot's standard error goes, over all starts."""
        return self._folder / "bot.log"

    @property
    def log(self) -> str:
        """What the bot wrote to standard error so far."""
        return self.log_path.read_text("utf-8") if self.log_path.exists() else ""

    @property
    def pid(self) -> int:
        """The number of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the bot; it is not ready yet when this returns."""
        assert not self.is_running
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self._module, "run",
                cwd=self._folder, env=self._environment(),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    async def stop(self, timeout_s: float = 30) -> int:
        """Ask the bot to stop, kill it if it does not in time; returns the exit code."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(timeout_s):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        return await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send the bot a signal and wait for nothing."""
        assert self._process is not None
        self._process.send_signal(number)

    async def kill(self) -> None:
        """End the bot at once, as a power cut does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def wait(self) -> int:
        """Wait for the end; returns the exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def command(self, *args: str) -> tuple[int, str]:
        """Run another command of the bot with the same settings, such as `check`.

        Returns:
            The exit code, and what it wrote to standard output and standard error.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, *args,
            cwd=self._folder, env=self._environment(), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        return process.returncode or 0, output.decode()

    def _environment(self) -> dict[str, str]:
        root = Path(__file__).resolve().parents[1]
        kept = {name: os.environ[name] for name in _KEPT_NAMES if name in os.environ}
        return {**kept, "PYTHONPATH": str(root), **self._settings}
