"""Jobs, ledger and audit of one server as CSV files, of any length.

A job is taken by the time it was accepted, an entry and a change by the time of their row, so what
was exported once is the same later. Rows are read in pages and written in a thread: nothing waits
for an export but its own answer.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.audit import Change, Words
from bot.core.codes import ExportCode
from bot.core.day_bounds import day_of, span_ms
from bot.core.errors import Refused
from bot.core.typed.ranges import Days, parse_days
from bot.services.ports import Clock
from bot.services.reporting.export_tables import Table, What, table_of
from bot.storage import preferences
from bot.storage.connection import complete
from bot.storage.csv_writer import SheetWriter, Workplace
from bot.storage.database import Database
from bot.storage.extracts import Span

PARTS_MAX = 10
"""Discord takes no more files at once."""

EVERYTHING = "all"
"""The period without a beginning."""

PAGE_ROWS = 100
"""Rows that are in memory at once: with the longest prompts one or two megabytes."""

_AT_ONCE = 2
_DURATION_MAX_S = 600.0
"""An interaction can be answered for a quarter of an hour; sending takes its time too."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows are asked for.

    Attributes:
        days: The days, None for everything.
        zone: The server's time zone, in which the days are.
    """

    server_id: int
    what: What
    days: Days | None
    zone: ZoneInfo

    @property
    def span(self) -> Span:
        """The days as instants."""
        return Span(None, None) if self.days is None else Span(*span_ms(self.days, self.zone))

    @property
    def name(self) -> str:
        """A name for files."""
        if self.days is None:
            return f"{self.what}-{EVERYTHING}"
        return f"{self.what}-{self.days.first.isoformat()}-to-{self.days.last.isoformat()}"


@dataclass(frozen=True, slots=True)
class Export:
    """A table that lies in files for a while.

    Attributes:
        rows: How many are in the files.
        parts: The files in order; none where there are no rows.
        is_cut: Whether there was no room for more.
        next_day: Where to go on after a cut: the day of the first row that is missing. None
            where that is the very day that this export began with.
    """

    scope: Scope
    rows: int
    parts: list[Path]
    is_cut: bool = False
    next_day: date | None = None


class Exports:
    """Writes tables, one at a time for each server."""

    def __init__(self, database: Database, clock: Clock, folder: Path) -> None:
        self._database = database
        self._clock = clock
        self._workplace = Workplace(folder)
        self._busy: set[int] = set()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def scope(
        self,
        server_id: int,
        what: What,
        *,
        period: str | None = None,
        first: str | None = None,
        last: str | None = None,
    ) -> Scope:
        """Read what was typed: `EVERYTHING`, or what `parse_days` understands.

        Raises:
            BadRequest: The days make no sense.
        """
        async with self._database.read() as connection:
            zone = ZoneInfo((await preferences.load(connection, server_id)).zone)
        is_all = period is not None and period.strip().casefold() == EVERYTHING
        if is_all and first is None and last is None:
            return Scope(server_id, what, None, zone)
        days = parse_days(period, first, last, day_of(self._clock.now_ms(), zone))
        return Scope(server_id, what, days, zone)

    @asynccontextmanager
    async def made(
        self, scope: Scope, bytes_max: int, words: Callable[[Change], Words]
    ) -> AsyncGenerator[Export]:
        """Write a table; its files are there as long as the block lasts.

        Args:
            scope: Which rows.
            bytes_max: The largest file.
            words: Puts a change of the audit into words.

        Raises:
            Refused: An export of this server is under way, or takes too long, or the disk does
                not take it.
        """
        if scope.server_id in self._busy:
            raise Refused(ExportCode.UNDER_WAY)
        self._busy.add(scope.server_id)
        place: Path | None = None
        try:
            try:
                async with asyncio.timeout(_DURATION_MAX_S), self._turns:
                    place = await complete(asyncio.to_thread(self._workplace.open))
                    table = table_of(scope.what, words)
                    export = await self._write(scope, table, place, bytes_max)
            except TimeoutError:
                raise Refused(ExportCode.TOO_MUCH) from None
            except OSError as error:
                raise Refused(ExportCode.DISK, detail=error.strerror or "") from error
            yield export
        finally:
            self._busy.discard(scope.server_id)
            if place is not None:
                await complete(asyncio.to_thread(self._workplace.close, place))

    async def _write(self, scope: Scope, table: Table[Any], place: Path, bytes_max: int) -> Export:
        writer = SheetWriter(
            place, scope.name, list(table.columns), bytes_max=bytes_max, parts_max=PARTS_MAX
        )
        try:
            export = await self._fill(scope, table, writer)
            parts = await complete(asyncio.to_thread(writer.finish))
        finally:
            writer.close()
        return replace(export, parts=parts if export.rows else [])

    async def _fill(self, scope: Scope, table: Table[Any], writer: SheetWriter) -> Export:
        """Go through the pages; a cancellation waits for the page under way."""
        rows, last, first_ms = 0, None, 0
        while True:
            async with self._database.read() as connection:
                page = await table.page(connection, scope.server_id, scope.span, last, PAGE_ROWS)
            if not page:
                return Export(scope, rows, [])
            if last is None:
                first_ms = table.at_ms(page[0])
            last = page[-1]
            began = asyncio.get_running_loop().time()
            taken = await complete(asyncio.to_thread(_add, writer, table, page))
            # Threads take the interpreter from each other: whoever asks meanwhile is to have half.
            await asyncio.sleep(asyncio.get_running_loop().time() - began)
            rows += taken
            if taken < len(page):
                break
        first_day = day_of(first_ms, scope.zone)
        next_day = day_of(table.at_ms(page[taken]), scope.zone)
        onward = next_day if next_day > first_day else None
        return Export(scope, rows, [], is_cut=True, next_day=onward)


def _add(writer: SheetWriter, table: Table[Any], page: list[Any]) -> int:
    return writer.add([table.cells(row) for row in page])
