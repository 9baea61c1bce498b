"""What the host reads: tables for people, JSON and CSV for scripts. Values in, text out.

In JSON and CSV ids are text, because many readers round whole numbers of that size; times are ISO
8601 in UTC; an amount is pictures or micro-dollars, and beside it stands the same in dollars.
"""

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from bot.core.limits import Unit
from bot.services.reporting.listings import Cell, csv_cell
from bot.storage.audit import HOST

_JOINER = "\u200d"
_GAP = "  "


def use_utf_8() -> None:
    """Write UTF-8, whatever the terminal claims to speak."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace", newline="\n")


def seen(text: str) -> str:
    """Show a text on one line with its controls spelt out: a terminal would obey them."""
    return "".join(
        c if c.isprintable() or c == _JOINER else c.encode("unicode_escape").decode() for c in text
    )


def iso(at_ms: int) -> str:
    """An instant as `2026-03-01T00:00:00.000Z`."""
    return _moment(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def minute(at_ms: int) -> str:
    """An instant as `2026-03-01 00:00`, in UTC, for people."""
    return _moment(at_ms).strftime("%Y-%m-%d %H:%M")


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)


def usd(microusd: int) -> str:
    """Dollars with all six decimals: `2.500000`."""
    sign, whole = ("-", -microusd) if microusd < 0 else ("", microusd)
    return f"{sign}{whole // 1_000_000}.{whole % 1_000_000:06}"


def amounts(unit: Unit, **named: int) -> dict[str, Cell]:
    """Put each amount beside the same in dollars, None where it counts pictures."""
    shown: dict[str, Cell] = {}
    for name, amount in named.items():
        shown[name] = amount
        shown[f"{name}_usd"] = usd(amount) if unit is Unit.USD else None
    return shown


def actor(actor_id: int) -> str:
    """The id of who made a change, or `host`; for scripts."""
    return "host" if actor_id == HOST else str(actor_id)


def who(actor_id: int) -> str:
    """The same for people."""
    return "the host" if actor_id == HOST else str(actor_id)


def print_json(value: list[dict[str, Any]] | dict[str, Any]) -> None:
    """Print a list with an object on each line, or one object."""
    if isinstance(value, dict):
        click.echo(_unseen_escaped(json.dumps(value, ensure_ascii=False, indent=2)))
        return
    rows = [f"  {_unseen_escaped(json.dumps(row, ensure_ascii=False))}" for row in value]
    click.echo("[\n" + ",\n".join(rows) + "\n]" if rows else "[]")


def _unseen_escaped(text: str) -> str:
    """Escape what JSON may hold as it is and a terminal would obey."""
    return "".join(
        c if c.isprintable() or c in {_JOINER, "\n"} else json.dumps(c)[1:-1] for c in text
    )


def print_csv(columns: Sequence[str], rows: Iterable[dict[str, Cell]]) -> None:
    """Print a table with a heading, in which a spreadsheet finds no formula."""
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(columns)
    for row in rows:
        table.writerow([csv_cell(row[name]) for name in columns])
    sys.stdout.flush()


def print_table(heading: Sequence[str], rows: Sequence[Sequence[str]], *, if_empty: str) -> None:
    """Print aligned columns; one whose heading starts with a space is aligned to the right.

    The last column may be of any length, so free text belongs there.
    """
    if not rows:
        click.echo(if_empty)
        return
    lines = [[seen(cell) for cell in row] for row in (heading, *rows)]
    widths = [max(len(line[place].strip()) for line in lines) for place in range(len(heading))]
    for line in lines:
        cells = [
            cell.strip().rjust(width) if title.startswith(" ") else cell.strip().ljust(width)
            for title, cell, width in zip(heading, line, widths, strict=True)
        ]
        click.echo(_GAP.join(cells).rstrip())
