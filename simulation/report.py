"""Tells many histories, and says which promises did not hold, how often and since which seed."""

import atexit
import gc
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from simulation.history import Outcome, Stage, fast_folder, tell
from simulation.inline_postgres import Server
from tests import postgres

_STORY_SHOWN = 40


@dataclass(frozen=True)
class Wanted:
    """What to tell.

    Attributes:
        only: Just these troubles; empty for any mixture.
    """

    first: int
    count: int
    only: tuple[str, ...] = ()
    jobs: int = 1
    postgres: bool = False

    def command(self, seed: int) -> str:
        """The command that tells one history again."""
        parts = [f"python -m simulation --from {seed} --seeds 1 --story"]
        parts += [f"--only {trouble!r}" for trouble in self.only]
        if self.postgres:
            parts.append("--postgres")
        return " ".join(parts)


@dataclass
class Tally:
    """How often something was found.

    Attributes:
        first: The first seed, as a number counted from the first one told.
    """

    count: int = 0
    first: int = -1
    example: str = ""

    def add(self, seed: int, example: str) -> None:
        """Count one more."""
        self.count += 1
        if self.first < 0 or seed < self.first:
            self.first, self.example = seed, example


@dataclass
class Report:
    """What came out of all histories."""

    told: int = 0
    failed: int = 0
    jobs: int = 0
    promises: dict[str, Tally] = field(default_factory=dict)
    causes: dict[str, Tally] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Count a history in."""
        self.told += 1
        self.jobs += outcome.jobs
        broken = outcome.broken
        if broken is None:
            return
        self.failed += 1
        self.promises.setdefault(broken.invariant, Tally()).add(outcome.seed, broken.what)
        for cause in broken.causes:
            key = f"{cause}: {broken.invariant}"
            self.causes.setdefault(key, Tally()).add(outcome.seed, broken.what)


def outcomes(wanted: Wanted) -> Iterator[Outcome]:
    """Tell the histories in the order of their seeds."""
    seeds = range(wanted.first, wanted.first + wanted.count)
    with fast_folder() as folder:
        if wanted.jobs == 1:
            stage = _stage(folder, wanted)
            for seed in seeds:
                yield tell(stage, seed, wanted.only)
            return
        start = (folder, wanted)
        # A pool of `multiprocessing` would wait for ever for what a dead process was about to tell.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(wanted.jobs, context, _enter, start) as pool:
            yield from pool.map(_one, seeds, chunksize=8)


def _stage(folder: Path, wanted: Wanted) -> Stage:
    server = None
    if wanted.postgres:
        running = postgres.start()
        atexit.register(running.stop)
        server = Server(running.url(running.create_database()))
    stage = Stage(folder, server)
    # What is there by now stays; the collector need not look at it after each history.
    gc.collect()
    gc.freeze()
    return stage


_shared: tuple[Wanted, Stage] | None = None


def _enter(folder: Path, wanted: Wanted) -> None:
    global _shared  # noqa: PLW0603 - each worker process has its own
    own = folder / str(os.getpid())
    own.mkdir()
    _shared = wanted, _stage(own, wanted)


def _one(seed: int) -> Outcome:
    assert _shared is not None
    wanted, stage = _shared
    return tell(stage, seed, wanted.only)


def run(wanted: Wanted, *, shows_stories: bool, shows_causes: bool) -> int:
    """Tell and report.

    Returns:
        The exit code: 1 where a promise was broken.
    """
    report, began = Report(), time.perf_counter()
    has_died = False
    try:
        for outcome in outcomes(wanted):
            is_new = outcome.broken is not None and outcome.broken.invariant not in report.promises
            report.add(outcome)
            if shows_stories or is_new:
                _print_story(wanted, outcome, whole=shows_stories)
    except BrokenProcessPool:
        has_died = True
        after = wanted.first + report.told
        print(f"\nA process that told histories died. Go on with --from {after}.")
    spent_s = time.perf_counter() - began
    _print_summary(report, spent_s)
    if shows_causes:
        _print_causes(report)
    return 1 if report.failed or has_died else 0


def _print_story(wanted: Wanted, outcome: Outcome, *, whole: bool) -> None:
    lines = outcome.story if whole else outcome.story[-_STORY_SHOWN:]
    broken = outcome.broken
    verdict = f"BROKEN {broken.invariant}: {broken.what}" if broken else "all promises held"
    print(f"\n── seed {outcome.seed} · {', '.join(sorted(outcome.troubles))}")
    print("\n".join(lines))
    print(f"── seed {outcome.seed}: {verdict}\n   again: {wanted.command(outcome.seed)}")
    sys.stdout.flush()


def _print_summary(report: Report, spent_s: float) -> None:
    rate = 60 * report.told / max(spent_s, 1e-9)
    print(
        f"\n{report.told} histories with {report.jobs} requests in {spent_s:.1f} s "
        f"({rate:.0f} a minute); {report.failed} broke a promise"
    )
    if report.promises:
        print(f"\n{'promise':<36}{'seeds':>7}{'first':>8}")
    for name, tally in sorted(report.promises.items(), key=lambda item: -item[1].count):
        print(f"{name:<36}{tally.count:>7}{tally.first:>8}")


def _print_causes(report: Report) -> None:
    print(f"\n{'trouble: promise':<72}{'seeds':>7}{'first':>8}")
    for name, tally in sorted(report.causes.items()):
        print(f"{name:<72}{tally.count:>7}{tally.first:>8}")
