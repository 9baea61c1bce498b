"""fal with a bill: what it accepted, what it made, what it charges for.

This is the truth of a history. Requests live by the clock alone: when one starts, ends and how is
decided when it is accepted, and whoever asks later is told what holds at that instant, or whatever
stands between fal and the bot says instead.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from bot.core.models.gpt_image_2 import GPT_IMAGE_2, Quality
from bot.core.models.options import Size
from bot.core.models.prices import Ask
from simulation import fal_answers as answers
from simulation.fal_answers import NOISE, Reply
from simulation.world import World

QUEUE = "https://queue.fal.run"
API = "https://api.fal.ai/v1"
MODEL = "openai/gpt-image-2"
KEY = "name:secret"
ADMIN_KEY = "admin:secret"
MEDIA_HOST = "v3b.fal.media"
FOREIGN_HOST = "cdn.elsewhere.example"
START_LIMIT_S = 3600.0
HUGE_MICROUSD = 4000 * 1_000_000

_NOISE_SPANS_S = (0.0, 3.0, 30.0, 120.0, 600.0, 2 * 3600.0, 20 * 3600.0)
_OWN_ERROR_MAX_S = 600.0
_DENIED_S = 3 * 3600.0
_NOISE_ODDS = (30, 30, 12, 12, 10, 4, 2)


@dataclass
class Drawn:
    """A picture that fal made.

    Attributes:
        mark: In its bytes, so that it is known wherever it turns up.
        url: None where fal lists it without an address.
        trouble: What the media host says instead of the picture, until `until_s`.
    """

    mark: str
    url: str | None
    trouble: str = ""
    until_s: float = 0.0
    is_foreign: bool = False


@dataclass
class Noise:
    """What stands before one of a request's addresses: so many answers, or so long."""

    kind: str
    until_s: float = 0.0
    answers_left: int = 0


@dataclass
class Job:
    """A request as fal knows it.

    Attributes:
        end: The answer of the result call once it has ended.
        bill_microusd: What fal charges for it, from its end on.
        noise: By operation: `status`, `result` or `cancel`.
        causes: What went wrong with it on purpose.
        hidden_until_s: Nobody but the submit knows of it before.
        known_s: When its id reached the bot; None as long as it has not.
    """

    id: str
    job_id: str
    body: dict[str, Any]
    sent_s: float
    start_s: float
    end_s: float
    end: Reply
    bill_microusd: int
    pictures: list[Drawn]
    noise: dict[str, Noise] = field(default_factory=dict)
    causes: set[str] = field(default_factory=set)
    hidden_until_s: float = 0.0
    known_s: float | None = None
    ignores_cancel: bool = True
    is_removed: bool = False
    asked: int = 0

    @property
    def count(self) -> int:
        """How many pictures were asked for."""
        return int(self.body["num_images"])


@dataclass
class Attempt:
    """A submit that reached fal's door.

    Attributes:
        is_proof: The answer proved that nothing was accepted.
    """

    job_id: str
    at_s: float
    is_proof: bool
    request: Job | None = None


