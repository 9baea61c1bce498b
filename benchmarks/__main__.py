"""Measures the bot, a newcomer's bot and the floor in one run: `python -m benchmarks`.

Both bots run at the same time, each before its own stand-ins, but only one of them has something
to do at any moment: scenario by scenario, one after the other, so that what else the machine does
meets both alike. Linux only. Loopback only.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import click

from benchmarks import floor, machine, table
from benchmarks.bots import Bot, baseline_bot, earlier_bot, our_bot
from benchmarks.figures import Figures
from benchmarks.scenarios import Rhythm, play

FULL = (
    Rhythm("few", count=16, every_s=1.25),
    Rhythm("burst", count=50, every_s=0),
    Rhythm("burst", count=50, every_s=0),
    Rhythm("steady", count=384, every_s=0.1, measured_from=120),
)
QUICK = (
    Rhythm("few", count=4, every_s=1.0),
    Rhythm("burst", count=50, every_s=0),
    Rhythm("steady", count=170, every_s=0.1, measured_from=110),
)
_NAMES = sorted({one.name for one in FULL})
_REST_S = 3.0


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="Under two minutes; fewer jobs, wilder numbers.")
@click.option("--only", multiple=True, type=click.Choice(_NAMES), help="Choose scenarios.")
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=1,
    help="Play the scenarios so many times, the two bots turn about; for small differences.",
)
@click.option("--no-baseline", is_flag=True, help="Leave the newcomer's bot out.")
@click.option(
    "--beside",
    type=click.Path(exists=True, file_okay=False, path_type=Path, resolve_path=True),
    help="Another checkout of this bot, in place of the newcomer's.",
)
@click.option("--set", "extra", multiple=True, metavar="NAME=VALUE", help="Environment of our bot.")
def main(
    *,
    quick: bool,
    only: tuple[str, ...],
    rounds: int,
    no_baseline: bool,
    beside: Path | None,
    extra: tuple[str, ...],
) -> None:
    if sys.platform != "linux":
        raise click.ClickException("processor time and memory are read from Linux's /proc")
    chosen = [one for one in (QUICK if quick else FULL) if not only or one.name in only]
    rhythms = chosen * rounds
    env = {name: value for name, _, value in (one.partition("=") for one in extra)}
    asyncio.run(_main(rhythms, env, beside, has_baseline=not no_baseline))


async def _main(
    rhythms: list[Rhythm], env: dict[str, str], beside: Path | None, *, has_baseline: bool
) -> None:
    started_s = time.monotonic()
    _say(f"floor, {machine.described()}")
    at_the_floor = await floor.measure(50)
    with tempfile.TemporaryDirectory(prefix="imagine-bench-") as folder:
        root = Path(folder)
        async with our_bot(root, env) as ours:
            if has_baseline:
                other = baseline_bot(root)
                if beside is not None:
                    other = earlier_bot(root / "earlier", beside)
                async with other as baseline:
                    reports = await _compare([baseline, ours], rhythms)
            else:
                reports = await _compare([ours], rhythms)
    theirs, mine = reports[0], reports[-1]
    _print_all(table.rows(theirs, mine, at_the_floor), theirs, mine, has_baseline=has_baseline)
    _say(f"{time.monotonic() - started_s:.0f} s in all")


def _print_all(
    rows: list[table.Row], theirs: table.Report, mine: table.Report, *, has_baseline: bool
) -> None:
    if not has_baseline:
        for row in rows:
            row.baseline = row.ratio = "–"
    print(table.markdown(rows))
    print()
    for line in table.stand_in_lines("this bot", mine):
        print(f"- {line}")
    if has_baseline:
        for line in table.stand_in_lines("baseline", theirs):
            print(f"- {line}")
    print(f"- {machine.described()}")


async def _compare(bots: list[Bot], rhythms: list[Rhythm]) -> list[table.Report]:
    await asyncio.sleep(_REST_S)
    at_rest = [machine.memory(bot.pid) for bot in bots]
    found: list[dict[str, Figures]] = [{} for _ in bots]
    pairs = list(zip(bots, found, strict=True))
    for number, rhythm in enumerate(rhythms):
        # Nobody is always the first one.
        for bot, figures in pairs[:: -1 if number % 2 else 1]:
            _say(f"{rhythm.name}, {bot.name}")
            played = await play(bot, rhythm)
            known = figures.get(rhythm.name)
            figures[rhythm.name] = played if known is None else known.plus(played)
    await asyncio.sleep(_REST_S)
    return [
        table.Report(figures, rest, machine.memory(bot.pid))
        for bot, figures, rest in zip(bots, found, at_rest, strict=True)
    ]


def _say(text: str) -> None:
    click.echo(f"… {text}", err=True)


if __name__ == "__main__":
    main()
