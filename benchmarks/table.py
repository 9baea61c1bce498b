"""The table: what was measured of each bot, beside the floor and the aim."""

import math
from dataclasses import dataclass

from benchmarks.figures import Figures, percentile
from benchmarks.machine import Memory


@dataclass(slots=True)
class Report:
    """All that one bot did: figures by scenario, and its memory."""

    scenarios: dict[str, Figures]
    at_rest: Memory
    at_end: Memory

    @property
    def jobs(self) -> int:
        """All jobs that the bot did."""
        return sum(one.jobs for one in self.scenarios.values())


@dataclass(slots=True)
class Row:
    """One measure, written out; less is better in all of them."""

    measure: str
    baseline: str
    ours: str
    floor: str
    aim: str
    ratio: str = ""


def ms(values: list[float], *shares: float) -> str:
    """Percentiles in whole milliseconds."""
    found = [percentile(values, share) for share in shares]
    return " / ".join("–" if math.isnan(one) else f"{one * 1000:.0f}" for one in found)


def ratio(baseline: float, ours: float) -> str:
    """How many times less than the baseline."""
    if math.isnan(baseline) or math.isnan(ours) or ours == 0:
        return "–"
    return f"{baseline / ours:.1f}×"


def rows(baseline: Report, ours: Report, floor: dict[str, Figures]) -> list[Row]:
    """One row for each measure that both bots have."""
    found: list[Row] = []
    theirs, mine = baseline.scenarios, ours.scenarios
    alone, crowd = floor["one by one"], floor["all at once"]
    if "steady" in mine:
        found += _steady(theirs["steady"], mine["steady"], alone)
    if "few" in mine:
        found += _few(theirs["few"], mine["few"], alone)
    if "burst" in mine:
        found += _burst(theirs["burst"], mine["burst"], alone, crowd)
    found += [
        Row(
            "memory at rest, MiB resident (private)",
            _mib(baseline.at_rest), _mib(ours.at_rest), "–", "80",
            ratio(baseline.at_rest.resident_mib, ours.at_rest.resident_mib),
        ),
        Row(
            f"memory after {ours.jobs} jobs, MiB resident (private)",
            _mib(baseline.at_end), _mib(ours.at_end), "–", "110 (after 500)",
            ratio(baseline.at_end.resident_mib, ours.at_end.resident_mib),
        ),
    ]  # fmt: skip
    return found


def _steady(theirs: Figures, mine: Figures, floor: Figures) -> list[Row]:
    flying = f"{mine.running_max} jobs in flight"
    return [
        Row(
            f"first answer, {flying}, p50/p99 ms",
            ms(theirs.answers_s, 0.5, 0.99), ms(mine.answers_s, 0.5, 0.99),
            ms(floor.answers_s, 0.5, 0.99), "5 / 50",
            _ratio_of(theirs.answers_s, mine.answers_s),
        ),
        Row(
            f"share of a core meanwhile, {flying}",
            f"{theirs.busy:.2f}", f"{mine.busy:.2f}", "–", "0.50", ratio(theirs.busy, mine.busy),
        ),
        Row(
            f"fal done → picture visible, {flying}, p50/p99 ms",
            ms(theirs.pictures_s, 0.5, 0.99), ms(mine.pictures_s, 0.5, 0.99),
            ms(floor.pictures_s, 0.5, 0.99), "–", _ratio_of(theirs.pictures_s, mine.pictures_s),
        ),
        _cpu_row(f"CPU seconds per job, {flying}", theirs, mine, floor),
    ]  # fmt: skip


def _few(theirs: Figures, mine: Figures, floor: Figures) -> list[Row]:
    return [
        Row(
            "first answer, few jobs, p50 ms",
            ms(theirs.answers_s, 0.5), ms(mine.answers_s, 0.5), ms(floor.answers_s, 0.5), "–",
            _ratio_of(theirs.answers_s, mine.answers_s),
        ),
        Row(
            "fal done → picture visible, few jobs, p50 ms",
            ms(theirs.pictures_s, 0.5), ms(mine.pictures_s, 0.5), ms(floor.pictures_s, 0.5), "30",
            _ratio_of(theirs.pictures_s, mine.pictures_s),
        ),
        _cpu_row("CPU seconds per job, few jobs", theirs, mine, floor),
        Row(
            "fal requests per job + downloads",
            _calls(theirs), _calls(mine), "0.0 + 1.0", "3 + 1",
            ratio(theirs.fal_requests_per_job, mine.fal_requests_per_job),
        ),
    ]  # fmt: skip


def _burst(theirs: Figures, mine: Figures, alone: Figures, crowd: Figures) -> list[Row]:
    name = f"{mine.jobs} commands in bursts of 50"
    return [
        Row(
            f"first answer, {name}, p50/p99 ms",
            ms(theirs.answers_s, 0.5, 0.99), ms(mine.answers_s, 0.5, 0.99), "–", "–",
            _ratio_of(theirs.answers_s, mine.answers_s),
        ),
        Row(
            f"fal done → picture visible, {name}, p50/p99 ms",
            ms(theirs.pictures_s, 0.5, 0.99), ms(mine.pictures_s, 0.5, 0.99),
            f"{ms(alone.pictures_s, 0.5, 0.99)} (all at once: {ms(crowd.pictures_s, 0.5, 0.99)})",
            "100 / 400", _ratio_of(theirs.pictures_s, mine.pictures_s),
        ),
        _cpu_row(f"CPU seconds per job, {name}", theirs, mine, alone),
    ]  # fmt: skip


def _cpu_row(measure: str, theirs: Figures, mine: Figures, floor: Figures) -> Row:
    low, middle, high = (f"{one.cpu_per_job_s:.4f}" for one in (floor, mine, theirs))
    return Row(measure, high, middle, low, "0.05", ratio(theirs.cpu_per_job_s, mine.cpu_per_job_s))


def _calls(figures: Figures) -> str:
    return f"{figures.fal_requests_per_job:.1f} + {figures.downloads_per_job:.1f}"


def _mib(memory: Memory) -> str:
    return f"{memory.resident_mib:.0f} ({memory.private_mib:.0f})"


def _ratio_of(theirs: list[float], mine: list[float]) -> str:
    return ratio(percentile(theirs, 0.5), percentile(mine, 0.5))


def markdown(found: list[Row]) -> str:
    """The rows as a table of Markdown."""
    heading = Row("measure", "baseline", "this bot", "floor", "aim", "baseline : this bot")
    line = "|" + "|".join(["---", *["---:"] * 5]) + "|"
    shown = [
        f"| {row.measure} | {row.baseline} | {row.ours} | {row.floor} | {row.aim} | {row.ratio} |"
        for row in (heading, *found)
    ]
    return "\n".join([shown[0], line, *shown[1:]])


def stand_in_lines(name: str, report: Report) -> list[str]:
    """What the stand-ins themselves cost, to see whether they were the brake."""
    return [
        f"{name}, {scenario}: {one.jobs} jobs in {one.took_s:.0f} s, {one.lost} lost; "
        f"CPU seconds per job of the stand-in Discord {one.discord_cpu_s / one.jobs:.3f}, "
        f"of the stand-in fal {one.fal_cpu_s / one.jobs:.3f}; "
        f"the bot waited {one.waited_s / one.jobs:.3f} s per job for a core"
        + (
            f"; shares of a core in full swing {one.busy_discord:.2f} and {one.busy_fal:.2f}"
            if one.busy
            else ""
        )
        for scenario, one in report.scenarios.items()
    ]
