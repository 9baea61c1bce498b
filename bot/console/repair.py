"""`repair`: makes the sums anew that are kept beside the ledger, after showing what changes."""

import click

from bot.console.ending import HostCommand, give_up
from bot.console.session import on_services

_CANNOT_HELP = (
    "The entries above are not as they were written. `repair` never touches entries, and sums made "
    "of these would be no better, so nothing was changed: restore a backup of the database."
)


@click.command(cls=HostCommand)
@click.option("--apply", "applies", is_flag=True, help="Change it; without this it is only shown.")
def repair(applies: bool) -> None:
    """Make totals, daily counts and what is drawn of gifts anew from the entries of the ledger.

    Shows each sum that changes. Entries themselves are never touched; where they are damaged, that
    is said and nothing is changed. Ends with 1 where something is wrong and stays so.
    """
    findings = on_services(lambda bot: bot.repairs.mend() if applies else bot.repairs.look())
    for sentence in findings.differences:
        click.echo(f"{sentence}.")
    if findings.damage:
        give_up([*(f"{sentence}." for sentence in findings.damage), _CANNOT_HELP], code=1)
    count = len(findings.differences)
    sums = "1 sum" if count == 1 else f"{count} sums"
    if not count:
        click.echo("Every sum is right; there is nothing to repair.")
    elif applies:
        click.echo(f"Made anew: {sums}.")
    else:
        give_up([f"{sums} would change; `repair --apply` changes them."], code=1)
