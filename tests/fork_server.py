"""Starts the bot as a process of its own without importing everything anew each time.

`python -m bot` spends most of its start on imports. A server process does them once; for every
start it forks a child, which takes the folder, the environment and the files that it is given and
runs the same module. Nothing of the test is in the child, and nothing of one child in the next.

Each child has a keeper, a second fork that waits for it and tells the test its number and its end.
Tests that are about starting itself use `standins.process.BotProcess`, which forks nothing.
"""

import asyncio
import atexit
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NoReturn, Self, cast

from bot.fal.calls import _ssl_context
from standins.process import BotProcess

ROOT = Path(__file__).resolve().parents[1]
_REQUEST_BYTES_MAX = 100_000
_NUMBER_BYTES = 4
_RUN_TIMEOUT_S = 60
_STANDARD_FILES = (0, 1, 2)


def _number(sent: bytes) -> int:
    assert len(sent) == _NUMBER_BYTES, "the server of forks is gone"
    return int.from_bytes(sent, signed=True)


class ForkServer:
    """The test's side: one server for each process of the test run."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        self._one = threading.Lock()
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fork_server"],
                cwd=ROOT, env=environment | {"PYTHONPATH": str(ROOT)}, stdin=theirs.fileno(),
                start_new_session=True,
            )  # fmt: skip

    def fork(
        self,
        module: str,
        args: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        files: Sequence[IO[Any] | socket.socket],
    ) -> tuple[int, socket.socket]:
        """Start a module; returns its number, and what will tell its exit code.

        The files are its standard input, output and error.
        """
        ours, theirs = socket.socketpair()
        request = {"run": [module, *args], "folder": str(folder), "environment": {**environment}}
        with self._one:  # the server reads one request at a time, and answers at once
            with theirs:
                sent = [theirs.fileno(), *(one.fileno() for one in files)]
                socket.send_fds(self._control, [json.dumps(request).encode()], sent)
            return _number(ours.recv(_NUMBER_BYTES)), ours

    def run(
        self, module: str, args: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a module to its end, as `subprocess.run` does."""
        with nothing() as given, TemporaryFile() as out, TemporaryFile() as err:
            _, link = self.fork(module, args, folder, environment, (given, out, err))
            with link:
                link.settimeout(_RUN_TIMEOUT_S)
                code = _number(link.recv(_NUMBER_BYTES))
            for one in (out, err):
                one.seek(0)
            said = out.read().decode(), err.read().decode()
        return subprocess.CompletedProcess([module, *args], code, *said)

    def stop(self) -> None:
        """End the server; what it started goes on."""
        self._control.close()
        self._process.wait()


def nothing() -> IO[bytes]:
    return Path(os.devnull).open("rb")


@cache
def fork_server() -> ForkServer:
    """Start the server when it is first asked for."""
    server = ForkServer()
    atexit.register(server.stop)
    return server


class ForkedProcess:
    """A child as `asyncio.subprocess.Process` shows one, as far as the tests look."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.pid = pid
        self.returncode: int | None = None
        self._ending = asyncio.create_task(self._end(reader, writer))

    async def _end(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.returncode = _number(await reader.readexactly(_NUMBER_BYTES))
        finally:
            writer.close()

    async def wait(self) -> int:
        await asyncio.shield(self._ending)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class SpokenWith(ForkedProcess):
    """A child whose standard files are streams."""

    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader
    _writers: list[asyncio.StreamWriter]

    @classmethod
    async def start(
        cls, module: str, args: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> Self:
        pairs = [socket.socketpair() for _ in _STANDARD_FILES]
        with ExitStack() as theirs:
            given = [theirs.enter_context(one) for _, one in pairs]
            pid, link = fork_server().fork(module, args, folder, environment, given)
        streams = [await asyncio.open_connection(sock=ours) for ours, _ in pairs]
        process = cls(pid, *await asyncio.open_connection(sock=link))
        process._writers = [writer for _, writer in streams]
        process.stdin, process.stdout, process.stderr = streams[0][1], streams[1][0], streams[2][0]
        return process

    def close(self) -> None:
        """Close its files, once all of them are read."""
        for writer in self._writers:
            writer.close()


class ForkedBot(BotProcess):
    """The bot as a process of its own, forked where it has been imported already."""

    async def start(self) -> None:
        assert not self.is_running
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log, nothing() as given:
            pid, link = fork_server().fork(
                self._module, ["run"], self._folder, self._environment(), (given, log, log)
            )
        process = ForkedProcess(pid, *await asyncio.open_connection(sock=link))
        self._process = cast("asyncio.subprocess.Process", process)


def _serve(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Fork for each request; returns in the child what it shall be, and in the server nothing."""
    while True:
        text, files, *_ = socket.recv_fds(control, _REQUEST_BYTES_MAX, 1 + len(_STANDARD_FILES))
        if not text:
            return None
        if not os.fork():
            link, *files = files
            control.detach()  # the child's standard input takes its place
            _keep(link)
            return json.loads(text), files
        for one in files:
            os.close(one)
        _bury_keepers()


def _keep(link: int) -> None:
    """Fork the child, in which this returns; the keeper waits for it and tells how it ended."""
    pid = os.fork()
    if not pid:
        os.close(link)
        return
    os.write(link, pid.to_bytes(_NUMBER_BYTES))
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    os.write(link, code.to_bytes(_NUMBER_BYTES, signed=True))
    os._exit(0)


def _bury_keepers() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        """All of them are gone."""


def _become(request: dict[str, Any], files: list[int]) -> None:
    """Be `python -m module args`, started in the folder with this environment and these files."""
    for given, place in zip(files, _STANDARD_FILES, strict=True):
        os.dup2(given, place)
        os.close(given)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    module, *args = request["run"]
    sys.argv = [module, *args]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        _leave(ended.code)
    _leave(None)


def _leave(code: str | int | None) -> NoReturn:
    """End as the interpreter does, but without freeing all that was imported: that copies it."""
    threading._shutdown()  # pyright: ignore[reportAttributeAccessIssue] - waits for all threads
    atexit._run_exitfuncs()
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _import_everything() -> None:
    """Import what the bot imports, and forget its main module, which every child runs itself.

    The certificates are read too: the bot does that once in a process, and it takes as long.
    """
    for name in ("bot.__main__", "bot.app"):
        import_module(name)
    del sys.modules["bot.__main__"]
    for http2 in (False, True):
        _ssl_context(http2=http2)
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    _import_everything()
    with socket.socket(fileno=0) as listening:
        asked = _serve(listening)
    if asked is not None:
        _become(*asked)
