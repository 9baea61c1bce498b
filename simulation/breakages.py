"""Breaks the bot on purpose, one line at a time, and tells after how many histories it is caught.

`python -m simulation.breakages [--seeds N] [NAME ...]`. A breakage is a replacement in the source
of one function, or in a constant: where the source has changed so that it no longer fits, it says
so instead of passing for caught.
"""

import argparse
import contextlib
import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from unittest.mock import patch

from simulation.history import Stage, fast_folder, tell

_SEEDS = 60


@dataclass(frozen=True)
class Breakage:
    """One thing done wrong.

    Attributes:
        where: Module and the path in it, such as `bot.services.books:Books.deliver`.
        old: What stands there exactly once.
        new: What is put in its place.
        only: The troubles in which it shows; empty for any mixture.
    """

    name: str
    where: str
    old: str
    new: str
    only: tuple[str, ...] = ()


class DoesNotFit(Exception):
    """The source is no longer what the breakage was written for."""


BREAKAGES: tuple[Breakage, ...] = (
    Breakage(
        "settle although the hold is resolved",
        "bot.storage.ledger:_RESOLVE",
        "AND ($3 = 'adjust') = EXISTS (",
        "AND ($3 = 'adjust' OR TRUE) = EXISTS (",
    ),
    Breakage(
        "do not check the stored state",
        "bot.storage.jobs:_ADVANCE",
        "WHERE id = $1 AND state = $2",
        "WHERE id = $1 AND $2 = $2",
        ("cancels", "two processes"),
    ),
    Breakage(
        "a release gives back nothing",
        "bot.storage.ledger:_MOVE_TOTALS",
        "images = totals.images + change.images",
        "images = totals.images",
    ),
    Breakage(
        "charge for pictures that did not arrive",
        "bot.services.books:returned_charge",
        "Usage(missing, ",
        "Usage(0, ",
        ("discord closed",),
    ),
    Breakage(
        "every unclear submit is sent again",
        "bot.fal.queue:FalQueue.submit",
        "raise SubmitUnclear(named(error)) from None",
        "raise NotSent(named(error)) from None",
        ("submit answer lost",),
    ),
    Breakage(
        "the members' limits have one picture more",
        "bot.core.gifts:shortfall",
        "pot.used + asked - pot.rule.amount",
        "pot.used + asked - pot.rule.amount - 1",
        ("tight caps", "insistent member"),
    ),
)


def broken(breakage: Breakage) -> contextlib.AbstractContextManager[Any]:
    """Break the bot for the time of a block.

    Raises:
        DoesNotFit: There is no such place, or the text does not stand there exactly once.
    """
    module_name, _, path = breakage.where.partition(":")
    module = importlib.import_module(module_name)
    owner, name = _owner(module, path, breakage)
    found: object = owner.__dict__.get(name)
    if isinstance(found, str):
        return patch.object(owner, name, _replaced(breakage, found))
    if not inspect.isfunction(found):
        raise DoesNotFit(f"{breakage.name}: {breakage.where} is no function and no text")
    source = _replaced(breakage, textwrap.dedent(inspect.getsource(found)))
    made: dict[str, Any] = {}
    exec(compile(source, f"<{breakage.name}>", "exec"), module.__dict__, made)  # noqa: S102 - our own source
    return patch.object(owner, name, made[name])


def _owner(module: ModuleType, path: str, breakage: Breakage) -> tuple[Any, str]:
    owner: Any = module
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part, None)
    if owner is None or name not in owner.__dict__:
        raise DoesNotFit(f"{breakage.name}: there is no {breakage.where}")
    return owner, name


def _replaced(breakage: Breakage, text: str) -> str:
    if text.count(breakage.old) != 1:
        raise DoesNotFit(f"{breakage.name}: {breakage.where} does not hold “{breakage.old}” once")
    return text.replace(breakage.old, breakage.new)


def caught_after(stage: Stage, breakage: Breakage, seeds: int) -> tuple[int, str] | None:
    """Tell histories with the breakage until a promise is broken.

    Returns:
        How many it took, and the promise; None where none of them noticed.
    """
    with broken(breakage):
        for seed in range(seeds):
            found = tell(stage, seed, breakage.only).broken
            if found is not None:
                return seed + 1, found.invariant
    return None


def report(names: list[str], seeds: int) -> Iterator[tuple[Breakage, tuple[int, str] | None]]:
    """Try the named breakages, or all of them."""
    with fast_folder() as folder:
        stage = Stage(folder)
        for breakage in BREAKAGES:
            if not names or breakage.name in names:
                yield breakage, caught_after(stage, breakage, seeds)


def main(arguments: list[str] | None = None) -> int:
    """Read the options and report; 1 where a breakage was not noticed."""
    parser = argparse.ArgumentParser(prog="python -m simulation.breakages", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--seeds", type=int, default=_SEEDS, help=f"at most so many ({_SEEDS})")
    given = parser.parse_args(arguments)
    missed = 0
    print(f"{'breakage':<48}{'histories':>10}  promise")
    for breakage, found in report(given.names, given.seeds):
        missed += found is None
        after, promise = found or ("-", "NOT NOTICED")
        print(f"{breakage.name:<48}{after:>10}  {promise}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
