"""The host's moderation where something is wrong: one line, the right exit code, no change."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.core.preferences import Preferences
from bot.storage import preferences
from bot.storage.database import Database
from tests.host import ROOT, Host, cells

SERVER, MEMBER = 2**62, 2**62 + 3
IMAGES_DAY = ("--unit", "images", "--per", "day")


EMPTY = [
    (("gift", "list", SERVER, MEMBER), "This member has no gift.\n"),
    (("block", "list", SERVER), "Nobody is blocked.\n"),
    (("audit", SERVER), "Nothing was changed yet.\n"),
]


@pytest.mark.parametrize(("args", "said"), EMPTY, ids=lambda one: one[0] if one else "")
def test_what_is_empty_says_so_and_is_an_empty_list_in_json(host, args, said):
    assert host.done(*args) == said
    assert host.json(*args) == []


IS_NO_ID = "is no id; ids are whole numbers, copied in Discord with developer mode on."
SET = ("limit", "set", SERVER)
GIVE = ("gift", "give", SERVER, MEMBER)
WRONG = [
    (("limit", "list", "0"), f"SERVER: “0” {IS_NO_ID}"),
    (("limit", "list", 2**63), f"SERVER: “{2**63}” {IS_NO_ID}"),
    (("audit", "٣"), f"SERVER: “٣” {IS_NO_ID}"),
    (("audit", "9" * 5000), f"SERVER: “{'9' * 39}…” {IS_NO_ID}"),
    (("block", "add", SERVER, "@alice"), f"MEMBER: “@alice” {IS_NO_ID}"),
    ((*SET, "5", *IMAGES_DAY, "--role", "x\x1b"), f"--role: “x\\x1b” {IS_NO_ID}"),
    (
        (*SET, "$5", *IMAGES_DAY),
        "“$5” is an amount of money; choose USD, or type pictures like 20.",
    ),
    ((*SET, "", *IMAGES_DAY), "“” is no number of pictures; type a whole number like 20."),
    (
        (*SET, "1,000", "--unit", "usd", "--per", "day"),
        "“1,000” can be read in two ways; type it like 1000 or 1.50.",
    ),
    (
        (*SET, "5", *IMAGES_DAY, "--member", "3", "--whole-server"),
        "Name one of --member, --role, --channel and --whole-server, not several.",
    ),
    (
        (*SET, "5", *IMAGES_DAY, "--reason", "x" * 201),
        "The reason may have at most 200 characters.",
    ),
    (
        ("limit", "list", SERVER, "--role", "3"),
        "--role and --channel tell about a member; name one with --member.",
    ),
    ((*GIVE, "0", "--unit", "images", "--until", "3d"), "A gift must be more than nothing."),
    (
        (*GIVE, "5", "--unit", "images", "--until", "3_d*"),
        "“3_d*” is no end; type it like 3d, 2 weeks, 2026-12-31 or 2026-12-31 18:00.",
    ),
    (
        ("block", "add", SERVER, MEMBER, "--until", "2020-01-01"),
        "“2020-01-01” has passed already; name an end that is still to come.",
    ),
    (
        ("audit", SERVER, "--kind", "limit.set"),
        "--kind takes what stands before the dot, here “limit”.",
    ),
]


@pytest.mark.parametrize(("args", "line"), WRONG, ids=lambda one: str(one[-1])[:20])
def test_what_is_typed_wrongly_is_one_line_code_2_and_no_change(host, args, line):
    assert host.failed(*args) == line
    assert host.json("audit", SERVER) == []


USAGE_ERRORS = [
    ("limit",), ("limit", "raise"), (*SET, "5"), (*SET, "5", "--unit", "eur", "--per", "day"),
    (*SET, "-5", *IMAGES_DAY), ("gift", "give", SERVER, MEMBER, "5", "--unit", "usd"),
    ("block", "add", SERVER), ("audit",), ("audit", SERVER, "--limit", "0"),
]  # fmt: skip


@pytest.mark.parametrize("args", USAGE_ERRORS, ids=str)
def test_what_is_missing_or_unknown_ends_with_code_2_and_the_usage(host, args):
    ended = host.run(*args)
    assert (ended.code, ended.stdout) == (2, "")
    assert "Usage: " in ended.stderr


NOTHING_THERE = [
    (("limit", "clear", SERVER, *IMAGES_DAY), "There is no such limit, so nothing was changed."),
    (("gift", "end", SERVER, MEMBER, "--unit", "usd"),
     "There is no such gift, so nothing was changed."),
    (("block", "remove", SERVER, MEMBER), "This member is not blocked, so nothing was changed."),
]  # fmt: skip


@pytest.mark.parametrize(("args", "line"), NOTHING_THERE, ids=lambda one: one[0])
def test_what_is_not_there_cannot_be_taken_away_and_ends_with_code_1(host, args, line):
    host.done("limit", "set", SERVER, "5", "--unit", "usd", "--per", "day")

    assert host.failed(*args, code=1) == line
    assert len(host.json("audit", SERVER)) == 1


COMMANDS = [
    ("limit", "list", SERVER), (*SET, "5", *IMAGES_DAY), ("gift", "list", SERVER, MEMBER),
    ("block", "add", SERVER, MEMBER), ("audit", SERVER),
]  # fmt: skip


@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
def test_a_database_that_is_not_there_is_not_made(tmp_path, args):
    elsewhere = Host(tmp_path, "sqlite:///data/bot.db")

    assert elsewhere.failed(*args, code=1).startswith("there is no database file data/bot.db; ")
    assert list(tmp_path.iterdir()) == []


def test_a_server_of_databases_that_is_away_is_one_line_and_code_1(tmp_path):
    elsewhere = Host(tmp_path, f"postgresql://u:S3CRET@/bot?host={tmp_path}")

    line = elsewhere.failed("limit", "list", SERVER, code=1)
    assert "S3CRET" not in line


def test_an_address_that_is_none_is_one_line_and_code_2_without_its_password(tmp_path):
    elsewhere = Host(tmp_path, "mysql://u:S3CRET@db")

    line = elsewhere.failed("block", "list", SERVER)
    assert line.startswith("DATABASE_URL: must be sqlite:///")
    assert "S3CRET" not in line


@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
def test_a_database_that_is_newer_is_left_alone(host, args):
    async def age(database: Database) -> None:
        async with database.write() as connection:
            await connection.execute(
                "INSERT INTO schema_versions (version, name) VALUES (9999, 'later')"
            )

    host.in_database(age)

    assert host.failed(*args, code=1).startswith("the database has version 9999 and this bot")


def test_a_time_zone_that_this_machine_does_not_know_is_one_line_and_code_1(host):
    async def move(database: Database) -> None:
        async with database.write(SERVER) as connection:
            await preferences.put(connection, SERVER, Preferences(zone="Mars/Olympus_Mons"))

    host.in_database(move)

    for args in (("limit", "list", SERVER, "--member", MEMBER), (*GIVE, "5", "--unit", "usd",
                 "--until", "3d")):  # fmt: skip
        line = host.failed(*args, code=1)
        assert "Mars/Olympus_Mons; set another time zone" in line


def test_the_host_s_own_limits_need_no_secret_and_a_wrong_one_is_named(host):
    limits = {"DEFAULT_IMAGES_PER_DAY": "7", "BOT_USD_PER_DAY": "25", "FAL_KEY": "nonsense"}
    shown = host.done("limit", "list", SERVER, **limits)
    assert cells(shown)[1:] == [
        ["7 pictures per day", "everyone (the host's default)"],
        ["$25 per day", "the whole bot (the host's cap)"],
    ]
    line = host.failed("limit", "list", SERVER, BOT_USD_PER_DAY="free")
    assert line == "BOT_USD_PER_DAY: must be an amount of USD such as 25 or 2.50"
    assert host.done("block", "list", SERVER, BOT_USD_PER_DAY="free") == "Nobody is blocked.\n"


def test_a_terminal_is_not_steered_by_what_somebody_typed(host):
    host.done("block", "add", SERVER, MEMBER, "--reason", "\x1b[2Jgone\u202e 🦊 Łódź")

    for args in (("audit", SERVER), ("block", "list", SERVER)):
        shown = host.process(*args, PYTHONIOENCODING="latin-1").stdout
        assert "\\x1b[2Jgone\\u202e 🦊 Łódź" in shown
        assert "\x1b" not in shown
    assert "\u202e" not in host.done("block", "list", SERVER, "--json")
    [row] = host.json("block", "list", SERVER)
    assert row["reason"] == "\x1b[2Jgone\u202e 🦊 Łódź"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk at hand")
def test_an_output_that_cannot_be_written_is_one_line_and_code_1(host):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": host.url}
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "block", "list", str(SERVER)],
            cwd=host.folder, env=env, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == b"The output cannot be written: No space left on device.\n"
