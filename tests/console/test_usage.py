"""What servers spent, as a host reads it: text, JSON and CSV, on both engines."""

import json

import pytest

from bot.services.reporting.usage import TOP_MEMBERS
from bot.storage.database import Database
from tests.console.test_commands import small_books
from tests.host import cells

SERVER = 2**62
DAY = ("--period", "2026-03-01")
ENDED = (
    "Jobs that ended: 1 delivered, 0 undelivered, 0 failed, 0 refused by the model, "
    "0 cancelled. Refused before: 0."
)
FIGURES = {
    "jobs": 1, "pictures": 2, "cost_usd": "0.330000", "cost_microusd": 330_000,
    "charge_pictures": 1, "charge_usd": "0.165000", "charge_microusd": 165_000,
    "gift_pictures": 0, "gift_usd": "0.000000", "gift_microusd": 0,
}  # fmt: skip


@pytest.fixture
def spent(any_host):
    """One job that cost 33 cents, half of which was returned, and one that is open."""
    any_host.in_database(small_books)
    return any_host


def test_a_server_s_usage_is_shown_by_quality_day_and_member(spent):
    head, rest = spent.done("usage", SERVER, *DAY).split("\n\n", 1)
    assert head.splitlines() == [
        f"Server {SERVER}, 2026-03-01, UTC.",
        ENDED,
        "Open now: 1, holding 0.180000 USD.",
    ]
    qualities, days, members = [cells(table) for table in rest.split("\n\n")]
    row = ["1", "2", "0.330000", "0.165000"]
    assert qualities[0] == ["quality", "jobs", "pictures", "cost USD", "charged USD"]
    assert qualities[-2:] == [["high", *row], ["all", *row]]
    assert days[1:] == [["2026-03-01", *row]]
    assert members[1:] == [["3", *row]]


def test_members_who_are_not_named_are_summed_up_as_others(host):
    async def add(database: Database) -> None:
        async with database.write(SERVER) as connection:
            for member in range(1, TOP_MEMBERS + 3):
                await connection.execute(
                    "INSERT INTO daily_usage VALUES ($1, $2, $3, 'low', 1, 1, $3, 1, $3, 0, 0)",
                    SERVER, "2026-03-01", member,
                )  # fmt: skip

    host.in_database(add)

    members = cells(host.done("usage", SERVER, *DAY).split("\n\n")[-1])
    assert members[1] == ["12", "1", "1", "0.000012", "0.000012"]
    assert members[-1] == ["2 others", "2", "2", "0.000003", "0.000003"]
    assert len(members) == 1 + TOP_MEMBERS + 1


def test_a_server_s_usage_as_json_is_one_object_with_stable_keys(spent):
    found = json.loads(spent.done("usage", SERVER, "--from", "2026-02-28", "--to", "2026-03-02",
                                  "--json"))  # fmt: skip
    assert list(found) == [
        "server_id", "first_day", "last_day", "zone", "total", "qualities", "days", "members",
        "members_in_all", "ended", "refused", "open",
    ]  # fmt: skip
    assert (found["server_id"], found["first_day"], found["last_day"], found["zone"]) == (
        str(SERVER), "2026-02-28", "2026-03-02", "UTC",
    )  # fmt: skip
    assert found["total"] == FIGURES
    assert [one["quality"] for one in found["qualities"]] == ["low", "medium", "high"]
    assert found["days"] == [{"day": "2026-03-01", "quality": "high", **FIGURES}]
    assert found["members"] == [{"member_id": "3", **FIGURES}]
    assert found["ended"] == {
        "delivered": 1, "undelivered": 0, "failed": 0, "content": 0, "cancelled": 0,
    }  # fmt: skip
    assert found["open"] == {
        "jobs": 1, "pictures": 1, "held_usd": "0.180000", "held_microusd": 180_000,
    }  # fmt: skip


def test_all_servers_are_summed_up_one_by_one(spent):
    shown = spent.done("usage", "all", *DAY).splitlines()
    assert shown[0] == "All servers, 2026-03-01, each in its own time zone."
    row = ["1", "2", "0.330000", "0.165000"]
    assert cells("\n".join(shown[3:])) == [[str(SERVER), *row], ["all", *row]]
    assert spent.json("usage", "all", *DAY) == [
        {"server_id": str(SERVER), "first_day": "2026-03-01", "last_day": "2026-03-01", **FIGURES}
    ]
    assert spent.done("usage", "ALL", *DAY, "--csv") == (
        "server_id,first_day,last_day,jobs,pictures,cost_usd,cost_microusd,charge_usd,"
        "charge_microusd\n"
        f"{SERVER},2026-03-01,2026-03-01,1,2,0.330000,330000,0.165000,165000\n"
    )


def test_csv_has_a_row_for_each_day_member_and_quality(spent):
    assert spent.done("usage", SERVER, *DAY, "--csv") == (
        "day,member_id,quality,jobs,pictures,cost_usd,cost_microusd,charge_usd,charge_microusd\n"
        "2026-03-01,3,high,1,2,0.330000,330000,0.165000,165000\n"
    )


@pytest.mark.parametrize("period", ["today", "week", "month", "last month"])
def test_a_period_without_jobs_is_zeros_and_nothing_else(spent, period):
    shown = spent.done("usage", SERVER, "--period", period)
    assert cells(shown.split("\n\n", 1)[1])[-1] == ["all", "0", "0", "0.000000", "0.000000"]
    assert "member" not in shown
    assert "No server had jobs that ended." in spent.done("usage", "all", "--period", period)
    assert spent.json("usage", "all", "--period", period) == []
    assert json.loads(spent.done("usage", 99, "--period", period, "--json"))["days"] == []


NO_RANGE = (
    "“foo” is no date; type it like 2026-11-01..2026-11-15, "
    "or choose today, this week or this month."
)
WRONG = [
    (("--json", "--csv"), "Choose one of --json and --csv."),
    (("--period", "foo"), NO_RANGE),
    (("--period", "week", "--from", "2026-03-01"),
     "Name either a period or the days from and to, not both."),
    (("--from", "2026-03-05", "--to", "2026-03-01"),
     "2026-03-01 is before 2026-03-05; name the earlier day first."),
    (("--from", "2099-01-01"), "2099-01-01 is still to come; name days that have begun."),
]  # fmt: skip


@pytest.mark.parametrize("server", [SERVER, "all"])
@pytest.mark.parametrize(("args", "line"), WRONG, ids=lambda one: one[0] if one else "")
def test_a_wrong_range_is_one_line_and_code_2(host, server, args, line):
    assert host.failed("usage", server, *args) == line
