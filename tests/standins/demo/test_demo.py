"""The demo as a person starts it: a process of its own, with and without the live page."""

import asyncio
import codecs
import io
import os
import pty
import re
import signal
import socket
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from PIL import Image

from tests.stage import ROOT

pytest.importorskip("simcord")

from standins.demo.markup import readable

PICTURES = {
    "lighthouse-1.png": ((1536, 1024), "PNG"),
    "lighthouse-2.png": ((1536, 1024), "PNG"),
    "fox-1.webp": ((1008, 1008), "WEBP"),
    "map-1.jpeg": ((1024, 1536), "JPEG"),
    **{f"elephants-{number}.png": ((1024, 1024), "PNG") for number in range(1, 5)},
    "clownfish-1.png": ((1024, 1024), "PNG"),
    "usage.png": ((1200, 1192), "PNG"),
}
ENDS_WITHIN_S = 90
HAS_PROC = Path("/proc/self/cwd").exists()
needs_proc = pytest.mark.skipif(not HAS_PROC, reason="finds processes in /proc")


class Demo:
    """A running `python -m bot demo` whose lines are read as they come."""

    def __init__(self, process):
        self.process = process
        self.text = ""
        # What is read of a terminal may end in the middle of a letter.
        self.decoder = codecs.getincrementaldecoder("utf-8")()

    async def until(self, part):
        async with asyncio.timeout(ENDS_WITHIN_S):
            while part not in self.text:
                line = await self.process.stdout.readline()
                assert line, f"it ended before {part!r}:\n{self.text}"
                self.text += line.decode()

    async def read_terminal(self, master, part):
        """Read what a terminal shows until a part of it."""
        async with asyncio.timeout(ENDS_WITHIN_S):
            while part not in self.text:
                self.text += self.decoder.decode(await asyncio.to_thread(os.read, master, 65536))

    async def end(self):
        async with asyncio.timeout(ENDS_WITHIN_S):
            self.text += (await self.process.stdout.read()).decode()
            return await self.process.wait()


@asynccontextmanager
async def started(folder, *args, tty=None, **env):
    """The demo without any credential in its environment, on a terminal only if one is named."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    temp = folder / "temp"
    temp.mkdir(exist_ok=True)
    # Who opens a terminal as the head of a new session owns it: Ctrl-C then works as it does.
    shell = ("sh", "-c", f'exec "$@" <{tty} >{tty} 2>&1', "sh") if tty else ()
    process = await asyncio.create_subprocess_exec(
        *shell, sys.executable, "-m", "bot", "demo", *args, start_new_session=bool(tty),
        cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), "TMPDIR": str(temp), **env},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield Demo(process)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def played(folder, *args, **env):
    async with started(folder, *args, **env) as demo:
        return await demo.end(), demo.text


def processes_of(folder):
    """Ids of the processes that run in a folder or below, where the system tells."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cwd"):
        try:
            where = one.readlink()
        except OSError:
            continue
        if where.is_relative_to(folder):
            found.append(int(one.parts[2]))
    return found


def assert_nothing_is_left(folder):
    assert processes_of(folder) == []
    assert list((folder / "temp").iterdir()) == []


def assert_pictures_are_right(folder):
    assert {one.name for one in folder.iterdir()} == set(PICTURES)
    for name, expected in PICTURES.items():
        with Image.open(io.BytesIO((folder / name).read_bytes())) as image:
            image.load()
            assert (image.size, image.format) == expected


async def test_the_demo_plays_its_scene_and_leaves_only_pictures(tmp_path):
    code, text = await played(tmp_path, "--out", "first/shown")

    assert code == 0, text
    for piece in (
        "alice   /imagine prompt: a lighthouse on a cliff at dusk, oil painting size: 1536x1024",
        "up to $0.36 held · 4 of 6 left today",
        "Waiting · 1st in line",
        "[ Cancel ]",
        "alt: Picture 2 of 2: a lighthouse on a cliff at dusk, oil painting",
        "2 pictures · 1536×1024 · high · $0.33 · ",
        "multiples of 16",
        "1008×1008 · the nearest possible size",
        "“a neon sign that says **OPEN** for @everyone, in the rain”",
        "bob     presses Cancel",
        "Cancelled · ",
        "Nothing was charged: 1 picture and $0.02 held are back · 5 of 6 left today",
        "content check refused this prompt",
        "only alice sees it",
        "No room for this: it needs 4 pictures.",
        "3 of 6 left today, by the limit for everyone.",
        "It resets in ",
        "alice   /quota",
        "mira    chooses #moderation",
        "mira    /imagine-admin gift member: @alice amount: 4 unit: images until: 1 week",
        "4 of 4 pictures left · from @mira · until ",
        "0 of 6 left today + 3 from gifts",
        "This server does not allow a word in this prompt.",
        "1 picture · 1024×1024 · low · $0.0059 · ",
        "$0.041 of $0.65 left today, by this channel's budget.",
        "a form opens: Remove these pictures",
        "Removed by a moderator · “nobody without being asked”",
        "alt: Chart of usage, ",
        "#1 @alice · $0.55 · 7 pictures · 4 jobs",
        "Picture remove · @bob, job ",
        "settled    $0.609175",
        "fal's bill $0.609175",
        "All is well: settings, database, ledger.",
    ):
        assert piece in text, f"{piece!r} is missing in:\n{text}"
    log = text.partition("What the bot has posted in #moderation, the log channel")[2]
    for piece in (
        "log channel: nothing → #moderation",
        "@alice, gifts of pictures: nothing → 4 pictures until ",
        "asked for → refused for “clown”",
        "The budget of #pictures has reached 80 %",
        "The budget of #pictures stops requests now",
        "#pictures, USD per day: $0.65 → $20",
        "Reported · 1 picture by @bob",
        "Removed · by @mira",
    ):
        assert piece in log, f"{piece!r} is missing in:\n{log}"
    assert not re.search(r"<t:|<@|^.*│ -#|\\[*_@]|\x1b", text), text
    assert "http" not in text
    assert_pictures_are_right(tmp_path / "first/shown")
    assert f"{Path('first/shown/fox-1.webp')} · 1008×1008 WEBP · " in text
    assert_nothing_is_left(tmp_path)


