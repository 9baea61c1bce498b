"""`losses` and `adjust`: money of which nobody knows whether fal billed it, and what it came to."""

import click

from bot.console.ending import HostCommand, give_up
from bot.console.options import json_option
from bot.console.printing import iso, minute, print_json, print_table, seen, usd
from bot.console.session import on_services
from bot.core.limits import Unit
from bot.core.money import format_usd
from bot.core.typed.amounts import parse_amount
from bot.storage.doubts import Doubt

_HEADING = ("job", "server", "member", " amount", "since (UTC)", "why")


@click.command("losses", cls=HostCommand)
@json_option
def list_losses(as_json: bool) -> None:
    """List what fal may have billed for jobs that were given back, the oldest first.

    It counts against the limits of channel, server and bot until it is found, refuted or written
    off; `adjust` does that. The bot itself does it where it learns what became of a job.
    """
    listed = on_services(lambda bot: bot.losses.listed())
    if as_json:
        print_json([_object(one) for one in listed])
        return
    rows = [
        (
            one.job_id,
            str(one.server_id),
            str(one.member_id),
            format_usd(one.microusd),
            minute(one.since_ms),
            one.why or "",
        )
        for one in listed
    ]
    print_table(_HEADING, rows, if_empty="Nothing is in doubt.")
    if rows:
        jobs = "1 job" if len(rows) == 1 else f"{len(rows)} jobs"
        click.echo(f"In all: {format_usd(sum(one.microusd for one in listed))} of {jobs}.")


@click.command(cls=HostCommand)
@click.argument("job")
@click.option("--cost", metavar="USD", help="What fal's bill says for the whole job: 0.33, or 0.")
@click.option("--write-off", is_flag=True, help="Count it no longer, though nobody knows.")
@click.option(
    "--reason", required=True, metavar="TEXT", help="Why; it stands in the server's audit."
)
def adjust(job: str, cost: str | None, write_off: bool, reason: str) -> None:
    """Correct what a job cost, or write off what may have been lost by it.

    What the member pays stays as it is. Ends with 1 where there is nothing to correct.
    """
    if (cost is None) == (not write_off):
        give_up(["Say either --cost or --write-off."], code=2)
    if not reason.strip():
        give_up(["--reason may not be empty."], code=2)
    if cost is None:
        _write_off(job, reason)
    else:
        _correct(job, parse_amount(cost, Unit.USD), reason)


def _write_off(job: str, reason: str) -> None:
    doubt = on_services(lambda bot: bot.losses.write_off(job, reason))
    if not doubt:
        give_up([seen(f"Nothing of job {job} is in doubt, so nothing was changed.")], code=1)
    click.echo(f"Written off: {format_usd(doubt)} of job {job}.")


def _correct(job: str, cost_microusd: int, reason: str) -> None:
    done = on_services(lambda bot: bot.losses.correct(job, cost_microusd, reason))
    if done.is_nothing:
        give_up([f"Job {job} cost {format_usd(cost_microusd)} already; nothing changed."], code=1)
    was = format_usd(done.before_microusd)
    if done.doubt_microusd:
        was += f" and {format_usd(done.doubt_microusd)} in doubt"
    click.echo(f"Corrected: job {job} cost {format_usd(done.after_microusd)}; before: {was}.")


def _object(one: Doubt) -> dict[str, str | int | None]:
    return {
        "job_id": one.job_id,
        "server_id": str(one.server_id),
        "channel_id": str(one.channel_id),
        "member_id": str(one.member_id),
        "microusd": one.microusd,
        "usd": usd(one.microusd),
        "since": iso(one.since_ms),
        "why": one.why,
    }