class Fal:
    """The queue, its bill and its memory."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.jobs: dict[str, Job] = {}
        self.attempts: list[Attempt] = []
        self.pictures: dict[str, Drawn] = {}
        self.outages: list[tuple[float, float, str]] = []
        self.locks: list[tuple[float, float]] = []
        self.refusals: list[tuple[float, float]] = []
        self.history_lag_s = world.dice.choice((0.0, 1.0, 5.0, 30.0))
        self.history_name = world.dice.choice((MODEL, MODEL, "fal-ai/gpt-image-2"))

    # What is true

    def bill(self, job: Job) -> int:
        """What fal charges for a request by now."""
        return job.bill_microusd if job.end_s <= self.world.now_s else 0

    def made(self, job: Job) -> list[Drawn]:
        """The pictures that exist by now."""
        return job.pictures if job.end_s <= self.world.now_s else []

    def of(self, job_id: str) -> list[Job]:
        """What a job of the bot's became here."""
        return [one for one in self.jobs.values() if one.job_id == job_id]

    # What is said

    def door(self) -> Reply | None:
        """What everybody is told now instead of an answer of fal's."""
        now_s = self.world.now_s
        for start, end, kind in self.outages:
            if start <= now_s < end:
                self.world.fired.add("fal outage")
                return NOISE[kind]("")
        return None

    def is_locked(self) -> bool:
        """Whether the account is locked now."""
        return self._is_in(self.locks, "account locked")

    def refuses_key(self) -> bool:
        """Whether the key is refused now."""
        return self._is_in(self.refusals, "key refused")

    def _is_in(self, spans: list[tuple[float, float]], trouble: str) -> bool:
        found = any(start <= self.world.now_s < end for start, end in spans)
        if found:
            self.world.fired.add(trouble)
        return found

    def accept(self, job_id: str, body: dict[str, Any]) -> Job:
        """Take a request and decide its fate."""
        world = self.world
        number = len(self.jobs) + 1
        request_id = f"{number:08x}-{world.seed & 0xFFFF:04x}-4000-8000-{number:012x}"
        start_s = world.now_s + self._line_s()
        end_s = start_s + world.dice.uniform(2.0, 40.0)
        job = Job(request_id, job_id, body, world.now_s, start_s, end_s, Reply(), 0, [])
        self.jobs[request_id] = job
        job.ignores_cancel = world.chance(0.7)
        self._decide_end(job)
        self._decide_noise(job)
        world.tell(
            f"fal accepts job {job_id} as {number}: {job.end.status} at {job.end_s:.1f}, "
            f"{len(job.pictures)} pictures, {job.bill_microusd} micro-USD"
            + (f", {', '.join(sorted(job.causes))}" if job.causes else "")
        )
        return job

    def _line_s(self) -> float:
        world = self.world
        if world.weather.has("late results") and world.chance(0.4):
            return world.dice.choice((600.0, 2400.0, 5000.0))
        return world.dice.choice((0.1, 0.5, 3.0, 20.0))

    def _hits(self, job: Job, trouble: str, share: float = 1.0) -> bool:
        world = self.world
        if not world.strikes(trouble, world.weather.odds * share):
            return False
        job.causes.add(trouble)
        return True

    def _decide_end(self, job: Job) -> None:
        world = self.world
        if job.start_s - job.sent_s > START_LIMIT_S:
            job.start_s = job.end_s = job.sent_s + START_LIMIT_S
            kind = answers.infrastructure_failure(504, "request_timeout", job.id)
            job.end = kind
            return
        if self._hits(job, "late results", 0.3):
            job.end_s = job.start_s + world.dice.choices((900.0, 7000.0, 30_000.0), (10, 4, 1))[0]
        if self._hits(job, "framework error", 0.8):
            job.end = answers.framework_error(job.id)
        elif self._hits(job, "billed refusals"):
            units = world.dice.choice((4000, 10_000, 53_000))
            job.bill_microusd = units
            job.end = answers.typed_failure(422, "content_policy_violation", job.id, _units(units))
        elif self._hits(job, "failures", 0.7):
            job.end = self._failure(job)
        else:
            self._draw(job)

    def _failure(self, job: Job) -> Reply:
        dice = self.world.dice
        draw = dice.random()
        if draw < 0.3:
            units = dice.choice((None, "0"))
            return answers.typed_failure(422, "content_policy_violation", job.id, units)
        if draw < 0.6:
            status, kind = dice.choice(answers.TYPED_FAILURES)
            return answers.typed_failure(status, kind, job.id, dice.choice((None, "0")))
        if draw < 0.9:
            status, kind = dice.choice(answers.INFRASTRUCTURE_FAILURES)
            return answers.infrastructure_failure(status, kind, job.id)
        # An app's own exception has any status and no type.
        return answers.answer(dice.choice((401, 503)), {"detail": "CUDA error"}, request_id=job.id)

    def _draw(self, job: Job) -> None:
        """Make the pictures, as many as it is told to or nearly so."""
        world, count = self.world, job.count
        if self._hits(job, "extra pictures"):
            count = min(GPT_IMAGE_2.count_max, count + world.dice.choice((1, 3)))
        elif self._hits(job, "fewer pictures") and count > 1:
            count -= 1
        job.pictures = [self._picture(job, number) for number in range(count)]
        if self._hits(job, "nameless picture", 0.8) and count > 1:
            world.dice.choice(job.pictures).url = None
        self.pictures |= {one.url: one for one in job.pictures if one.url is not None}
        images = [
            {"url": one.url, "content_type": "image/png", "width": 1, "height": 1}
            for one in job.pictures
        ]
        headers = self._charge(job)
        job.end = answers.answer(200, {"images": images}, request_id=job.id, **headers)

    def _charge(self, job: Job) -> dict[str, str]:
        """Decide what fal bills for pictures, and what it says about that."""
        side = job.body["image_size"]
        job.bill_microusd = GPT_IMAGE_2.price.likely_microusd(
            Ask(
                Size(side["width"], side["height"]),
                Quality(job.body["quality"]),
                job.body["prompt"],
            ),
            len(job.pictures),
        )
        if self._hits(job, "zero units"):
            return {"x_fal_billable_units": self.world.dice.choice(("0", "0.0"))}
        if self._hits(job, "missing units"):
            return {}
        if self._hits(job, "huge units", 0.6):
            job.bill_microusd = HUGE_MICROUSD
        return {"x_fal_billable_units": _units(job.bill_microusd)}

    def _picture(self, job: Job, number: int) -> Drawn:
        mark = f"{job.id[:8]}.{number}"
        picture = Drawn(mark, f"https://{MEDIA_HOST}/files/b/{mark}.png")
        if self._hits(job, "foreign host"):
            picture.url = f"https://{FOREIGN_HOST}/{mark}.png"
            picture.is_foreign = True
        if self._hits(job, "media trouble", 0.7):
            dice = self.world.dice
            kinds = ("403", "404", "410", "502", "503", "connect", "redirect", "stall")
            picture.trouble = dice.choice(kinds)
            picture.until_s = job.end_s + dice.choice((2.0, 2.0, 40.0, 300.0, 5400.0, 50_000.0))
        elif self._hits(job, "broken media", 0.7):
            picture.trouble = "broken"
            picture.until_s = job.end_s + self.world.dice.choice((2.0, 40.0, 5400.0))
        return picture

    def _decide_noise(self, job: Job) -> None:
        world = self.world
        if self._hits(job, "result noise"):
            job.noise["result"] = self._noise(job, answers.RESULT_NOISE, job.end_s)
        if self._hits(job, "status noise"):
            job.noise["status"] = self._noise(job, answers.STATUS_NOISE, job.sent_s)
        if self._hits(job, "not found for a while"):
            job.hidden_until_s = job.sent_s + world.dice.choice((2.0, 20.0, 90.0))
        if self._hits(job, "not found for hours", 0.5):
            job.noise["result"] = Noise("404 not found", job.end_s + _DENIED_S)

    def _noise(self, job: Job, kinds: tuple[str, ...], from_s: float) -> Noise:
        dice = self.world.dice
        kind, span_s = dice.choice(kinds), dice.choices(_NOISE_SPANS_S, _NOISE_ODDS)[0]
        if kind == "500 framework":
            # fal keeps what its framework ended; that it takes it back after minutes is unheard of.
            span_s = min(span_s, _OWN_ERROR_MAX_S)
        job.causes.add(f"{kind} once" if not span_s else f"{kind} for {span_s:.0f} s")
        return Noise(kind, from_s + span_s, 0 if span_s else 1)

    def remove(self, job: Job) -> None:
        """Take a request that waits out of the line; it never runs and costs nothing."""
        self._undo(job)
        job.end = answers.answer(
            499,
            {"detail": "Request cancelled by the client."},
            request_id=job.id,
        )

    def stop(self, job: Job) -> None:
        """End a running request because its app heard the cancel; it costs nothing."""
        self._undo(job)
        job.end = answers.infrastructure_failure(499, "client_cancelled", job.id)

    def _undo(self, job: Job) -> None:
        job.is_removed = True
        job.start_s = min(job.start_s, self.world.now_s)
        job.end_s = self.world.now_s
        job.bill_microusd = 0
        for picture in job.pictures:
            if picture.url is not None:
                self.pictures.pop(picture.url, None)
        job.pictures = []

    def through(self, job: Job, operation: str) -> Reply | None:
        """What stands before an address of a request now, None where fal itself answers."""
        noise = job.noise.get(operation)
        if noise is None:
            return None
        if noise.answers_left:
            noise.answers_left -= 1
            return NOISE[noise.kind](job.id)
        return NOISE[noise.kind](job.id) if self.world.now_s < noise.until_s else None


def read_body(content: bytes) -> dict[str, Any]:
    """Read the body of a submit."""
    return json.loads(content)


def _units(microusd: int) -> str:
    return f"{microusd / 1_000_000:.6f}"