async def test_a_second_run_works_over_the_output_of_the_first(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for name in PICTURES:
        (out / name).write_bytes(b"from an earlier run")
    code, text = await played(tmp_path, "--out", str(out), LC_ALL="C", COLUMNS="20")

    assert code == 0, text
    assert_pictures_are_right(out)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--out", "taken/inside"), "--out: taken/inside cannot be written to"),
        (("--port", "70000"), "--port: 70000 is no port"),
        (("--port", "-1"), "--port: -1 is no port"),
    ],
)
async def test_a_wrong_start_is_one_sentence_and_exit_code_2(tmp_path, args, sentence):
    (tmp_path / "taken").write_text("a file, not a folder")
    code, text = await played(tmp_path, *args)

    assert code == 2
    assert sentence in text
    assert len(text.splitlines()) == 1
    assert_nothing_is_left(tmp_path)


async def test_a_port_in_use_is_told_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, text = await played(tmp_path, "--page", "--port", str(port))

    assert code == 2
    assert f"--port: {port} cannot be opened (" in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_page_answers_on_loopback_until_ctrl_c(tmp_path, number):
    async with started(tmp_path, "--page", "--port", "0") as demo:
        await demo.until("Ctrl-C ends everything.")
        [url] = re.findall(r"http://\S+", demo.text)
        parts = urlsplit(url)
        assert parts.hostname == "127.0.0.1"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.status == 200
            assert "channel-composer" in await answer.text()
        assert len(processes_of(tmp_path)) == (2 if HAS_PROC else 0)

        demo.process.send_signal(number)
        assert await demo.end() == 0, demo.text

    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", parts.port), timeout=5)
    assert_nothing_is_left(tmp_path)


@needs_proc
async def test_on_a_terminal_the_page_is_kept_and_ctrl_c_reaches_all(tmp_path):
    master, slave = pty.openpty()
    try:
        async with started(tmp_path, "--port", "0", tty=os.ttyname(slave)) as demo:
            await demo.read_terminal(master, "Ctrl-C ends everything.")
            assert "\x1b[1mNow you" in demo.text
            os.write(master, b"\x03")
            await demo.read_terminal(master, "Stopping the bot")
            assert await demo.process.wait() == 0
    finally:
        os.close(master)
        os.close(slave)
    assert "ended by itself" not in demo.text
    assert_nothing_is_left(tmp_path)


async def test_a_scene_that_is_broken_off_ends_everything(tmp_path):
    async with started(tmp_path) as demo:
        await demo.until("✓ the bot is connected")
        demo.process.send_signal(signal.SIGINT)
        assert await demo.end() == 130, demo.text

    assert "Broken off." in demo.text
    assert_nothing_is_left(tmp_path)


@needs_proc
async def test_a_step_that_does_not_come_true_is_named_and_the_exit_code_is_1(tmp_path):
    async with started(tmp_path) as demo:
        await demo.until("✓ the bot is connected")
        [bot] = [pid for pid in processes_of(tmp_path) if pid != demo.process.pid]
        os.kill(bot, signal.SIGKILL)
        assert await demo.end() == 1

    # On a busy machine alice may have had her first answer before the bot ends.
    assert "✗ This did not come true: two members at once: " in demo.text
    assert "The bot's log ends with:\n" in demo.text
    assert_nothing_is_left(tmp_path)


@needs_proc
async def test_a_bot_that_ends_by_itself_ends_the_page(tmp_path):
    async with started(tmp_path, "--page", "--port", "0") as demo:
        await demo.until("Ctrl-C ends everything.")
        [bot] = [pid for pid in processes_of(tmp_path) if pid != demo.process.pid]
        os.kill(bot, signal.SIGKILL)
        assert await demo.end() == 1

    assert "The bot ended by itself" in demo.text
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("-# small · **bold**", "small · bold"),
        (
            r"“\*\*not bold\*\* \@everyone \<t:5:R\> \\ \_x”",
            r"“**not bold** @everyone <t:5:R> \ _x”",
        ),
        ("resets <t:1795216000:R>, was <t:1795197999:R>", "resets in 5 hours, was 1 second ago"),
        ("<t:1795198000:R> <t:1795370800:R> <t:1795198090:R>", "now in 2 days in 2 minutes"),
        ("on <t:1795198000:f>", "on 20 November 2026 18:06 UTC"),
        ("<@7> in <#8>, not <@9>", "@alice in #pictures, not <@9>"),
        (
            "### By [1 picture](https://discord.com/channels/1/2/3)\n```\nlow  4\n```",
            "By 1 picture\nlow  4",
        ),
    ],
)
def test_markup_is_shown_as_people_see_it(sent, seen):
    now = datetime.fromtimestamp(1_795_198_000, UTC)
    assert readable(sent, {7: "@alice", 8: "#pictures"}, now) == seen
