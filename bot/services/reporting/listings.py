"""What the host asks for on the command line: prices, exports, and whether the books are right.

Export rows have stable columns; times are ISO 8601 in UTC, amounts micro-dollars, ids decimal.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.core.codes import BrokenRule, OptionCode
from bot.core.errors import BadRequest
from bot.core.jobs import Job
from bot.core.models.model import Model
from bot.core.models.options import Size, typed_size
from bot.core.models.prices import OutputTokens
from bot.core.models.registry import DEFAULT
from bot.core.money import format_usd
from bot.services.clock import SystemClock
from bot.storage import jobs, ledger
from bot.storage.database import Database

Cell = int | str | None
Line = dict[str, Cell]
"""One row of an export, in the order of its columns."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

JOB_COLUMNS = (
    "id", "state", "server_id", "channel_id", "member_id", "prompt", "width", "height", "quality",
    "count", "format", "fal_request_id", "held_microusd", "cost_microusd", "pictures",
    "message_id", "created_at", "ended_at",
)  # fmt: skip

LEDGER_COLUMNS = (
    "id", "job_id", "kind", "server_id", "member_id", "images", "microusd", "at",
)  # fmt: skip


def price_rows(size: str | None, quality: str | None, model: Model = DEFAULT) -> list[Line]:
    """Price one picture for each size and quality.

    Args:
        size: As people type it; None for fal's published sizes and those that are offered.
        quality: One quality, None for all.
        model: Whose prices.

    Returns:
        Objects with `size`, `quality`, `tokens` (where they make the price) and `price_microusd`.

    Raises:
        IllegalSize: With the rule and the nearest legal size.
        BadRequest: The model has no such quality.
    """
    if quality is not None and quality not in model.qualities:
        raise BadRequest(OptionCode.QUALITY, names=model.qualities)
    sizes = list(dict.fromkeys((*model.priced_sizes, *model.named_sizes.values())))
    if size is not None:
        sizes = [_size_to_price(model, size)]
    qualities = (model.qualities or ("",)) if quality is None else (quality,)
    counted = [form for form in model.price.picture if isinstance(form, OutputTokens)]
    return [
        {
            "size": str(one),
            "quality": q,
            "tokens": sum(form.tokens(one, q) for form in counted),
            "price_microusd": model.picture_microusd(one, q),
        }
        for one in sizes
        for q in qualities
    ]


def _size_to_price(model: Model, text: str) -> Size:
    """Read a size; one that fal publishes a price for is priced though it may not be offered."""
    for name, size in model.named_sizes.items():
        if text.strip().casefold() == name.casefold():
            return size
    size = typed_size(text)
    priced = model.priced_sizes
    if size not in priced and Size(size.height, size.width) not in priced:
        model.check_size(size)
    return size


def unoffered(rows: list[Line], model: Model = DEFAULT) -> dict[str, BrokenRule]:
    """Name the sizes among priced rows that `/imagine` does not take, and why."""
    shown = dict.fromkeys(str(row["size"]) for row in rows)
    rules = {size: model.sizes.broken_rule(typed_size(size)) for size in shown}
    return {size: rule for size, rule in rules.items() if rule is not None}


async def job_rows(database: Database) -> AsyncGenerator[Line]:
    """Go through all jobs, the oldest first."""
    async with database.read() as connection:
        async for job in jobs.everything(connection):
            yield _job_row(job)


def _job_row(job: Job) -> dict[str, Cell]:
    return {
        "id": job.id,
        "state": job.state.value,
        "server_id": job.server_id,
        "channel_id": job.channel_id,
        "member_id": job.member_id,
        "prompt": job.prompt,
        "width": job.size.width,
        "height": job.size.height,
        "quality": job.quality,
        "count": job.count,
        "format": job.format.value,
        "fal_request_id": job.ticket.request_id if job.ticket else None,
        "held_microusd": job.held_microusd,
        "cost_microusd": job.cost_microusd,
        "pictures": job.pictures,
        "message_id": job.message_id,
        "created_at": iso(job.created_at_ms),
        "ended_at": None if job.ended_at_ms is None else iso(job.ended_at_ms),
    }


async def ledger_rows(database: Database) -> AsyncGenerator[Line]:
    """Go through all entries of the ledger, the oldest first.

    `hold`, `settle`, `release` and `correct` name what fal is paid for; `adjust` what a member gets
    back. A `correct` is an adjustment of the cost: what fal made or billed was learned later.
    """
    async with database.read() as connection:
        async for entry in ledger.entries(connection):
            is_late = entry.kind == "adjust" and bool(entry.images or entry.microusd)
            is_adjust = entry.kind == "adjust" and not is_late
            yield {
                "id": entry.id,
                "job_id": entry.job_id,
                "kind": "correct" if is_late else entry.kind,
                "server_id": entry.server_id,
                "member_id": entry.member_id,
                "images": entry.charge_images if is_adjust else entry.images,
                "microusd": entry.charge_microusd if is_adjust else entry.microusd,
                "at": iso(entry.at_ms),
            }


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        problems: One sentence for each.
        notes: What the host should know all the same.
    """

    problems: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def __add__(self, other: "Checked") -> "Checked":
        problems = dict.fromkeys(self.problems + other.problems)
        return Checked(list(problems), self.notes + other.notes)


async def check(database: Database) -> Checked:
    """Prove the ledger."""
    async with database.read() as connection:
        problems = await ledger.check(connection, SystemClock().now_ms())
        loss = await jobs.possible_loss(connection)
    notes: list[str] = []
    if loss.jobs:
        jobs_were = "1 job was" if loss.jobs == 1 else f"{loss.jobs} jobs were"
        notes.append(
            f"{jobs_were} given back to members while nobody knows what fal made of it: "
            f"up to {format_usd(loss.microusd)} may have been billed. `losses` lists what is open."
        )
    return Checked(problems, notes)


def csv_cell(value: Cell) -> Cell:
    """Keep a text from being taken for a formula by an apostrophe before it."""
    is_formula = isinstance(value, str) and value.startswith(_FORMULA_STARTS)
    return f"'{value}" if is_formula else value


def iso(at_ms: int) -> str:
    """An instant as `2026-03-01T00:00:00.000Z`."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
