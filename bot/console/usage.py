"""`usage`: what a server, or every server, spent over a range of days."""

import sys
from collections.abc import Iterable
from functools import reduce
from typing import Any

import click

from bot.console.ending import HostCommand, give_up
from bot.console.options import ALL, json_option, servers_argument
from bot.console.printing import Cell, print_csv, print_json, print_table, usd
from bot.console.session import on_services
from bot.core.typed.ranges import Days
from bot.services.reporting.usage import UsageReport, UsageReports
from bot.storage.usage import CONTENT, Figures

_SHORT = {"week": "this week", "month": "this month"}
_OUTCOMES = ("delivered", "undelivered", "failed", CONTENT, "cancelled")
_NAMED = {name: name for name in _OUTCOMES} | {CONTENT: "refused by the model"}
_FILE_BYTES_MAX = 2**40
"""The host's disk is the only bound."""

_CSV_COLUMNS = (
    "server_id", "first_day", "last_day", "jobs", "pictures", "cost_usd", "cost_microusd",
    "charge_usd", "charge_microusd",
)  # fmt: skip

_Range = tuple[str | None, str | None, str | None]


@click.command(cls=HostCommand)
@servers_argument
@click.option(
    "--period",
    metavar="PERIOD",
    help="today, week, month (the default), 'last month' or 2026-11-01..2026-11-15.",
)
@click.option("--from", "first", metavar="DAY", help="The first day, like 2026-11-01.")
@click.option("--to", "last", metavar="DAY", help="The last day; today without it.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="A table by day, member and quality.")
def usage(
    server: int,
    period: str | None,
    first: str | None,
    last: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print what a server spent, or for `all` the sum of each server.

    Cost is what fal bills; charged is what the quotas of members paid, only for pictures that
    arrived. A job counts on the day of its hold in the time zone of its server, once it is
    resolved.
    """
    if as_json and as_csv:
        give_up(["Choose one of --json and --csv."], code=2)
    days = _SHORT.get(period or "", period), first, last
    if server == ALL:
        _print_all(days, as_json=as_json, as_csv=as_csv)
    elif as_csv:
        sys.stdout.write(on_services(lambda bot: _sheet(bot.usage, server, days)))
        sys.stdout.flush()
    else:
        report = on_services(lambda bot: bot.usage.report(server, *days))
        if as_json:
            print_json(_object(report))
        else:
            _print_report(report)


async def _sheet(reports: UsageReports, server: int, days: _Range) -> str:
    report = await reports.report(server, *days)
    return (await reports.sheet(server, report.days, _FILE_BYTES_MAX)).data.decode()


def _print_all(days: _Range, *, as_json: bool, as_csv: bool) -> None:
    found, servers = on_services(lambda bot: bot.usage.by_server(*days))
    rows = [
        {"server_id": str(server), **_range(found), **_object_of(one)}
        for server, one in servers.items()
    ]
    if as_json:
        print_json(rows)
    elif as_csv:
        print_csv(_CSV_COLUMNS, rows)
    else:
        click.echo(f"All servers, {_days(found)}, each in its own time zone.\n")
        total = reduce(Figures.plus, servers.values(), Figures())
        rows_and_sum = [(str(server), one) for server, one in servers.items()] + [("all", total)]
        _print_figures("server", rows_and_sum if servers else [])


def _print_report(report: UsageReport) -> None:
    found = report.found
    click.echo(f"Server {report.server_id}, {_days(report.days)}, {report.zone}.")
    ended = ", ".join(f"{found.outcomes.get(name, 0)} {_NAMED[name]}" for name in _OUTCOMES)
    click.echo(f"Jobs that ended: {ended}. Refused before: {report.refused}.")
    held = usd(found.open.microusd)
    click.echo(f"Open now: {found.open.jobs}, holding {held} USD.\n")
    _print_figures("quality", [*report.by_quality().items(), ("all", report.total)])
    by_day = sorted(report.by_day().items())
    days = [(day.isoformat(), reduce(Figures.plus, one.values(), Figures())) for day, one in by_day]
    members = [(str(member), figures) for member, figures in found.members.items()]
    for what, named in (
        ("day", [(day, figures) for day, figures in days if figures != Figures()]),
        ("member", [*members, *_others(report)]),
    ):
        if named:
            click.echo()
            _print_figures(what, named)


def _others(report: UsageReport) -> list[tuple[str, Figures]]:
    count = report.found.members_in_all - len(report.found.members)
    return [(f"{count} others", report.others)] if count > 0 else []


def _print_figures(what: str, named: Iterable[tuple[str, Figures]]) -> None:
    rows = [
        (name, str(one.jobs), str(one.images), usd(one.microusd), usd(one.charge_microusd))
        for name, one in named
    ]
    heading = (what, " jobs", " pictures", " cost USD", " charged USD")
    print_table(heading, rows, if_empty=f"No {what} had jobs that ended.")


def _days(days: Days) -> str:
    first, last = days.first.isoformat(), days.last.isoformat()
    return first if first == last else f"{first} to {last}"


def _range(days: Days) -> dict[str, str]:
    return {"first_day": days.first.isoformat(), "last_day": days.last.isoformat()}


def _object_of(figures: Figures) -> dict[str, Cell]:
    return {
        "jobs": figures.jobs,
        "pictures": figures.images,
        "cost_usd": usd(figures.microusd),
        "cost_microusd": figures.microusd,
        "charge_pictures": figures.charge_images,
        "charge_usd": usd(figures.charge_microusd),
        "charge_microusd": figures.charge_microusd,
        "gift_pictures": figures.gift_images,
        "gift_usd": usd(figures.gift_microusd),
        "gift_microusd": figures.gift_microusd,
    }


def _object(report: UsageReport) -> dict[str, Any]:
    found = report.found
    qualities = report.by_quality().items()
    return {
        "server_id": str(report.server_id),
        **_range(report.days),
        "zone": report.zone,
        "total": _object_of(report.total),
        "qualities": [{"quality": name, **_object_of(one)} for name, one in qualities],
        "days": [
            {"day": day, "quality": quality, **_object_of(one)}
            for (day, quality), one in found.days.items()
        ],
        "members": [
            {"member_id": str(member), **_object_of(one)} for member, one in found.members.items()
        ],
        "members_in_all": found.members_in_all,
        "ended": {name: found.outcomes.get(name, 0) for name in _OUTCOMES},
        "refused": found.refusals,
        "open": {
            "jobs": found.open.jobs,
            "pictures": found.open.images,
            "held_usd": usd(found.open.microusd),
            "held_microusd": found.open.microusd,
        },
    }
