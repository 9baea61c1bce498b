"""`limit set|clear|list`: what members, channels and a whole server may use."""

from typing import Any

import click

from bot.console.ending import HostGroup, give_up
from bot.console.options import (
    ID,
    json_option,
    reason_option,
    server_argument,
    subject_of,
    subject_options,
    unit_option,
    window_option,
)
from bot.console.printing import amounts, iso, minute, print_json, print_table
from bot.console.session import change, on_services
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.typed.amounts import parse_amount
from bot.services.limits.allowance import Asker
from bot.services.moderation.limits import Explained, limit_of
from bot.settings import LimitSettings
from bot.storage.audit import HOST
from bot.texts.amounts import show_amount
from bot.texts.audit import limit_named


@click.group(cls=HostGroup)
def limit() -> None:
    """Set, clear or list the limits of a server.

    A limit is for everyone unless you name a member, a role, a channel or the whole server. It
    holds from the next request on, also in a bot that runs.
    """


@limit.command("set")
@server_argument
@click.argument("amount")
@unit_option
@window_option
@subject_options
@reason_option
def set_limit(  # noqa: PLR0913, PLR0917 - the options of the command
    server: int,
    amount: str,
    unit: Unit,
    window: Window,
    member: int | None,
    role: int | None,
    channel: int | None,
    whole_server: bool,
    reason: str,
) -> None:
    """Set a limit, over one of the same kind: 20, 5, 2.50 or 2,50."""
    subject, subject_id = subject_of(
        server, member=member, role=role, channel=channel, whole_server=whole_server
    )
    rule = Rule(subject, subject_id, unit, window, parse_amount(amount, unit))
    before = change(
        server,
        lambda bot: bot.moderation.set_limit(server, rule, actor_id=HOST, reason=reason),
    )
    was = "none" if before is None else show_amount(unit, before)
    click.echo(
        f"Set: {limit_named(limit_of(rule))}: {show_amount(unit, rule.amount)}; before: {was}."
    )


@limit.command("clear")
@server_argument
@unit_option
@window_option
@subject_options
@reason_option
def clear_limit(  # noqa: PLR0913, PLR0917 - the options of the command
    server: int,
    unit: Unit,
    window: Window,
    member: int | None,
    role: int | None,
    channel: int | None,
    whole_server: bool,
    reason: str,
) -> None:
    """Clear a limit; ends with 1 where there is none."""
    subject, subject_id = subject_of(
        server, member=member, role=role, channel=channel, whole_server=whole_server
    )
    rule = Rule(subject, subject_id, unit, window, 0)
    before = change(
        server,
        lambda bot: bot.moderation.clear_limit(server, rule, actor_id=HOST, reason=reason),
    )
    if before is None:
        give_up(["There is no such limit, so nothing was changed."], code=1)
    click.echo(f"Cleared: {limit_named(limit_of(rule))}; before: {show_amount(unit, before)}.")


@limit.command("list")
@server_argument
@click.option("--member", type=ID, help="Show what applies to this member, and why.")
@click.option(
    "--role", "roles", type=ID, multiple=True, help="A role of the member; several may be."
)
@click.option("--channel", type=ID, help="Where the member asks.")
@json_option
def list_limits(
    server: int, member: int | None, roles: tuple[int, ...], channel: int | None, as_json: bool
) -> None:
    """List a server's limits and the host's, or what applies to a member.

    Only Discord knows a member's roles: name them, or the limits of roles are left out; the same
    goes for the channel and its budget.
    """
    if member is None and (roles or channel is not None):
        give_up(["--role and --channel tell about a member; name one with --member."], code=2)
    limits = LimitSettings.load().host_limits()
    if member is None:
        rules = on_services(lambda bot: bot.moderation.limits(server), limits)
        _print_rules(rules, as_json=as_json)
        return
    asker = Asker(server, channel or 0, member, frozenset(roles))
    explained = on_services(lambda bot: bot.moderation.explain(asker), limits)
    _print_explained(explained, as_json=as_json)


def _print_rules(rules: list[Rule], *, as_json: bool) -> None:
    if as_json:
        print_json([_object(rule) for rule in rules])
        return
    rows = [(_amount_per(rule), _whom(rule)) for rule in rules]
    print_table((" limit", "for"), rows, if_empty="No limit is set.")


def _print_explained(explained: list[Explained], *, as_json: bool) -> None:
    if as_json:
        print_json([_explained_object(one) for one in explained])
        return
    rows = [
        (
            show_amount(one.standing.rule.unit, one.standing.left),
            _amount_per(one.standing.rule),
            minute(one.standing.resets_at_ms),
            _whom(one.standing.rule),
            "; ".join(f"{_whom(rule)}: {_amount_per(rule)}" for rule in one.overruled),
        )
        for one in explained
    ]
    heading = (" left", " of", "resets (UTC)", "set for", "goes before")
    print_table(heading, rows, if_empty="No limit applies.")


def _amount_per(rule: Rule) -> str:
    return f"{show_amount(rule.unit, rule.amount)} per {rule.window.value}"


def _whom(rule: Rule) -> str:
    match rule.subject:
        case Subject.EVERYONE:
            return "everyone (the host's default)" if rule.is_host else "everyone"
        case Subject.SERVER:
            return "the whole server" + (" (the host's cap)" if rule.is_host else "")
        case Subject.BOT:
            return "the whole bot (the host's cap)"
        case Subject.ROLE | Subject.MEMBER | Subject.CHANNEL:
            return f"{rule.subject.value} {rule.subject_id}"


def _object(rule: Rule) -> dict[str, Any]:
    return {
        "subject": rule.subject.value,
        "subject_id": str(rule.subject_id) if rule.subject_id else None,
        "unit": rule.unit.value,
        "window": rule.window.value,
        **amounts(rule.unit, amount=rule.amount),
        "is_host": rule.is_host,
    }


def _explained_object(one: Explained) -> dict[str, Any]:
    standing = one.standing
    return {
        **_object(standing.rule),
        **amounts(standing.rule.unit, used=standing.used, left=standing.left),
        "resets_at": iso(standing.resets_at_ms),
        "goes_before": [_object(rule) for rule in one.overruled],
    }
