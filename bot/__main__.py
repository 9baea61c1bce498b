"""The command line: run, demo, check, prices, export, and the host's moderation.

Exit codes: 0 all is well, 1 a problem was found, 2 something was typed or set wrongly.
"""

import asyncio
import csv
import gc
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from decimal import Decimal

import click

from bot.console.audit import audit
from bot.console.blocks import block
from bot.console.checking import found_wrong
from bot.console.ending import give_up
from bot.console.gifts import gift
from bot.console.limits import limit
from bot.console.losses import adjust, list_losses
from bot.console.repair import repair
from bot.console.usage import usage
from bot.core.errors import BadSettings, BotError, IllegalSize
from bot.core.models.registry import DEFAULT
from bot.ops.logs import set_up_logs
from bot.services.reporting import listings as reports
from bot.settings import Settings, StorageSettings
from bot.storage.database import opened_database
from bot.texts.refusals import sentence
from bot.texts.sizes import unoffered_text
from bot.texts.writing import PLAIN

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_CONTEXT)
def main() -> None:
    """A Discord bot that makes pictures with fal, and whose money is exact.

    Settings come from the environment and from a file `.env` in the current folder;
    docs/operating.md lists them. To try everything without any account, start `demo`.

    Exit codes: 0 all is well, 1 a problem was found, 2 something was typed or set wrongly.
    """


for _command in (limit, gift, block, usage, audit, list_losses, adjust, repair):
    main.add_command(_command)


@main.command()
@click.option(
    "--accept-database",
    is_flag=True,
    help="Take the database that is there, though it is not the one that this bot had.",
)
def run(*, accept_database: bool) -> None:
    """Run the bot until Ctrl-C or SIGTERM.

    Only this command makes a database or brings one up to date.
    """
    from bot.app import run as run_app  # noqa: PLC0415 - other commands start faster without

    settings = _settings()
    set_up_logs(settings.log_level, settings.log_format, _secrets(settings))
    # What start-up made stays for good: leaving it out of collections keeps their pauses short.
    gc.freeze()
    try:
        asyncio.run(run_app(settings, accepts_database=accept_database))
    except BotError as error:
        give_up([str(error)], code=1)


@main.command()
@click.option("--out", default="demo-out", show_default=True, help="Where the pictures go.")
@click.option("--port", default=8124, show_default=True, help="Port of the live page; 0 takes any.")
@click.option("--page/--no-page", default=None, help="Keep the live page open (on a terminal).")
def demo(out: str, port: int, page: bool | None) -> None:
    """Show everything without any account.

    Starts a local Discord, a local fal and the real bot between them, plays a scene, prints what
    stands in the channel and saves the pictures. On a terminal it then keeps a page open in which
    you can type commands yourself, until Ctrl-C.
    """
    try:
        from standins.demo import play  # noqa: PLC0415 - a wheel does not hold it
    except ModuleNotFoundError as error:
        give_up([_no_demo(error.name or "")], code=2)
    sys.exit(asyncio.run(play(out=out, port=port, keeps_page=page)))


@main.command()
def check() -> None:
    """Check settings, database, disk and ledger.

    Prints one line for each problem and ends with exit code 1 if there is any. Beside the problems
    it names what the host may have lost to submits that got no answer.
    """
    settings = _settings(code=1)
    found = asyncio.run(found_wrong(settings.database_url, settings.data_dir))
    for note in found.notes:
        click.echo(note)
    if found.problems:
        give_up(found.problems, code=1)
    click.echo("All is well: settings, database, ledger.")


@main.command()
@click.option("--size", metavar="WxH", help="One size, such as 1536x1024, or a name.")
@click.option("--quality", type=click.Choice(DEFAULT.qualities), help="One quality.")
@click.option("--json", "as_json", is_flag=True, help="A list of objects, for scripts.")
def prices(size: str | None, quality: str | None, as_json: bool) -> None:
    """Print what one picture costs, without its prompt.

    The price is output tokens at $30 per million; a prompt adds about $0.00125 per thousand
    English characters.
    """
    try:
        rows = reports.price_rows(size, quality)
    except IllegalSize as error:
        give_up([sentence(error, PLAIN)], code=2)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    click.echo(f"{'size':<12}{'quality':<10}{'tokens':>8}{'USD':>12}")
    for row in rows:
        usd = Decimal(int(row["price_microusd"] or 0)) / 1_000_000
        click.echo(f"{row['size']:<12}{row['quality']:<10}{row['tokens']:>8}{usd:>12.5f}")
    for shown, rule in reports.unoffered(rows).items():
        click.echo(unoffered_text(shown, rule))


@main.command()
@click.argument("what", type=click.Choice(["jobs", "ledger"]))
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["json", "csv"]),
    default="json",
    show_default=True,
    help="A list of objects, or a table with a heading.",
)
def export(what: str, file_format: str) -> None:
    """Print all jobs or all entries of the ledger, the oldest first, in UTF-8.

    In CSV a text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    try:
        settings = StorageSettings.load()
    except BadSettings as error:
        give_up(error.lines, code=2)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", newline="\n")
    try:
        asyncio.run(_export(settings.database_url, what, file_format))
        sys.stdout.flush()
    except BotError as error:
        give_up([str(error)], code=1)
    except BrokenPipeError:
        raise  # click ends quietly: whoever reads has had enough, as `head` does
    except OSError as error:
        give_up([f"The output cannot be written: {error.strerror}."], code=1)


async def _export(database_url: str, what: str, file_format: str) -> None:
    is_jobs = what == "jobs"
    columns = list[str](reports.JOB_COLUMNS if is_jobs else reports.LEDGER_COLUMNS)
    async with opened_database(database_url) as database:
        rows = reports.job_rows(database) if is_jobs else reports.ledger_rows(database)
        # Closed in any case: an open one keeps its connection, and the database waits for that.
        async with aclosing(rows):
            if file_format == "csv":
                await _print_csv(rows, columns)
            else:
                await _print_json(rows)


async def _print_csv(rows: AsyncGenerator[reports.Line], columns: list[str]) -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(columns)
    async for row in rows:
        table.writerow([reports.csv_cell(row[name]) for name in columns])


async def _print_json(rows: AsyncGenerator[reports.Line]) -> None:
    lead = "["
    async for row in rows:
        click.echo(f"{lead}\n  {json.dumps(row, ensure_ascii=False)}", nl=False)
        lead = ","
    click.echo("[]" if lead == "[" else "\n]")


def _no_demo(missing: str) -> str:
    """Where the demo can be played, when it cannot be here."""
    if missing.partition(".")[0] == "standins":
        return (
            "The demo is not part of the installed package: "
            "type `make demo` in the source tree, or give `demo` to the container."
        )
    return (
        f"The demo needs the packages of requirements-demo.lock ({missing} is missing): "
        "type `make demo` in the source tree, which installs them."
    )


def _settings(code: int = 2) -> Settings:
    try:
        return Settings.load()
    except BadSettings as error:
        give_up(error.lines, code=code)


def _secrets(settings: Settings) -> tuple[str, ...]:
    admin_key = settings.fal_admin_key
    return (
        settings.discord_token.get_secret_value(),
        settings.fal_key.get_secret_value(),
        "" if admin_key is None else admin_key.get_secret_value(),
    )


if __name__ == "__main__":
    main()
