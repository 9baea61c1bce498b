"""One seed, one history: from an empty database to the last look at the books."""

import asyncio
import contextlib
import logging
import random
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from bot.storage.database import migrate, open_database
from simulation import invariants, reading
from simulation.discord import Discord
from simulation.fal import Fal
from simulation.fal_answers import OUTAGE_NOISE
from simulation.inline_postgres import PostgresHouse, Server
from simulation.inline_sqlite import SqliteHouse
from simulation.invariants import first_broken
from simulation.loop import Stuck, VirtualLoop
from simulation.people import People, host_limits
from simulation.process import bury, note_birth, silence
from simulation.process import current as process_now
from simulation.scene import Scene
from simulation.storage_faults import StorageFaults
from simulation.town import Town
from simulation.weather import choose
from simulation.world import BrokenPromise, World

_WAIT_FIRST_S, _WAIT_MAX_S = 2.0, 6 * 3600.0
_WATCH_S = 600.0
_WATCH_CALM_S = 6 * 3600.0
_DAYS_MAX = 9
_CALM_AFTER_S = 400.0


@dataclass(frozen=True)
class Outcome:
    """What became of a history.

    Attributes:
        broken: The promise that did not hold, None where all did.
        digest: Equal for two runs of one seed.
    """

    seed: int
    broken: BrokenPromise | None
    story: list[str]
    digest: str
    troubles: frozenset[str]
    jobs: int
    steps: int
    crossings: int
    end_s: float


@contextlib.contextmanager
def fast_folder() -> Iterator[Path]:
    """A folder in memory, where there is such a place."""
    base = Path("/dev/shm")  # noqa: S108 - tempfile makes the name
    where = str(base) if base.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="simulation-", dir=where) as folder:
        yield Path(folder)


class Stage:
    """What many histories share: a folder with a migrated database to copy."""

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self.folder = folder
        self.server = server
        self._template = self.folder / "template.db"
        asyncio.run(self._migrate())

    async def _migrate(self) -> None:
        database = await open_database(f"sqlite:///{self._template}")
        try:
            await migrate(database)
        finally:
            await database.close()

    def room(self, seed: int) -> Path:
        """Make a folder for a history, with its database."""
        room = self.folder / str(seed)
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir()
        shutil.copyfile(self._template, room / "bot.db")
        return room


