"""Money in doubt and sums that do not fit, as a host sees and mends them, on both engines."""

import json
import re

import pytest

from bot.core.limits import Usage
from bot.core.preferences import Preferences
from bot.storage import jobs, ledger, preferences
from bot.storage.connection import Connection
from bot.storage.database import Database
from tests.host import Host, cells
from tests.storage import samples
from tests.storage.samples import CHANNEL, MEMBER, NOW_MS, SERVER, accepted, used
from tests.storage.test_tampering import deliver, fail

LATER = ("--reason", "the bill of May")
ENV = {"DISCORD_TOKEN": "t", "FAL_KEY": "a:b"}


async def hear(conn: Connection) -> None:
    await preferences.put(conn, SERVER, Preferences(log_channel_id=CHANNEL))


def doubtful(host: Host, *losses: int) -> list[str]:
    """Jobs that were given back, with what fal may have billed for them; 0 for none."""

    async def make(database: Database) -> list[str]:
        made = [await accepted(database) for _ in losses]
        async with database.write(SERVER) as conn:
            await hear(conn)
            for job, loss in zip(made, losses, strict=True):
                await fail(conn, job, loss)
        return [job.id for job in made]

    return host.in_database(make)


def counted(host: Host) -> list[Usage]:
    async def read(database: Database) -> list[Usage]:
        async with database.read() as conn:
            assert await ledger.check(conn, NOW_MS) == []
            return await used(conn)

    return host.in_database(read)


def noted(host: Host) -> list[tuple[str, str, str, str, str]]:
    """Changes in the audit, which the log channel hears of as well."""

    async def waiting(database: Database) -> list[str]:
        async with database.read() as conn:
            rows = await conn.fetch("SELECT body FROM notices ORDER BY seq")
        return [json.loads(row["body"])["kind"] for row in rows]

    rows = host.json("audit", SERVER)[::-1]
    assert [row["kind"] for row in rows] == host.in_database(waiting)
    assert {row["actor"] for row in rows} <= {"host"}
    return [(r["kind"], r["job_id"], r["before"], r["after"], r["reason"]) for r in rows]


def test_losses_are_listed_with_their_sum(any_host: Host) -> None:
    host = any_host
    assert host.done("losses") == "Nothing is in doubt.\n"
    assert host.json("losses") == []
    first, _, last = doubtful(host, 330_000, 0, 50_000)

    heading, *rows, summed = cells(host.done("losses"))
    assert heading == ["job", "server", "member", "amount", "since (UTC)", "why"]
    when = "2026-03-01 00:00"
    assert rows == [
        [first, str(SERVER), str(MEMBER), "$0.33", when, "lost"],
        [last, str(SERVER), str(MEMBER), "$0.05", when, "lost"],
    ]
    assert summed == ["In all: $0.38 of 2 jobs."]
    assert host.json("losses")[0] == {
        "job_id": first, "server_id": str(SERVER), "channel_id": str(CHANNEL),
        "member_id": str(MEMBER), "microusd": 330_000, "usd": "0.330000",
        "since": "2026-03-01T00:00:00.000Z", "why": "lost",
    }  # fmt: skip


def test_a_doubt_is_found_refuted_or_written_off(any_host: Host) -> None:
    host = any_host
    found, refuted, written_off, stays = doubtful(host, 330_000, 50_000, 70_000, 7)
    assert counted(host) == [Usage(), *[Usage(0, 450_007)] * 3]

    assert host.done("adjust", found, "--cost", "0.34", *LATER) == (
        f"Corrected: job {found} cost $0.34; before: $0 and $0.33 in doubt.\n"
    )
    assert host.done("adjust", refuted, "--cost", "0", *LATER) == (
        f"Corrected: job {refuted} cost $0; before: $0 and $0.05 in doubt.\n"
    )
    assert host.done("adjust", written_off, "--write-off", *LATER) == (
        f"Written off: $0.07 of job {written_off}.\n"
    )

    assert counted(host) == [Usage(), *[Usage(0, 340_007)] * 3]
    assert [one["job_id"] for one in host.json("losses")] == [stays]
    assert noted(host) == [
        ("loss.adjust", found, "$0.33 in doubt", "$0.34", "the bill of May"),
        ("loss.adjust", refuted, "$0.05 in doubt", "$0", "the bill of May"),
        ("loss.write_off", written_off, "$0.07 in doubt", "written off", "the bill of May"),
    ]

    async def costs(database: Database) -> list[int | None]:
        async with database.read() as conn:
            rows = [await jobs.get(conn, name) for name in (found, refuted, written_off)]
        return [row.cost_microusd for row in rows if row]

    assert host.in_database(costs) == [340_000, 0, None]


def test_the_cost_of_a_job_is_corrected_and_its_member_pays_the_same(any_host: Host) -> None:
    host = any_host

    async def make(database: Database) -> str:
        job = await accepted(database)
        async with database.write(SERVER) as conn:
            await hear(conn)
            await deliver(conn, job)
        return job.id

    job = host.in_database(make)
    for cost, was in (("0.10", "$0.30"), ("0,5", "$0.10")):
        done = host.done("adjust", job, "--cost", cost, *LATER)
        assert done.endswith(f"before: {was}.\n")
    assert counted(host) == [Usage(2, 300_000), *[Usage(2, 500_000)] * 3]
    assert [row[2:4] for row in noted(host)] == [("$0.30", "$0.10"), ("$0.10", "$0.50")]
    before = host.json("audit", SERVER)
    assert host.failed("adjust", job, "--cost", "0.5", *LATER, code=1) == (
        f"Job {job} cost $0.50 already; nothing changed."
    )
    assert host.json("audit", SERVER) == before


