"""Runs the demo from start to end, and says in plain words why it cannot.

Exit codes: 0 all came true, 1 something did not, 2 it was started wrongly, 130 it was broken off.
"""

import asyncio
import io
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

import click

from standins.demo.acting import NotTrue
from standins.demo.books import bottom_line
from standins.demo.hall import FLAGGED_WORD, IMAGES_PER_DAY, Hall, opened_hall
from standins.demo.scene import Scene
from standins.demo.transcript import Transcript
from standins.discord import ClientRefused, NoAnswer

LIVE_RUN_S = 8.0
_HOST = "127.0.0.1"
_LOG_LINES = 20
_WIDTH_MAX = 110
_PAGE_NEEDS = ("markdown_it", "linkify_it", "regex")

_TO_TRY = (
    "Type /imagine into the message box, give it a prompt and press Enter.",
    f"A picture takes {LIVE_RUN_S:.0f} s here: watch the card, and press Cancel while it runs.",
    "One job runs at a time here: send a second one and see it wait in line.",
    f"Ask for more than {IMAGES_PER_DAY} pictures in all, and read when the day starts anew.",
    f"A prompt with the word {FLAGGED_WORD} is refused; a size such as 1000x1000 is corrected.",
    "Switch the viewer above the channel: alice, bob, or mira, who is a moderator.",
    "As mira turn to #moderation, the log channel, and type /imagine-admin: settings is a panel,",
    "  usage draws a chart, limit, gift, block and words change what members may do at once.",
    "The ⋯ of a message has the apps' menus: Report image, and for mira Remove image; from who",
    "  asked for it, Image quota.",
)


class _WrongStart(Exception):
    """The demo cannot run like this; the text is what the person reads."""


async def play(*, out: str, port: int, keeps_page: bool | None) -> int:
    """Play the scene, print what came of it, and perhaps keep the live page open.

    Args:
        out: Folder for the pictures.
        port: Of the live page; 0 takes any.
        keeps_page: None keeps it only where somebody sits at a terminal.

    Returns:
        The exit code.
    """
    _be_lenient(sys.stdout)
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    has_page = is_terminal if keeps_page is None else keeps_page
    try:
        folder = _writable(out)
        _check_port(port, is_used=has_page)
        return await _until_signal(folder, port if has_page else None)
    except _WrongStart as error:
        click.echo(str(error), err=True)
        return 2


async def _until_signal(out: Path, page_port: int | None) -> int:
    """Play; the first Ctrl-C ends the page, or breaks the scene off."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    with _temporary_folder() as folder:
        async with opened_hall(folder) as hall:
            playing = asyncio.create_task(_scene(hall, out))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)
                click.echo("\nBroken off.", err=True)
                return 130
            code = playing.result()
            if page_port is not None and code == 0:
                code = await _live_page(hall, page_port, stop)
            stopping.cancel()
    return code


async def _scene(hall: Hall, out: Path) -> int:
    _heading("The scene: a local Discord, a local fal, and the real bot between them")
    scene = Scene(hall, lambda text: click.echo(f"  ✓ {text}"))
    problem = None
    try:
        await scene.play()
    except (NotTrue, NoAnswer, ClientRefused) as error:
        problem = f"{scene.step}: {error}"
    width = min(_WIDTH_MAX, max(60, shutil.get_terminal_size((100, 24)).columns))
    try:
        _print_all(scene, Transcript(hall, out, width))
    except OSError as error:
        raise _WrongStart(f"--out: the pictures cannot be saved: {error}") from None
    if problem is not None:
        click.echo(f"\n✗ This did not come true: {problem}", err=True)
        click.echo("\n".join(["The bot's log ends with:", *_log_end(hall)]), err=True)
        return 1
    return await _books(hall)


def _print_all(scene: Scene, transcript: Transcript) -> None:
    hall = scene.hall
    _heading(f"What stands in #{hall.channel.name} now")
    for line in transcript.lines(scene.members.deeds):
        click.echo(line)
    _heading("What the moderator did then, and what came of it")
    for line in transcript.lines(scene.moderation.deeds):
        click.echo(line)
    _heading(f"What the bot has posted in #{hall.moderation.name}, the log channel")
    for line in transcript.posts(scene.moderation.log()):
        click.echo(line)


async def _books(hall: Hall) -> int:
    _heading("The money, by the bot's ledger")
    line = await bottom_line(hall)
    for one in line.lines():
        click.echo(f"  {one}")
    click.echo(f"  check says: {line.check}")
    if not line.is_right:
        click.echo("\n✗ This did not come true: the books are not right.", err=True)
    return 0 if line.is_right else 1


async def _live_page(hall: Hall, port: int, stop: asyncio.Event) -> int:
    """Keep the page open until somebody stops the demo, or the bot ends by itself."""
    hall.fal.run_s = LIVE_RUN_S
    async with _opened_page(hall, port) as url:
        _heading("Now you: open this page in a browser on this machine")
        click.echo(f"  {url}\n")
        for line in _TO_TRY:
            click.echo(f"    {line.strip()}" if line.startswith(" ") else f"  · {line}")
        click.echo("\n  Ctrl-C ends everything.")
        tasks = {asyncio.create_task(hall.bot.wait()), asyncio.create_task(stop.wait())}
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        was_asked = stop.is_set()
        for task in tasks:
            task.cancel()
    if not was_asked:
        click.echo("\n✗ The bot ended by itself.", err=True)
        click.echo("\n".join(["Its log ends with:", *_log_end(hall)]), err=True)
        return 1
    click.echo("\nStopping the bot, the local fal and the local Discord.")
    return 0


@asynccontextmanager
async def _opened_page(hall: Hall, port: int) -> AsyncGenerator[str]:
    page = hall.discord.page(hall.channel, [hall.alice, hall.bob, hall.mira], port)
    try:
        await page.__aenter__()
    except OSError as error:
        raise _WrongStart(_port_taken(port, error)) from None
    try:
        yield page.url
    finally:
        await page.__aexit__(None, None, None)


def _writable(out: str) -> Path:
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise _WrongStart(
            f"--out: {folder} cannot be written to ({error.strerror}); name another folder."
        ) from None


def _check_port(port: int, *, is_used: bool) -> None:
    if not 0 <= port <= 65_535:
        raise _WrongStart(f"--port: {port} is no port; 1 to 65535 are, and 0 takes any free one.")
    if not is_used:
        return
    missing = [name for name in _PAGE_NEEDS if find_spec(name) is None]
    if missing:
        raise _WrongStart(
            f"The page needs the packages of requirements-demo.lock ({missing[0]} is missing): "
            "type `make demo`, which installs them."
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise _WrongStart(_port_taken(port, error)) from None


def _port_taken(port: int, error: OSError) -> str:
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"--port: {port} cannot be opened ({reason}); name another, or 0 for any free one."


@contextmanager
def _temporary_folder() -> Generator[Path]:
    try:
        made = tempfile.TemporaryDirectory(prefix="imagine-demo-", ignore_cleanup_errors=True)
    except OSError as error:
        raise _WrongStart(f"TMPDIR: no temporary folder can be made ({error.strerror}).") from None
    with made as name:
        yield Path(name)


def _be_lenient(stream: TextIO) -> None:
    """Print a question mark where a terminal lacks a letter, instead of failing."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


def _heading(text: str) -> None:
    click.echo()
    click.secho(text, bold="NO_COLOR" not in os.environ)


def _log_end(hall: Hall) -> list[str]:
    return [f"  {line}" for line in hall.bot.log.splitlines()[-_LOG_LINES:]] or ["  (nothing)"]
