"""`block add|remove|list`: members who may not make pictures in a server."""

import click

from bot.console.ending import HostGroup, give_up
from bot.console.options import json_option, member_argument, reason_option, server_argument
from bot.console.printing import actor, iso, minute, print_json, print_table, who
from bot.console.session import change, on_services
from bot.core.typed.durations import shown_instant
from bot.services.container import DatabaseServices
from bot.storage.audit import HOST
from bot.storage.blocks import Block


@click.group(cls=HostGroup)
def block() -> None:
    """Keep members from making pictures in a server.

    A block refuses what is asked for from then on; jobs that were accepted before go on.
    """


@block.command("add")
@server_argument
@member_argument
@click.option(
    "--until",
    metavar="END",
    help="3d, 2 weeks, 2026-12-31 or '2026-12-31 18:00', in the server's time zone; "
    "without it there is no end.",
)
@reason_option
def add_block(server: int, member: int, until: str | None, reason: str) -> None:
    """Block a member, over a block that holds already. The member reads the reason."""

    async def add(bot: DatabaseServices) -> tuple[int | None, Block | None]:
        end = None if until is None else await bot.gifts.until(server, until)
        return end, await bot.blocks.add(server, member, end, actor_id=HOST, reason=reason)

    until_ms, before = change(server, add)
    was = "not blocked" if before is None else f"blocked {_end(before.until_ms)}"
    click.echo(f"Blocked: member {member}, {_end(until_ms)}; before: {was}.")


@block.command("remove")
@server_argument
@member_argument
@reason_option
def remove_block(server: int, member: int, reason: str) -> None:
    """Let a member make pictures again; ends with 1 where there is no block."""
    before = change(
        server,
        lambda bot: bot.blocks.remove(server, member, actor_id=HOST, reason=reason),
    )
    if before is None:
        give_up(["This member is not blocked, so nothing was changed."], code=1)
    click.echo(f"Unblocked: member {member}; before: blocked {_end(before.until_ms)}.")


@block.command("list")
@server_argument
@json_option
def list_blocks(server: int, as_json: bool) -> None:
    """List the blocks that hold now, the newest first."""
    listed = on_services(lambda bot: bot.blocks.listed(server))
    if as_json:
        print_json([_object(one) for one in listed])
        return
    rows = [
        (
            str(one.member_id),
            "no end" if one.until_ms is None else minute(one.until_ms),
            minute(one.set_at_ms),
            who(one.set_by),
            one.reason,
        )
        for one in listed
    ]
    heading = ("member", "until (UTC)", "since (UTC)", "set by", "reason")
    print_table(heading, rows, if_empty="Nobody is blocked.")


def _end(until_ms: int | None) -> str:
    return "without an end" if until_ms is None else f"until {shown_instant(until_ms)}"


def _object(one: Block) -> dict[str, str | None]:
    return {
        "member_id": str(one.member_id),
        "until": None if one.until_ms is None else iso(one.until_ms),
        "since": iso(one.set_at_ms),
        "set_by": actor(one.set_by),
        "reason": one.reason,
    }