@pytest.mark.parametrize(
    ("typed", "code", "line"),
    [
        (("--cost", "1", "--write-off", *LATER), 2, "Say either --cost or --write-off."),
        (LATER, 2, "Say either --cost or --write-off."),
        (("--write-off", "--reason", " "), 2, "--reason may not be empty."),
        (("--cost", "much", *LATER), 2, "“much” is no amount of USD; type it like $5, 2.50 or"),
        (("--cost", "-1", *LATER), 2, "“-1” is no amount of USD"),
        (("--cost", "1", "--reason", "x" * 201), 2, "The reason may have at most 200 characters."),
        (("--write-off", *LATER), 1, "is in doubt, so nothing was changed."),
    ],
)
def test_what_cannot_be_adjusted_is_said_in_a_line(
    host: Host, typed: tuple[str, ...], code: int, line: str
) -> None:
    [job] = doubtful(host, 0)
    assert line in host.failed("adjust", job, *typed, code=code)
    assert counted(host) == [Usage()] * 4
    assert noted(host) == []


def test_a_job_that_is_not_there_or_not_decided_is_left_alone(host: Host) -> None:
    async def make(database: Database) -> str:
        return (await accepted(database)).id

    job = host.in_database(make)
    line = host.failed("adjust", job, "--cost", "1", *LATER)
    assert line == f"Job {job} is not decided yet; the bot itself books what it costs."
    line = host.failed("adjust", "x\x1b[2J", "--cost", "1", *LATER)
    assert line == r"There is no job x\x1b[2J; `losses` and `export jobs` name them."
    assert "There is no job nobody" in host.failed("adjust", "nobody", "--write-off", *LATER)


DAMAGE = (
    "UPDATE totals SET microusd = microusd + 5 WHERE account = 'channel'",
    "DELETE FROM totals WHERE account = 'bot'",
    "INSERT INTO totals VALUES (9, 'server', 0, '2026-01-01', 1, 1)",
    "UPDATE daily_usage SET jobs = 7",
    "DELETE FROM daily_outcomes",
)


def harm(host: Host, *texts: str, unguarded: bool = False) -> None:
    async def work(database: Database) -> None:
        async with database.write(SERVER) as conn:
            if unguarded:
                await samples.unguard(database, conn)
            for text in texts:
                assert await conn.execute(text)

    host.in_database(work)


def test_sums_are_made_anew_after_showing_what_changes(any_host: Host) -> None:
    host = any_host
    doubtful(host, 330_000, 0)
    assert host.done("repair") == "Every sum is right; there is nothing to repair.\n"
    before = counted(host)
    harm(host, *DAMAGE)

    shown = host.run("repair")
    assert (shown.code, shown.stderr) == (
        1,
        "5 sums would change; `repair --apply` changes them.\n",
    )
    unit = "(pictures / micro-dollars)"
    zeros, figures = "0 / 0, 0 / 0, 0 / 0", "(jobs, cost, charge, gifts)"
    where = f"of server {SERVER} on 2026-03-01"
    assert sorted(shown.stdout.splitlines()) == [
        f"0 jobs {where}, failed, are counted, which becomes 2.",
        f"the total of bot 0 of server 0 on 2026-02-28 is 0 / 0 and becomes 0 / 330000 {unit}.",
        f"the total of channel {CHANNEL} {where} is 0 / 330005 and becomes 0 / 330000 {unit}.",
        f"the total of server 0 of server 9 on 2026-01-01 is 1 / 1 and becomes 0 / 0 {unit}.",
        f"usage of member {MEMBER} {where}, high is 7, {zeros} and becomes 2, {zeros} {figures}.",
    ]
    assert host.run("check", **ENV).code == 1, "showing changes nothing"

    done = host.done("repair", "--apply")
    assert done == shown.stdout + "Made anew: 5 sums.\n"
    assert counted(host) == before
    assert host.done("repair", "--apply").startswith("Every sum is right")
    [(kind, _, was, now, _)] = noted(host)
    assert (kind, was, now) == ("repair.sums", "3 wrong", "made anew from the entries")


def test_entries_that_are_damaged_are_named_and_their_sums_left_alone(any_host: Host) -> None:
    host = any_host
    doubtful(host, 330_000)
    harm(
        host,
        "UPDATE ledger SET microusd = 1, images = 0 WHERE kind = 'release'",
        "DELETE FROM doubts",
        unguarded=True,
    )
    for typed in ((), ("--apply",)):
        ended = host.run("repair", *typed)
        assert ended.code == 1
        assert "is 0 / 330000 and becomes 2 / 399999" in ended.stdout
        first, second, last = ended.stderr.splitlines()
        assert first == (
            f"the doubts of server {SERVER} have counted 1 rows and hold 0, "
            "the last of them number 0."
        )
        assert re.fullmatch(
            r"entry \w{16} of the ledger was changed after it was written; its seal does not fit.",
            second,
        )
        assert "nothing was changed: restore a backup" in last
    assert noted(host) == []
