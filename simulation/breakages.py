"""Breaks the bot on purpose, one line at a time, and tells after how many histories it is caught.

`python -m simulation.breakages [--seeds N] [NAME ...]`. A breakage is a replacement in the source
of one function, or in a constant: where the source has changed so that it no longer fits, it says
so instead of passing for caught.
"""

import argparse
import ast
import contextlib
import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest.mock import patch

from simulation.breakage_table import BREAKAGES, Breakage
from simulation.history import Stage, fast_folder, tell

_SEEDS = 60


class DoesNotFit(Exception):
    """The source is no longer what the breakage was written for."""


def broken(breakage: Breakage) -> contextlib.AbstractContextManager[Any]:
    """Break the bot for the time of a block.

    Raises:
        DoesNotFit: There is no such place, or the text does not stand there exactly once.
    """
    module_name, _, path = breakage.where.partition(":")
    module = importlib.import_module(module_name)
    owner, name = _owner(module, path, breakage)
    found: object = owner.__dict__[name]
    if isinstance(found, str):
        return patch.object(owner, name, _replaced(breakage, found))
    if inspect.isfunction(found):
        source, names = textwrap.dedent(inspect.getsource(found)), found.__globals__
    elif owner is module:
        source, names = _assignment(module, name, breakage), module.__dict__
    else:
        raise DoesNotFit(f"{breakage.name}: {breakage.where} is neither function nor constant")
    made: dict[str, Any] = {}
    code = compile(_replaced(breakage, source), f"<{breakage.name}>", "exec")
    exec(code, names, made)  # noqa: S102 - our own source
    return patch.object(owner, name, made[name])


def _owner(module: ModuleType, path: str, breakage: Breakage) -> tuple[Any, str]:
    owner: Any = module
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part, None)
    if owner is None or name not in owner.__dict__:
        raise DoesNotFit(f"{breakage.name}: there is no {breakage.where}")
    return owner, name


def _assignment(module: ModuleType, name: str, breakage: Breakage) -> str:
    """Find the source of the statement that gives a constant of a module its value."""
    text = inspect.getsource(module)
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else ()
        if isinstance(node, ast.AnnAssign):
            targets = (node.target,)
        if any(isinstance(one, ast.Name) and one.id == name for one in targets):
            return ast.get_source_segment(text, node) or ""
    raise DoesNotFit(f"{breakage.name}: {breakage.where} is not assigned there")


def _replaced(breakage: Breakage, text: str) -> str:
    if text.count(breakage.old) != 1:
        raise DoesNotFit(f"{breakage.name}: {breakage.where} does not hold “{breakage.old}” once")
    return text.replace(breakage.old, breakage.new)


def caught_after(stage: Stage, breakage: Breakage, seeds: int) -> tuple[int, str] | None:
    """Tell histories with the breakage until a promise is broken that holds without it.

    Returns:
        How many it took, and the promise; None where none of them noticed.
    """
    for seed in range(seeds):
        with broken(breakage):
            found = tell(stage, seed, breakage.only).broken
        # A history that fails anyway says nothing about the breakage.
        if found is not None and tell(stage, seed, breakage.only).broken is None:
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
    print(f"{'breakage':<56}{'histories':>10}  promise")
    for breakage, found in report(given.names, given.seeds):
        missed += found is None
        after, promise = found or ("-", "NOT NOTICED")
        print(f"{breakage.name:<56}{after:>10}  {promise}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
