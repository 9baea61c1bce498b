"""The command: `python -m simulation --seeds N [--from S] [--only TROUBLE] [--postgres]`."""

import argparse
import sys

from simulation.report import Wanted, run
from simulation.weather import SET_PIECES, TROUBLES


def main(arguments: list[str] | None = None) -> int:
    """Read the options and tell the histories; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    add = parser.add_argument
    add("--seeds", type=int, default=200, help="how many histories to tell (200)")
    add("--from", type=int, default=0, dest="first", help="the first seed (0)")
    add("--jobs", type=int, default=1, help="how many processes tell them (1)")
    add(
        "--only",
        action="append",
        choices=TROUBLES + SET_PIECES,
        default=[],
        help="just this trouble; again",
    )
    add("--postgres", action="store_true", help="over PostgreSQL instead of SQLite")
    add("--story", action="store_true", help="print the whole diary of each history")
    add("--causes", action="store_true", help="print what the broken promises are due to")
    given = parser.parse_args(arguments)
    wanted = Wanted(given.first, given.seeds, tuple(given.only), given.jobs, given.postgres)
    return run(wanted, shows_stories=given.story, shows_causes=given.causes)


if __name__ == "__main__":
    sys.exit(main())
