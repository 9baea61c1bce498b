"""The host's limits, gifts, blocks and audit, as a host types them, on both engines."""

import json
import re

from bot.core.preferences import Preferences
from bot.storage import preferences
from bot.storage.database import Database
from tests.host import cells

SERVER, MEMBER, ROLE, CHANNEL = 2**62, 2**62 + 3, 7, 8
IMAGES_DAY = ("--unit", "images", "--per", "day")
UNKNOWN = f"Note: nothing was stored of server {SERVER} before; is the id right?\n"


def test_limits_are_set_listed_explained_and_cleared(any_host):
    host = any_host
    first = host.process("limit", "set", SERVER, "20", *IMAGES_DAY, "--reason", "summer")
    assert (first.code, first.stderr) == (0, UNKNOWN)
    assert first.stdout == "Set: everyone, pictures per day: 20 pictures; before: none.\n"
    again = host.process("limit", "set", SERVER, "25", *IMAGES_DAY)
    assert (again.code, again.stderr) == (0, "")
    assert again.stdout.endswith("25 pictures; before: 20 pictures.\n")
    usd = ("--unit", "USD", "--per", "month")
    host.done("limit", "set", SERVER, "2,50", *usd, "--role", ROLE)
    host.done("limit", "set", SERVER, "3", *usd, "--whole-server")
    host.done("limit", "set", SERVER, "4", *IMAGES_DAY, "--channel", CHANNEL)
    host.done("limit", "set", SERVER, "5", *IMAGES_DAY, "--member", MEMBER)

    assert host.done("limit", "list", SERVER).splitlines() == [
        "              limit  for",
        " 4 pictures per day  channel 8",
        "25 pictures per day  everyone",
        f" 5 pictures per day  member {MEMBER}",
        "    $2.50 per month  role 7",
        "       $3 per month  the whole server",
        "10 pictures per day  everyone (the host's default)",
    ]
    who = ("--member", MEMBER, "--role", 1, "--role", ROLE, "--channel", CHANNEL)
    heading, *explained = cells(host.done("limit", "list", SERVER, *who))
    assert heading == ["left", "of", "resets (UTC)", "set for", "goes before"]
    assert [[row[0], row[1], row[3]] for row in explained] == [
        ["5 pictures", "5 pictures per day", f"member {MEMBER}"],
        ["$2.50", "$2.50 per month", "role 7"],
        ["4 pictures", "4 pictures per day", "channel 8"],
        ["$3", "$3 per month", "the whole server"],
    ]
    before = "everyone: 25 pictures per day; everyone (the host's default): 10 pictures per day"
    assert explained[0][4] == before
    assert host.done("limit", "clear", SERVER, *IMAGES_DAY, "--member", MEMBER) == (
        f"Cleared: member {MEMBER}, pictures per day; before: 5 pictures.\n"
    )
    assert host.json("limit", "list", SERVER, "--member", MEMBER)[0]["subject"] == "everyone"


def test_the_role_that_everybody_has_is_everyone(host):
    printed = host.done("limit", "set", SERVER, "5", *IMAGES_DAY, "--role", SERVER)
    assert printed.startswith("Set: everyone, pictures per day")


def test_gifts_are_given_listed_and_ended(any_host):
    host = any_host
    gift = ("gift", "give", SERVER, MEMBER)
    given = host.done(*gift, "2.50", "--unit", "usd", "--until", "3 days", "--reason", "poster")
    assert re.fullmatch(
        rf"Given: member {MEMBER}, \$2.50 until 20\d\d-\d\d-\d\d \d\d:\d\d UTC.\n", given
    )
    host.done(*gift, "20", "--unit", "images", "--until", "2 weeks")

    heading, first, second = cells(host.done("gift", "list", SERVER, MEMBER))
    assert heading == ["left", "of", "until (UTC)", "given by", "reason"]
    assert [*first[:2], *first[3:]] == ["$2.50", "$2.50", "the host", "poster"]
    assert second[:2] == ["20 pictures", "20 pictures"]
    assert [one["left"] for one in host.json("gift", "list", SERVER, MEMBER)] == [2_500_000, 20]
    assert host.done("gift", "end", SERVER, MEMBER, "--unit", "usd") == (
        f"Ended: member {MEMBER}, gifts with $2.50 left.\n"
    )
    assert [one["unit"] for one in host.json("gift", "list", SERVER, MEMBER)] == ["images"]
    assert host.run("check", DISCORD_TOKEN="t", FAL_KEY="a:b").code == 0


