"""Tables as files: whole rows, whole tables, never larger than they may be."""

import csv
import gzip
import io
import os
import random
import time
from decimal import Decimal
from pathlib import Path

import pytest

from bot.storage.csv_writer import SheetWriter, Workplace

COLUMNS = ("id", "text")


def rows(count: int, seed: int = 1) -> list[tuple[int, str]]:
    """Rows that pack badly, some of them long, with all that needs quoting."""
    dice = random.Random(seed)
    letters = "abc,\"\n\r'ü猫🦊" + "".join(map(chr, range(48, 123)))
    return [
        (number, "".join(dice.choices(letters, k=dice.choice((0, 20, 300)))))
        for number in range(count)
    ]


def writer(place: Path, bytes_max: int, parts_max: int = 10) -> SheetWriter:
    return SheetWriter(place, "table", COLUMNS, bytes_max=bytes_max, parts_max=parts_max)


def read(path: Path) -> list[tuple[int, str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    heading, *found = csv.reader(io.StringIO(text, newline=""))
    assert tuple(heading) == COLUMNS
    return [(int(row[0]), row[1]) for row in found]


def write(sheet: SheetWriter, table: list[tuple[int, str]], page: int = 7) -> int:
    written = 0
    for start in range(0, len(table), page):
        given = table[start : start + page]
        taken = sheet.add(given)
        written += taken
        if taken < len(given):
            break
    return written


@pytest.mark.parametrize(
    ("bytes_max", "names"),
    [
        (10**6, ["table.csv"]),
        (14_500, ["table.csv.gz"]),
        (4_000, [f"table-part{number}.csv.gz" for number in range(1, 5)]),
    ],
)
def test_every_row_is_in_the_files_once_and_in_order(tmp_path, bytes_max, names):
    table = rows(150)
    sheet = writer(tmp_path, bytes_max)
    assert write(sheet, table) == len(table)
    paths = sheet.finish()

    assert [path.name for path in paths] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert [row for path in paths for row in read(path)] == table
    assert all(path.stat().st_size <= bytes_max for path in paths)


@pytest.mark.parametrize("seed", range(20))
def test_when_all_parts_are_full_it_says_how_many_rows_are_in_them(tmp_path, seed):
    table = rows(400, seed)
    sheet = writer(tmp_path, 1_500 + 100 * seed, parts_max=3)
    written = write(sheet, table, page=1 + seed)
    paths = sheet.finish()

    assert 0 < written < len(table)
    assert len(paths) == 3
    assert [row for path in paths for row in read(path)] == table[:written]
    assert all(path.stat().st_size <= 1_500 + 100 * seed for path in paths)


def test_nothing_but_a_heading_is_a_table(tmp_path):
    [path] = writer(tmp_path, 100).finish()
    assert path.read_bytes() == b"id,text\r\n"


def test_amounts_are_written_with_all_their_decimals(tmp_path):
    sheet = writer(tmp_path, 1000)
    amounts = (0, 1, -5, 330_000, 10**13)
    sheet.add([(1, Decimal(one).scaleb(-6)) for one in amounts] + [(2, None)])
    [path] = sheet.finish()

    assert path.read_text().splitlines()[1:] == [
        "1,0.000000", "1,0.000001", "1,-0.000005", "1,0.330000", "1,10000000.000000", "2,"
    ]  # fmt: skip


def test_what_was_left_behind_is_cleared_and_what_others_make_is_not(tmp_path):
    workplace = Workplace(tmp_path / "new" / "exports")
    old, other = workplace.open(), workplace.open()
    for place in (old, other):
        (place / "file").write_text("x")
    hours_ago = time.time() - 7200
    os.utime(old, (hours_ago, hours_ago))

    mine = workplace.open()
    assert not old.exists()
    assert (other / "file").exists()
    assert mine.stat().st_mode & 0o077 == 0
    workplace.close(mine)
    workplace.close(mine)
    assert not mine.exists()


def test_a_writer_that_is_given_up_lets_go_of_its_files(tmp_path):
    sheet = writer(tmp_path, 1_000)
    sheet.add(rows(100))
    sheet.close()
    sheet.close()
