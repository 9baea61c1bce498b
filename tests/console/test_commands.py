import asyncio
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import main
from bot.core.jobs import Event, Job, PictureLink, State, Ticket
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size
from bot.services.reporting.listings import JOB_COLUMNS, LEDGER_COLUMNS
from bot.settings import Settings
from bot.storage import doubts, jobs, ledger
from bot.storage.database import Database, migrated_database

ROOT = Path(__file__).resolve().parents[2]
AT_MS = 1_772_323_200_000
AT = "2026-03-01T00:00:00.000Z"
DAY = "2026-03-01"
PROMPT = 'a "fox", 🦊\nin snow; <@1>'
ILLEGAL = (
    "1000×1000 is not possible: both sides must be multiples of 16; "
    "the nearest possible size is 1008×1008.\n"
)
COMMANDS = ["run", "demo", "check", "prices", "export"]


@pytest.fixture(autouse=True)
def clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and an environment with only what is needed."""
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.setenv("DISCORD_TOKEN", "token")
    monkeypatch.setenv("FAL_KEY", "id:S3CRET")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///bot.db")
    return tmp_path


def call(*args: str) -> Result:
    return CliRunner().invoke(main, [*args])


def in_database(work: Any) -> None:
    """Run async work on the database of this test, which it creates."""

    async def run() -> None:
        async with migrated_database("sqlite:///bot.db") as database:
            await work(database)

    asyncio.run(run())


async def nothing(database: Database) -> None:
    """Making the tables is enough."""


def make_job(number: int, **changes: Any) -> Job:
    given: dict[str, Any] = {
        "id": f"job{number:013}", "state": State.HELD, "server_id": 2**62, "channel_id": 2,
        "member_id": 3, "prompt": PROMPT, "size": Size(1536, 1024), "quality": Quality.HIGH,
        "count": 2, "format": Format.WEBP, "private": False, "held_microusd": 360_000,
        "created_at_ms": AT_MS + number, "interaction_token": "S3CRET", "file_limit_bytes": 1,
    }  # fmt: skip
    return Job(**{**given, **changes})


async def small_books(database: Database) -> None:
    """One delivered job, one of whose two pictures did not arrive, and one that waits."""
    done, waiting = make_job(1), make_job(2, member_id=4, count=1, held_microusd=180_000)
    ticket = Ticket("fal-1", "http://q/s", "http://q/r", "http://q/c")
    links = (PictureLink("http://m/1", "", 0, 0), PictureLink("http://m/2", "", 0, 0))
    steps = (
        (Event.SUBMIT, jobs.NO_CHANGES),
        (Event.ACCEPT, jobs.JobChanges(ticket=ticket)),
        (Event.RENDER, jobs.JobChanges(links=links, cost_microusd=330_000)),
        (Event.DELIVER, jobs.JobChanges(message_id=77, pictures=1)),
    )
    settlement = ledger.Settlement(
        cost_microusd=330_000, images=2, charge_images=2, charge_microusd=330_000,
        is_computed=False,
    )  # fmt: skip
    async with database.write(done.server_id, 0) as conn:
        for job in (done, waiting):
            await jobs.insert(conn, job, AT_MS)
            await ledger.hold(conn, job, day=DAY, bot_day=DAY, at_ms=job.created_at_ms)
        state = State.HELD
        for event, changes in steps:
            state = (
                await jobs.advance(
                    conn, done.id, expected=state, event=event, at_ms=AT_MS + 41_000,
                    changes=changes,
                )
            ).state  # fmt: skip
        await ledger.settle(conn, done.id, settlement, AT_MS + 41_000)
        returned = ledger.Adjustment(
            images=0, microusd=0, charge_images=-1, charge_microusd=-165_000
        )
        await ledger.adjust(conn, done.id, returned, AT_MS + 42_000)


async def cancel_the_waiting(database: Database) -> None:
    """Nobody waits in these books any more; a hold that old is a problem by itself."""
    waiting = make_job(2)
    async with database.write(waiting.server_id, 0) as conn:
        await jobs.advance(
            conn, waiting.id, expected=State.HELD, event=Event.CANCEL, at_ms=AT_MS + 43_000,
            changes=jobs.JobChanges(pictures=0, cost_microusd=0),
        )  # fmt: skip
        await ledger.release(conn, waiting.id, AT_MS + 43_000)


def test_help_names_every_command_and_each_explains_itself():
    overview = call("--help")
    assert overview.exit_code == 0
    assert set(COMMANDS) <= set(main.commands)

    for name in main.commands:
        shown = call(name, "--help")
        assert shown.exit_code == call(name, "-h").exit_code == 0
        assert f"  {name} " in overview.output
        assert main.commands[name].get_short_help_str(200)[:20] in shown.output


@pytest.mark.parametrize("args", [("paint",), ("prices", "--size"), ("export",), ("check", "x"),
                                  ("export", "bills"), ("export", "jobs", "--format", "xml"),
                                  ("prices", "--quality", "best")])  # fmt: skip
def test_what_is_typed_wrongly_ends_with_code_2(args):
    typed = call(*args)
    assert typed.exit_code == 2
    assert typed.stdout == ""
    assert "Error: " in typed.stderr


def test_prices_as_json_are_a_list_of_objects():
    printed = call("prices", "--json")

    assert printed.exit_code == 0
    rows = json.loads(printed.output)
    assert all(list(row) == ["size", "quality", "tokens", "price_microusd"] for row in rows)
    by_cell = {(row["size"], row["quality"]): row for row in rows}
    assert by_cell["1024x1024", "high"]["tokens"] == 7024
    assert by_cell["1024x1024", "high"]["price_microusd"] == 210_720
    assert by_cell["1920x1080", "low"]["price_microusd"] == 4_410
    assert by_cell["3840x2160", "medium"]["price_microusd"] == 100_080
    assert len(rows) == len(by_cell) == 3 * 11, "six published sizes, nine offered, four of both"


def test_prices_as_text_are_a_table_with_exact_dollars():
    printed = call("prices")

    assert printed.exit_code == 0
    lines = printed.output.splitlines()
    assert lines[0].split() == ["size", "quality", "tokens", "USD"]
    assert ["1536x1024", "high", "5488", "0.16464"] in [line.split() for line in lines]
    assert len(lines) == 1 + 3 * 11 + 1
    assert lines[-1].startswith("1920x1080 is priced by fal but not offered: ")
    assert lines[-1].endswith("both sides must be multiples of 16.")


@pytest.mark.parametrize("size", ["1536x864", "1536 × 864", "1536X864px"])
def test_one_size_and_quality_can_be_asked_for(size):
    printed = call("prices", "--size", size, "--quality", "low", "--json")

    assert json.loads(printed.output) == [
        {"size": "1536x864", "quality": "low", "tokens": 120, "price_microusd": 3_600}
    ]


def test_a_named_size_can_be_asked_for():
    rows = json.loads(call("prices", "--size", "wide 4K", "--json").output)
    assert {row["size"] for row in rows} == {"3840x2160"}


@pytest.mark.parametrize("size", ["1920x1080", "1080x1920"])
def test_a_size_that_fal_prices_but_the_model_forbids_is_priced_with_a_note(size):
    printed = call("prices", "--size", size)

    assert printed.exit_code == 0
    assert "0.15840" in printed.output
    assert f"{size} is priced by fal but not offered" in printed.output


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (
            "1000x1000",
            ILLEGAL,
        ),
        ("big", "A size is typed as width x height in pixels, like 1536x1024.\n"),
    ],
    ids=["illegal", "no size"],
)
def test_an_illegal_size_ends_with_code_2_the_rule_and_the_nearest_size(size, sentence):
    printed = call("prices", "--size", size, "--json")

    assert printed.exit_code == 2
    assert printed.stdout == ""
    assert printed.stderr == sentence


@pytest.mark.parametrize(("what", "columns"), [("jobs", JOB_COLUMNS), ("ledger", LEDGER_COLUMNS)])
def test_an_empty_database_exports_an_empty_list_and_a_heading(what, columns):
    in_database(nothing)

    assert json.loads(call("export", what).output) == []
    assert call("export", what, "--format", "csv").output == ",".join(columns) + "\n"


def test_the_columns_are_those_that_were_promised():
    assert JOB_COLUMNS == (
        "id", "state", "server_id", "channel_id", "member_id", "prompt", "width", "height",
        "quality", "count", "format", "fal_request_id", "held_microusd", "cost_microusd",
        "pictures", "message_id", "created_at", "ended_at",
    )  # fmt: skip
    assert LEDGER_COLUMNS == (
        "id", "job_id", "kind", "server_id", "member_id", "images", "microusd", "at",
    )  # fmt: skip


def test_jobs_are_exported_with_stable_columns_and_no_token():
    in_database(small_books)

    printed = call("export", "jobs")

    assert printed.exit_code == 0
    done, waiting = json.loads(printed.output)
    assert tuple(done) == tuple(waiting) == JOB_COLUMNS
    assert done == {
        "id": "job0000000000001", "state": "delivered", "server_id": 2**62, "channel_id": 2,
        "member_id": 3, "prompt": PROMPT, "width": 1536, "height": 1024, "quality": "high",
        "count": 2, "format": "webp", "fal_request_id": "fal-1", "held_microusd": 360_000,
        "cost_microusd": 330_000, "pictures": 1, "message_id": 77,
        "created_at": "2026-03-01T00:00:00.001Z", "ended_at": "2026-03-01T00:00:41.000Z",
    }  # fmt: skip
    assert (waiting["state"], waiting["cost_microusd"], waiting["ended_at"]) == ("held", None, None)
    assert "S3CRET" not in printed.output


def test_the_ledger_is_exported_in_the_order_of_its_entries():
    in_database(small_books)

    rows = json.loads(call("export", "ledger").output)

    assert all(tuple(row) == LEDGER_COLUMNS for row in rows)
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    first = "job0000000000001"
    assert [(r["kind"], r["images"], r["microusd"]) for r in rows if r["job_id"] == first] == [
        ("hold", 2, 360_000), ("settle", 2, 330_000), ("adjust", -1, -165_000),
    ]  # fmt: skip
    assert rows[-1]["at"] == "2026-03-01T00:00:42.000Z"


@pytest.mark.parametrize("what", ["jobs", "ledger"])
def test_csv_and_json_say_the_same(what):
    in_database(small_books)

    table = list(csv.DictReader(io.StringIO(call("export", what, "--format", "csv").output)))

    objects = json.loads(call("export", what).output)
    shown = [
        {name: "" if cell is None else str(cell) for name, cell in row.items()} for row in objects
    ]
    assert table == shown


def test_exports_need_no_secrets(monkeypatch):
    monkeypatch.delenv("DISCORD_TOKEN")
    monkeypatch.delenv("FAL_KEY")
    in_database(nothing)
    assert call("export", "jobs").exit_code == 0


def test_an_export_with_a_bad_address_ends_with_code_2(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://u:S3CRET@db")

    printed = call("export", "jobs")

    assert printed.exit_code == 2
    assert printed.stderr.startswith("DATABASE_URL: must be sqlite:///")
    assert "S3CRET" not in printed.output


def test_a_file_that_is_no_database_is_one_line_and_code_1(clean_place):
    (clean_place / "bot.db").write_bytes(b"this is no database, " * 500)

    for args in (("check",), ("export", "ledger")):
        printed = call(*args)
        assert printed.exit_code == 1, args
        assert len(printed.stderr.splitlines()) == 1
        assert "Traceback" not in printed.output


def test_check_is_content_with_an_empty_and_with_a_right_database():
    in_database(nothing)
    assert call("check").exit_code == 0
    in_database(small_books)
    in_database(cancel_the_waiting)

    checked = call("check")

    assert (checked.exit_code, checked.stderr) == (0, "")
    assert checked.stdout == "All is well: settings, database, ledger.\n"


async def break_a_total(database: Database) -> None:
    async with database.write(0) as conn:
        changed = await conn.execute(
            "UPDATE totals SET microusd = microusd + 1 WHERE account = $1", "channel"
        )
    assert changed == 1


def test_check_finds_a_total_that_is_off_by_one_micro_dollar():
    in_database(small_books)
    in_database(cancel_the_waiting)
    in_database(break_a_total)

    checked = call("check")

    assert checked.exit_code == 1
    assert checked.stdout == ""
    (line,) = checked.stderr.splitlines()
    assert "channel 2" in line
    assert "330001" in line
    assert "330000" in line


async def lose_a_job(database: Database) -> None:
    lost = make_job(9)
    async with database.write(lost.server_id, 0) as conn:
        await jobs.insert(conn, lost, AT_MS)
        await ledger.hold(conn, lost, day=DAY, bot_day=DAY, at_ms=AT_MS)
        await jobs.advance(
            conn, lost.id, expected=State.HELD, event=Event.FAIL, at_ms=AT_MS,
            changes=jobs.JobChanges(cost_microusd=0, pictures=0),
        )  # fmt: skip
        await ledger.release(conn, lost.id, AT_MS)
        await doubts.open_doubt(conn, lost.id, 360_000, AT_MS)


def test_check_names_a_possible_loss_without_calling_it_a_problem():
    in_database(lose_a_job)

    checked = call("check")

    assert checked.exit_code == 0
    assert "1 job was given back to members" in checked.stdout
    assert "up to $0.36 may have been billed" in checked.stdout


def test_check_names_bad_settings_with_code_1(monkeypatch):
    monkeypatch.setenv("HTTP_PORT", "x")

    checked = call("check")

    assert checked.exit_code == 1
    assert checked.stderr == "HTTP_PORT: must be a valid integer\n"


def test_it_runs_as_a_process_of_its_own(clean_place):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "prices", "--size", "1024x1024", "--json"],
        cwd=clean_place, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stderr) == (0, "")
    assert [row["price_microusd"] for row in json.loads(ended.stdout)] == [5_880, 52_680, 210_720]
