"""Numbers of a run: percentiles, and what one scenario measured."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; NaN of nothing."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(slots=True)
class Figures:
    """What one scenario measured of one bot.

    Attributes:
        answers_s: From the event to the first answer, each command.
        pictures_s: From fal's end of a job to the picture in the channel, each job.
        jobs: How many commands were sent.
        lost: How many of them brought no picture in time.
        bot_cpu_s: Processor time of the bot over the whole scenario.
        waited_s: How long the bot was ready to run and had to wait for a core.
        busy: Share of one core that the bot used while the answers were measured.
        discord_cpu_s, fal_cpu_s: The same for the stand-ins, to see whether they were the brake.
        fal_calls: Requests to fal by name.
        running_max: The most jobs that ran at fal at once.
    """

    answers_s: list[float] = field(default_factory=list[float])
    pictures_s: list[float] = field(default_factory=list[float])
    jobs: int = 0
    lost: int = 0
    bot_cpu_s: float = 0.0
    discord_cpu_s: float = 0.0
    fal_cpu_s: float = 0.0
    took_s: float = 0.0
    waited_s: float = 0.0
    busy: float = 0.0
    busy_discord: float = 0.0
    busy_fal: float = 0.0
    fal_calls: dict[str, int] = field(default_factory=dict[str, int])
    running_max: int = 0

    def plus(self, other: "Figures") -> "Figures":
        """The same scenario played again; shares of a core are those of the first time."""
        return replace(
            self,
            answers_s=self.answers_s + other.answers_s,
            pictures_s=self.pictures_s + other.pictures_s,
            jobs=self.jobs + other.jobs,
            lost=self.lost + other.lost,
            bot_cpu_s=self.bot_cpu_s + other.bot_cpu_s,
            discord_cpu_s=self.discord_cpu_s + other.discord_cpu_s,
            fal_cpu_s=self.fal_cpu_s + other.fal_cpu_s,
            took_s=self.took_s + other.took_s,
            waited_s=self.waited_s + other.waited_s,
            fal_calls=dict(Counter(self.fal_calls) + Counter(other.fal_calls)),
        )

    @property
    def cpu_per_job_s(self) -> float:
        """Processor seconds of the bot for each job."""
        return self.bot_cpu_s / self.jobs if self.jobs else math.nan

    @property
    def fal_requests_per_job(self) -> float:
        """Requests to fal's queue for each job; pictures apart."""
        calls = sum(n for name, n in self.fal_calls.items() if name != "media")
        return calls / self.jobs if self.jobs else math.nan

    @property
    def downloads_per_job(self) -> float:
        """Requests for pictures for each job."""
        return self.fal_calls.get("media", 0) / self.jobs if self.jobs else math.nan
