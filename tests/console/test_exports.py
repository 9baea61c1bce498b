"""Exports as a host uses them: piped, cut off, written to a full disk, opened in a spreadsheet."""

import csv
import io
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from bot.storage import jobs
from tests.console.test_commands import (
    AT_MS,
    ROOT,
    call,
    clean_place,  # noqa: F401 - a fixture for every test of this module
    in_database,
    make_job,
)

ENOUGH_TO_FILL_A_PIPE = 2000
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)"]


def store(*prompts: str) -> None:
    async def insert(database):
        for number, prompt in enumerate(prompts):
            job = make_job(number, prompt=prompt)
            async with database.write(job.server_id) as connection:
                await jobs.insert(connection, job, AT_MS)

    in_database(insert)


def started(*args: str, **changes) -> Any:
    given = {"env": {**os.environ, "PYTHONPATH": str(ROOT)}, "stdout": subprocess.PIPE, **changes}
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "export", *args], stderr=subprocess.PIPE, **given
    )


@pytest.mark.parametrize("file_format", ["json", "csv"])
def test_a_reader_that_has_had_enough_ends_an_export(file_format):
    store(*["a heron"] * ENOUGH_TO_FILL_A_PIPE)

    with started("jobs", "--format", file_format) as export:
        export.stdout.readline()
        export.stdout.close()
        assert export.wait(20) == 1
        assert export.stderr.read() == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full disk at hand")  # noqa: PTH110
def test_a_full_disk_is_one_line_and_code_1():
    store("a heron")

    with open("/dev/full", "wb") as full, started("jobs", stdout=full) as export:  # noqa: PTH123
        assert export.wait(20) == 1
        assert export.stderr.read() == b"The output cannot be written: No space left on device.\n"


@pytest.mark.parametrize("file_format", ["json", "csv"])
def test_an_export_is_utf_8_whatever_the_terminal_speaks(file_format):
    store("a 🦊 in Łódź")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"}

    with started("jobs", "--format", file_format, env=env) as export:
        printed, complaints = export.communicate(timeout=20)
        assert (export.returncode, complaints) == (0, b"")
    assert "a 🦊 in Łódź" in printed.decode()


def test_a_spreadsheet_finds_no_formula_in_a_prompt():
    store(*FORMULAS, "a heron")

    table = list(csv.DictReader(io.StringIO(call("export", "jobs", "--format", "csv").output)))

    assert [row["prompt"] for row in table] == [*(f"'{text}" for text in FORMULAS), "a heron"]
    rows = json.loads(call("export", "jobs").output)
    assert [row["prompt"] for row in rows] == [*FORMULAS, "a heron"]
