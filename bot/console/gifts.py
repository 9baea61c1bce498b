"""`gift give|end|list`: what members may use beyond the limits, until an end."""

import click

from bot.console.ending import HostGroup, give_up
from bot.console.options import (
    json_option,
    member_argument,
    reason_option,
    server_argument,
    unit_option,
)
from bot.console.printing import actor, amounts, iso, minute, print_json, print_table, who
from bot.console.session import change, on_services
from bot.core.gifts import Gift, left_in
from bot.core.limits import Unit
from bot.core.typed.amounts import parse_amount
from bot.core.typed.durations import shown_instant
from bot.services.container import DatabaseServices
from bot.storage.audit import HOST
from bot.texts.amounts import show_amount


@click.group(cls=HostGroup)
def gift() -> None:
    """Give a member something beyond the limits, end it, or list it.

    Gifts are spent after what the limits allow, the one that ends first before the others.
    """


@gift.command("give")
@server_argument
@member_argument
@click.argument("amount")
@unit_option
@click.option(
    "--until",
    required=True,
    metavar="END",
    help="3d, 2 weeks, 2026-12-31 or '2026-12-31 18:00', in the server's time zone.",
)
@reason_option
def give_gift(server: int, member: int, amount: str, unit: Unit, until: str, reason: str) -> None:
    """Give a member pictures or USD: 20, 5, 2.50 or 2,50."""
    parsed = parse_amount(amount, unit)

    async def give(bot: DatabaseServices) -> Gift:
        until_ms = await bot.gifts.until(server, until)
        return await bot.gifts.give(
            server, member, unit, parsed, until_ms, actor_id=HOST, reason=reason
        )

    given = change(server, give)
    end = shown_instant(given.until_ms)
    click.echo(f"Given: member {member}, {show_amount(unit, given.amount)} until {end}.")


@gift.command("end")
@server_argument
@member_argument
@unit_option
@reason_option
def end_gifts(server: int, member: int, unit: Unit, reason: str) -> None:
    """Take back what is left of a member's gifts of a unit; ends with 1 where there is none.

    What running jobs hold of them stays held.
    """
    ended = change(
        server,
        lambda bot: bot.gifts.take_back(server, member, unit, actor_id=HOST, reason=reason),
    )
    if not ended:
        give_up(["There is no such gift, so nothing was changed."], code=1)
    click.echo(
        f"Ended: member {member}, gifts with {show_amount(unit, left_in(ended, unit))} left."
    )


@gift.command("list")
@server_argument
@member_argument
@json_option
def list_gifts(server: int, member: int, as_json: bool) -> None:
    """List a member's gifts that have something left, the earliest end first."""
    live = on_services(lambda bot: bot.gifts.live(server, member))
    if as_json:
        print_json([_object(one) for one in live])
        return
    rows = [
        (
            show_amount(one.unit, one.left),
            show_amount(one.unit, one.amount),
            minute(one.until_ms),
            who(one.given_by),
            one.reason,
        )
        for one in live
    ]
    heading = (" left", " of", "until (UTC)", "given by", "reason")
    print_table(heading, rows, if_empty="This member has no gift.")


def _object(one: Gift) -> dict[str, str | int | None]:
    return {
        "id": one.id,
        "unit": one.unit.value,
        **amounts(one.unit, amount=one.amount, left=one.left),
        "until": iso(one.until_ms),
        "given_by": actor(one.given_by),
        "reason": one.reason,
    }
