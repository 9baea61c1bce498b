"""The promise that no limit is overrun, computed from the entries and not from the bot's sums."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.limits import Account as Whose
from bot.core.limits import (
    Rule,
    Subject,
    Unit,
    Window,
    account_of,
    applying,
    period,
)
from bot.services.limits.allowance import HostLimits
from simulation.reading import Account, Reader


@dataclass(frozen=True)
class Overrun:
    """A limit that a new hold does not fit under."""

    rule: Rule
    used: int
    job_id: str


def overruns(
    reader: Reader,
    accounts: dict[str, Account],
    new: list[Account],
    host: HostLimits,
    now_ms: int,
) -> Iterator[Overrun]:
    """Hold each new hold against every limit that applies to it.

    Args:
        reader: The database, right after the commit of the hold.
        accounts: What the books say of every job.
        new: The jobs that were just accepted.
        host: What the host has set.
        now_ms: The time of day as the bot believes it.
    """
    for account in new:
        zone = _zone(reader, account.server_id)
        rules = [*_rules(reader, account.server_id), *host.rules()]
        for rule in applying(
            rules,
            member_id=account.member_id,
            role_ids=account.role_ids,
            channel_id=account.channel_id,
        ):
            whose = account_of(rule)
            if not _amount(account, rule):
                # A gift pays for it, which no limit bounds.
                continue
            is_bot = whose is Whose.BOT
            first = period(rule.window, now_ms, UTC if is_bot else zone).first_day
            used = _used(accounts, account, rule, lambda one: _day(one, is_bot) >= first)  # noqa: B023 - called at once
            if used > rule.amount:
                yield Overrun(rule, used, account.id)
            elif rule.is_host and rule.subject is Subject.SERVER and rule.window is Window.MONTH:
                # A moved time zone must not open a second month.
                month = account.bot_day[:7]
                used = _used(accounts, account, rule, lambda one: one.bot_day[:7] == month)  # noqa: B023
                if used > rule.amount:
                    yield Overrun(rule, used, account.id)


def _day(account: Account, is_bot: bool) -> str:
    return account.bot_day if is_bot else account.day


def _used(
    accounts: dict[str, Account], asker: Account, rule: Rule, counts: Callable[[Account], bool]
) -> int:
    whose = account_of(rule)

    def is_same(one: Account) -> bool:
        if whose is Whose.BOT:
            return True
        if one.server_id != asker.server_id:
            return False
        if whose is Whose.CHANNEL:
            return one.channel_id == asker.channel_id
        return whose is Whose.SERVER or one.member_id == asker.member_id

    return sum(_amount(one, rule) for one in accounts.values() if is_same(one) and counts(one))


def _amount(one: Account, rule: Rule) -> int:
    if account_of(rule) is Whose.MEMBER:
        return one.own_images if rule.unit is Unit.IMAGES else one.own_microusd
    if rule.unit is Unit.IMAGES:
        return one.images
    return one.open_hold or one.cost + one.doubt


def _zone(reader: Reader, server_id: int) -> ZoneInfo:
    rows = reader.rows(f"SELECT zone FROM servers WHERE server_id = {server_id}")
    return ZoneInfo(rows[0]["zone"] if rows else "UTC")


def _rules(reader: Reader, server_id: int) -> list[Rule]:
    def rule(row: Any) -> Rule:
        return Rule(
            Subject(row["subject"]),
            row["subject_id"],
            Unit(row["unit"]),
            Window(row["window_"]),
            row["amount"],
        )

    columns = "subject, subject_id, unit, window_, amount"
    sql = f"SELECT {columns} FROM rules WHERE server_id = {server_id}"
    return [rule(row) for row in reader.rows(sql)]