def test_members_are_blocked_listed_and_let_in_again(any_host):
    host = any_host
    assert host.done(
        "block", "add", SERVER, MEMBER, "--until", "3d", "--reason", "spam"
    ).startswith(f"Blocked: member {MEMBER}, until 20")
    again = host.done("block", "add", SERVER, MEMBER)
    assert again.startswith(f"Blocked: member {MEMBER}, without an end; before: blocked until 20")
    host.done("block", "add", SERVER, 4, "--reason", "spam")

    heading, first, second = cells(host.done("block", "list", SERVER))
    assert heading == ["member", "until (UTC)", "since (UTC)", "set by", "reason"]
    assert [*first[:2], *first[3:]] == ["4", "no end", "the host", "spam"]
    assert second[0] == str(MEMBER)
    host.done("block", "remove", SERVER, 4, "--reason", "sorry")
    assert [one["member_id"] for one in host.json("block", "list", SERVER)] == [str(MEMBER)]


def test_the_audit_names_the_host_and_stays_in_its_server(any_host):
    host = any_host
    host.done("limit", "set", SERVER, "5", *IMAGES_DAY, "--member", MEMBER, "--reason", "a  b")
    host.done("block", "add", SERVER, 4)
    host.done("block", "add", SERVER + 1, 5)

    heading, newest, oldest = cells(host.done("audit", SERVER))
    assert heading == ["time (UTC)", "by", "kind", "change"]
    assert newest[1:] == ["the host", "block.add", "member 4: nothing → blocked"]
    change = f"member {MEMBER}, pictures per day: nothing → 5 pictures; “a b”"
    assert oldest[1:] == ["the host", "limit.set", change]
    assert [row["member_id"] for row in host.json("audit", SERVER, "--kind", "limit")] == [
        str(MEMBER)
    ]
    assert [row["kind"] for row in host.json("audit", SERVER, "--member", 4)] == ["block.add"]
    shown = host.done("audit", SERVER, "--limit", 1).splitlines()
    assert shown[-1] == "There are older ones; --limit 10 shows more."
    assert host.done("audit", SERVER, "--kind", "words") == "Nothing of this was changed yet.\n"
    assert host.done("audit", 99) == "Nothing was changed yet.\n"


def test_a_change_waits_for_the_log_channel_of_a_server_that_has_one(any_host):
    host = any_host

    async def choose(database: Database) -> None:
        async with database.write(SERVER) as connection:
            await preferences.put(connection, SERVER, Preferences(log_channel_id=CHANNEL))

    async def waiting(database: Database) -> list[str]:
        async with database.read() as connection:
            rows = await connection.fetch("SELECT body FROM notices WHERE server_id = $1", SERVER)
        return [json.loads(row["body"])["kind"] for row in rows]

    host.in_database(choose)
    host.done("block", "add", SERVER, MEMBER)

    assert host.in_database(waiting) == ["block.add"]


def test_json_has_stable_keys_ids_as_text_and_times_in_utc(host):
    host.done("limit", "set", SERVER, "5", *IMAGES_DAY, "--member", MEMBER)
    host.done("limit", "set", SERVER, "2.50", "--unit", "usd", "--per", "week", "--role", ROLE)
    host.done("gift", "give", SERVER, MEMBER, "1", "--unit", "usd", "--until", "1d")
    host.done("block", "add", SERVER, MEMBER, "--until", "1d")
    rule = ["subject", "subject_id", "unit", "window", "amount", "amount_usd", "is_host"]
    standing = [*rule, "used", "used_usd", "left", "left_usd", "resets_at", "goes_before"]

    rules = host.json("limit", "list", SERVER)
    assert [list(row) for row in rules] == [rule] * 3
    assert rules[1] == {
        "subject": "role", "subject_id": "7", "unit": "usd", "window": "week",
        "amount": 2_500_000, "amount_usd": "2.500000", "is_host": False,
    }  # fmt: skip
    assert (rules[2]["subject_id"], rules[2]["is_host"], rules[2]["amount_usd"]) == (
        None, True, None,
    )  # fmt: skip
    [applies] = host.json("limit", "list", SERVER, "--member", MEMBER)
    assert list(applies) == standing
    assert applies["subject_id"] == str(MEMBER)
    assert [list(one) for one in applies["goes_before"]] == [rule]
    [gift] = host.json("gift", "list", SERVER, MEMBER)
    assert list(gift) == [
        "id", "unit", "amount", "amount_usd", "left", "left_usd", "until", "given_by", "reason",
    ]  # fmt: skip
    [block] = host.json("block", "list", SERVER)
    assert list(block) == ["member_id", "until", "since", "set_by", "reason"]
    rows = host.json("audit", SERVER)
    assert {tuple(row) for row in rows} == {(
        "id", "at", "actor", "kind", "subject", "before", "after", "reason", "member_id", "job_id",
        "facts",
    )}  # fmt: skip
    assert {gift["given_by"], block["set_by"], *(row["actor"] for row in rows)} == {"host"}
    for moment in (applies["resets_at"], gift["until"], block["since"], rows[0]["at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
