"""Who spent what: figures for the report of a server, and the same as a table for spreadsheets."""

import asyncio
import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date
from zoneinfo import ZoneInfo

from bot.core.codes import ExportCode
from bot.core.errors import BadRequest
from bot.core.limits import local_day
from bot.core.models.model import Model
from bot.core.models.registry import DEFAULT
from bot.core.money import MICROUSD_PER_USD
from bot.core.typed.ranges import Days, parse_days
from bot.services.ports import Clock
from bot.storage import preferences, usage
from bot.storage.database import Database
from bot.storage.usage import DailyUsage, Figures, Report

TOP_MEMBERS = 10

CSV_COLUMNS = (
    "day", "member_id", "quality", "jobs", "pictures", "cost_usd", "cost_microusd",
    "charge_usd", "charge_microusd",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What a server spent over a range of its local days.

    Attributes:
        zone: The time zone that its days are of, by its IANA name.
        found: What storage summed up.
        model: The host's.
    """

    server_id: int
    days: Days
    zone: str
    found: Report
    model: Model = DEFAULT

    @property
    def total(self) -> Figures:
        """All of it."""
        return _sum(self.found.days.values())

    def by_quality(self) -> dict[str, Figures]:
        """Sums by quality, the lowest first; also where there was nothing."""
        return {
            quality: _sum(f for (_, q), f in self.found.days.items() if q == quality)
            for quality in self.qualities
        }

    @property
    def qualities(self) -> tuple[str, ...]:
        """Those of the host's model, from the cheapest on, then others that were asked for."""
        found = {quality for _, quality in self.found.days}
        known = self.model.qualities
        return (*known, *sorted(found - set(known)))

    def by_day(self) -> dict[date, dict[str, Figures]]:
        """Figures by day and quality, the first day first; also days on which there was nothing."""
        found: dict[date, dict[str, Figures]] = {day: {} for day in self.days.all()}
        for (day, quality), figures in self.found.days.items():
            found[date.fromisoformat(day)][quality] = figures
        return found

    def largest_days(self, most: int) -> list[tuple[date, Figures]]:
        """The days that cost the most, the dearest first."""
        sums: defaultdict[str, Figures] = defaultdict(Figures)
        for (day, _), figures in self.found.days.items():
            sums[day] = sums[day].plus(figures)
        ranked = sorted(sums.items(), key=lambda one: (-one[1].microusd, -one[1].jobs, one[0]))
        return [(date.fromisoformat(day), figures) for day, figures in ranked[:most]]

    @property
    def others(self) -> Figures:
        """What the members came to that are not named."""
        return self.total.minus(_sum(self.found.members.values()))

    @property
    def refused(self) -> int:
        """Requests that were refused before anything was held."""
        return sum(self.found.refusals.values())


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as a file."""

    name: str
    data: bytes


class UsageReports:
    """The figures of each server."""

    def __init__(self, database: Database, clock: Clock, model: Model = DEFAULT) -> None:
        self._database = database
        self._clock = clock
        self._model = model

    async def report(
        self,
        server_id: int,
        period: str | None = None,
        first: str | None = None,
        last: str | None = None,
    ) -> UsageReport:
        """Sum up a server's usage; see `parse_days` for the ways to name days.

        Raises:
            BadRequest: The days make no sense.
        """
        async with self._database.read() as connection:
            zone = (await preferences.load(connection, server_id)).zone
            today = date.fromisoformat(local_day(self._clock.now_ms(), ZoneInfo(zone)))
            days = parse_days(period, first, last, today)
            found = await usage.report(
                connection,
                server_id,
                first_day=days.first.isoformat(),
                last_day=days.last.isoformat(),
                members=TOP_MEMBERS,
            )
        return UsageReport(server_id, days, zone, found, self._model)

    async def by_server(
        self, period: str | None = None, first: str | None = None, last: str | None = None
    ) -> tuple[Days, dict[int, Figures]]:
        """Sum up all servers, the dearest first, for the host.

        Today is the day in UTC; a job counts on the local day of its own server.

        Raises:
            BadRequest: The days make no sense.
        """
        days = parse_days(
            period, first, last, date.fromisoformat(local_day(self._clock.now_ms(), UTC))
        )
        async with self._database.read() as connection:
            found = await usage.by_server(
                connection, first_day=days.first.isoformat(), last_day=days.last.isoformat()
            )
        return days, found

    async def sheet(self, server_id: int, days: Days, bytes_max: int) -> Sheet:
        """Write a server's usage by day, member and quality as CSV, zipped where it must be.

        It is read in pages and written in a thread, so nobody waits for it.

        Args:
            server_id: The server.
            days: Local days of the server.
            bytes_max: The largest file that is of use.

        Raises:
            BadRequest: It is larger than that even when zipped.
        """
        name = f"usage-{server_id}-{days.first.isoformat()}-{days.last.isoformat()}"
        writer = _SheetWriter(name, bytes_max)
        last: DailyUsage | None = None
        while True:
            async with self._database.read() as connection:
                page = await usage.page(
                    connection,
                    server_id,
                    first_day=days.first.isoformat(),
                    last_day=days.last.isoformat(),
                    after=last,
                )
            await asyncio.to_thread(writer.add, page)
            if len(page) < usage.PAGE_ROWS:
                return await asyncio.to_thread(writer.finish)
            last = page[-1]


class _SheetWriter:
    """Collects CSV; once that is too large it goes into a ZIP, which is about a tenth of it."""

    def __init__(self, name: str, bytes_max: int) -> None:
        self._name = name
        self._bytes_max = bytes_max
        self._plain = io.BytesIO(_csv_bytes([CSV_COLUMNS]))
        self._plain.seek(0, io.SEEK_END)
        self._packed = io.BytesIO()
        self._zip: zipfile.ZipFile | None = None

    def add(self, rows: list[DailyUsage]) -> None:
        """Write some rows."""
        data = _csv_bytes([_cells(row) for row in rows])
        if self._zip is None and self._plain.tell() + len(data) > self._bytes_max:
            self._zip = zipfile.ZipFile(self._packed, "w", zipfile.ZIP_DEFLATED)
            self._member = self._zip.open(f"{self._name}.csv", "w")
            self._member.write(self._plain.getvalue())
            self._plain = io.BytesIO()
        if self._zip is None:
            self._plain.write(data)
            return
        self._member.write(data)
        self._check_size()

    def finish(self) -> Sheet:
        """Close the file."""
        if self._zip is None:
            return Sheet(f"{self._name}.csv", self._plain.getvalue())
        self._member.close()
        self._zip.close()
        self._check_size()
        return Sheet(f"{self._name}.zip", self._packed.getvalue())

    def _check_size(self) -> None:
        if self._packed.tell() > self._bytes_max:
            raise BadRequest(ExportCode.SHEET_TOO_LARGE)


def _csv_bytes(rows: Iterable[Iterable[str | int]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _cells(row: DailyUsage) -> tuple[str | int, ...]:
    """The columns of `CSV_COLUMNS`: numbers, dates and names of ours, nothing that people typed."""
    figures = row.figures
    return (
        row.day,
        row.member_id,
        row.quality,
        figures.jobs,
        figures.images,
        _usd(figures.microusd),
        figures.microusd,
        _usd(figures.charge_microusd),
        figures.charge_microusd,
    )


def _usd(microusd: int) -> str:
    """Write micro-dollars as USD with all six decimals; exact."""
    whole, rest = divmod(abs(microusd), MICROUSD_PER_USD)
    return f"{'-' if microusd < 0 else ''}{whole}.{rest:06}"


def _sum(many: Iterable[Figures]) -> Figures:
    total = Figures()
    for one in many:
        total = total.plus(one)
    return total
