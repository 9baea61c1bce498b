"""`audit`: who changed what in a server, when and why."""

from dataclasses import asdict
from typing import Any

import click

from bot.console.ending import HostCommand, give_up
from bot.console.options import ID, json_option, server_argument
from bot.console.printing import actor, iso, minute, print_json, print_table, seen, who
from bot.console.session import on_services
from bot.core.audit import AuditRow
from bot.texts.audit import words_of

_ROWS_MAX = 100_000


@click.command(cls=HostCommand)
@server_argument
@click.option("--member", type=ID, help="Only what concerns this member.")
@click.option(
    "--kind", metavar="KIND", help="Only changes of one kind: limit, gift, block, words, …"
)
@click.option(
    "--limit",
    "rows_max",
    type=click.IntRange(1, _ROWS_MAX),
    default=50,
    show_default=True,
    metavar="N",
    help="The most rows.",
)
@json_option
def audit(server: int, member: int | None, kind: str | None, rows_max: int, as_json: bool) -> None:
    """Print the changes of a server, the newest first.

    Rows are only ever added; what the host did on the command line is there too.
    """
    if kind is not None and "." in kind:
        topic = kind.partition(".")[0]
        give_up([seen(f"--kind takes what stands before the dot, here “{topic}”.")], code=2)

    page = on_services(
        lambda bot: bot.moderation.audit_page(server, member_id=member, topic=kind, limit=rows_max)
    )
    if as_json:
        print_json([_object(row) for row in page.rows])
        return
    rows = [
        (minute(row.at_ms), who(row.change.actor_id), row.change.kind, _in_words(row))
        for row in page.rows
    ]
    is_whole = kind is None and member is None
    nothing = "Nothing was changed yet." if is_whole else "Nothing of this was changed yet."
    print_table(("time (UTC)", "by", "kind", "change"), rows, if_empty=nothing)
    if page.has_older:
        click.echo(f"There are older ones; --limit {min(_ROWS_MAX, 10 * rows_max)} shows more.")


def _in_words(row: AuditRow) -> str:
    words = words_of(row.change)
    values = ""
    if words.before is not None or words.after is not None:
        values = f": {words.before or 'nothing'} → {words.after or 'nothing'}"
    return f"{words.subject}{values}" + (f"; “{words.reason}”" if words.reason else "")


def _object(row: AuditRow) -> dict[str, Any]:
    change = row.change
    return {
        "id": row.id,
        "at": iso(row.at_ms),
        "actor": actor(change.actor_id),
        "kind": change.kind,
        **asdict(words_of(change)),
        "member_id": None if change.member_id is None else str(change.member_id),
        "job_id": change.job_id,
        "facts": change.facts,
    }