def tell(stage: Stage, seed: int, only: tuple[str, ...] = ()) -> Outcome:
    """Tell the history of a seed."""
    room = stage.room(seed)
    try:
        with _seeded(seed), silence():
            return _tell(stage, room, seed, only)
    finally:
        shutil.rmtree(room, ignore_errors=True)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Take identifiers and jitter from the seed too, and keep the log quiet."""
    ids = random.Random(f"{seed}: ids")
    before = random.getstate()
    random.seed(f"{seed}: jitter")
    logging.disable(logging.CRITICAL)
    try:
        with patch.object(secrets, "randbits", ids.getrandbits):
            yield
    finally:
        logging.disable(logging.NOTSET)
        random.setstate(before)


def _tell(stage: Stage, room: Path, seed: int, only: tuple[str, ...]) -> Outcome:
    loop = VirtualLoop()
    loop.born = note_birth
    dice = random.Random(f"{seed}: dice")
    latency = random.Random(f"{seed}: latency")
    world = World(seed, loop, choose(dice, only), dice, latency)
    history = _History(world, room, stage.server)
    try:
        try:
            loop.run_until_complete(history.run())
        except Stuck as error:
            world.fail(BrokenPromise("the history goes on", str(error), frozenset(world.fired)))
        except BrokenPromise as broken:
            world.fail(broken)
    finally:
        history.close()
        bury(loop, history.town.processes)
    return Outcome(
        seed=seed,
        broken=world.failure,
        story=world.story,
        digest=world.digest,
        troubles=world.weather.troubles,
        jobs=len(history.people.presses),
        steps=loop.steps,
        crossings=world.crossings,
        end_s=world.now_s,
    )


class _History:
    def __init__(self, world: World, room: Path, server: Server | None) -> None:
        self._world = world
        self._room = room
        self._faults = StorageFaults(world)
        self._tokens: dict[str, str] = {}
        self._seen: set[str] = set()
        self.fal = Fal(world)
        self.discord = Discord(world)
        if server is None:
            self._reader: reading.Reader = reading.SqliteReader(room / "bot.db")
            storage = SqliteHouse(room / "bot.db", world, self._faults, self._look)
        else:
            server.empty()
            self._reader = reading.ServerReader(server)
            storage = PostgresHouse(server, world, self._faults, self._look)
        self.town = Town(world, self.fal, self.discord, storage, room, host_limits(world))
        self.people = People(world, self.town)

    def close(self) -> None:
        """Close what the world itself holds open."""
        for process in self.town.processes:
            process.kill()
        self._reader.close()

    async def run(self) -> None:
        """Live through it, and look at the books at the end."""
        world = self._world
        world.tell(f"troubles: {', '.join(sorted(world.weather.troubles))}")
        self._plan()
        living = asyncio.ensure_future(self._live())
        watching = asyncio.ensure_future(self._watch())
        await asyncio.wait({living, watching, world.over}, return_when="FIRST_COMPLETED")
        for task in (living, watching):
            if task.done():
                task.result()
        if world.failure is None:
            self._judge(invariants.AT_THE_END)

    def _scene(self) -> Scene:
        return Scene(
            self._world,
            self.fal,
            self.discord,
            self.people,
            self._reader,
            self._room / "undelivered",
            self.town.limits,
            self._tokens,
            self._seen,
        )

    def _look(self) -> None:
        """After a commit."""
        self._judge(invariants.ALWAYS)

    def _judge(self, promises: tuple[invariants.Promise, ...]) -> None:
        world = self._world
        if world.failure is None:
            broken = first_broken(self._scene(), promises)
            if broken is not None:
                world.fail(broken)

    # What goes wrong at its own time

    def _plan(self) -> None:
        world, dice = self._world, self._world.dice
        if world.weather.has("crash"):
            world.crash_at = int(2 ** dice.uniform(3.0, 10.0))
        spans = self._spans
        self._faults.away = spans("database away", (0.5, 3.0, 30.0, 400.0))
        self._faults.full = spans("disk full", (3.0, 60.0, 900.0))
        if world.weather.has("crash after an answer"):
            world.on_answer = self._crash_after_answer
        self.fal.locks = spans("account locked", (10.0, 300.0, 3000.0))
        self.fal.refusals = spans("key refused", (2.0, 60.0, 900.0))
        self.discord.away = spans("discord busy", (5.0, 60.0, 1200.0))
        self.fal.outages = [
            (start, end, dice.choice(OUTAGE_NOISE))
            for start, end in spans("fal outage", (3.0, 60.0, 600.0, 5000.0))
        ]

    def _spans(self, trouble: str, lengths_s: tuple[float, ...]) -> list[tuple[float, float]]:
        world, dice = self._world, self._world.dice
        if not world.weather.has(trouble):
            return []
        found: list[tuple[float, float]] = []
        for _ in range(dice.choice((1, 1, 2))):
            start_s = dice.uniform(0.0, 120.0)
            found.append((start_s, start_s + dice.choice(lengths_s)))
        world.pauses += found
        return found

    def _crash_after_answer(self) -> None:
        """Let the database go away under a fresh ticket, and the process die before it is back."""
        world, process = self._world, process_now()
        if process is not None and world.strikes("crash after an answer", 0.4):
            span = (world.now_s, world.now_s + world.dice.choice((10.0, 60.0)))
            self._faults.away.append(span)
            world.pauses.append(span)
            world.loop.call_later(world.dice.uniform(6.0, 9.0), world.kill, process)

    async def _live(self) -> None:
        world = self._world
        keeping = asyncio.ensure_future(self.town.keep())
        await self.town.start()
        troubles = [self._stops(), self._clock_jumps()]
        await asyncio.gather(self.people.live(), *troubles)
        await asyncio.sleep(max(0.0, _CALM_AFTER_S - world.now_s))
        world.is_calm = True
        world.calm_s = world.now_s
        world.crash_at = -1
        world.tell("from here on nothing new goes wrong")
        await self._until_settled()
        self.town.is_over = True
        keeping.cancel()

    async def _stops(self) -> None:
        world, dice = self._world, self._world.dice
        for trouble in ("impatient stop", "two processes"):
            if world.weather.has(trouble):
                await asyncio.sleep(dice.uniform(1.0, 60.0))
                await self.town.stop_and_start(is_overlapping=trouble == "two processes")

    async def _clock_jumps(self) -> None:
        world, dice = self._world, self._world.dice
        if not world.weather.has("clock jump"):
            return
        for _ in range(dice.choice((1, 2, 4))):
            await asyncio.sleep(dice.uniform(1.0, 90.0))
            hours = dice.choice((-26, -3, -1, 1, 7, 30, 24 * 40))
            world.wall_offset_ms += hours * 3_600_000
            world.fired.add("clock jump")
            world.tell(f"the clock jumps by {hours} h")

    async def _until_settled(self) -> None:
        """Wait until nothing is under way any more, or for more days than anything may take."""
        world, wait_s = self._world, _WAIT_FIRST_S
        last_s = world.now_s + _DAYS_MAX * 24 * 3600
        while world.now_s < last_s:
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 1.5, _WAIT_MAX_S)
            if self._is_settled():
                return

    def _is_settled(self) -> bool:
        if self.town.house is None:
            return False
        if any(one.end_s > self._world.now_s for one in self.fal.jobs.values()):
            return False
        scene = self._scene()
        for account in scene.accounts.values():
            if not account.is_ended or account.is_searched:
                return False
            if account.token is not None and account.state != "delivered":
                return False
        return True

    async def _watch(self) -> None:
        """Look now and then whether somebody waits too long."""
        while True:
            is_slow = self._world.is_calm_for(_WATCH_CALM_S)
            await asyncio.sleep(_WATCH_CALM_S if is_slow else _WATCH_S)
            self._judge(invariants.NOW_AND_THEN)
