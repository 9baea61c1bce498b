"""What is done to a bot: commands in some rhythm, and what became of each of them.

Every loop here has an end: a number of commands, or a deadline.
"""

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from benchmarks import machine
from benchmarks.bots import Bot
from benchmarks.figures import Figures

RUN_S = 10.0
"""How long a job runs at fal."""

_LATE_S = 90.0
"""So long after the last job should have ended its picture is waited for."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When commands are sent.

    Attributes:
        name: Of the scenario.
        count: Commands in all.
        every_s: Seconds between two of them; 0 sends all at once.
        measured_from: The first command whose answer counts, once the scenario is in full swing.
    """

    name: str
    count: int
    every_s: float
    measured_from: int = 0


@dataclass(frozen=True, slots=True)
class _Clocks:
    at_s: float
    bot_s: float
    discord_s: float
    fal_s: float
    waited_s: float


def _clocks(bot: Bot) -> _Clocks:
    places = bot.places
    return _Clocks(
        time.monotonic(),
        machine.cpu_s(bot.pid),
        machine.cpu_s(places.discord_pid),
        machine.cpu_s(places.fal_pid),
        machine.waited_s(bot.pid),
    )


async def play(bot: Bot, rhythm: Rhythm) -> Figures:
    """Send the commands, wait for all pictures, and count."""
    places, figures = bot.places, Figures(jobs=rhythm.count)
    await places.pace(RUN_S)
    before_calls = Counter((await places.fal_state())["counts"])
    first = swing = _clocks(bot)
    sent: dict[str, str] = {}
    if rhythm.every_s == 0:
        many = [_command(bot) for _ in range(rhythm.count)]
        answer = await places.discord("slash", many=many)
        for identity, one in zip(answer["ids"], many, strict=True):
            sent[identity] = one["options"]["prompt"]
    else:
        for number in range(rhythm.count):
            if number == rhythm.measured_from:
                swing = _clocks(bot)
            await _until(first.at_s + number * rhythm.every_s)
            one = _command(bot)
            (identity,) = (await places.discord("slash", **one))["ids"]
            sent[identity] = one["options"]["prompt"]
    full = _clocks(bot)
    figures.running_max = (await places.fal_state())["running"]
    timings = await _pictured(bot, list(sent))
    last = _clocks(bot)
    _note_clocks(figures, (first, swing, full, last))
    state = await places.fal_state()
    figures.fal_calls = dict(Counter(state["counts"]) - before_calls)
    figures.running_max = max(figures.running_max, len(sent) if rhythm.every_s == 0 else 0)
    _note_timings(figures, timings, list(sent.items()), state, rhythm.measured_from)
    return figures


def _command(bot: Bot) -> dict[str, Any]:
    number = next(_numbers)
    return bot.places.command(number, f"a lighthouse at dusk, number {number}")


async def _until(at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s - time.monotonic()))


async def _pictured(bot: Bot, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Ask once a second for what has no picture yet, until all have one or it is too late."""
    found: dict[str, dict[str, Any]] = {}
    deadline_s = time.monotonic() + RUN_S + _LATE_S
    missing = ids
    while missing and time.monotonic() < deadline_s:
        await asyncio.sleep(1.0)
        answer = await bot.places.discord("timings", ids=missing)
        found |= {one["id"]: one for one in answer["timings"]}
        missing = [one for one in missing if found[one]["pictures_s"] is None]
    return found


def _note_clocks(figures: Figures, clocks: tuple[_Clocks, _Clocks, _Clocks, _Clocks]) -> None:
    first, swing, full, last = clocks
    figures.took_s = last.at_s - first.at_s
    figures.bot_cpu_s = last.bot_s - first.bot_s
    figures.discord_cpu_s = last.discord_s - first.discord_s
    figures.fal_cpu_s = last.fal_s - first.fal_s
    figures.waited_s = last.waited_s - first.waited_s
    span_s = full.at_s - swing.at_s
    if span_s > 1:
        figures.busy = (full.bot_s - swing.bot_s) / span_s
        figures.busy_discord = (full.discord_s - swing.discord_s) / span_s
        figures.busy_fal = (full.fal_s - swing.fal_s) / span_s


def _note_timings(
    figures: Figures,
    timings: dict[str, dict[str, Any]],
    sent: list[tuple[str, str]],
    state: dict[str, Any],
    measured_from: int,
) -> None:
    ended_ms = {job["prompt"]: job["ended_at_ms"] for job in state["jobs"]}
    to_wall_s = machine.wall_minus_monotonic_s()
    for number, (identity, prompt) in enumerate(sent):
        timing = timings[identity]
        if number >= measured_from and timing["answer_s"] is not None:
            figures.answers_s.append(timing["answer_s"])
        if timing["pictures_s"] is None:
            figures.lost += 1
        elif ended_ms.get(prompt):
            visible_s = timing["sent_s"] + timing["pictures_s"] + to_wall_s
            figures.pictures_s.append(visible_s - ended_ms[prompt] / 1000)
